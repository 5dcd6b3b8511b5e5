"""Vectors of section 3.5: maps and boxes."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.make.pieces import (
    BOTH,
    PLAIN,
    Document,
    Valid,
    bare,
    chunk,
    document,
    invalid,
    item,
    valid,
)
from refcodec.coding.range_coder import RangeEncoder
from refcodec.visual.maps import FIRST, ITEM, NEW_GRID, Box, Map, encode_maps
from refcodec.visual.symbols import uniform

MAPS = 0x13
BLOB = (
    "00000000 00111000 01111100 01111110 01111110 00111100 00011000 00000000",
    "00000000 00000000 00000011 00000111 00001111 00001111 00000111 00000000",
)
LADDER = ("0123", "4567", "89ab", "cdef")


Place = tuple[Map | Box, Document]


def _grid(rows: str, bits: int) -> Place:
    """A map from its rows, and the same as section 7.2 writes it."""
    lines = rows.split()
    cells = bytes(int(cell, 16) for line in lines for cell in line)
    width, height = len(lines[0]), len(lines)
    expected = {"width": width, "height": height, "bits": bits, "cells": cells.hex()}
    return Map(width, height, bits, cells), expected


def _box(left: int, top: int, right: int, bottom: int) -> Place:
    """A box, and the same as section 7.2 writes it."""
    return Box(left, top, right, bottom), {"box": [left, top, right, bottom]}


def _with_maps(payload: bytes, names: str) -> bytes:
    content = b"x" + b"".join(b"\xfe" + name.encode() for name in names)
    return bare(BOTH, chunk(MAPS, payload) + PLAIN + content)


def _payload(names: str, places: Mapping[int, Place]) -> bytes:
    return encode_maps({index: place for index, (place, _) in places.items()}, len(names))


def _maps_file(names: str, places: Mapping[int, Place]) -> Valid:
    items = [
        item(name, item_map=places[index][1] if index in places else None)
        for index, name in enumerate(names)
    ]
    return _with_maps(_payload(names, places), names), document("x", items=items)


@valid("3.5", "maps")
def maps_of_two_items() -> Valid:
    """Two maps of 8 x 8, of one bit."""
    return _maps_file("ab", {0: _grid(BLOB[0], 1), 1: _grid(BLOB[1], 1)})


@valid("3.5", "maps")
def maps_with_a_gap() -> Valid:
    """The second of five items has a map, and the fourth, in another shape."""
    return _maps_file("abcde", {1: _grid(BLOB[0], 1), 3: _grid(" ".join(LADDER), 4)})


@valid("3.5", "maps")
def maps_of_all_items() -> Valid:
    """Fifteen maps: the third plane has the greatest of up to thirteen levels."""
    return _maps_file("abcdefghijklmno", {index: _grid(BLOB[index % 2], 1) for index in range(15)})


@valid("3.5", "maps")
def maps_empty_and_full() -> Valid:
    """A map that is nowhere, one that is everywhere, one with more bits than it needs."""
    empty = " ".join(["0000"] * 4)
    full = " ".join(["1111"] * 4)
    return _maps_file("abc", {0: _grid(empty, 1), 1: _grid(full, 1), 2: _grid(full, 2)})


@valid("3.5", "maps")
def maps_of_other_sizes() -> Valid:
    """Shapes that divide none into another: levels are taken at the centres of cells."""
    wide = " ".join("".join(str((x * x + y) // 3 % 4) for x in range(11)) for y in range(5))
    tall = " ".join("".join(str((x + y) // 4 % 2) for x in range(4)) for y in range(13))
    return _maps_file("abc", {0: _grid(wide, 2), 1: _grid(tall, 1), 2: _grid(wide, 3)})


@valid("3.5", "maps")
def maps_that_teach() -> Valid:
    """A chequered map of 24 x 24 cells of 4 bits: biases move far."""
    rows = " ".join("".join("0f"[(x + y) % 2] for x in range(24)) for y in range(24))
    return _maps_file("a", {0: _grid(rows, 4)})


@valid("3.5", "maps")
def boxes_of_three_items() -> Valid:
    """A box in the midst, one in the last unit (no symbol for its ends), one of all."""
    return _maps_file(
        "abc", {0: _box(10, 20, 30, 64), 1: _box(63, 63, 64, 64), 2: _box(0, 0, 64, 64)}
    )


@valid("3.5", "maps")
def boxes_and_maps() -> Valid:
    """A box, nothing, a map that the box predicts, a box, a map of another shape."""
    return _maps_file(
        "abcde",
        {
            0: _box(8, 8, 56, 56),
            2: _grid(BLOB[0], 1),
            3: _box(48, 16, 64, 56),
            4: _grid(" ".join(LADDER), 4),
        },
    )


@invalid("malformed", "3.5", "maps")
def maps_without_a_map() -> bytes:
    """A payload that says of its only item that it has no place."""
    return _with_maps(b"", "a")


@invalid("malformed", "3.5", "maps")
def maps_without_items() -> bytes:
    """The payload of a map, and no item."""
    return _with_maps(_payload("a", {0: _grid(BLOB[0], 1)}), "")


@invalid("non-canonical", "3.5", "maps")
def maps_of_fewer_items() -> bytes:
    """The payload of two maps, and one item: its own payload is a shorter one."""
    return _with_maps(_payload("ab", {0: _grid(BLOB[0], 1), 1: _grid(BLOB[1], 1)}), "a")


@invalid("non-canonical", "3.5", "maps")
def map_of_the_old_shape_as_a_new_one() -> bytes:
    """The first map states that it has 8 x 8 cells of 1 bit, which goes without saying."""
    encoder = RangeEncoder()
    for symbol, frequencies in (
        (NEW_GRID, ITEM[FIRST]),
        (4, uniform(61)),
        (4, uniform(61)),
        (0, uniform(4)),
    ):
        encoder.encode(symbol, frequencies)
    return _with_maps(encoder.finish(), "a")


@invalid("non-canonical", "3.5", "maps")
def maps_trailing_zero() -> bytes:
    """A zero byte behind the payload."""
    return _with_maps(_payload("a", {0: _grid(BLOB[0], 1)}) + b"\0", "a")


@invalid("non-canonical", "3.5", "maps")
def box_trailing_byte() -> bytes:
    """A byte behind the payload of a box."""
    return _with_maps(_payload("a", {0: _box(10, 20, 30, 64)}) + b"\x01", "a")
