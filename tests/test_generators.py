"""Generators: the baseline, fitting pictures to canvases, drawing through an image service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from PIL import Image

import refcodec
from refcodec import Box, Document, Item, LimitError, Map, Thumbnail
from refcodec.backends.errors import BackendError
from refcodec.generators.baseline import BaselineGenerator
from refcodec.generators.fitting import over_white, to_canvas, with_alpha, with_change
from refcodec.generators.interfaces import Drawing, Generator
from refcodec.generators.places import hard_mask, item_mask
from refcodec.generators.service import SENT_MAX_SIDE, ServiceGenerator
from refcodec.picture.pipeline import render_at
from refcodec.visual.caption import caption_image
from tests.commands import HOUSE

CANVAS = (96, 64)
ROOF = Item("red roof", "old tiles", Box.from_fractions(0.5, 0, 0.875, 0.25))
HOUSE_TEXT = "A house with a red roof."


@pytest.fixture(scope="module")
def thumbnail() -> Thumbnail:
    with Image.open(HOUSE) as picture:
        return Thumbnail.from_image(picture, 60, canvas=CANVAS)


@pytest.fixture(scope="module")
def cut_out() -> Thumbnail:
    """A thumbnail that is transparent on its left."""
    with Image.open(HOUSE) as picture:
        layer = picture.convert("RGBA").resize(CANVAS)
    layer.paste((0, 0, 0, 0), (0, 0, 48, 64))
    return Thumbnail.from_image(layer, 200)


@dataclass(frozen=True)
class Asked:
    """One call of the scripted model."""

    prompt: str
    size: tuple[int, int]
    images: tuple[Image.Image, ...] = ()
    mask: Image.Image | None = None


@dataclass
class ScriptedModel:
    """An image model that answers with given pictures, the last one again and again."""

    pictures: list[Image.Image]
    name: str = "scripted-1"
    asked: list[Asked] = field(default_factory=list)

    def generate(self, prompt: str, size: tuple[int, int]) -> Image.Image:
        return self._answer(Asked(prompt, size))

    def edit(
        self,
        prompt: str,
        images: Sequence[Image.Image],
        size: tuple[int, int],
        mask: Image.Image | None = None,
    ) -> Image.Image:
        return self._answer(Asked(prompt, size, tuple(images), mask))

    def _answer(self, asked: Asked) -> Image.Image:
        self.asked.append(asked)
        return self.pictures[min(len(self.asked), len(self.pictures)) - 1]


def stripes(size: tuple[int, int]) -> Image.Image:
    """Red, green and blue stripes side by side, an equal part each."""
    image = Image.new("RGB", (3, 1))
    for column, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        image.putpixel((column, 0), colour)
    return image.resize(size, Image.Resampling.NEAREST)


# The baseline.


def test_the_baseline_draws_the_rendering_or_the_text(thumbnail: Thumbnail) -> None:
    generator: Generator = BaselineGenerator()
    with_thumbnail = Document(HOUSE_TEXT, CANVAS, thumbnail=thumbnail)
    assert generator.draw(with_thumbnail, seed=4) == Drawing(refcodec.render(with_thumbnail))
    without = Document(HOUSE_TEXT, CANVAS)
    assert generator.draw(without).image == caption_image(CANVAS, HOUSE_TEXT)
    assert generator.draw(without).image != refcodec.render(without)
    assert (generator.name, generator.number, generator.is_trained) == ("baseline", 1, False)


def test_the_baseline_cannot_edit() -> None:
    image = Image.new("RGB", CANVAS)
    with pytest.raises(BackendError, match="cannot edit"):
        BaselineGenerator().edit(image, Document("x", CANVAS), "Paint it red.")


def test_render_takes_a_generator() -> None:
    model = ScriptedModel([Image.new("RGB", CANVAS, "teal")])
    drawn = refcodec.render(Document("Teal.", CANVAS), generator=ServiceGenerator(model))
    assert drawn == Image.new("RGB", CANVAS, "teal")
    with pytest.raises(refcodec.UnsupportedError, match="no-such"):
        refcodec.render(Document("Teal.", CANVAS), generator="no-such")


# Pictures onto canvases.


def test_the_centre_of_a_picture_fills_the_canvas() -> None:
    drawn = to_canvas(stripes((300, 100)), (50, 50))
    assert drawn.size == (50, 50)
    assert {drawn.getpixel((x, 25)) for x in (3, 25, 46)} == {(0, 255, 0)}
    tall = to_canvas(stripes((300, 300)), (300, 30))
    assert [tall.getpixel((x, 15)) for x in (10, 150, 290)] == [
        (255, 0, 0),
        (0, 255, 0),
        (0, 0, 255),
    ]


@pytest.mark.parametrize("canvas", [(100, 37), (1, 999), (4000, 3), (1023, 769)])
def test_any_canvas_is_filled_exactly(canvas: tuple[int, int]) -> None:
    assert to_canvas(stripes((153, 102)), canvas).size == canvas


def test_alpha_is_applied_so_that_the_picture_over_white_stays() -> None:
    seen = stripes((60, 2000))
    alpha = Image.linear_gradient("L").resize((60, 2000))
    # What is over white cannot be darker than the white that shines through.
    seen = Image.composite(seen, Image.new("RGB", seen.size, "white"), alpha)
    layer = with_alpha(seen, alpha)
    assert layer.mode == "RGBA"
    assert layer.getchannel("A") == alpha
    difference = np.asarray(over_white(layer), np.int64) - np.asarray(seen)
    assert np.abs(difference).max() <= 2


def test_a_change_keeps_alpha_and_what_is_outside_the_mask() -> None:
    layer = with_alpha(stripes(CANVAS), Image.new("L", CANVAS, 200))
    mask = Image.new("L", CANVAS)
    mask.paste(255, (0, 0, 10, 10))
    changed = np.asarray(with_change(layer, Image.new("RGB", CANVAS, "white"), mask))
    before = np.asarray(layer).copy()
    assert (changed[:10, :10] == (255, 255, 255, 200)).all()
    before[:10, :10] = changed[:10, :10]
    assert np.array_equal(changed, before)


# The service.


def test_words_alone_are_generated() -> None:
    model = ScriptedModel([stripes((300, 100))])
    generator: Generator = ServiceGenerator(model)
    drawing = generator.draw(Document(HOUSE_TEXT, (37, 100), (ROOF,)))
    (asked,) = model.asked
    assert (asked.size, asked.images, asked.mask) == ((37, 100), (), None)
    assert asked.prompt == drawing.prompt
    assert HOUSE_TEXT in drawing.prompt
    assert drawing.notes == ()
    assert (drawing.image.mode, drawing.image.size) == ("RGB", (37, 100))
    assert drawing.image.getpixel((18, 50)) == (0, 255, 0)
    assert (generator.name, generator.number, generator.is_trained) == (
        "openai scripted-1",
        2,
        True,
    )


def test_a_thumbnail_is_sent_enlarged(thumbnail: Thumbnail) -> None:
    model = ScriptedModel([Image.new("RGBA", (192, 128), (0, 0, 255, 0))])
    document = Document(HOUSE_TEXT, CANVAS, (ROOF,), thumbnail)
    drawing = ServiceGenerator(model).draw(document)
    (asked,) = model.asked
    assert asked.images == (refcodec.render(document),)
    assert asked.size == CANVAS
    assert "blurred version" in asked.prompt
    # What the model leaves transparent is white.
    assert drawing.image == Image.new("RGB", CANVAS, "white")


def test_no_more_pixels_are_sent_than_a_service_draws() -> None:
    canvas = (2 * SENT_MAX_SIDE, SENT_MAX_SIDE)
    with Image.open(HOUSE) as picture:
        thumbnail = Thumbnail.from_image(picture, 40, canvas=canvas)
    model = ScriptedModel([stripes((192, 128))])
    document = Document("x", canvas, thumbnail=thumbnail)
    assert ServiceGenerator(model).draw(document).image.size == canvas
    sent = model.asked[0].images[0]
    assert sent == render_at(document, (SENT_MAX_SIDE, SENT_MAX_SIDE // 2))


def test_alpha_of_the_thumbnail_is_applied(cut_out: Thumbnail) -> None:
    model = ScriptedModel([Image.new("RGB", (192, 128), (10, 20, 250))])
    document = Document(HOUSE_TEXT, CANVAS, thumbnail=cut_out)
    drawn = ServiceGenerator(model).draw(document).image
    baseline = refcodec.render(document)
    assert baseline.getchannel("A").getextrema() == (0, 255)
    assert drawn.getchannel("A") == baseline.getchannel("A")
    assert drawn.getpixel((90, 32)) == (10, 20, 250, 255)
    # A model sees no transparency, but what it looks like over white.
    sent = model.asked[0].images[0]
    assert sent == over_white(baseline)
    assert sent.getpixel((2, 32)) == (255, 255, 255)


def test_items_are_drawn_through_their_masks_if_wanted(thumbnail: Thumbnail) -> None:
    red, blue = (Image.new("RGB", (192, 128), colour) for colour in ("red", "blue"))
    items = (Item("hedge"), ROOF, Item("nowhere", map=Map(8, 8, 1, bytes(64))))
    document = Document(HOUSE_TEXT, CANVAS, items, thumbnail)
    model = ScriptedModel([red, blue])
    drawing = ServiceGenerator(model, item_edits=True).draw(document)
    whole, item = model.asked
    assert "<item>\n- red roof, old tiles;" in item.prompt
    assert drawing.prompt == f"{whole.prompt}\n\n{item.prompt}"
    assert item.images == (Image.new("RGB", CANVAS, "red"),)
    mask = item_mask(ROOF.map, CANVAS) if ROOF.map else None
    assert mask is not None
    assert item.mask == hard_mask(mask)
    colours = np.asarray(drawing.image)
    assert (colours[np.asarray(mask) == 255] == (0, 0, 255)).all()
    assert (colours[np.asarray(mask) == 0] == (255, 0, 0)).all()
    assert 0 < (np.asarray(mask) == 255).mean() < 0.2
    ServiceGenerator(model).draw(document)
    assert len(model.asked) == 3


@pytest.mark.parametrize(("stored", "given", "told"), [(7, None, 7), (7, 8, 8), (None, 0, 0)])
def test_seeds_are_advice(stored: int | None, given: int | None, told: int) -> None:
    model = ScriptedModel([stripes((30, 20))])
    document = Document(HOUSE_TEXT, CANVAS, seed=stored)
    drawing = ServiceGenerator(model).draw(document, given)
    assert drawing.notes == (f"seed {told} is advice only: openai scripted-1 takes no seed",)


def test_a_long_prompt_is_noted_once() -> None:
    model = ScriptedModel([stripes((30, 20))])
    items = tuple(replace(ROOF, detail="tile " * 300) for _ in range(2))
    generator = ServiceGenerator(model, item_edits=True, max_prompt_characters=1_000)
    drawing = generator.draw(Document("word " * 300, CANVAS, items))
    assert len(model.asked) == 3
    assert max(len(asked.prompt) for asked in model.asked) <= 1_000
    assert drawing.notes == ("the prompt is longer than 1000 characters: its end was left out",)
    with pytest.raises(BackendError, match="999 characters are too short"):
        ServiceGenerator(model, max_prompt_characters=999)


def test_an_edit_stays_inside_its_mask() -> None:
    before = stripes(CANVAS)
    mask = Image.new("L", CANVAS)
    mask.paste(255, (8, 8, 24, 24))
    model = ScriptedModel([Image.new("RGB", (150, 100), "yellow")])
    document = Document(HOUSE_TEXT, CANVAS, seed=3)
    edited = ServiceGenerator(model).edit(before, document, "Paint it yellow.", mask)
    (asked,) = model.asked
    assert (asked.images, asked.mask, asked.size) == ((before,), mask, CANVAS)
    assert "<change>\nPaint it yellow.\n</change>" in asked.prompt
    assert edited.prompt == asked.prompt
    assert len(edited.notes) == 1
    expected = before.copy()
    expected.paste((255, 255, 0), (8, 8, 24, 24))
    assert edited.image == expected


def test_an_edit_without_mask_changes_all_but_the_alpha() -> None:
    before = with_alpha(stripes(CANVAS), Image.new("L", CANVAS, 255))
    model = ScriptedModel([Image.new("RGB", (150, 100), "yellow")])
    edited = ServiceGenerator(model).edit(before, Document("x", CANVAS), "Paint it yellow.")
    assert model.asked[0].mask is None
    assert edited.image == Image.new("RGBA", CANVAS, (255, 255, 0, 255))


def test_a_canvas_beyond_the_limit_is_refused_before_anything_is_asked() -> None:
    model = ScriptedModel([stripes((30, 20))])
    with pytest.raises(LimitError, match="canvas"):
        ServiceGenerator(model).draw(Document("x", (65_535, 65_535)))
    assert model.asked == []
