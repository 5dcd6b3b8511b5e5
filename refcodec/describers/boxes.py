"""Boxes from what models answer: in the units and with the words that each of them prefers.

A box is four numbers or an object of them; all boxes of an answer are in one unit. It is found
from the greatest coordinate of all:

- up to 1: fractions of the picture's width and height;
- up to 100, or any with a percent sign: percent. Things that all lie in the top left hundredth
  of a picture are rarer than models that count to 100;
- up to 1000: thousandths, as the template asks;
- beyond: pixels of the picture, if all boxes lie within it, up to 2 % beyond its edge; else
  thousandths if none is beyond 1020; else nothing can be said of the unit, and no box is used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from refcodec.backends.errors import AnswerError
from refcodec.describers.answers import as_text, beginning, body_of, first_of
from refcodec.describers.json_values import json_values
from refcodec.describers.words import key_words
from refcodec.errors import MalformedError
from refcodec.visual.maps import Box

# How far beyond the edge a model that rounds and guesses may go, as a factor.
_TOLERANCE: Final = 1.02

_LIST_KEYS = ("boxes", "objects", "items", "detections", "results")
_NAME_KEYS = ("name", "label", "item", "object")
_BOX_KEYS = ("box", "bbox", "bounding_box", "bbox_2d", "coordinates")
# Some models are trained on this key, with the vertical coordinates first.
_VERTICAL_FIRST_KEY = "box_2d"
_CORNER_KEYS = (
    ("left", "top", "right", "bottom"),
    ("x1", "y1", "x2", "y2"),
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
)
_SIZE_KEYS = (
    ("left", "top", "width", "height"),
    ("x", "y", "width", "height"),
    ("x", "y", "w", "h"),
)
_NUMBER = re.compile(r"\s*([-+]?\d{1,9}(?:\.\d{1,9})?)\s*(%?|px)\s*", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,;]")
_BOX_MAX_CHARACTERS = 200


class _Corners(NamedTuple):
    """Left, top, right and bottom in a unit that is not known yet."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class _Answered:
    """A box of an answer: the name it has there, its corners, whether a percent sign is there."""

    name: str
    corners: _Corners | None
    is_percent: bool


def parse_boxes(answer: str, names: Sequence[str], size: tuple[int, int]) -> list[Box | None]:
    """The box of each name in a picture of (width, height) in pixels, None where there is none.

    Boxes are clipped to the picture; one of which nothing is left is None, as is one whose left
    is not less than its right, or top than bottom. AnswerError if the answer holds no JSON.
    """
    values = list(json_values(body_of(answer)))
    if not values:
        raise AnswerError(
            f"the model's answer has no boxes in it; it begins with {beginning(answer)}; ask "
            "again, or take another model or locator"
        )
    found = max(
        (list(_boxes_in(value)) for value in values),
        key=lambda boxes: sum(one.corners is not None for one in boxes),
    )
    scale = _scale(found, size)
    boxes = [_box(one.corners, scale) for one in found]
    return [None if index is None else boxes[index] for index in _matches(names, found)]


def _boxes_in(value: Any) -> Iterable[_Answered]:
    """The boxes in JSON, in their order: a list, or an object with them by name."""
    if isinstance(value, Mapping):
        listed = first_of(value, _LIST_KEYS)
        if listed is not None:
            yield from _boxes_in(listed)
        elif (one := _answered(as_text(first_of(value, _NAME_KEYS)), value)).corners:
            yield one
        else:
            yield from (_answered(name, part) for name, part in value.items())
    elif isinstance(value, list) and _corners(value)[0]:
        yield _answered("", value)
    elif isinstance(value, list):
        for part in value:
            name = as_text(first_of(part, _NAME_KEYS)) if isinstance(part, Mapping) else ""
            yield _answered(name, part)


def _answered(name: str, value: Any) -> _Answered:
    """A named box: its numbers are the value, or below one of the usual keys of it."""
    corners, is_percent = _corners(value)
    if corners is None and isinstance(value, Mapping):
        corners, is_percent = _corners(first_of(value, _BOX_KEYS))
        if corners is None:
            swapped, is_percent = _corners(first_of(value, (_VERTICAL_FIRST_KEY,)))
            if swapped:
                corners = _Corners(swapped.top, swapped.left, swapped.bottom, swapped.right)
    return _Answered(name, corners, is_percent)


