"""Diffusion models: kinds of them, what they print, and what can be wrong with one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoPipelineForText2Image, EulerDiscreteScheduler
from numpy.typing import NDArray
from PIL import Image

from refcodec import Box, Document, Item, Thumbnail
from refcodec.backends.errors import BackendError, MissingExtraError, RefusalError
from refcodec.backends.in_process import choose_device
from refcodec.backends.model_names import DIFFUSION
from refcodec.generators.diffusion import (
    DiffusionGenerator,
    DiffusionOptions,
)
from refcodec.generators.diffusion_model import DiffusionModel, Settings
from refcodec.generators.interfaces import Generator
from refcodec.generators.places import item_mask
from refcodec.generators.prompts import Prompt
from tests.commands import HOUSE, SCRIPTS
from tests.tiny_diffusion import (
    Recorder,
    save_aura_flow,
    save_latent_consistency,
    save_stable_diffusion,
    save_stable_diffusion_xl,
)

CANVAS = (100, 37)
TEXT = "a red house"
OPTIONS = DiffusionOptions(steps=3, item_steps=3, strength=0.7, min_side=64, max_side=96)
ITEMS = (Item("door", "red", Box.from_fractions(0, 0, 0.25, 0.5)),)
WORKING = (96, 32)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_stable_diffusion(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def thumbnail() -> Thumbnail:
    with Image.open(HOUSE) as picture:
        return Thumbnail.from_image(picture.resize(CANVAS), 60)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return Recorder(monkeypatch)


def samples(image: Image.Image) -> NDArray[np.int64]:
    return np.asarray(image, np.int64)


# Kinds of models.


def test_the_kind_of_the_default_model_draws_in_all_stages(
    tmp_path: Path, thumbnail: Thumbnail, recorder: Recorder, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = save_stable_diffusion_xl(tmp_path / "xl")
    capfd.readouterr()
    generator = DiffusionGenerator(str(folder), OPTIONS, device="cpu")
    for document in (Document(TEXT, CANVAS), Document(TEXT, CANVAS, ITEMS, thumbnail)):
        assert generator.draw(document).image.size == CANVAS
    assert recorder.stages == ["XL", "XLInpaint", "XLImg2Img"]
    assert capfd.readouterr().err == ""


def test_a_model_without_inpainting_draws_items_too(
    tmp_path: Path, thumbnail: Thumbnail, recorder: Recorder
) -> None:
    folder = save_latent_consistency(tmp_path / "lcm")
    generator = DiffusionGenerator(str(folder), OPTIONS, device="cpu")
    generator.draw(Document(TEXT, CANVAS, ITEMS, thumbnail))
    assert recorder.stages == ["LatentConsistencyModelImg2Img"] * 2
    mask = item_mask(ITEMS[0].map, WORKING) if ITEMS[0].map else None
    assert mask is not None
    before, after = (inputs["image"] for _, inputs in recorder.calls)
    change = np.abs(samples(after) - samples(before)).max(axis=2)
    assert change[np.asarray(mask) == 0].max() == 0
    assert change[np.asarray(mask) == 255].mean() > 5


def test_a_model_that_draws_from_words_alone_says_so(tmp_path: Path, thumbnail: Thumbnail) -> None:
    folder = save_aura_flow(tmp_path / "aura")
    generator = DiffusionGenerator(str(folder), OPTIONS, device="cpu")
    drawing = generator.draw(Document("red " * 9, CANVAS))
    assert drawing.image.size == CANVAS
    assert "16 tokens" in drawing.notes[0]
    with pytest.raises(BackendError, match=r"does not draw from pictures, as files with a thumb"):
        generator.draw(Document(TEXT, CANVAS, thumbnail=thumbnail))


def test_a_model_without_tokenizer_gets_the_whole_text(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = DiffusionModel(str(folder), device="cpu")
    assert model.fitting_prompt("red " * 90).notes
    monkeypatch.setattr(model._drawing, "tokenizer", None)
    assert model.fitting_prompt("red " * 90) == Prompt("red " * 90)


def test_what_a_safety_checker_blanks_out_is_a_refusal(tmp_path: Path) -> None:
    folder = save_stable_diffusion(tmp_path / "checked", checker=True)
    with pytest.raises(RefusalError, match="safety checker"):
        DiffusionGenerator(str(folder), OPTIONS, device="cpu").draw(Document(TEXT, CANVAS))


def test_other_precisions(folder: Path) -> None:
    generator = DiffusionGenerator(str(folder), OPTIONS, device="cpu", precision="bfloat16")
    drawn = generator.draw(Document(TEXT, CANVAS)).image
    exact = DiffusionGenerator(str(folder), OPTIONS, device="cpu").draw(Document(TEXT, CANVAS))
    difference = np.abs(samples(drawn) - samples(exact.image)).mean()
    assert 0 < difference < 5


@pytest.mark.parametrize(
    ("steps", "strength", "made"), [(1, 1 / 49, 1), (1, 0.3, 1), (10, 0.5, 5), (1, 1.0, 1)]
)
def test_at_least_one_step_is_made(
    folder: Path, monkeypatch: pytest.MonkeyPatch, steps: int, strength: float, made: int
) -> None:
    model = DiffusionModel(str(folder), device="cpu")
    taken: list[object] = []
    scheduler = model._drawing.scheduler
    original = scheduler.step

    def step(*inputs: Any, **options: Any) -> Any:
        taken.append(inputs)
        return original(*inputs, **options)

    monkeypatch.setattr(scheduler, "step", step)
    image = Image.new("RGB", (64, 32), "red")
    model.image_to_image(TEXT, image, Settings(model.random(1), steps, strength))
    assert len(taken) == made


def test_the_weights_are_loaded_once(folder: Path) -> None:
    model = DiffusionModel(str(folder), device="cpu")
    for name in ("unet", "vae", "text_encoder"):
        part = getattr(model._drawing, name)
        assert getattr(model._changing, name) is part
        assert getattr(model._inpainting, name) is part


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't:DeprecationWarning")
def test_threads_share_a_model(tmp_path: Path, thumbnail: Thumbnail) -> None:
    """Its scheduler counts steps, as those of most models do."""
    folder = save_stable_diffusion(tmp_path / "euler", scheduler=EulerDiscreteScheduler)
    documents = [
        Document(TEXT, CANVAS),
        Document(TEXT, CANVAS, ITEMS, thumbnail),
        Document("blue", CANVAS),
        Document("blue", CANVAS, thumbnail=thumbnail),
    ]
    alone = DiffusionGenerator(str(folder), OPTIONS, device="cpu")
    expected = [alone.draw(document).image for document in documents]
    shared = DiffusionGenerator(str(folder), OPTIONS, device="cpu")
    with ThreadPoolExecutor(len(documents)) as pool:
        drawn = list(pool.map(shared.draw, documents))
    assert [drawing.image for drawing in drawn] == expected


def test_threads_load_a_model_once(folder: Path) -> None:
    model = DiffusionModel(str(folder), device="cpu")
    loaded: list[object] = []
    original = AutoPipelineForText2Image.from_pretrained

    def load(*inputs: Any, **options: Any) -> Any:
        loaded.append(inputs)
        return original(*inputs, **options)

    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(4) as pool:
        patched.setattr(AutoPipelineForText2Image, "from_pretrained", load)
        assert list(pool.map(model.fitting_prompt, [TEXT] * 4)) == [Prompt(TEXT)] * 4
    assert len(loaded) == 1


def test_the_device_is_chosen_if_it_is_not_given(folder: Path) -> None:
    expected = torch.device(choose_device("auto")).type
    for model in (DiffusionModel(str(folder)), DiffusionModel(str(folder), device="auto")):
        assert model._drawing.device.type == expected


def test_a_process_that_draws_prints_nothing(folder: Path) -> None:
    """Neither when the packages are imported, nor when the model is loaded, nor later."""
    code = (
        "import sys;"
        "from refcodec import Document;"
        "from refcodec.generators.diffusion import DiffusionGenerator, DiffusionOptions;"
        "assert not {'torch', 'transformers', 'diffusers'} & set(sys.modules);"
        "options = DiffusionOptions(steps=1, min_side=16, max_side=32);"
        "generator = DiffusionGenerator(sys.argv[1], options, device='cpu');"
        "assert generator.draw(Document('red ' * 90, (5, 4))).image.size == (5, 4)"
    )
    done = subprocess.run(
        [SCRIPTS / "python", "-c", code, folder], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_names(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    assert DiffusionGenerator(str(folder)).name == "diffusers tiny"
    monkeypatch.delenv("REFCODEC_DIFFUSION_MODEL", raising=False)
    assert DiffusionGenerator().name == f"diffusers {DIFFUSION.default}"
    monkeypatch.setenv("REFCODEC_DIFFUSION_MODEL", "somebody/model")
    generator: Generator = DiffusionGenerator()
    assert (generator.name, generator.number, generator.is_trained) == (
        "diffusers somebody/model",
        3,
        True,
    )


# Failures.


def _without_index(folder: Path) -> None:
    (folder / "model_index.json").unlink()


def _of_an_unknown_kind(folder: Path) -> None:
    index = folder / "model_index.json"
    index.write_text(json.dumps(json.loads(index.read_text()) | {"_class_name": "NoPipeline"}))


def _with_cut_weights(folder: Path) -> None:
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:2000])


def _with_pickled_weights(folder: Path) -> None:
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.unlink()
    torch.save({"conv_in.weight": torch.zeros(1)}, weights.with_suffix(".bin"))


@pytest.mark.parametrize(
    "spoil", [_without_index, _of_an_unknown_kind, _with_cut_weights, _with_pickled_weights]
)
def test_models_that_cannot_be_loaded(tmp_path: Path, spoil: Any) -> None:
    folder = save_stable_diffusion(tmp_path / "bad")
    spoil(folder)
    with pytest.raises(BackendError, match=r"bad: cannot be loaded as a text-to-image model: .+"):
        DiffusionGenerator(str(folder), OPTIONS, device="cpu").draw(Document(TEXT, CANVAS))


def test_a_model_that_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(BackendError, match=r"refcodec/no-such-model: cannot be loaded "):
        DiffusionGenerator("refcodec/no-such-model").draw(Document(TEXT, CANVAS))


@pytest.mark.parametrize(
    ("device", "precision", "message"),
    [
        ("nonsense", None, "device 'nonsense' cannot be used: .*; give auto, cpu"),
        ("cpu", "float7", "cannot be loaded .*float7"),
    ],
)
def test_devices_and_precisions_that_there_are_not(
    folder: Path, device: str, precision: str | None, message: str
) -> None:
    generator = DiffusionGenerator(str(folder), OPTIONS, device=device, precision=precision)
    with pytest.raises(BackendError, match=message):
        generator.draw(Document(TEXT, CANVAS))


@pytest.mark.parametrize("name", ["./typo", "/no/such/folder", "~/no-such-folder"])
def test_a_mistyped_path_is_not_asked_of_the_hub(name: str) -> None:
    with pytest.raises(BackendError, match=rf"^{name}: there is no such folder with a model$"):
        DiffusionGenerator(name, OPTIONS).draw(Document(TEXT, CANVAS))


def test_a_model_that_fails_at_drawing(folder: Path) -> None:
    model = DiffusionModel(str(folder), device="cpu")
    with pytest.raises(BackendError, match=r"the model cannot draw: .*strength"):
        model.image_to_image(TEXT, Image.new("RGB", (64, 32)), Settings(model.random(1), 3, 1.5))


@pytest.mark.parametrize(
    "options",
    [{"strength": 0.0}, {"item_strength": 1.1}, {"finish_strength": -1.0}, {"steps": 0}],
)
def test_options_out_of_range(options: dict[str, Any]) -> None:
    with pytest.raises(BackendError, match=rf"{next(iter(options))}: .*; it must be"):
        DiffusionOptions(**options)


@pytest.mark.parametrize("package", ["torch", "transformers", "diffusers"])
def test_packages_that_are_not_installed(
    monkeypatch: pytest.MonkeyPatch, folder: Path, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for module in [name for name in sys.modules if name.startswith(f"{package}.")]:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"package {package} .*refcodec\[local\]"):
        DiffusionGenerator(str(folder), OPTIONS, device="cpu").draw(Document(TEXT, CANVAS))
