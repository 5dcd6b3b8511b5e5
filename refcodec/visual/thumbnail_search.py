"""The thumbnail encoder's search (not part of the specification).

Levels are chosen one after another, in coding order, for the least distortion plus
`exchange` times bits; the exchange rate and the step are then sought that give the best
picture whose payload fits the budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log2

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from refcodec.coding.range_coder import TOTAL, RangeEncoder
from refcodec.visual import colour, dct
from refcodec.visual.symbols import writing
from refcodec.visual.thumbnail_model import (
    ENDS,
    ESCAPE,
    LUMA_DC_MAX,
    PLANES,
    STEP_COUNT,
    STEP_OFFSETS,
    Levels,
    Model,
    Progress,
    code_picture,
    scan,
    step_size,
)

# Squared error in RGB that a squared error of 1 in a plane causes, a colour channel.
_PLANE_WEIGHTS = (1.0, 2 / 3, 1.0)
# The exchange rate, as a share of the squared step, at which a step is at its best.
_EXCHANGE_PER_SQUARED_STEP = 0.13
_FINEST_EXCHANGE, _COARSEST_EXCHANGE = 2.0**-8, 2.0**12
_COARSE_ROUNDS = 8
_FINE_ROUNDS, _FINE_RANGE, _STEPS_BESIDE = 8, 4.0, 2
_FILL_TRIALS = 24


@dataclass(frozen=True)
class Source:
    """A picture to code: its grid size and, a plane, its coefficients in scan order."""

    size: tuple[int, int]
    planes: list[list[float]]

    @classmethod
    def from_image(cls, image: Image.Image, size: tuple[int, int]) -> Source:
        """The coefficients of an RGB image, brought to the grid's size."""
        small = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        coefficients = dct.forward(colour.planes_from_rgb(np.asarray(small)))
        order = list(scan(*size).order)
        return cls(size, coefficients.reshape(PLANES, -1)[:, order].tolist())


def encode_levels(levels: Levels, size: tuple[int, int], model: Model) -> bytes:
    """The payload of a quantised picture."""
    encoder = RangeEncoder()
    code_picture(writing(encoder), size, levels, model)
    return encoder.finish()


def _bits(frequencies: NDArray[np.int64]) -> list[float]:
    bits: list[float] = (-np.log2(frequencies / TOTAL)).tolist()
    return bits


@lru_cache(maxsize=4)
def _magnitude_bits(model: Model) -> list[list[float]]:
    """Bits of each magnitude symbol and its sign, a context."""
    return [[row[0], *(b + 1 for b in row[1:])] for row in map(_bits, model.magnitude)]


def _level_bits(symbol_bits: list[float], magnitude: int) -> float:
    if magnitude < ESCAPE:
        return symbol_bits[magnitude]
    return symbol_bits[ESCAPE] + 2 * (magnitude - ESCAPE + 1).bit_length() - 1


def _best_magnitude(
    size: float, symbol_bits: list[float], exchange: float
) -> tuple[int, float, float]:
    """Of the nearest magnitude, the next smaller and 0: the cheapest, its error and bits.

    `size` is the coefficient's in steps, and so is `exchange` in squared steps a bit. No
    picture's coefficient comes near the greatest that the format allows.
    """
    nearest = int(size + 0.5)
    best = (0, size * size, symbol_bits[0])
    for magnitude in range(max(1, nearest - 1), nearest + 1):
        bits = _level_bits(symbol_bits, magnitude)
        error = (size - magnitude) ** 2
        if error + exchange * bits < best[1] + exchange * best[2]:
            best = (magnitude, error, bits)
    return best


def choose_levels(source: Source, model: Model, step: int, exchange: float) -> tuple[Levels, float]:
    """Levels at one step and exchange rate, and the squared error that they leave.

    The error counts from the picture that is all grey, so it is zero or negative.
    """
    progress = Progress(model, source.size, step)
    levels = Levels(step)
    error = 0.0
    for plane in range(PLANES):
        levels.planes[plane], saved = _choose_plane(source, plane, exchange, progress)
        error -= saved
    return levels, error


