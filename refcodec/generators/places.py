"""Where an item is: in words, and as a mask over a picture.

A map's cell belongs to its item from half of the level that a map can have, or of the greatest
that this one has, if that is less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from refcodec.visual.levels import LEVEL_MAX, map_levels

if TYPE_CHECKING:
    from refcodec.visual.maps import Box, Map

# A thing whose middle is nearer to a border than this share of the side is at that border.
_BORDER_SHARE = 0.4
# What reaches over so much of a side goes all the way.
_SPAN_SHARE = 0.8
# A mask's soft edge, in cells of the map: the standard deviation of its blur.
_SOFT_CELLS = 0.25
# Blurred levels at which a mask begins and is complete: it grows beyond its cells a little,
# because an outline of cells cuts into the thing.
_SOFT_FROM, _SOFT_TO = 64, 192


class Extent(NamedTuple):
    """The sides of what a place covers, as shares (0 to 1) of the picture's width and height."""

    left: float
    top: float
    right: float
    bottom: float


def covered_cells(place: Map | Box) -> NDArray[np.bool_]:
    """The (height, width) cells of a map or box that belong to its item; maybe none."""
    levels = map_levels(place)
    threshold = min(LEVEL_MAX, int(levels.max())) / 2
    covered: NDArray[np.bool_] = (levels >= threshold) & (levels > 0)
    return covered


def extent_of(place: Map | Box) -> Extent | None:
    """What a map or box covers; None where it is empty."""
    covered = covered_cells(place)
    if not covered.any():
        return None
    height, width = covered.shape
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    return Extent(
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    )


def place_words(place: Map | Box) -> str:
    """A place in a few words: "at the upper left", "across the bottom"; empty for an empty map."""
    extent = extent_of(place)
    if extent is None:
        return ""
    is_wide = extent.right - extent.left >= _SPAN_SHARE
    is_tall = extent.bottom - extent.top >= _SPAN_SHARE
    if is_wide and is_tall:
        return "over most of the picture"
    across, down = _middle(place)
    if is_wide:
        return f"across the {_third(down, 'top', 'middle', 'bottom')}"
    if is_tall:
        return f"down the {_third(across, 'left side', 'middle', 'right side')}"
    column = _third(across, "left", "", "right")
    if not column:
        return f"{_third(down, 'at the top', 'in the centre', 'at the bottom')}"
    return f"at the {_third(down, 'upper ', '', 'lower ')}{column}"


def _middle(place: Map | Box) -> tuple[float, float]:
    """How far across and down (0 to 1) the middle of a place is that is not empty."""
    covered = covered_cells(place)
    rows, columns = np.nonzero(covered)
    height, width = covered.shape
    return float((columns.mean() + 0.5) / width), float((rows.mean() + 0.5) / height)


def _third(position: float, first: str, second: str, third: str) -> str:
    if position < _BORDER_SHARE:
        return first
    return second if position <= 1 - _BORDER_SHARE else third


def item_mask(place: Map | Box, size: tuple[int, int]) -> Image.Image | None:
    """The mask (L) of a map or box over a picture of this (width, height); None for an empty map.

    255 well inside, 0 outside, with a soft edge a quarter of a cell wide on either side.
    """
    covered = covered_cells(place)
    if not covered.any():
        return None
    cells = Image.fromarray(covered.astype(np.uint8) * LEVEL_MAX)
    blur = ImageFilter.GaussianBlur(
        (_SOFT_CELLS * size[0] / cells.width, _SOFT_CELLS * size[1] / cells.height)
    )
    blurred = cells.resize(size, Image.Resampling.NEAREST).filter(blur)
    return blurred.point(_soft_levels())


def _soft_levels() -> list[int]:
    """What the blurred levels 0 to 255 become."""
    ramp = np.arange(LEVEL_MAX + 1) - _SOFT_FROM
    scaled = np.rint(ramp * LEVEL_MAX / (_SOFT_TO - _SOFT_FROM))
    return [int(level) for level in np.clip(scaled, 0, LEVEL_MAX)]


def hard_mask(mask: Image.Image) -> Image.Image:
    """The mask with 255 wherever it is not 0: all that may change."""
    return mask.point([0] + [LEVEL_MAX] * LEVEL_MAX)
