"""What a thumbnail's symbols are and how probable each is (specification section 3.4).

`code_picture` walks through the symbols of a payload in their order. Encoder, decoder
and fitting tool run the same walk and differ only in the `code` function they hand in.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from refcodec.coding.range_coder import Frequencies
from refcodec.errors import MalformedError, NonCanonicalError, UnsupportedError
from refcodec.registry import lookup
from refcodec.visual.symbols import Code, uniform
from refcodec.wire.canvas import check_canvas

LONG_SIDE = 64
PLANES = 3
STEP_COUNT = 32
# A plane ends after so many coefficients: two classes an octave.
ENDS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
ESCAPE = 15
ESCAPE_MAX_BITS = 9
CONTEXTS = 24
WEIGHT_BITS = 10
LOG_MAX = 63
LUMA_DC_MAX = 1 << 15
COEFFICIENT_MAX = 1 << 16
# Orange-blue is coded one step size coarser: its errors count less in RGB.
STEP_OFFSETS = (0, 1, 0)
_TABLE_SCALE = 1 << 8


def grid_size(canvas: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the sample grid of a canvas; LimitError beyond its limits."""
    check_canvas(canvas)
    width, height = canvas
    long, short = max(canvas), min(canvas)
    side = max(1, (2 * LONG_SIDE * short + long) // (2 * long))
    return (LONG_SIDE, side) if width >= height else (side, LONG_SIDE)


def step_size(index: int) -> int:
    """Quantiser step in 1/256 grey level: four steps an octave, from 0.25 to 64."""
    return (64, 76, 91, 108)[index & 3] << (index >> 2)


@dataclass(frozen=True)
class Scan:
    """The coefficients of a w x h grid from low to high frequency.

    Coefficient n is number `order[n]` of the grid row by row, and lies at `padded[n]` of
    a flat array of `stride` numbers a row with two rows and columns of zeros in front.
    """

    order: tuple[int, ...]
    padded: tuple[int, ...]
    stride: int


@lru_cache(maxsize=64)
def scan(width: int, height: int) -> Scan:
    """Order: (u * height)**2 + (v * width)**2 ascending, then v ascending."""
    places = sorted(
        ((u * height) ** 2 + (v * width) ** 2, v, u) for v in range(height) for u in range(width)
    )[: ENDS[-1]]
    stride = width + 2
    return Scan(
        order=tuple(v * width + u for _, v, u in places),
        padded=tuple((v + 2) * stride + u + 2 for _, v, u in places),
        stride=stride,
    )


def end_class(count: int) -> int:
    """The smallest class whose plane holds `count` coefficients."""
    return next(index for index, end in enumerate(ENDS) if end >= count)


# Frequency class of coefficient n: how many of the class ends it has passed.
FREQUENCY_CLASS = tuple(sum(end <= n for end in ENDS[1:]) for n in range(ENDS[-1]))


@dataclass
class Levels:
    """A quantised picture: the step index and, a plane, signed levels in scan order."""

    step: int = 0
    planes: list[list[int]] = field(default_factory=lambda: [[], [], []])


def _freeze(rows: list[list[int]], scale: int) -> tuple[Frequencies, ...]:
    return tuple(np.array(row, dtype=np.int64) * scale for row in rows)


class Model:
    """The fitted static tables, as stored in `spec/thumbnail-1.json`."""

    def __init__(self, tables: dict[str, Any]) -> None:
        self.log: list[int] = tables["log"]
        self.weights: list[list[int]] = tables["weights"]
        self.dc_weights: list[list[int]] = tables["dc_weights"]
        (self.step,) = _freeze([tables["step"]], _TABLE_SCALE)
        self.end = _freeze(tables["end"], _TABLE_SCALE)
        self.magnitude = _freeze(tables["magnitude"], _TABLE_SCALE)

    def dc_context(self, plane: int, step: int) -> int:
        """Context of the first coefficient of plane 1 or 2."""
        bias, slope = self.dc_weights[plane - 1]
        return min(max(bias + slope * step >> WEIGHT_BITS, 0), CONTEXTS - 1)

    def context(self, plane: int, step: int, n: int, around: tuple[int, int, int]) -> int:
        """Context of coefficient n > 0, from the magnitudes around it.

        `around` is the activity, twice the nearest plus the second neighbours to the left
        and above, then the magnitudes at the same place in planes 0 and 1 (0 where that
        plane comes later).
        """
        bias, by_step, by_class, by_activity, by_luma, by_orange = self.weights[plane]
        activity, luma, orange = around
        log = self.log
        total = (
            bias
            + by_step * step
            + by_class * FREQUENCY_CLASS[n]
            + by_activity * log[min(activity, LOG_MAX)]
            + by_luma * log[min(2 * luma, LOG_MAX)]
            + by_orange * log[min(2 * orange, LOG_MAX)]
        )
        return min(max(total >> WEIGHT_BITS, 0), CONTEXTS - 1)


@lru_cache(maxsize=1)
def default_model() -> Model:
    """The model of codec number 1, shipped with the package."""
    tables = (resources.files("refcodec.spec") / "thumbnail-1.json").read_bytes()
    digest = hashlib.sha256(tables).hexdigest()
    if digest != lookup("thumbnail-tables", 1).digest:
        raise UnsupportedError(
            f"thumbnail: the tables have the digest {digest}, which is not the registered one; "
            "install the package again"
        )
    return Model(json.loads(tables))


class Progress:
    """What is coded so far of a picture: all that contexts are made from.

    `magnitudes` holds, a plane, the magnitudes in the scan's padded places. The first
    coefficient of a plane is left out of it and counts as 0 for the others.
    """

    def __init__(self, model: Model, size: tuple[int, int], step: int) -> None:
        self.model = model
        self.step = step
        self.scan = scan(*size)
        length = max(self.scan.padded) + 1
        self.magnitudes = [[0] * length for _ in range(PLANES)]

    def put(self, plane: int, n: int, magnitude: int) -> None:
        """Note coefficient n's magnitude."""
        if n:
            self.magnitudes[plane][self.scan.padded[n]] = magnitude

    def context(self, plane: int, n: int) -> int:
        """Context of any coefficient but the first of luma."""
        if n == 0:
            return self.model.dc_context(plane, self.step)
        own, place, stride = self.magnitudes[plane], self.scan.padded[n], self.scan.stride
        around = (
            2 * (own[place - 1] + own[place - stride]) + own[place - 2] + own[place - 2 * stride],
            self.magnitudes[0][place] if plane > 0 else 0,
            self.magnitudes[1][place] if plane > 1 else 0,
        )
        return self.model.context(plane, self.step, n, around)


def _code_magnitude(code: Code, magnitude: int, frequencies: Frequencies) -> int:
    """A symbol up to 14; from 15 on an escape and an Exp-Golomb number in equal bits."""
    symbol = code(min(magnitude, ESCAPE), frequencies)
    if symbol < ESCAPE:
        return symbol
    excess = max(magnitude - ESCAPE, 0) + 1
    bits = 0
    while code(int(excess >> (bits + 1) > 0), uniform(2)):
        bits += 1
        if bits > ESCAPE_MAX_BITS:
            raise MalformedError(
                f"thumbnail: an escaped magnitude has more than {ESCAPE_MAX_BITS} bits"
            )
    value = 1
    for shift in range(bits - 1, -1, -1):
        value = 2 * value + code(excess >> shift & 1, uniform(2))
    return value - 1 + ESCAPE


def _code_level(code: Code, level: int, frequencies: Frequencies, step: int) -> int:
    magnitude = _code_magnitude(code, abs(level), frequencies)
    if magnitude * step_size(step) > COEFFICIENT_MAX:
        raise MalformedError(
            f"thumbnail: coefficient {magnitude} x {step_size(step)}/256 is above "
            f"{COEFFICIENT_MAX}/256 grey levels"
        )
    return -magnitude if magnitude and code(int(level < 0), uniform(2)) else magnitude


def code_picture(code: Code, size: tuple[int, int], levels: Levels, model: Model) -> Levels:
    """Code all symbols of a picture; returns what `code` returned, as levels.

    `code(symbol, frequencies)` of an encoder writes the symbol and returns it; that of a
    decoder ignores it and returns the one read, with `Levels()` handed in.
    """
    step = code(levels.step, model.step)
    progress = Progress(model, size, step)
    ends = _code_ends(code, levels, step, model)
    return Levels(
        step,
        [_code_plane(code, levels.planes[p], p, ends[p], progress) for p in range(PLANES)],
    )


def _code_ends(code: Code, levels: Levels, step: int, model: Model) -> list[int]:
    ends = []
    for plane in range(PLANES):
        # The finer the step, the later luma ends: counted from there, its class varies less.
        shift = step >> 1 if plane == 0 else 0
        end = end_class(len(levels.planes[plane]))
        symbol = code((end + shift) % len(ENDS), model.end[plane])
        ends.append((symbol - shift) % len(ENDS))
    return ends


def _code_plane(
    code: Code, given: list[int], plane: int, end: int, progress: Progress
) -> list[int]:
    step = progress.step + STEP_OFFSETS[plane]
    coded: list[int] = []
    for n in range(min(ENDS[end], len(progress.scan.order))):
        level = given[n] if n < len(given) else 0
        if n == 0 and plane == 0:
            coded.append(_code_luma_dc(code, level, step))
            continue
        frequencies = progress.model.magnitude[progress.context(plane, n)]
        coded.append(_code_level(code, level, frequencies, step))
        progress.put(plane, n, abs(coded[n]))
    if end and not any(coded[ENDS[end - 1] :]):
        raise NonCanonicalError(
            f"thumbnail: plane {plane} has end class {end} where a smaller one holds all its "
            "non-zero levels"
        )
    return coded


def _code_luma_dc(code: Code, level: int, step: int) -> int:
    limit = LUMA_DC_MAX // step_size(step)
    return code(level + limit, uniform(2 * limit + 1)) - limit
