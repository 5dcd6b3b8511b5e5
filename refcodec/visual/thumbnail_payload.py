"""A thumbnail's payload: its symbols in order (specification section 3.4)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from refcodec.coding.range_coder import RangeDecoder, RangeEncoder
from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from refcodec.limits import THUMBNAIL_MAX_BYTES
from refcodec.visual import colour
from refcodec.visual.pyramid import COLOURS, Array
from refcodec.visual.thumbnail_network import (
    STEP_COUNT,
    Integers,
    Place,
    decode_picture,
)
from refcodec.visual.thumbnail_symbols import read_level, write_level
from refcodec.visual.thumbnail_weights import Weights
from refcodec.wire.canvas import check_canvas

LONG_SIDES = (24, 32, 48, 64, 96, 128, 192, 256)
# Shares of 16 of the long sides, and of pictures without and with alpha.
SIDE_SHARES = (1, 1, 4, 3, 3, 2, 1, 1)
ALPHA_SHARES = (15, 1)
# The usual step index by long side; its share and how fast shares fall from there.
USUAL_STEPS = (18, 20, 22, 20, 17, 12, 10, 8)
STEP_SHARE, STEP_SHARE_FALL = 16, 3
# The greatest magnitude times step, in 1/256 grey level.
COEFFICIENT_MAX = 1 << 20


def grid_size(canvas: tuple[int, int], side: int) -> tuple[int, int]:
    """Width and height of the samples of a canvas, for an index of LONG_SIDES.

    LimitError beyond the canvas's limits.
    """
    check_canvas(canvas)
    width, height = canvas
    long, short = max(canvas), min(canvas)
    longer = LONG_SIDES[side]
    shorter = max(1, (2 * longer * short + long) // (2 * long))
    return (longer, shorter) if width >= height else (shorter, longer)


def step_shares(side: int) -> tuple[int, ...]:
    """Shares of the step indices, for an index of LONG_SIDES."""
    usual = USUAL_STEPS[side]
    return tuple(
        max(1, STEP_SHARE - STEP_SHARE_FALL * abs(step - usual)) for step in range(STEP_COUNT)
    )


@dataclass
class Levels:
    """The levels of a picture that have a symbol, with their scale classes, in coding order."""

    step: int = 0
    scales: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)


@dataclass
class Symbols:
    """All symbols of a payload."""

    side: int
    colours: Levels
    alpha: Levels | None = None


@dataclass(frozen=True)
class Decoded:
    """A payload's samples: (h, w, 3) RGB and, where there is alpha, (h, w)."""

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None


def encode_symbols(symbols: Symbols, weights: Weights) -> bytes:
    """The payload of some symbols."""
    encoder = RangeEncoder()
    _write_share(encoder, symbols.side, SIDE_SHARES)
    _write_share(encoder, int(symbols.alpha is not None), ALPHA_SHARES)
    for levels in (symbols.colours, symbols.alpha):
        if levels is not None:
            _write_share(encoder, levels.step, step_shares(symbols.side))
            for scale, value in zip(levels.scales, levels.values, strict=True):
                write_level(encoder, weights.tables, scale, value)
    return encoder.finish()


def decode_payload(data: bytes, canvas: tuple[int, int], weights: Weights) -> Decoded:
    """A payload's samples, after checking all of it; raises SemError classes."""
    if len(data) > THUMBNAIL_MAX_BYTES:
        raise LimitError(f"thumbnail: {len(data)} bytes; the limit is {THUMBNAIL_MAX_BYTES}")
    if not data:
        raise MalformedError("thumbnail: the payload is empty; it has at least one byte")
    decoder = RangeDecoder(data)
    side = _read_share(decoder, SIDE_SHARES)
    size = grid_size(canvas, side)
    has_alpha = _read_share(decoder, ALPHA_SHARES)
    shares = step_shares(side)
    planes = _read_picture(decoder, Picture(size, COLOURS, shares), weights)
    alpha = None
    if has_alpha:
        grey = _read_picture(decoder, Picture(size, 1, shares), weights)
        alpha = colour.rgb_from_planes(grey)[:, :, 0]
    if decoder.canonical() != data:
        raise NonCanonicalError(
            "thumbnail: its symbols have another payload, the shortest, which alone is valid"
        )
    return Decoded(colour.rgb_from_planes(planes), alpha)


@dataclass(frozen=True)
class Picture:
    """What is known of a picture before it is decoded."""

    size: tuple[int, int]
    colours: int
    step_shares: tuple[int, ...]


def _read_picture(decoder: RangeDecoder, picture: Picture, weights: Weights) -> Array:
    step_index = _read_share(decoder, picture.step_shares)

    def read(_: Place, __: Array, scales: Integers, step: int) -> Array:
        levels = np.zeros(scales.shape)
        coded = scales >= 0
        values = [read_level(decoder, weights.tables, scale) for scale in scales[coded].tolist()]
        most = max(map(abs, values), default=0)
        if most * step > COEFFICIENT_MAX:
            raise MalformedError(
                f"thumbnail: a level {most} of {step}/256 grey level is above {COEFFICIENT_MAX}/256"
            )
        levels[coded] = values
        return levels

    return decode_picture(weights, picture.size, step_index, picture.colours, read)


def _write_share(encoder: RangeEncoder, symbol: int, shares: tuple[int, ...]) -> None:
    encoder.narrow(sum(shares[:symbol]), shares[symbol], sum(shares))


def _read_share(decoder: RangeDecoder, shares: tuple[int, ...]) -> int:
    target = decoder.target(sum(shares))
    symbol = 0
    while target >= sum(shares[: symbol + 1]):
        symbol += 1
    decoder.narrow(sum(shares[:symbol]), shares[symbol])
    return symbol
