"""What models of the transformers package in this process share: loading, device, errors.

Weights are read from safetensors files only, because unpickling others can run programs, and
code that comes with a model is never run. A folder is read without touching the network; any
other name is one of the Hugging Face hub, whose files are downloaded once and kept by its cache.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from refcodec.backends.errors import BackendError, MissingExtraError

PACKAGES: Final = ("torch", "accelerate", "transformers")
# Some models are saved without parts that they do not use; a model without more than this share
# of its parameters would answer at random.
_MAX_MISSING_SHARE = 0.1
# What of a model on the hub is downloaded: settings, vocabularies, weights.
_HUB_FILES = ("*.json", "*.txt", "*.jinja", "*.model", "model*.safetensors")
_CLOSED: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}
_REASON_MAX_CHARACTERS = 300
# What transformers advises against these is not possible here, or longer than a message.
_REASONS = {
    "the Torchvision library": "it needs one more package; pip install torchvision",
    "trust_remote_code": "it needs program code of its own, which is never run",
    "model.safetensors": "its weights are not in the safetensors format, the only one that is read",
}
# One model works at a time: they compete for the same processors and memory, and the verbosity
# of transformers and the random numbers of torch belong to the process.
_turns = threading.RLock()


@contextmanager
def turn(name: str, failure: str) -> Iterator[None]:
    """Work with the model `name`, no other model meanwhile.

    Whatever is raised becomes a BackendError "`name`: `failure`: reason".
    """
    require_packages()
    with _turns:
        try:
            yield
        except BackendError:
            raise
        except Exception as error:
            raise BackendError(f"{name}: {failure}: {_reason(error)}") from error


def require_packages(packages: Sequence[str] = PACKAGES, extra: str = "local") -> None:
    """Raise MissingExtraError, which names the extra, if one of the packages is missing.

    By default they are those that every model in this process needs.
    """
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise MissingExtraError(package, extra) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings and progress bars of transformers; not for downloads."""
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    had_bars = logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if had_bars:
            logging.enable_progress_bar()


def _reason(error: Exception) -> str:
    """What an exception says, on one line, or what is to be made of it."""
    message = " ".join(str(error).split())
    for part, reason in _REASONS.items():
        if part in message:
            return reason
    return message[:_REASON_MAX_CHARACTERS] or type(error).__name__


def choose_device(wanted: str) -> str:
    """The torch device to run on; "auto" is an accelerator if there is one, else "cpu".

    Raises BackendError for a device that is not there.
    """
    import torch

    if wanted == "auto":
        has_one = torch.accelerator.is_available()
        return str(torch.accelerator.current_accelerator()) if has_one else "cpu"
    try:
        torch.empty(0, device=wanted)
    except (AssertionError, RuntimeError) as error:
        raise BackendError(
            f"device {wanted!r} cannot be used: {_reason(error)}; give auto, cpu, cuda or mps"
        ) from error
    return wanted


def local_folder(model: str) -> Path | None:
    """The folder that `model` is, None for a name on the hub.

    Raises BackendError for what looks like a path and is not a folder, so that no mistyped path
    is asked of the hub.
    """
    path = Path(model).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or path.exists() or model.startswith((".", "~")):
        raise BackendError(f"{model}: there is no such folder with a model")
    return None


def model_folder(model: str) -> Path:
    """The folder of a model, downloaded if `model` is not a folder but a name on the hub.

    With no network, what was downloaded earlier is used. Raises BackendError as `local_folder`
    does, and for what the hub does not give.
    """
    folder = local_folder(model)
    if folder is not None:
        return folder
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, allow_patterns=list(_HUB_FILES)))
    except Exception as error:
        raise BackendError(
            f"{model}: there is no such folder, and it cannot be fetched from the Hugging Face "
            f"hub: {_reason(error)}"
        ) from error


def load_processor(factory: Any, folder: Path) -> Any:
    """What turns pictures and words into a model's inputs, by a class of transformers."""
    with quiet():
        return factory.from_pretrained(folder, **_CLOSED)


def load_model(factory: Any, folder: Path, device: str, dtype: Any) -> Any:
    """The model of a folder on its device, for inference, by a class of transformers.

    `dtype` is what `from_pretrained` takes. Raises BackendError if the files hold the weights
    of another model.
    """
    with quiet():
        model, report = factory.from_pretrained(
            folder,
            **_CLOSED,
            device_map={"": device},
            dtype=dtype,
            use_safetensors=True,
            output_loading_info=True,
        )
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    missing = sum(sizes.get(name, 0) for name in report["missing_keys"])
    if missing > _MAX_MISSING_SHARE * sum(sizes.values()):
        raise BackendError(f"{folder}: the weights of {type(model).__name__} are not in its files")
    return model.eval()
