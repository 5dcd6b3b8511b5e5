"""Where in a picture a difference can be put right."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

from refcodec.describers.words import key_words
from refcodec.generators.places import extent_of, hard_mask, item_mask
from refcodec.reflection.differences import Difference, DifferenceKind

if TYPE_CHECKING:
    from refcodec.document import Document
    from refcodec.visual.maps import Box, Map

# What can be put right where the item's map says that the item should be.
_LOCAL_KINDS = {DifferenceKind.MISSING, DifferenceKind.WRONG_ATTRIBUTE}


def edit_mask(document: Document, differences: Iterable[Difference]) -> Image.Image | None:
    """Where a picture may change so that all these differences can be put right.

    L, of the canvas's size, 255 where the picture may change and 0 elsewhere; None if one of the
    differences belongs to no item whose place the document knows.
    """
    whole = Image.new("L", document.canvas)
    for difference in differences:
        place = _local_map(document, difference)
        mask = item_mask(place, document.canvas) if place else None
        if mask is None:
            return None
        whole = ImageChops.lighter(whole, hard_mask(mask))
    return whole


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
    what = key_words(difference.what)
    said = what | key_words(difference.wanted)
    placed = [item for item in document.items if item.map and extent_of(item.map)]
    whole = (item.map for item in placed if key_words(item.name) <= said)
    # "Square" may be short for "red square", but not where "blue square" is named in full.
    short = (item.map for item in placed if what and what <= key_words(item.name))
    return next(chain(whole, short), None)
