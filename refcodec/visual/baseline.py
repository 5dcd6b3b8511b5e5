"""The baseline rendering and its courtesy caption (specification section 7.3).

The thumbnail's samples are the control points of a uniform cubic B-spline surface over
the canvas: its weights are positive, so it neither rings nor overshoots. All arithmetic
is in integers, and the pixels are the same everywhere.
"""

from __future__ import annotations

import unicodedata

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from refcodec.errors import LimitError
from refcodec.limits import RENDER_MAX_PIXELS
from refcodec.wire.canvas import check_canvas

GREY = 128
PHASES = 256
WEIGHT_BITS = 14
_ROW_FRACTION_BITS = 6
# Pixels worked on at a time, so that what is in hand stays in the processor's cache.
_STRIP_PIXELS = 1 << 15

_INK = (24, 24, 24)
_CAPTION_MAX_CHARACTERS = 2000
_FONT_SIZE_MIN = 8
_LINE_SPACING = 1.25
_ELLIPSIS = "…"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def render_baseline(
    canvas: tuple[int, int], samples: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    """The picture that every decoder can draw, (height, width, 3) RGB.

    `canvas` is (width, height) in pixels, `samples` the thumbnail's (h, w, 3) or None for
    a flat grey picture. LimitError beyond RENDER_MAX_PIXELS, before memory is taken.
    """
    _check_size(canvas)
    width, height = canvas
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    if samples is None:
        pixels[:] = GREY
        return pixels
    rows = _enlarge_rows(samples, width).reshape(samples.shape[0], -1)
    taps, weights = spline_taps(samples.shape[0], height)
    flat = pixels.reshape(height, -1)
    shift = WEIGHT_BITS + _ROW_FRACTION_BITS
    strip = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, strip):
        part = slice(top, top + strip)
        total = np.full_like(rows, 1 << (shift - 1), shape=(len(taps[part]), rows.shape[1]))
        for tap in range(4):
            total += rows[taps[part, tap]] * weights[part, tap, None]
        flat[part] = total >> shift
    return pixels


def _enlarge_rows(samples: NDArray[np.uint8], width: int) -> NDArray[np.int32]:
    """(h, w, 3) samples to (h, width, 3), in 1/64 of a level."""
    taps, weights = spline_taps(samples.shape[1], width)
    shift = WEIGHT_BITS - _ROW_FRACTION_BITS
    total = np.full((samples.shape[0], width, 3), 1 << (shift - 1), dtype=np.int32)
    for tap in range(4):
        total += samples[:, taps[:, tap]].astype(np.int32) * weights[:, tap, None]
    return total >> shift


def spline_taps(count: int, size: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """For each of `size` pixels of an axis, its four samples and their weights of 2**-14.

    Pixel and sample centres are aligned over the whole axis; outside it the outermost
    sample goes on. Both arrays are (size, 4).
    """
    pixel = np.arange(size, dtype=np.int64)
    position = (PHASES * ((2 * pixel + 1) * count - size) + size) // (2 * size)
    first, phase = position // PHASES - 1, position % PHASES
    taps = np.clip(first[:, None] + np.arange(4), 0, count - 1)
    return taps, spline_weights()[phase]


def spline_weights() -> NDArray[np.int32]:
    """The (256, 4) weights of each phase, which add up to 2**14."""
    t = np.arange(PHASES, dtype=np.int64)
    divisor = 6 * PHASES**3 >> WEIGHT_BITS
    cubes = [(PHASES - t) ** 3, 3 * t**3 - 6 * PHASES * t**2 + 4 * PHASES**3, t**3]
    outer_left, inner_left, outer_right = ((cube + divisor // 2) // divisor for cube in cubes)
    inner_right = (1 << WEIGHT_BITS) - outer_left - inner_left - outer_right
    weights = np.stack([outer_left, inner_left, inner_right, outer_right], axis=1)
    return weights.astype(np.int32)


def _check_size(canvas: tuple[int, int]) -> None:
    check_canvas(canvas)
    width, height = canvas
    if width * height > RENDER_MAX_PIXELS:
        raise LimitError(
            f"rendering: canvas {width}x{height} has {width * height} pixels; the limit is "
            f"{RENDER_MAX_PIXELS}"
        )


def caption_image(canvas: tuple[int, int], text: str) -> Image.Image:
    """A flat grey picture with the text written on it, as large as fits.

    A courtesy outside the bit-exact promise: control characters become spaces, text too
    long for the canvas ends in an ellipsis, a canvas too small for letters stays grey.
    LimitError as for `render_baseline`.
    """
    _check_size(canvas)
    image = Image.new("RGB", canvas, (GREY, GREY, GREY))
    margin = min(canvas) // 16
    box = (canvas[0] - 2 * margin, canvas[1] - 2 * margin)
    text = _printable(text)
    size = max(_FONT_SIZE_MIN, min(canvas) // 8)
    smallest = max(_FONT_SIZE_MIN, min(canvas) // 40)
    lines, line_count = _fit(text, size, box)
    while len(lines) > line_count and size > smallest:
        size = max(smallest, size * 7 // 8)
        lines, line_count = _fit(text, size, box)
    font = ImageFont.load_default(size)
    if len(lines) > line_count:
        lines = _shortened(lines, line_count, font, box[0])
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        top = margin + round(number * size * _LINE_SPACING)
        draw.text((margin, top), line, fill=_INK, font=font)
    return image


def _printable(text: str) -> str:
    """One line of words as the built-in font can write them, and not endless.

    The font has little beyond ASCII: letters lose their accents, dashes become hyphens.
    Control and format characters become spaces.
    """
    start = unicodedata.normalize("NFKD", text[:_CAPTION_MAX_CHARACTERS])
    line = " ".join("".join(map(_printable_character, start)).split())
    if len(text) > _CAPTION_MAX_CHARACTERS or len(line) > _CAPTION_MAX_CHARACTERS:
        line = line[:_CAPTION_MAX_CHARACTERS] + _ELLIPSIS
    return line


def _printable_character(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "CZ":
        return " "
    if category[0] == "M":
        return ""
    return "-" if category == "Pd" else character


def _fit(text: str, size: int, box: tuple[int, int]) -> tuple[list[str], int]:
    """The text's lines in a font size, and how many lines the box holds."""
    lines = _wrapped(text, ImageFont.load_default(size), box[0])
    return lines, int(max(0, box[1] - size) / (size * _LINE_SPACING)) + (box[1] >= size)


def _wrapped(text: str, font: Font, width: int) -> list[str]:
    """Lines no wider than `width` pixels, broken within a word only where it must be."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if font.getlength(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while font.getlength(line) > width and len(line) > 1:
            kept = _prefix_length(line, font, width)
            lines.append(line[:kept])
            line = line[kept:]
    return [*lines, line] if line else lines


def _prefix_length(text: str, font: Font, width: int) -> int:
    """How many characters fit into `width` pixels; at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _shortened(lines: list[str], count: int, font: Font, width: int) -> list[str]:
    """The first `count` lines, the last of them ending in an ellipsis where there is room."""
    kept = lines[:count]
    if kept:
        last = kept[-1]
        while last and font.getlength(last + _ELLIPSIS) > width:
            last = last[:-1]
        kept[-1] = last.rstrip() + _ELLIPSIS
    return kept
