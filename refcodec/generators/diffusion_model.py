"""A diffusers model in this process: its three pipelines, loaded once, and how they are called."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from refcodec.backends.errors import BackendError, MissingExtraError, RefusalError
from refcodec.backends.in_process import (
    choose_device,
    local_folder,
    quiet,
    require_packages,
    turn,
)
from refcodec.generators.prompts import Prompt

if TYPE_CHECKING:
    import torch
    from PIL.Image import Image

# Transformers work in patches of 2 x 2 latents, each of which the VAE makes of usually 8 x 8
# pixels; a U-Net of such a model wants 8 whatever its VAE.
_PATCH: Final = 2
_MULTIPLE_MIN: Final = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """How a picture is drawn.

    `steps` is the number of steps from pure noise, of which `strength` (above 0, to 1) are
    made from a given picture. `guidance` None is the pipeline's own.
    """

    generator: torch.Generator
    steps: int
    strength: float = 1.0
    guidance: float | None = None
    negative_prompt: str = ""


class DiffusionModel:
    """A text-to-image model of diffusers, by its name on the hub or its folder.

    Only safetensors weights are read, and no code of the model's. `device` is torch's name of
    one ("cuda", "cpu"), or "auto": an accelerator if there is one; `precision` torch's name of a
    type, by default float32 on the processor and float16 elsewhere. Nothing is loaded before it
    is needed; every method raises BackendError where that fails.

    Threads may share one. They take turns, also with the other models of the process: a
    pipeline's scheduler counts the steps of one drawing.
    """

    def __init__(self, name: str, *, device: str = "auto", precision: str | None = None):
        self.name = name
        self._device = device
        self._precision = precision

    def text_to_image(self, prompt: str, size: tuple[int, int], settings: Settings) -> Image:
        """A picture (RGB) of about this (width, height), from words alone."""
        width, height = size
        with self._turn():
            return self._run(self._drawing, settings, prompt=prompt, width=width, height=height)

    def image_to_image(self, prompt: str, image: Image, settings: Settings) -> Image:
        """A picture (RGB, its sides multiples of `size_multiple`) drawn anew as words say."""
        with self._turn():
            return self._run(self._changing, settings, prompt=prompt, image=image, **_sides(image))

    def inpaint(self, prompt: str, image: Image, mask: Image, settings: Settings) -> Image:
        """The same where the mask (L, of the image's size) is 255; what is around it is seen.

        A model that diffusers has no inpainting of draws the whole anew, and the caller
        takes from it what is in the mask.
        """
        with self._turn():
            if self._inpainting is None:
                return self.image_to_image(prompt, image, settings)
            return self._run(
                self._inpainting,
                settings,
                prompt=prompt,
                image=image,
                mask_image=mask,
                **_sides(image),
            )

    def random(self, seed: int) -> torch.Generator:
        """Random numbers for `Settings`; from the processor, so the same on every device."""
        require_packages()
        import torch

        return torch.Generator("cpu").manual_seed(seed)

    @property
    def size_multiple(self) -> int:
        """What the sides of pictures must be multiples of, in pixels."""
        with self._turn():
            return max(_MULTIPLE_MIN, _PATCH * int(getattr(self._drawing, "vae_scale_factor", 1)))

    def fitting_prompt(self, text: str) -> Prompt:
        """The text, or as many whole words from its start as the model's text encoder takes.

        Where a model has several encoders, the one that takes most decides.
        """
        with self._turn():
            return _fitting(text, self._drawing.components.values())

    def _turn(self) -> AbstractContextManager[None]:
        """The right to use the pipelines, which only those who have it may load or call."""
        return turn(self.name, "the model cannot draw")

    @cached_property
    def _drawing(self) -> Any:
        """The text-to-image pipeline, which has all weights."""
        pipelines = _pipelines()
        import torch

        device = choose_device(self._device)
        precision = self._precision or ("float32" if device == "cpu" else "float16")
        with turn(self.name, "cannot be loaded as a text-to-image model"), _without_bars():
            pipeline = pipelines.AutoPipelineForText2Image.from_pretrained(
                local_folder(self.name) or self.name,
                use_safetensors=True,
                dtype=getattr(torch, precision),
            ).to(device)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    @cached_property
    def _changing(self) -> Any:
        """The image-to-image pipeline of the same weights."""
        failure = "does not draw from pictures, as files with a thumbnail or maps need it"
        with turn(self.name, failure):
            return self._sibling(_pipelines().AutoPipelineForImage2Image)

    @cached_property
    def _inpainting(self) -> Any:
        """The inpainting pipeline of the same weights, None where diffusers has none."""
        try:
            with turn(self.name, "does not draw inside masks"):
                return self._sibling(_pipelines().AutoPipelineForInpainting)
        except BackendError:
            return None

    def _sibling(self, kind: Any) -> Any:
        with _without_bars():
            pipeline = kind.from_pipe(self._drawing)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    def _run(self, pipeline: Any, settings: Settings, **inputs: Any) -> Image:
        """Call a pipeline with all of the inputs and settings that it knows."""
        known = inspect.signature(type(pipeline).__call__).parameters
        arguments = inputs | {
            "generator": settings.generator,
            "num_inference_steps": _step_count(settings),
            "strength": settings.strength,
            "guidance_scale": settings.guidance,
            "negative_prompt": settings.negative_prompt or None,
        }
        given = {
            name: value for name, value in arguments.items() if name in known and value is not None
        }
        with _without_log():
            result = pipeline(**given)
        if any(getattr(result, "nsfw_content_detected", None) or ()):
            raise RefusalError(
                f"{self.name}: the model's safety checker blanked out the picture; another seed "
                "or text may pass"
            )
        picture: Image = result.images[0].convert("RGB")
        return picture


def _step_count(settings: Settings) -> int:
    """The steps, or as many that their share for a given picture is one."""
    least = math.ceil(1 / settings.strength)
    # The pipelines round down, and so may the product of a number and its inverse.
    least += int(least * settings.strength) < 1
    return max(settings.steps, least)


def _sides(image: Image) -> dict[str, int]:
    return {"width": image.width, "height": image.height}


def _fitting(text: str, parts: Iterable[Any]) -> Prompt:
    """The text as `fitting_prompt` has it, for the parts of a pipeline."""
    tokenizers = [part for part in parts if hasattr(part, "model_max_length")]
    tokenizer = max(tokenizers, key=lambda each: int(each.model_max_length), default=None)
    if tokenizer is None:
        return Prompt(text)
    limit = int(tokenizer.model_max_length)
    if _token_count(tokenizer, text) <= limit:
        return Prompt(text)
    words = text.split(" ")
    fewest, most = 0, len(words) - 1
    while fewest < most:
        middle = (fewest + most + 1) // 2
        if _token_count(tokenizer, " ".join(words[:middle])) <= limit:
            fewest = middle
        else:
            most = middle - 1
    note = f"the prompt is longer than the {limit} tokens of the model's text encoder"
    return Prompt(" ".join(words[:fewest]), (f"{note}: its end was left out",))


def _token_count(tokenizer: Any, text: str) -> int:
    """How many tokens a text has, those that mark its start and end included."""
    return len(tokenizer(text, truncation=False, verbose=False).input_ids)


def _pipelines() -> Any:
    """The module of diffusers that finds a model's pipelines."""
    # What is imported logs which optional packages there are not.
    with quiet():
        try:
            import diffusers.pipelines.auto_pipeline as pipelines
        except ImportError as error:
            raise MissingExtraError("diffusers", "local") from error
    return pipelines


@contextmanager
def _without_bars() -> Iterator[None]:
    """No bars for parts that load in seconds."""
    import diffusers.utils.logging as log

    has_bars = log.is_progress_bar_enabled()
    log.disable_progress_bar()
    try:
        with quiet(), warnings.catch_warnings():
            # diffusers gives the hub's package an argument that this no longer takes.
            warnings.filterwarnings("ignore", "The `local_dir_use_symlinks`", UserWarning)
            yield
    finally:
        if has_bars:
            log.enable_progress_bar()


@contextmanager
def _without_log() -> Iterator[None]:
    """No warnings of what is said here anyway (words cut, a picture refused) or only internal."""
    import diffusers.utils.logging as log

    verbosity = log.get_verbosity()
    log.set_verbosity_error()
    try:
        yield
    finally:
        log.set_verbosity(verbosity)
