"""The maps of a file's items (specification section 3.5).

A map is a small grid that says where an item is, in 1 to 4 bits a cell. All maps of a
file share one range-coded payload and one set of adaptive contexts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refcodec.coding.range_coder import TOTAL, RangeDecoder, RangeEncoder
from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from refcodec.limits import ITEMS_MAX, MAP_MAX_SIDE
from refcodec.visual.symbols import Code, reading, uniform, writing

MAP_MIN_SIDE = 4
MAP_MAX_BITS = 4
# What follows at an item: the end of all maps, no map for this item, a map for it.
END, NONE, MAP = range(3)
_ITEM = np.array([TOTAL // 4, TOTAL // 8, 5 * TOTAL // 8], dtype=np.int64)
# Whether a map has the width, height and bits of the one before it.
_SAME_SHAPE = np.array([TOTAL // 8, 7 * TOTAL // 8], dtype=np.int64)
# A context's counts at the start: so many ones of 24, by the neighbours that are set
# (1: left, 2: above, 4: above left, 8: above right).
FIRST_ONES = (1, 15, 12, 20, 2, 8, 6, 21, 4, 15, 16, 22, 4, 13, 10, 23)
FIRST_TOTAL = 24
INCREMENT = 4
COUNT_LIMIT = 1020


class Shape(NamedTuple):
    """Cells a row, rows, and bits a cell."""

    width: int
    height: int
    bits: int


_FIRST_SHAPE = Shape(8, 8, 1)


@dataclass(frozen=True)
class Map:
    """Where an item is: `width` x `height` cells row by row, a byte a cell, `bits` used.

    LimitError for a side outside 4..64, MalformedError for anything else amiss.
    """

    width: int
    height: int
    bits: int
    cells: bytes

    def __post_init__(self) -> None:
        for side in (self.width, self.height):
            if not MAP_MIN_SIDE <= side <= MAP_MAX_SIDE:
                raise LimitError(
                    f"map: {self.width}x{self.height} cells; each side must be "
                    f"{MAP_MIN_SIDE} to {MAP_MAX_SIDE}"
                )
        if not 1 <= self.bits <= MAP_MAX_BITS:
            raise MalformedError(f"map: {self.bits} bits a cell; 1 to {MAP_MAX_BITS} are possible")
        if len(self.cells) != self.width * self.height:
            raise MalformedError(
                f"map: {len(self.cells)} cells given for {self.width}x{self.height}"
            )
        if max(self.cells) >> self.bits:
            raise MalformedError(f"map: cell {max(self.cells)} needs more than {self.bits} bits")

    @classmethod
    def from_array(cls, mask: ArrayLike) -> Map:
        """The map of a 2-D (height, width) array, bool or integers 0 to 15.

        It has the fewest bits a cell that hold the largest value.
        """
        try:
            array = np.asarray(mask)
        except ValueError as error:
            raise MalformedError("map: its rows are not equally long") from error
        if array.ndim != 2 or array.dtype.kind not in "bui":
            raise MalformedError(
                f"map: an array of shape {array.shape} and type {array.dtype}; give a 2-D array "
                "of bool or integers"
            )
        height, width = array.shape
        low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
        if low < 0 or high >> MAP_MAX_BITS:
            raise LimitError(f"map: values {low} to {high}; 0 to 15 are possible")
        return cls(width, height, max(1, high.bit_length()), array.astype(np.uint8).tobytes())

    def array(self) -> NDArray[Any]:
        """The cells as a 2-D (height, width) array: bool if a cell has 1 bit, else uint8."""
        grid = np.frombuffer(self.cells, dtype=np.uint8).reshape(self.height, self.width)
        return grid.astype(np.bool_ if self.bits == 1 else np.uint8)


def encode_maps(maps: Mapping[int, Map]) -> bytes:
    """The payload of the maps, given by item index; at least one, indices below 15."""
    if not maps:
        raise MalformedError("maps: there is none to encode; leave the chunk out")
    if not all(0 <= index < ITEMS_MAX for index in maps):
        raise LimitError(f"maps: item indices {sorted(maps)}; they must be 0 to {ITEMS_MAX - 1}")
    encoder = RangeEncoder()
    _code_maps(writing(encoder), maps, ITEMS_MAX)
    return encoder.finish()


def decode_maps(payload: bytes, item_count: int) -> dict[int, Map]:
    """The maps of a payload by item index, after checking all of it; raises SemError classes."""
    maps = _code_maps(reading(RangeDecoder(payload)), {}, item_count)
    if encode_maps(maps) != payload:
        raise NonCanonicalError(
            "maps: their symbols have another payload, the shortest, which alone is valid"
        )
    return maps


def _code_maps(code: Code, given: Mapping[int, Map], item_count: int) -> dict[int, Map]:
    last = max(given, default=-1)
    contexts = _first_contexts()
    shape = _FIRST_SHAPE
    coded: dict[int, Map] = {}
    skipped = False
    for index in range(ITEMS_MAX):
        symbol = code(MAP if index in given else NONE if index < last else END, _ITEM)
        if symbol == END:
            break
        skipped = symbol == NONE
        if skipped:
            continue
        if index >= item_count:
            raise MalformedError(f"maps: one is for item {index}; there are {item_count} items")
        wanted = given.get(index)
        shape = _code_shape(code, wanted, shape)
        coded[index] = Map(*shape, _code_cells(code, wanted, shape, contexts))
    if not coded:
        raise MalformedError("maps: the payload holds none; the chunk must be left out")
    if skipped:
        raise NonCanonicalError("maps: the items after the last map need no symbol")
    return coded


def _code_shape(code: Code, wanted: Map | None, previous: Shape) -> Shape:
    shape = Shape(wanted.width, wanted.height, wanted.bits) if wanted else previous
    if code(int(shape == previous), _SAME_SHAPE):
        return previous
    sides = uniform(MAP_MAX_SIDE - MAP_MIN_SIDE + 1)
    width = MAP_MIN_SIDE + code(shape.width - MAP_MIN_SIDE, sides)
    height = MAP_MIN_SIDE + code(shape.height - MAP_MIN_SIDE, sides)
    bits = 1 + code(shape.bits - 1, uniform(MAP_MAX_BITS))
    if (width, height, bits) == previous:
        raise NonCanonicalError(f"maps: shape {width}x{height}x{bits} is repeated in full")
    return Shape(width, height, bits)


# Counts of zeros and ones by context: 16 neighbourhoods for each of the 15 questions that
# make up a cell's bits.
Contexts = list[list[int]]


def _first_contexts() -> Contexts:
    row = [[FIRST_TOTAL - ones, ones] for ones in FIRST_ONES]
    return [list(counts) for _ in range(1 << MAP_MAX_BITS) for counts in row]


def _code_cells(code: Code, wanted: Map | None, shape: Shape, contexts: Contexts) -> bytes:
    width, height, bits = shape
    source = wanted.cells if wanted else bytes(width * height)
    # A margin of empty cells above, to the left and to the right.
    stride = width + 2
    cells = bytearray(stride * (height + 1))
    for y in range(height):
        for x in range(width):
            place = (y + 1) * stride + x + 1
            neighbours = (place - 1, place - stride, place - stride - 1, place - stride + 1)
            around = tuple(cells[neighbour] for neighbour in neighbours)
            cells[place] = _code_cell(code, source[y * width + x], bits, around, contexts)
    rows = (cells[row * stride + 1 : row * stride + 1 + width] for row in range(1, height + 1))
    return b"".join(rows)


def _code_cell(
    code: Code, wanted: int, bits: int, around: tuple[int, ...], contexts: Contexts
) -> int:
    """Bits from the highest: each asks whether the cell reaches a threshold.

    The neighbours are asked the same question; their answers are the context.
    """
    value = 0
    for depth in range(bits):
        shift = bits - 1 - depth
        threshold = 2 * value + 1
        pattern = 0
        for number, neighbour in enumerate(around):
            pattern |= int(neighbour >> shift >= threshold) << number
        counts = contexts[((1 << depth) + value) * 16 + pattern]
        value = 2 * value + _code_bit(code, wanted >> shift & 1, counts)
    return value


def _code_bit(code: Code, wanted: int, counts: list[int]) -> int:
    zeros, ones = counts
    one = (ones << 24) // (zeros + ones)
    bit = code(wanted, np.array([TOTAL - one, one], dtype=np.int64))
    counts[bit] += INCREMENT
    if counts[0] + counts[1] > COUNT_LIMIT:
        counts[:] = [(count + 1) >> 1 for count in counts]
    return bit
