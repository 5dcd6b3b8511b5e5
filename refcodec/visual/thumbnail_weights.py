"""The weights file of thumbnail codec 1 (specification section 3.4, "The weights file")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from refcodec.errors import UnsupportedError
from refcodec.registry import registered_file
from refcodec.visual.pyramid import COLOURS, DETAILS, Array

MAGIC = b"SEMTHM01"
WIDTH = 40
NEIGHBOURS = 9
# Differences to the eight neighbours, the samples themselves and the surprise, each in three
# colours; the logarithm of the step and the size of the level.
INPUTS = (NEIGHBOURS - 1 + 2) * COLOURS + 2
# Details and levels that are known so far.
KNOWN = 2 * COLOURS * DETAILS
WEIGHT_BITS = 10
SCALES = 45
SYMBOLS = 16
FREQUENCY_BITS = 16


class Phase(NamedTuple):
    """Details that are coded at one time: of which colour, which of them, at which samples.

    `parity` is that of row + column, or None for all samples.
    """

    colour: int
    details: tuple[int, ...]
    parity: int | None

    @property
    def columns(self) -> NDArray[np.intp]:
        """The places of its details among the 9 of a sample."""
        return np.array(self.details) + DETAILS * self.colour


PHASES = (
    Phase(0, (0,), 0),
    Phase(0, (1,), 0),
    Phase(0, (0,), 1),
    Phase(0, (1,), 1),
    Phase(0, (2,), None),
    Phase(1, (0, 1, 2), None),
    Phase(2, (0, 1, 2), None),
)


@dataclass(frozen=True)
class Layer:
    """floor((W x + bias + 2**9) / 2**10) for vectors x of integers: all is exact in float64.

    `weights` is (inputs, outputs) and holds W / 2**10, `bias` (bias + 2**9) / 2**10.
    """

    weights: Array
    bias: Array

    def __call__(self, inputs: Array) -> Array:
        """(rows, inputs) to (rows, outputs)."""
        outputs: Array = inputs @ self.weights
        outputs += self.bias
        return np.floor(outputs, out=outputs)


@dataclass(frozen=True)
class Head:
    """Three layers: from what is known around a sample, and for it, to some outputs."""

    known: Layer
    hidden: Layer
    outputs: Layer


@dataclass(frozen=True, eq=False)
class Weights:
    """All that is fitted: the layers, and cumulative frequencies of each scale class."""

    trunk: tuple[Layer, Layer, Layer]
    phases: tuple[Head, ...]
    polish: Head
    tables: tuple[tuple[int, ...], ...]


def layer_shapes() -> list[tuple[int, int]]:
    """(outputs, inputs) of each layer in the order of the file."""
    shapes = [(WIDTH, INPUTS), (WIDTH, NEIGHBOURS * WIDTH), (WIDTH, NEIGHBOURS * WIDTH)]
    outputs = [2 * len(phase.details) for phase in PHASES]
    for count in (*outputs, COLOURS * (1 + DETAILS)):
        shapes += [(WIDTH, NEIGHBOURS * KNOWN), (WIDTH, WIDTH), (count, WIDTH)]
    return shapes


def parse(data: bytes) -> Weights:
    """The weights of a file's bytes; UnsupportedError where they are not such a file."""
    shapes = layer_shapes()
    size = sum(2 * outputs * inputs + 4 * outputs for outputs, inputs in shapes)
    if data[: len(MAGIC)] != MAGIC or len(data) != len(MAGIC) + size + 2 * SCALES * SYMBOLS:
        raise UnsupportedError(
            f"thumbnail: {len(data)} bytes are not a weights file of codec 1; "
            "install the package again"
        )
    layers = list(_layers(data, shapes))
    heads = [Head(*layers[start : start + 3]) for start in range(3, len(layers), 3)]
    frequencies = np.frombuffer(data, "<u2", offset=len(MAGIC) + size).reshape(SCALES, SYMBOLS)
    return Weights(
        (layers[0], layers[1], layers[2]),
        tuple(heads[:-1]),
        heads[-1],
        tuple(tuple(row) for row in frequencies.cumsum(axis=1, dtype=np.int64).tolist()),
    )


def _layers(data: bytes, shapes: list[tuple[int, int]]) -> Iterator[Layer]:
    place = len(MAGIC)
    unit = 1 << WEIGHT_BITS
    for outputs, inputs in shapes:
        weights = np.frombuffer(data, "<i2", outputs * inputs, place).reshape(outputs, inputs)
        place += weights.nbytes
        bias = np.frombuffer(data, "<i4", outputs, place)
        place += bias.nbytes
        yield Layer(np.ascontiguousarray(weights.T / unit), (bias + unit / 2) / unit)


@lru_cache(maxsize=1)
def default_weights() -> Weights:
    """The weights of codec 1, shipped with the package."""
    return parse(registered_file("thumbnail-weights", 1))
