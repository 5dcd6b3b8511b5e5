"""Random thumbnail payloads, for tests: legal ones, whatever the levels."""

from __future__ import annotations

import numpy as np

from refcodec.visual.pyramid import Array
from refcodec.visual.thumbnail_network import Integers, Place, decode_picture
from refcodec.visual.thumbnail_payload import (
    COEFFICIENT_MAX,
    Levels,
    Symbols,
    encode_symbols,
    grid_size,
)
from refcodec.visual.thumbnail_weights import default_weights


def random_levels(
    size: tuple[int, int], colours: int, step: int, spread: float, seed: int
) -> Levels:
    """Levels drawn at `spread` times the scale that the network expects."""
    generator = np.random.default_rng(seed)
    levels = Levels(step)

    def draw(_: Place, __: Array, scales: Integers, unit: int) -> Array:
        drawn = np.rint(generator.laplace(size=scales.shape) * spread * 2 ** (scales / 8 - 3.6))
        drawn = np.clip(drawn, -(COEFFICIENT_MAX // unit), COEFFICIENT_MAX // unit)
        drawn[scales < 0] = 0
        levels.scales += scales[scales >= 0].tolist()
        levels.values += drawn[scales >= 0].astype(int).tolist()
        return np.asarray(drawn)

    decode_picture(default_weights(), size, step, colours, draw)
    return levels


def random_payload(
    canvas: tuple[int, int], side: int, step: int, spread: float, seed: int, *, alpha: bool = False
) -> bytes:
    """A payload of a canvas, at an index of the long sides and a step."""
    size = grid_size(canvas, side)
    colours = random_levels(size, 3, step, spread, seed)
    transparency = random_levels(size, 1, step, spread, seed + 1) if alpha else None
    return encode_symbols(Symbols(side, colours, transparency), default_weights())
