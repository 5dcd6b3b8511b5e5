"""The courtesy caption of pictures without a thumbnail."""

from __future__ import annotations

import itertools
import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFont

from refcodec.errors import LimitError
from refcodec.visual import caption
from refcodec.visual.caption import caption_image


def ink(image: Image.Image) -> Any:
    """Where the picture is not grey."""
    return (np.asarray(image) != 128).any(axis=2)


@pytest.mark.parametrize("canvas", [(1, 1), (1, 500), (500, 1), (3, 3), (7, 9), (40, 8), (8, 40)])
def test_tiny_canvases(canvas: tuple[int, int]) -> None:
    assert caption_image(canvas, "A red bicycle leans on a white wall.").size == canvas


def test_caption_is_written_inside_the_canvas() -> None:
    image = caption_image((512, 512), "A red bicycle leans on a white wall.")
    written = ink(image)
    assert written.sum() > 1000
    assert not written[:16].any()
    assert not written[-16:].any()
    assert not written[:, :16].any()
    assert not written[:, -16:].any()


def test_caption_scales_with_the_canvas() -> None:
    text = "Two dogs."
    widths = [ink(caption_image((side, side), text)).any(axis=0).sum() for side in (128, 1024)]
    assert widths[1] == pytest.approx(8 * widths[0], rel=0.1)


def test_no_text_no_ink() -> None:
    assert not ink(caption_image((300, 200), "")).any()
    assert not ink(caption_image((300, 200), " \n\t\x00\x1b\u202e")).any()


def test_letters_without_glyph_lose_their_accents() -> None:
    plain, accented = "Cafe Munchen - nino", "Café Mu\u0308nchen — niño"
    pictures = [caption_image((300, 200), text) for text in (plain, accented)]
    assert pictures[0] == pictures[1]


def test_control_characters_are_not_drawn() -> None:
    codes = [*range(0x10000), 0xE0001, 0xE0020, 0x1D173]
    kinds = {code: unicodedata.category(chr(code)) for code in codes}
    hostile = "".join(chr(code) for code in codes if kinds[code] in ("Cc", "Cf"))
    hostile += "\ud800\udfff\ufffe"
    assert caption_image((200, 200), "a b") == caption_image((200, 200), f"a{hostile}b")


@pytest.mark.parametrize(
    "text", ["word " * 20000, "x" * 65535, "犬" * 3000, "\ufdfa" * 3000, "ab cd\n" * 900]
)
def test_long_text_fills_the_canvas_and_stays_inside(text: str) -> None:
    written = ink(caption_image((320, 240), text))
    margin = 240 // 16
    assert written.mean() > 0.05
    assert not written[:, :margin].any()
    assert not written[:, -margin + 1 :].any()
    assert not written[-margin + 2 :].any()


def test_shortened_text_ends_in_an_ellipsis() -> None:
    font = ImageFont.load_default(20)
    lines = caption._wrapped("one two three four five six", font, 90)
    assert all(font.getlength(line) <= 90 for line in lines)
    assert " ".join(lines) == "one two three four five six"
    for count in range(1, len(lines)):
        kept = caption._shortened(lines, count, font, 90)
        assert len(kept) == count
        assert kept[-1].endswith("…")
        assert font.getlength(kept[-1]) <= 90
    assert caption._shortened(lines, 0, font, 90) == []
    assert caption._shortened(["W"], 1, font, 2) == ["…"]


def test_words_wider_than_the_line_are_broken() -> None:
    font = ImageFont.load_default(20)
    lines = caption._wrapped("a " + "i" * 100, font, 90)
    assert "".join(itertools.chain(lines)) == "a" + "i" * 100
    assert all(font.getlength(line) <= 90 for line in lines)
    assert caption._wrapped("WWW", font, 1) == ["W", "W", "W"]


@given(st.text(max_size=80), st.integers(1, 60), st.integers(1, 60))
def test_any_caption_can_be_drawn(text: str, width: int, height: int) -> None:
    assert caption_image((width, height), text).size == (width, height)


@pytest.mark.parametrize("canvas", [(65535, 65535), (8193, 8192), (0, 4), (65536, 1)])
def test_canvas_limits(canvas: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before memory is taken."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("memory was taken")

    monkeypatch.setattr(Image, "new", refuse)
    with pytest.raises(LimitError, match="canvas"):
        caption_image(canvas, "a")
