"""Pictures and maps as characters, for terminals.

A half block (U+2580) shows two pixels, one above the other, so pixels are about square. The
escape sequences are those of ECMA-48 with the colours of ISO/IEC 8613-6 (38 and 48).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray
from PIL import Image

HALF_BLOCK = "▀"
RESET = "\x1b[0m"
# What is seen where a thumbnail is transparent.
GROUND = (128, 128, 128, 255)
# From empty to full; the first is not blank, so that the canvas is seen where a map is not.
SHADES = "·░▒▓█"
# Names in TERM of terminals that show 24-bit colour and need not say so in COLORTERM.
_TRUE_COLOUR_TERMINALS = ("alacritty", "contour", "direct", "foot", "ghostty", "kitty", "wezterm")
# The 6 x 6 x 6 colours and 24 greys that terminals number from 16 and from 232.
_CUBE_LEVELS = (0, 95, 135, 175, 215, 255)
_GREY_COUNT = 24

Size = tuple[int, int]
Colour = tuple[int, int, int]


class Depth(Enum):
    """How many colours a terminal is sent."""

    NONE = auto()
    INDEXED = auto()
    TRUE = auto()


def colour_depth(environment: Mapping[str, str]) -> Depth:
    """What the terminal shows: none with NO_COLOR (no-color.org) or where TERM knows of none."""
    terminal = environment.get("TERM", "")
    if environment.get("NO_COLOR") or terminal in {"", "dumb"}:
        return Depth.NONE
    if environment.get("COLORTERM") in {"truecolor", "24bit"}:
        return Depth.TRUE
    known = any(name in terminal for name in _TRUE_COLOUR_TERMINALS)
    return Depth.TRUE if known else Depth.INDEXED


def fitted(canvas: Size, room: Size) -> Size:
    """The columns and lines of the canvas (width, height) in a room of columns and lines.

    As large as fits with the canvas's proportions, a character being twice as high as wide;
    never less than one of each.
    """
    width, height = canvas
    columns, lines = max(1, room[0]), max(1, room[1])
    columns = min(columns, max(1, round(2 * lines * width / height)))
    return columns, min(lines, max(1, round(columns * height / (2 * width))))


def picture_lines(image: Image.Image, size: Size, depth: Depth) -> list[str]:
    """A picture in so many columns and lines, in half blocks of two colours; grey: shades.

    What is transparent shows a grey ground.
    """
    columns, lines = size
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, GROUND), image)
    if depth is Depth.NONE:
        return shade_lines(np.asarray(image.convert("L")), size)
    small = image.convert("RGB").resize((columns, 2 * lines), Image.Resampling.BICUBIC)
    rows = np.asarray(small).tolist()
    return [_line(rows[2 * line], rows[2 * line + 1], depth) for line in range(lines)]


def shade_lines(levels: NDArray[np.uint8], size: Size) -> list[str]:
    """Levels 0 to 255, 2-D, in so many columns and lines of shaded blocks; no escapes."""
    small = np.asarray(Image.fromarray(levels).resize(size, Image.Resampling.BOX))
    rows = (small.astype(np.int64) * len(SHADES) >> 8).tolist()
    return ["".join(SHADES[shade] for shade in row) for row in rows]


def _line(upper: list[Colour], lower: list[Colour], depth: Depth) -> str:
    """A line of half blocks; a colour is only written where it changes."""
    written = []
    before = ""
    for above, below in zip(upper, lower, strict=True):
        colours = f"\x1b[38;{_parameters(above, depth)};48;{_parameters(below, depth)}m"
        if colours != before:
            written.append(colours)
        written.append(HALF_BLOCK)
        before = colours
    return "".join(written) + RESET


def _parameters(colour: Colour, depth: Depth) -> str:
    red, green, blue = colour
    if depth is Depth.TRUE:
        return f"2;{red};{green};{blue}"
    return f"5;{indexed(colour)}"


def indexed(colour: Colour) -> int:
    """The number of the nearest of the 256 colours whose values are the same everywhere."""
    cube = [_nearest(level, _CUBE_LEVELS) for level in colour]
    grey = min(_GREY_COUNT - 1, max(0, (sum(colour) // 3 - 3) // 10))
    of_cube = tuple(_CUBE_LEVELS[place] for place in cube)
    of_grey = (8 + 10 * grey,) * 3
    if _distance(of_grey, colour) < _distance(of_cube, colour):
        return 232 + grey
    return 16 + 36 * cube[0] + 6 * cube[1] + cube[2]


def _nearest(level: int, levels: tuple[int, ...]) -> int:
    return min(range(len(levels)), key=lambda place: abs(levels[place] - level))


def _distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))