def _choose_plane(
    source: Source, plane: int, exchange: float, progress: Progress
) -> tuple[list[int], float]:
    """One plane's levels and the squared error they save.

    Wherever the plane could end, what is saved so far is held against its bits.
    """
    step, model = progress.step, progress.model
    unit = step_size(step + STEP_OFFSETS[plane]) / 256
    weight = _PLANE_WEIGHTS[plane] * unit * unit
    sizes = [abs(value) / unit for value in source.planes[plane]]
    count = max((n + 1 for n, size in enumerate(sizes) if size >= 0.5), default=0)
    end_costs = _end_costs(model, plane, step, exchange)
    chosen: list[int] = []
    saved = bits = 0.0
    best = (end_costs[0], 0, 0.0)
    end = 1
    for n in range(count):
        if n == 0 and plane == 0:
            limit = LUMA_DC_MAX // step_size(step)
            magnitude = min(int(sizes[0] + 0.5), limit)
            error, cost = (sizes[0] - magnitude) ** 2, log2(2 * limit + 1)
        else:
            symbol_bits = _magnitude_bits(model)[progress.context(plane, n)]
            magnitude, error, cost = _best_magnitude(sizes[n], symbol_bits, exchange / weight)
        progress.put(plane, n, magnitude)
        chosen.append(magnitude)
        bits += cost
        saved += weight * (sizes[n] * sizes[n] - error)
        if n + 1 in (ENDS[end], count):
            best = min(best, (exchange * bits + end_costs[end] - saved, n + 1, saved))
            end += 1
    _, kept, saved = best
    for n in range(kept, count):
        progress.put(plane, n, 0)
    while kept and chosen[kept - 1] == 0:
        kept -= 1
    coefficients = source.planes[plane][:kept]
    signed = [m if c >= 0 else -m for m, c in zip(chosen[:kept], coefficients, strict=True)]
    return signed, saved


def _end_costs(model: Model, plane: int, step: int, exchange: float) -> list[float]:
    """Exchange rate times the bits of each end class."""
    bits = _bits(model.end[plane])
    shift = step >> 1 if plane == 0 else 0
    return [exchange * bits[(end + shift) % len(ENDS)] for end in range(len(ENDS))]


def search(source: Source, model: Model, max_bytes: int) -> bytes | None:
    """The payload of least error that the search finds within the budget, or None."""
    best: tuple[float, Levels, bytes] | None = None

    def fits(step: int, exchange: float) -> bool:
        nonlocal best
        levels, error = choose_levels(source, model, step, exchange)
        data = encode_levels(levels, source.size, model)
        if not 0 < len(data) <= max_bytes:
            return False
        if best is None or error < best[0]:
            best = (error, levels, data)
        return True

    low, high = _FINEST_EXCHANGE, _COARSEST_EXCHANGE
    for _ in range(_COARSE_ROUNDS):
        middle = (low * high) ** 0.5
        low, high = (low, middle) if fits(_matching_step(middle), middle) else (middle, high)
    centre = _matching_step(high)
    for step in range(max(0, centre - _STEPS_BESIDE), min(STEP_COUNT, centre + _STEPS_BESIDE + 1)):
        low, top = high / _FINE_RANGE, high * _FINE_RANGE
        for _ in range(_FINE_ROUNDS):
            middle = (low * top) ** 0.5
            low, top = (low, middle) if fits(step, middle) else (middle, top)
    if best is None:
        return None
    return _fill(source, model, max_bytes, best[1], best[2])


def _matching_step(exchange: float) -> int:
    """The step index that is at its best at an exchange rate."""
    target = exchange / _EXCHANGE_PER_SQUARED_STEP
    return min(range(STEP_COUNT), key=lambda i: abs((step_size(i) / 256) ** 2 - target))


def _fill(source: Source, model: Model, max_bytes: int, levels: Levels, data: bytes) -> bytes:
    """Spend what is left: raise single levels while the payload still fits.

    The levels tried are those whose raising saves most error.
    """
    gains = []
    for plane, coded in enumerate(levels.planes):
        unit = step_size(levels.step + STEP_OFFSETS[plane]) / 256
        for n, level in enumerate(coded):
            shortfall = abs(source.planes[plane][n]) / unit - abs(level)
            gain = _PLANE_WEIGHTS[plane] * unit * unit * (2 * shortfall - 1)
            if n and gain > 0:
                gains.append((gain, plane, n))
    for _, plane, n in sorted(gains, reverse=True)[:_FILL_TRIALS]:
        coded = levels.planes[plane]
        before = coded[n]
        coded[n] += 1 if source.planes[plane][n] > 0 else -1
        trial = encode_levels(levels, source.size, model)
        if len(trial) <= max_bytes:
            data = trial
        else:
            coded[n] = before
    return data
