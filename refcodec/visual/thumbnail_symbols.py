"""How a thumbnail's levels become symbols (specification section 3.4, step 2).

A level's scale class gives the frequency table of its magnitude. Classes beyond the tables
code the magnitude's low bits in equal shares.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from refcodec.coding.range_coder import RangeDecoder, RangeEncoder
from refcodec.errors import MalformedError
from refcodec.visual.pyramid import Array
from refcodec.visual.thumbnail_network import Integers
from refcodec.visual.thumbnail_weights import FREQUENCY_BITS, SCALES, Weights

TABLE_TOTAL = 1 << FREQUENCY_BITS
ESCAPE = 15
ESCAPE_MAX_BITS = 12
CLASSES_AN_OCTAVE = 8

Tables = Sequence[Sequence[int]]


def low_bits(scale: int) -> int:
    """How many bits of a magnitude of this class are coded in equal shares."""
    return (scale - SCALES) // CLASSES_AN_OCTAVE + 1 if scale >= SCALES else 0


def write_level(encoder: RangeEncoder, tables: Tables, scale: int, level: int) -> None:
    """Code one level in its scale class."""
    low = low_bits(scale)
    ends = tables[scale - CLASSES_AN_OCTAVE * low]
    magnitude = abs(level)
    high = magnitude >> low
    symbol = min(high, ESCAPE)
    start = ends[symbol - 1] if symbol else 0
    encoder.narrow(start, ends[symbol] - start, TABLE_TOTAL)
    if symbol == ESCAPE:
        excess = high - ESCAPE + 1
        bits = excess.bit_length() - 1
        for _ in range(bits):
            encoder.narrow(1, 1, 2)
        encoder.narrow(0, 1, 2)
        encoder.narrow(excess - (1 << bits), 1, 1 << bits)
    if low:
        encoder.narrow(magnitude & ((1 << low) - 1), 1, 1 << low)
    if magnitude:
        encoder.narrow(int(level < 0), 1, 2)


def read_level(decoder: RangeDecoder, tables: Tables, scale: int) -> int:
    """Decode one level; MalformedError for an escape that is too long."""
    low = low_bits(scale)
    ends = tables[scale - CLASSES_AN_OCTAVE * low]
    symbol = bisect_right(ends, decoder.target(TABLE_TOTAL))
    start = ends[symbol - 1] if symbol else 0
    decoder.narrow(start, ends[symbol] - start)
    magnitude = symbol
    if symbol == ESCAPE:
        bits = 0
        while _read_bits(decoder, 1):
            bits += 1
            if bits > ESCAPE_MAX_BITS:
                raise MalformedError(
                    f"thumbnail: an escaped magnitude has more than {ESCAPE_MAX_BITS} bits"
                )
        magnitude += (1 << bits) - 1 + _read_bits(decoder, bits)
    if low:
        magnitude = magnitude << low | _read_bits(decoder, low)
    return -magnitude if magnitude and _read_bits(decoder, 1) else magnitude


def _read_bits(decoder: RangeDecoder, count: int) -> int:
    value = decoder.target(1 << count)
    decoder.narrow(value, 1)
    return value


@lru_cache(maxsize=4)
def table_bits(weights: Weights) -> Array:
    """Bits of each magnitude symbol, (classes with a table, symbols): for encoders."""
    ends = np.array(weights.tables)
    bits: Array = FREQUENCY_BITS - np.log2(np.diff(ends, prepend=0, axis=1))
    return bits


def level_bits(bits: Array, scales: Integers, magnitudes: Integers) -> Array:
    """Bits of magnitudes with their signs in their scale classes, all at least 0."""
    low = np.maximum((scales - SCALES) // CLASSES_AN_OCTAVE + 1, 0)
    high = magnitudes >> low
    cost: Array = bits[scales - CLASSES_AN_OCTAVE * low, np.minimum(high, ESCAPE)] + low
    cost += magnitudes > 0
    excess = np.maximum(high - ESCAPE + 1, 1)
    cost += np.where(high >= ESCAPE, 2 * np.floor(np.log2(excess)) + 1, 0)
    return cost
