"""Where the items of a file are (specification section 3.5): maps and boxes.

A map is a small grid in 1 to 4 bits a cell, a box four coordinates. All of a file share one
range-coded payload.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refcodec.coding.range_coder import TOTAL, Frequencies, RangeDecoder, RangeEncoder
from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from refcodec.limits import ITEMS_MAX, MAP_MAX_SIDE, MAP_MIN_SIDE
from refcodec.visual.map_model import LEVEL_BITS, Context, Levels, Shape, code_cells, load_network
from refcodec.visual.symbols import Code, reading, uniform, writing

MAP_MAX_BITS = LEVEL_BITS
# A box has its sides on a grid of so many units along the canvas's width and height.
BOX_UNITS = 64
# What an item has: nothing, a grid of the shape of the grid before, one of another shape, a box.
NONE, GRID, NEW_GRID, BOX = range(4)
# By what the item before has (the first item: FIRST), in 32nds. Items mostly have the same kind.
FIRST = 4
_ITEM_SHARES = {
    FIRST: (3, 18, 4, 7),
    NONE: (16, 8, 2, 6),
    GRID: (2, 27, 1, 2),
    NEW_GRID: (2, 27, 1, 2),
    BOX: (2, 2, 1, 27),
}
ITEM: Mapping[int, Frequencies] = {
    before: np.array(shares, dtype=np.int64) * (TOTAL // 32)
    for before, shares in _ITEM_SHARES.items()
}
_FIRST_SHAPE = Shape(8, 8, 1)


def check_shape(shape: Shape) -> None:
    """LimitError for a side outside 4..64, MalformedError for bits a cell outside 1..4."""
    width, height, bits = shape
    for side in (width, height):
        if not MAP_MIN_SIDE <= side <= MAP_MAX_SIDE:
            raise LimitError(
                f"map: {width}x{height} cells; each side must be {MAP_MIN_SIDE} to {MAP_MAX_SIDE}"
            )
    if not 1 <= bits <= MAP_MAX_BITS:
        raise MalformedError(f"map: {bits} bits a cell; 1 to {MAP_MAX_BITS} are possible")


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
        check_shape(Shape(self.width, self.height, self.bits))
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

    def levels(self) -> Levels:
        """The cells as a 2-D array of levels 0 to 15, by which other maps are predicted."""
        return self.array().astype(np.intp) << (LEVEL_BITS - self.bits)


@dataclass(frozen=True)
class Box:
    """Where an item is: left <= x < right and top <= y < bottom, in 64ths of the canvas.

    0 <= left < right <= 64 and 0 <= top < bottom <= 64; MalformedError for anything else.
    """

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        coordinates = astuple(self)
        if not all(isinstance(coordinate, int) for coordinate in coordinates):
            raise MalformedError(f"box: {coordinates}; give whole numbers, 64ths of the canvas")
        for low, high in ((self.left, self.right), (self.top, self.bottom)):
            if not 0 <= low < high <= BOX_UNITS:
                raise MalformedError(
                    f"box: {coordinates}; left must be less than right, top less than bottom, "
                    f"all 0 to {BOX_UNITS}"
                )

    @classmethod
    def from_fractions(cls, left: float, top: float, right: float, bottom: float) -> Box:
        """The box nearest to these fractions, 0 to 1 of the canvas's width and height.

        It is at least one 64th wide and high. MalformedError if a fraction is outside 0..1, or
        left is not less than right, or top not less than bottom.
        """
        sides = ((left, right), (top, bottom))
        if not all(0 <= low < high <= 1 for low, high in sides):
            raise MalformedError(
                f"box: {(left, top, right, bottom)}; left must be less than right, top less than "
                "bottom, all 0 to 1"
            )
        (left_unit, right_unit), (top_unit, bottom_unit) = (_units(*side) for side in sides)
        return cls(left_unit, top_unit, right_unit, bottom_unit)

    def array(self) -> NDArray[np.bool_]:
        """The box drawn as a 2-D array of bool, (64, 64)."""
        inside = np.zeros((BOX_UNITS, BOX_UNITS), np.bool_)
        inside[self.top : self.bottom, self.left : self.right] = True
        return inside

    def levels(self) -> Levels:
        """The same as a 2-D array of levels, 0 or 15, by which maps are predicted."""
        return self.array().astype(np.intp) * ((1 << LEVEL_BITS) - 1)


def _units(low: float, high: float) -> tuple[int, int]:
    first = min(int(BOX_UNITS * low + 0.5), BOX_UNITS - 1)
    return first, max(int(BOX_UNITS * high + 0.5), first + 1)


def encode_maps(maps: Mapping[int, Map | Box], item_count: int) -> bytes:
    """The payload of maps and boxes by item index: at least one, all below `item_count`."""
    if not maps:
        raise MalformedError("maps: there is none to encode; leave the chunk out")
    if not all(0 <= index < min(item_count, ITEMS_MAX) for index in maps):
        raise LimitError(
            f"maps: item indices {sorted(maps)}; there are {item_count} items, at most {ITEMS_MAX}"
        )
    encoder = RangeEncoder()
    _code_maps(writing(encoder), maps, item_count)
    return encoder.finish()


def decode_maps(payload: bytes, item_count: int) -> dict[int, Map | Box]:
    """Maps and boxes by item index, after checking all of it; raises SemError classes."""
    decoder = RangeDecoder(payload)
    maps = _code_maps(reading(decoder), None, item_count)
    if not maps:
        raise MalformedError("maps: the payload holds none; the chunk must be left out")
    if decoder.canonical() != payload:
        raise NonCanonicalError(
            "maps: their symbols have another payload, the shortest, which alone is valid"
        )
    return maps


def _code_maps(
    code: Code, given: Mapping[int, Map | Box] | None, item_count: int
) -> dict[int, Map | Box]:
    """The walk over all symbols; what is `given` is written, None where there is only reading."""
    context = Context(load_network())
    shape = _FIRST_SHAPE
    kind = FIRST
    coded: dict[int, Map | Box] = {}
    for index in range(item_count):
        wanted = given.get(index) if given else None
        kind = code(_kind(wanted, shape), ITEM[kind])
        if kind == NONE:
            continue
        if kind == BOX:
            one: Map | Box = _code_box(code, wanted if isinstance(wanted, Box) else None)
        else:
            grid = wanted if isinstance(wanted, Map) else None
            if kind == NEW_GRID:
                shape = _code_new_shape(code, grid, shape)
            one = Map(*shape, code_cells(code, grid.cells if grid else None, shape, context))
        context.earlier.append(one.levels())
        coded[index] = one
    return coded


def _kind(wanted: Map | Box | None, shape: Shape) -> int:
    if wanted is None:
        return NONE
    if isinstance(wanted, Box):
        return BOX
    return GRID if _shape(wanted) == shape else NEW_GRID


def _shape(grid: Map) -> Shape:
    return Shape(grid.width, grid.height, grid.bits)


def _code_new_shape(code: Code, wanted: Map | None, previous: Shape) -> Shape:
    shape = _shape(wanted) if wanted else previous
    sides = uniform(MAP_MAX_SIDE - MAP_MIN_SIDE + 1)
    width = MAP_MIN_SIDE + code(shape.width - MAP_MIN_SIDE, sides)
    height = MAP_MIN_SIDE + code(shape.height - MAP_MIN_SIDE, sides)
    bits = 1 + code(shape.bits - 1, uniform(MAP_MAX_BITS))
    if (width, height, bits) == previous:
        raise NonCanonicalError(f"maps: shape {width}x{height}x{bits} is given as a new one")
    return Shape(width, height, bits)


def _code_box(code: Code, wanted: Box | None) -> Box:
    box = wanted or Box(0, 0, 1, 1)
    left, right = _code_interval(code, box.left, box.right)
    top, bottom = _code_interval(code, box.top, box.bottom)
    return Box(left, top, right, bottom)


def _code_interval(code: Code, low: int, high: int) -> tuple[int, int]:
    low = code(low, uniform(BOX_UNITS))
    lengths = BOX_UNITS - low
    # One possible length needs no symbol.
    return low, low + 1 + (code(high - low - 1, uniform(lengths)) if lengths > 1 else 0)
