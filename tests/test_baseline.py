"""The baseline rendering: a scalar twin written from the specification, golden files, captions."""

from __future__ import annotations

import hashlib
import itertools
import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image, ImageFont

from refcodec.errors import LimitError
from refcodec.limits import RENDER_MAX_PIXELS
from refcodec.visual import baseline
from refcodec.visual.baseline import caption_image, render_baseline, spline_weights

Samples = Any

# Pictures made once, by their digest, from the samples of `pattern`.
GOLDEN: list[tuple[tuple[int, int], tuple[int, int], str]] = [
    ((100, 70), (64, 43), "f76979a6092d5e5f7d48eba33a0b96426c66d6caba7d8bcefb66b7df45d493e2"),
    ((64, 64), (64, 64), "ffe3918efa77171b5840d9309cbe37e938e99d6bcc2b8e558bfe35bdc5cedac1"),
    ((1, 1), (5, 9), "b9dda2f8d4657aa944a58ea761df55167374e821dbc728843be0b47d8985b5dc"),
    ((31, 200), (1, 64), "1dc06e1be38e63819ffaf96eba7587e6cc6ef82f337384bf0e9eed633b0064a0"),
    ((640, 480), (3, 2), "013af58e35f90b24b1234c567039621c21355a4cb420c33eb345b6daadeee0ab"),
    ((1024, 1024), (64, 64), "77bdc90f20285468cf00716e3359b552f08c196a75ee4af1761196a015365987"),
]


def pattern(width: int, height: int) -> Samples:
    """Samples that use the whole range, without any random numbers."""
    place = np.arange(width * height * 3, dtype=np.int64)
    return (place * place * 37 % 251 + place % 5).astype(np.uint8).reshape(height, width, 3)


# A plain renderer, as in the specification.


def scalar_weights(t: int) -> tuple[int, int, int, int]:
    a0 = ((256 - t) ** 3 + 3072) // 6144
    a1 = (3 * t**3 - 1536 * t**2 + 67108864 + 3072) // 6144
    a3 = (t**3 + 3072) // 6144
    return a0, a1, 16384 - a0 - a1 - a3, a3


def scalar_taps(c: int, size: int, pixel: int) -> list[tuple[int, int]]:
    """The four samples of a pixel, each with its weight."""
    g = (256 * ((2 * pixel + 1) * c - size) + size) // (2 * size)
    i = g // 256
    places = [min(max(i + k, 0), c - 1) for k in (-1, 0, 1, 2)]
    return list(zip(places, scalar_weights(g - 256 * i), strict=True))


def scalar_render(canvas: tuple[int, int], samples: Samples) -> list[list[list[int]]]:
    h, w, _ = samples.shape
    s = samples.tolist()
    picture = []
    for row in range(canvas[1]):
        down = scalar_taps(h, canvas[1], row)
        line = []
        for column in range(canvas[0]):
            across = scalar_taps(w, canvas[0], column)
            pixel = []
            for colour in range(3):
                total = 2**19
                for y, b in down:
                    inner = sum(a * s[y][x][colour] for x, a in across)
                    total += b * ((inner + 128) >> 8)
                pixel.append(total >> 20)
            line.append(pixel)
        picture.append(line)
    return picture


sample_arrays = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda size: st_numpy.arrays(np.uint8, (*size, 3))
)


@given(sample_arrays, st.integers(1, 14), st.integers(1, 14))
def test_renderer_agrees_with_the_specification(samples: Samples, width: int, height: int) -> None:
    pixels = render_baseline((width, height), samples)
    assert pixels.dtype == np.uint8
    assert pixels.tolist() == scalar_render((width, height), samples)


def test_renderer_agrees_with_the_specification_on_long_axes() -> None:
    samples = pattern(64, 2)
    for canvas in ((2999, 3), (3, 2999), (65535, 1)):
        pixels = render_baseline(canvas, samples)
        assert pixels.tolist() == scalar_render(canvas, samples)


@pytest.mark.parametrize(("canvas", "grid", "digest"), GOLDEN)
def test_golden_pictures(canvas: tuple[int, int], grid: tuple[int, int], digest: str) -> None:
    pixels = render_baseline(canvas, pattern(*grid))
    assert pixels.shape == (canvas[1], canvas[0], 3)
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == digest


@given(sample_arrays, st.integers(1, 40), st.integers(1, 40))
def test_no_overshoot(samples: Samples, width: int, height: int) -> None:
    pixels = render_baseline((width, height), samples)
    assert pixels.min() >= samples.min()
    assert pixels.max() <= samples.max()


@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
def test_plain_samples_give_a_plain_picture(level: int) -> None:
    pixels = render_baseline((333, 77), np.full((9, 64, 3), level, dtype=np.uint8))
    assert (pixels == level).all()


def test_ramp_stays_smooth() -> None:
    """Enlarged 16 times, a ramp of steps of 4 levels never jumps."""
    ramp = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None, :, None], 3, axis=2)
    row = render_baseline((1024, 1), ramp)[0, :, 0].astype(int)
    assert set(np.diff(row).tolist()) <= {0, 1}
    assert abs(int(row[512]) - 128) <= 2


def test_weights() -> None:
    weights = spline_weights()
    assert weights.shape == (256, 4)
    assert (weights.sum(axis=1) == 1 << 14).all()
    assert weights.min() >= 0
    assert weights.tolist() == [list(scalar_weights(t)) for t in range(256)]


def test_without_samples_flat_grey() -> None:
    pixels = render_baseline((5, 3), None)
    assert pixels.shape == (3, 5, 3)
    assert (pixels == 128).all()


@pytest.mark.parametrize("canvas", [(65535, 65535), (8193, 8192), (0, 4), (4, 0), (65536, 1)])
def test_canvas_limits(canvas: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before memory is taken."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("memory was taken")

    assert RENDER_MAX_PIXELS == 8192 * 8192
    monkeypatch.setattr(np, "empty", refuse)
    monkeypatch.setattr(Image, "new", refuse)
    for draw in (
        lambda: render_baseline(canvas, pattern(4, 4)),
        lambda: caption_image(canvas, "a"),
    ):
        with pytest.raises(LimitError, match="canvas"):
            draw()


# Captions.


def ink(image: Image.Image) -> Samples:
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
    lines = baseline._wrapped("one two three four five six", font, 90)
    assert all(font.getlength(line) <= 90 for line in lines)
    assert " ".join(lines) == "one two three four five six"
    for count in range(1, len(lines)):
        kept = baseline._shortened(lines, count, font, 90)
        assert len(kept) == count
        assert kept[-1].endswith("…")
        assert font.getlength(kept[-1]) <= 90
    assert baseline._shortened(lines, 0, font, 90) == []
    assert baseline._shortened(["W"], 1, font, 2) == ["…"]


def test_words_wider_than_the_line_are_broken() -> None:
    font = ImageFont.load_default(20)
    lines = baseline._wrapped("a " + "i" * 100, font, 90)
    assert "".join(itertools.chain(lines)) == "a" + "i" * 100
    assert all(font.getlength(line) <= 90 for line in lines)
    assert baseline._wrapped("WWW", font, 1) == ["W", "W", "W"]


@given(st.text(max_size=80), st.integers(1, 60), st.integers(1, 60))
def test_any_caption_can_be_drawn(text: str, width: int, height: int) -> None:
    assert caption_image((width, height), text).size == (width, height)
