"""Coding functions and equal shares, as maps use them (specification section 3.5)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from refcodec.coding.range_coder import TOTAL, Frequencies, RangeDecoder, RangeEncoder

# One walk over the symbols of a payload serves encoder and decoder: an encoder's function
# writes the symbol and returns it, a decoder's ignores it and returns the one it reads.
Code = Callable[[int, Frequencies], int]


@lru_cache(maxsize=256)
def uniform(count: int) -> Frequencies:
    """Equal frequencies for `count` symbols; symbol 0 takes the remainder too."""
    frequencies = np.full(count, TOTAL // count, dtype=np.int64)
    frequencies[0] += TOTAL % count
    return frequencies


def writing(encoder: RangeEncoder) -> Code:
    """The `Code` function that writes."""

    def code(symbol: int, frequencies: Frequencies) -> int:
        encoder.encode(symbol, frequencies)
        return symbol

    return code


def reading(decoder: RangeDecoder) -> Code:
    """The `Code` function that reads."""

    def code(_: int, frequencies: Frequencies) -> int:
        return decoder.decode(frequencies)

    return code