def _corners(value: Any) -> tuple[_Corners | None, bool]:
    """Four numbers in any of the usual forms, and whether one has a percent sign."""
    values, is_size = _four(value)
    numbers = [_number(one) for one in values]
    known = [number for number, _ in numbers if number is not None]
    if not len(numbers) == len(known) == 4:
        return None, False
    left, top, right, bottom = known
    if is_size:
        right, bottom = left + right, top + bottom
    return _Corners(left, top, right, bottom), any(is_percent for _, is_percent in numbers)


def _four(value: Any) -> tuple[Sequence[Any], bool]:
    """What may be the numbers of a box, and whether the last two are its width and height."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return _SEPARATOR.split(value[:_BOX_MAX_CHARACTERS].strip("()[] ")), False
    if isinstance(value, Mapping):
        by_key = {key.strip().casefold(): one for key, one in value.items()}
        known = (keys for keys in (*_CORNER_KEYS, *_SIZE_KEYS) if by_key.keys() >= {*keys})
        keys = next(known, ())
        return [by_key[key] for key in keys], keys in _SIZE_KEYS
    if not isinstance(value, list):
        return (), False
    if len(value) == 2 and all(isinstance(one, list) for one in value):
        return [*value[0], *value[1]], False
    return value, False


def _number(value: Any) -> tuple[float | None, bool]:
    """A number, also one in a string, and whether it has a percent sign; None for what is none."""
    if isinstance(value, str):
        match = _NUMBER.fullmatch(value)
        return (float(match[1]), match[2] == "%") if match else (None, False)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None, False
    # An integer may be beyond what a float holds.
    is_usable = abs(value) < 1e9 and math.isfinite(value)
    return (float(value), False) if is_usable else (None, False)


def _scale(found: Sequence[_Answered], size: tuple[int, int]) -> tuple[float, float] | None:
    """What stands for the picture's width and height in these boxes; None if nobody can say."""
    all_corners = [one.corners for one in found if one.corners]
    rightmost = max((max(one.left, one.right) for one in all_corners), default=0.0)
    lowest = max((max(one.top, one.bottom) for one in all_corners), default=0.0)
    greatest = max(rightmost, lowest)
    if any(one.is_percent for one in found):
        return 100.0, 100.0
    for unit in (1.0, 100.0, 1000.0):
        if greatest <= unit:
            return unit, unit
    if rightmost <= size[0] * _TOLERANCE and lowest <= size[1] * _TOLERANCE:
        return float(size[0]), float(size[1])
    return (1000.0, 1000.0) if greatest <= 1000 * _TOLERANCE else None


def _box(corners: _Corners | None, scale: tuple[float, float] | None) -> Box | None:
    """The corners as fractions, clipped to the picture; None if they are none of a box."""
    if corners is None or scale is None:
        return None
    left, right = (min(1.0, max(0.0, x / scale[0])) for x in (corners.left, corners.right))
    top, bottom = (min(1.0, max(0.0, y / scale[1])) for y in (corners.top, corners.bottom))
    try:
        return Box.from_fractions(left, top, right, bottom)
    except MalformedError:
        return None


# Names.


def _matches(names: Sequence[str], found: Sequence[_Answered]) -> list[int | None]:
    """For each name the index of its box; no box is given to two names.

    Names are the same if their words are, whatever their case, articles and plurals. Names that
    are left get a box whose name shares all the words of the shorter of both. Boxes of
    which none has a name belong to the names in their order, if there are as many.
    """
    if not any(one.name for one in found):
        return list(range(len(names))) if len(found) == len(names) else [None] * len(names)
    wanted = [key_words(name) for name in names]
    given = [key_words(one.name) for one in found]
    matches: list[int | None] = [None] * len(names)
    for is_same in (_are_equal, _are_alike):
        for place, key in enumerate(wanted):
            if matches[place] is None:
                left = (index for index in range(len(given)) if index not in matches)
                matches[place] = next((index for index in left if is_same(key, given[index])), None)
    return matches


def _are_equal(one: frozenset[str], other: frozenset[str]) -> bool:
    return one == other


def _are_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one and other) and (one <= other or other <= one)
