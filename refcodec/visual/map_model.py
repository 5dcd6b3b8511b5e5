"""How probable each bit of a map's cells is (specification section 3.5, "Cells").

A small network with fitted integer weights looks at the cells already known, of this map and
of the earlier ones; what it gives is corrected by biases that learn while a file is coded.
Encoder, decoder and fitting tool run the same walk, `code_cells`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refcodec.registry import registered_file
from refcodec.visual.symbols import Code

LEVEL_BITS = 4
# The cells that are looked at, as (columns, rows) from the cell in question: of its own map,
# of the map before it, and of the greatest levels of the maps before that one.
OWN = (
    *((-1, 0), (-2, 0), (-3, 0)),
    *((-3, -1), (-2, -1), (-1, -1), (0, -1), (1, -1), (2, -1), (3, -1)),
    *((-2, -2), (-1, -2), (0, -2), (1, -2), (2, -2), (0, -3)),
)
LAST = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1))
OLDER = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
ANSWERS = len(OWN) + len(LAST) + len(OLDER)
INPUTS = ANSWERS + 8
HIDDEN = 16
# An input of this size says yes, of minus this size no.
UNIT = 16
_MARGIN = 3
_OUTSIDE = 1 << LEVEL_BITS
# Which of the own cells make up the pattern that a bias belongs to: left, above, and beside.
_PATTERN = tuple(OWN.index(place) for place in ((-1, 0), (0, -1), (-1, -1), (1, -1)))
SUM_SHIFT = 7
BIAS_MAX = 1 << 18
_SIGMOID_STEP_BITS = 7
PROBABILITY_BITS = 16

Levels = NDArray[np.intp]


class Shape(NamedTuple):
    """Cells a row, rows, and bits a cell."""

    width: int
    height: int
    bits: int


class Network:
    """The fitted weights, as stored in `spec/maps-1.json`."""

    def __init__(self, tables: dict[str, Any]) -> None:
        # Floating point holds these integers and all sums of their products exactly.
        self._hidden = np.array(tables["hidden"], np.float64)
        self._hidden_offset = np.array(tables["hidden_offset"], np.float64)
        self._output = np.array(tables["output"], np.float64)
        self._output_offset = int(tables["output_offset"])

    def log_odds(self, inputs: NDArray[np.float64]) -> int:
        """Of a one, as a natural logarithm in units of 2^-15."""
        hidden = self._hidden @ inputs + self._hidden_offset
        return int(np.maximum(hidden, 0.0) @ self._output) + self._output_offset


@cache
def load_network() -> Network:
    """The registered weights."""
    return Network(json.loads(registered_file("map-weights", 1)))


# The logistic function at -8, -7.5, ..., 8, in units of 2^-16.
SIGMOID = (
    *(22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743),
    32768,
    *(40793, 47911, 53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438),
    *(65476, 65500, 65514),
)


def probability(log_odds: int) -> int:
    """Of a one, in units of 2^-16, from log-odds in units of 2^-15."""
    place = min(max((log_odds >> SUM_SHIFT) + 2048, 0), 4095)
    index, rest = divmod(place, 1 << _SIGMOID_STEP_BITS)
    return (SIGMOID[index] * (128 - rest) + SIGMOID[index + 1] * rest) >> _SIGMOID_STEP_BITS


@dataclass
class Biases:
    """What a file's cells have taught so far: by question and pattern of neighbours."""

    values: list[int] = field(default_factory=lambda: [0] * 256)
    seen: list[int] = field(default_factory=lambda: [0] * 256)

    def learn(self, question: int, bit: int, chance: int) -> None:
        """Move the bias of a question and pattern towards the bit that came."""
        # The first bits of a pattern tell the most of what is particular to this file.
        rate = 8 + 512 // (self.seen[question] + 16)
        moved = self.values[question] + (((bit << PROBABILITY_BITS) - chance) * rate >> 8)
        self.values[question] = min(max(moved, -BIAS_MAX), BIAS_MAX)
        self.seen[question] += 1


# The answers to "does this level reach the threshold?", by threshold and level.
_ANSWER = np.array(
    [
        [UNIT if level >= threshold else -UNIT for level in range(_OUTSIDE)] + [0]
        for threshold in range(_OUTSIDE)
    ]
)


