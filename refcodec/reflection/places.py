"""Places in words for models that compare, and in pixels for models that edit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from refcodec.reflection.differences import Difference, DifferenceKind
from refcodec.visual.levels import LEVEL_MAX, map_levels

if TYPE_CHECKING:
    from refcodec.document import Document
    from refcodec.visual.maps import Box, Map

_ROWS = ("upper", "middle", "lower")
_COLUMNS = ("left", "middle", "right")
# An item that takes more of a side than this is not said to be anywhere along it.
_WIDE = 0.75
# Where the enlarged map has at least this level, the picture may change: about a quarter of a
# cell beyond the item's own cells, since its outline is seldom just that of the cells.
_MAY_CHANGE: Final = LEVEL_MAX // 4
# What can be put right where the item's map says that the item should be.
_LOCAL_KINDS = {DifferenceKind.MISSING, DifferenceKind.WRONG_ATTRIBUTE}


def place_words(item_map: Map | Box | None) -> str:
    """Where an item is, as one of nine places, or parts of the picture; empty if unknown."""
    if item_map is None or not (levels := map_levels(item_map)).any():
        return ""
    row = _third(levels.max(axis=1), levels.sum(axis=1))
    column = _third(levels.max(axis=0), levels.sum(axis=0))
    if row is None and column is None:
        return "the whole picture"
    if column is None:
        return f"{_ROWS[row or 0]} part"
    if row is None:
        return f"{_COLUMNS[column]} part"
    return "centre" if row == column == 1 else f"{_ROWS[row]} {_COLUMNS[column]}"


def _third(profile: np.ndarray, weights: np.ndarray) -> int | None:
    """In which third of a side the middle of an item is; None if it takes nearly all of it."""
    taken = np.flatnonzero(profile)
    if (taken[-1] + 1 - taken[0]) / len(profile) > _WIDE:
        return None
    middle = float(np.average(np.arange(len(weights)) + 0.5, weights=weights)) / len(weights)
    return int(3 * middle)


def edit_mask(document: Document, differences: Iterable[Difference]) -> Image.Image | None:
    """Where a picture may change so that all these differences can be put right.

    L, of the canvas's size, 255 where the picture may change and 0 elsewhere; None if one of the
    differences belongs to no item whose place the document knows.
    """
    mask = np.zeros((document.canvas[1], document.canvas[0]), np.bool_)
    for difference in differences:
        item_map = _local_map(document, difference)
        if item_map is None:
            return None
        levels = Image.fromarray(map_levels(item_map))
        enlarged = levels.resize(document.canvas, Image.Resampling.BILINEAR)
        mask |= np.asarray(enlarged) >= _MAY_CHANGE
    return Image.fromarray(mask.astype(np.uint8) * LEVEL_MAX)


def is_local(document: Document, difference: Difference) -> bool:
    """Whether the document knows where in the picture a difference can be put right."""
    return _local_map(document, difference) is not None


def _local_map(document: Document, difference: Difference) -> Map | Box | None:
    """The map of the item that a difference names.

    There is none for what is in excess or in the wrong place: a map says where the item should
    be, and not where the picture has it.
    """
    if difference.kind not in _LOCAL_KINDS:
        return None
    what = _words(difference.what)
    said = what | _words(difference.wanted)
    placed = [item for item in document.items if item.map and map_levels(item.map).any()]
    whole = (item.map for item in placed if _words(item.name) <= said)
    # "Square" may be short for "red square", but not where "blue square" is named in full.
    short = (item.map for item in placed if what and what <= _words(item.name))
    return next(chain(whole, short), None)


def _words(phrase: str) -> set[str]:
    """The words of a phrase, without articles and plural endings."""
    words = re.findall(r"\w+", phrase.casefold())
    return {word.removesuffix("s") for word in words if word not in {"a", "an", "the"}}
