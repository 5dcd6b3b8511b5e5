"""Drawing with diffusion models: real pipelines of diffusers with tiny random weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

import refcodec
from refcodec import Box, Document, Item, LimitError, Map, Thumbnail
from refcodec.generators.diffusion import DiffusionGenerator, DiffusionOptions
from refcodec.generators.diffusion_model import DiffusionModel, Settings
from refcodec.generators.places import hard_mask, item_mask
from tests.commands import HOUSE
from tests.tiny_diffusion import TOKENS_MAX, Recorder, save_stable_diffusion

CANVAS = (100, 37)
TEXT = "a red house"
OPTIONS = DiffusionOptions(steps=3, item_steps=3, strength=0.7, min_side=64, max_side=96)
CORNER = Box.from_fractions(0, 0, 0.25, 0.5)


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
def generator(folder: Path) -> DiffusionGenerator:
    return DiffusionGenerator(str(folder), OPTIONS, device="cpu")


@pytest.fixture(scope="module")
def model(folder: Path) -> DiffusionModel:
    return DiffusionModel(str(folder), device="cpu")


@pytest.fixture(scope="module")
def house() -> Image.Image:
    with Image.open(HOUSE) as picture:
        return picture.convert("RGB")


@pytest.fixture(scope="module")
def thumbnail(house: Image.Image) -> Thumbnail:
    return Thumbnail.from_image(house, 60, canvas=CANVAS)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return Recorder(monkeypatch)


def samples(image: Image.Image) -> NDArray[np.int64]:
    return np.asarray(image, np.int64)


# Stages.


def test_words_alone_are_drawn_from_noise(
    generator: DiffusionGenerator, recorder: Recorder
) -> None:
    drawing = generator.draw(Document(TEXT, CANVAS))
    assert recorder.stages == ["Text"]
    inputs = recorder.calls[0][1]
    assert (inputs["prompt"], inputs["width"], inputs["height"]) == (TEXT, 96, 32)
    assert inputs["settings"].negative_prompt == "blurry, low quality"
    assert (drawing.image.mode, drawing.image.size) == ("RGB", CANVAS)
    assert drawing.prompt == TEXT
    assert drawing.notes == ()
    assert samples(drawing.image).std() > 5


def test_a_thumbnail_is_drawn_anew(
    generator: DiffusionGenerator, thumbnail: Thumbnail, recorder: Recorder
) -> None:
    document = Document(TEXT, CANVAS, thumbnail=thumbnail)
    drawing = generator.draw(document)
    assert recorder.stages == ["Img2Img"]
    inputs = recorder.calls[0][1]
    assert inputs["image"].size == (96, 32)
    reference = samples(refcodec.render(document).resize((96, 32)))
    assert np.abs(samples(inputs["image"]) - reference).mean() < 8
    assert inputs["settings"].strength == OPTIONS.strength
    assert drawing.image.size == CANVAS
    assert drawing.prompt == TEXT


def test_items_are_drawn_inside_their_maps_and_then_the_whole(
    generator: DiffusionGenerator, thumbnail: Thumbnail, recorder: Recorder
) -> None:
    cells = np.zeros((8, 8), np.bool_)
    cells[4:, 6:] = True
    items = (
        Item("door", "red", CORNER),
        Item("unseen"),
        Item("nowhere", map=Map(8, 8, 1, bytes(64))),
        Item("tree", map=Map.from_array(cells)),
    )
    drawing = generator.draw(Document(TEXT, CANVAS, items, thumbnail))
    assert recorder.stages == ["Inpaint", "Inpaint", "Img2Img"]
    first, second, last = (inputs for _, inputs in recorder.calls)
    assert [first["prompt"], second["prompt"]] == ["door, red", "tree"]
    assert last["prompt"].startswith("a red house. door, red, at the upper left. unseen.")
    assert drawing.prompt == "\n\n".join([last["prompt"], "door, red", "tree"])
    assert first["settings"].strength == OPTIONS.item_strength
    assert last["settings"].strength == OPTIONS.strength
    for item, inputs, after in (
        (items[0], first, second["image"]),
        (items[3], second, last["image"]),
    ):
        mask = item_mask(item.map, (96, 32)) if item.map else None
        assert mask is not None
        assert inputs["mask_image"] == hard_mask(mask)
        change = np.abs(samples(after) - samples(inputs["image"])).max(axis=2)
        assert change[np.asarray(mask) == 0].max() == 0
        assert change[np.asarray(mask) == 255].mean() > 5


def test_items_of_a_text_are_drawn_into_a_picture_from_noise(
    generator: DiffusionGenerator, recorder: Recorder
) -> None:
    generator.draw(Document(TEXT, CANVAS, (Item("door", "red", CORNER),)))
    assert recorder.stages == ["Text", "Inpaint", "Img2Img"]
    assert recorder.calls[1][1]["image"] == recorder.results[0]
    assert recorder.calls[2][1]["settings"].strength == OPTIONS.finish_strength


def test_a_document_without_words_is_drawn(generator: DiffusionGenerator) -> None:
    drawing = generator.draw(Document("", CANVAS))
    assert drawing.image.size == CANVAS
    assert drawing.prompt == ""


def test_inpainting_leaves_what_is_outside_nearly_as_it_is(
    model: DiffusionModel, house: Image.Image
) -> None:
    """Going through the VAE changes it whatever the words, so two words are compared."""
    image, mask = house.resize((96, 32)), Image.new("L", (96, 32))
    mask.paste(255, (0, 0, 32, 32))
    one, other = (
        samples(model.inpaint(word, image, mask, Settings(model.random(3), 3, guidance=9)))
        for word in ("red", "hedge")
    )
    change = np.abs(one - other).mean(axis=2)
    assert change[:, :32].mean() > 4 * change[:, 64:].mean()


# Sizes.


@pytest.mark.parametrize(
    ("canvas", "worked_on"),
    [
        ((100, 37), (96, 32)),
        ((1024, 768), (96, 64)),
        ((768, 1024), (64, 96)),
        ((7, 5), (64, 48)),
        ((400, 30), (96, 16)),
    ],
)
def test_canvases_of_every_size_are_drawn_exactly(
    generator: DiffusionGenerator,
    house: Image.Image,
    recorder: Recorder,
    canvas: tuple[int, int],
    worked_on: tuple[int, int],
) -> None:
    thumbnail = Thumbnail.from_image(house, 60, canvas=canvas)
    for document in (Document(TEXT, canvas), Document(TEXT, canvas, (), thumbnail)):
        assert generator.draw(document).image.size == canvas
    assert [result.size for result in recorder.results] == [worked_on] * 2


@pytest.mark.parametrize(
    ("canvas", "worked_on"), [((95, 95), (80, 80)), ((3000, 2), (80, 16)), ((1, 70), (16, 64))]
)
def test_a_bound_that_is_no_multiple_is_kept(
    folder: Path, recorder: Recorder, canvas: tuple[int, int], worked_on: tuple[int, int]
) -> None:
    options = replace(OPTIONS, max_side=95)
    drawn = DiffusionGenerator(str(folder), options, device="cpu").draw(Document(TEXT, canvas))
    assert drawn.image.size == canvas
    assert recorder.results[0].size == worked_on


def test_a_canvas_beyond_the_limit_is_refused_before_anything_is_loaded() -> None:
    with pytest.raises(LimitError, match="canvas"):
        DiffusionGenerator("no/model").draw(Document("x", (65_535, 65_535)))


def test_alpha_of_the_thumbnail_is_applied(
    generator: DiffusionGenerator, house: Image.Image
) -> None:
    layer = house.resize(CANVAS).convert("RGBA")
    layer.paste((0, 0, 0, 0), (0, 0, 50, 37))
    document = Document(TEXT, CANVAS, thumbnail=Thumbnail.from_image(layer, 200))
    drawn = generator.draw(document).image
    assert drawn.getchannel("A") == refcodec.render(document).getchannel("A")


# Seeds.


def test_the_same_seed_gives_the_same_picture(
    generator: DiffusionGenerator, thumbnail: Thumbnail
) -> None:
    items = (Item("door", "red", CORNER),)
    document = Document(TEXT, CANVAS, items, thumbnail, seed=(1 << 64) - 1)
    first = generator.draw(document)
    assert generator.draw(document) == first
    assert generator.draw(replace(document, seed=2), seed=(1 << 64) - 1) == first
    assert generator.draw(document, seed=2) != first


def test_without_a_seed_there_is_a_fixed_one(generator: DiffusionGenerator) -> None:
    document = Document(TEXT, CANVAS)
    assert generator.draw(document) == generator.draw(document)
    assert generator.draw(document) == generator.draw(document, seed=0)


# Words.


def test_the_words_and_the_negative_prompt_count(folder: Path) -> None:
    document = Document(TEXT, CANVAS)
    pictures = [
        DiffusionGenerator(str(folder), replace(OPTIONS, **options), device="cpu")
        .draw(replace(document, text=text))
        .image.tobytes()
        for text, options in (
            (TEXT, {"guidance": 7.5}),
            ("hedge", {"guidance": 7.5}),
            (TEXT, {"guidance": 7.5, "negative_prompt": "red"}),
            (TEXT, {"guidance": 7.5, "negative_prompt": ""}),
            (TEXT, {"guidance": 3.0}),
        )
    ]
    assert len(set(pictures)) == len(pictures)


def test_a_text_beyond_the_encoder_is_cut_at_a_word(
    generator: DiffusionGenerator, capfd: pytest.CaptureFixture[str]
) -> None:
    drawing = generator.draw(Document("red " * 90, CANVAS))
    # Start and end are tokens as well, and each "red" is one.
    assert drawing.prompt == " ".join(["red"] * (TOKENS_MAX - 2))
    assert drawing.notes == (
        "the prompt is longer than the 77 tokens of the model's text encoder: its end was left out",
    )
    assert generator.draw(Document("red " * 75, CANVAS)).notes == ()
    assert capfd.readouterr().err == ""


# Edits.


def test_an_edit_stays_inside_its_mask(
    generator: DiffusionGenerator, house: Image.Image, recorder: Recorder
) -> None:
    before = house.resize(CANVAS)
    mask = Image.new("L", CANVAS)
    mask.paste(255, (60, 0, 100, 37))
    edited = generator.edit(before, Document(TEXT, CANVAS), "Make it red.", mask, seed=4)
    assert recorder.stages == ["Inpaint"]
    assert edited.prompt == "Make it red. a red house"
    change = np.abs(samples(edited.image) - samples(before)).max(axis=2)
    assert change[:, :60].max() == 0
    assert change[:, 60:].mean() > 5


def test_an_edit_without_mask_draws_the_whole_anew(
    generator: DiffusionGenerator, house: Image.Image, recorder: Recorder
) -> None:
    before = house.resize(CANVAS).convert("RGBA")
    before.putalpha(250)
    edited = generator.edit(before, Document("", CANVAS), "Make it red.")
    assert recorder.stages == ["Img2Img"]
    assert (edited.image.mode, edited.image.size) == ("RGBA", CANVAS)
    assert edited.image.getchannel("A").getextrema() == (250, 250)
    assert edited.prompt == "Make it red"
    assert edited.image != before