@lru_cache(maxsize=64)
def _neighbours(stride: int, plane: int) -> Levels:
    """Where the cells looked at lie in three planes one behind the other."""
    return np.array(
        [
            number * plane + down * stride + across
            for number, places in enumerate((OWN, LAST, OLDER))
            for across, down in places
        ],
        np.intp,
    )


def _scaled(levels: Levels, shape: Shape) -> Levels:
    """The levels of an earlier map at the centres of this map's cells."""
    rows = (2 * np.arange(shape.height) + 1) * levels.shape[0] // (2 * shape.height)
    columns = (2 * np.arange(shape.width) + 1) * levels.shape[1] // (2 * shape.width)
    return levels[np.ix_(rows, columns)]


def _planes(shape: Shape, earlier: Sequence[Levels]) -> Levels:
    """Levels of this map (none yet), the last one, the older ones, each with a margin."""
    size = (3, shape.height + 2 * _MARGIN, shape.width + 2 * _MARGIN)
    planes = np.full(size, _OUTSIDE, np.intp)
    inside = planes[:, _MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    if earlier:
        inside[1] = _scaled(earlier[-1], shape)
    if len(earlier) > 1:
        inside[2] = np.max([_scaled(levels, shape) for levels in earlier[:-1]], axis=0)
    return planes.ravel()


@dataclass
class Context:
    """What the maps of a file so far tell of the next one.

    `earlier` has the levels, 0 to 15, of each map and box, (height, width).
    """

    network: Network
    biases: Biases = field(default_factory=Biases)
    earlier: list[Levels] = field(default_factory=list)


class Around(NamedTuple):
    """The levels of the cells looked at, and inputs of which the answers are yet to be set."""

    levels: Levels
    inputs: NDArray[np.float64]


def code_cells(code: Code, wanted: bytes | None, shape: Shape, context: Context) -> bytes:
    """Code all cells of a map, row by row, and return them."""
    width, height, bits = shape
    planes = _planes(shape, context.earlier)
    stride = width + 2 * _MARGIN
    neighbours = _neighbours(stride, len(planes) // 3)
    inputs = np.empty(INPUTS)
    cells = bytearray(width * height)
    ones = 0
    for number in range(width * height):
        y, x = divmod(number, width)
        place = (y + _MARGIN) * stride + x + _MARGIN
        inputs[ANSWERS:-1] = _situation(x, y, shape, ones)
        around = Around(planes[neighbours + place], inputs)
        source = None if wanted is None else wanted[number]
        cells[number] = _code_cell(code, source, bits, around, context)
        planes[place] = cells[number] << (LEVEL_BITS - bits)
        ones += cells[number] > 0
    return bytes(cells)


def _situation(x: int, y: int, shape: Shape, ones: int) -> tuple[int, ...]:
    """Inputs that are no answers: place, whether and how many cells are above 0, the size."""
    across = 16 * (2 * x + 1) // shape.width - 16
    down = 16 * (2 * y + 1) // shape.height - 16
    known = y * shape.width + x
    return (
        across,
        down,
        abs(across),
        abs(down),
        UNIT if ones else -UNIT,
        32 * ones // known - 16 if known else 0,
        2 * ((shape.width * shape.height).bit_length() - 5),
    )


def _code_cell(
    code: Code,
    wanted: int | None,
    bits: int,
    around: Around,
    context: Context,
) -> int:
    """Bits from the highest: each asks whether the cell reaches a threshold.

    The cells around are asked the same.
    """
    levels, inputs = around
    value = 0
    for depth in range(bits):
        answers = _ANSWER[(2 * value + 1) << (LEVEL_BITS - 1 - depth)][levels]
        inputs[:ANSWERS] = answers
        inputs[-1] = 5 * depth
        pattern = sum(int(answers[index] > 0) << bit for bit, index in enumerate(_PATTERN))
        question = 16 * ((1 << depth) + value) + pattern
        bias = context.biases.values[question]
        chance = probability(context.network.log_odds(inputs) + bias)
        bit = 0 if wanted is None else wanted >> (bits - 1 - depth) & 1
        bit = code(bit, np.array([(1 << PROBABILITY_BITS) - chance, chance]))
        context.biases.learn(question, bit, chance)
        value = 2 * value + bit
    return value
