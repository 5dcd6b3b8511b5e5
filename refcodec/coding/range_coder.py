"""The range coder (specification section 5): symbols and frequency tables to bytes.

The arithmetic is constriction's; this module feeds it exact integer frequency tables
and cuts its output to the shortest byte string. A frequency table is a 1-D array of
positive integers that sum to 2**24; the coder knows nothing of where it comes from.
"""

from __future__ import annotations

from typing import Any

import constriction
import numpy as np
from numpy.typing import NDArray

from refcodec.errors import MalformedError

PRECISION_BITS = 24
TOTAL = 1 << PRECISION_BITS
WORD_BITS = 32
STATE_BITS = 64

Frequencies = NDArray[np.int64]


def _model(frequencies: Frequencies) -> Any:
    """The constriction model whose cumulative table is exactly the running sum.

    constriction gives each symbol one unit and shares the rest in proportion to the
    weights. With weights of `frequency - 1` the rest equals the sum of the weights, the
    factor between them is exactly 1.0, and every float64 involved is an integer.
    """
    weights = frequencies.astype(np.float64)
    weights -= 1.0
    return constriction.stream.model.Categorical(weights, lazy=True, perfect=False)


class RangeEncoder:
    """Encodes symbols, then gives the shortest byte string that decodes to them."""

    def __init__(self) -> None:
        self._encoder = constriction.stream.queue.RangeEncoder()

    def encode(self, symbol: int, frequencies: Frequencies) -> None:
        """Append one symbol, an index into `frequencies` (sum 2**24, each at least 1)."""
        self._encoder.encode(symbol, _model(frequencies))

    def finish(self) -> bytes:
        """The canonical payload: shortest, and of the shortest the smallest value.

        The interval is [low, low + range) in units of the last bit written. constriction
        tells `low` modulo 2**64 and a point inside the interval, which is less than
        2**64 wide, so the two together give all of `low`.
        """
        words_before_state, (state_low, state_range) = self._encoder.pos()
        bits = WORD_BITS * words_before_state + STATE_BITS
        inside = self._encoder.get_compressed().astype(">u4").tobytes()
        point = int.from_bytes(inside.ljust(bits // 8, b"\0")[: bits // 8], "big")
        low = point - ((point - int(state_low)) & ((1 << STATE_BITS) - 1))
        return _shortest(low, int(state_range), bits)


def _shortest(low: int, width: int, bits: int) -> bytes:
    """The shortest byte string that, extended by zero bytes, lies in [low, low + width)."""
    last = low + width - 1
    # Cut within the bits that both ends share, only `low` itself can be a solution.
    shared_bits = bits - (low ^ last).bit_length()
    low_bits = bits - (low & -low).bit_length() + 1 if low else 0
    size = min(shared_bits // 8, -(-low_bits // 8))
    while True:
        shift = max(0, bits - 8 * size)
        value = -(-low >> shift)
        if value << shift <= last:
            return value.to_bytes(size, "big")
        size += 1


class RangeDecoder:
    """Decodes symbols from a payload, which goes on with zero bytes for ever."""

    def __init__(self, payload: bytes) -> None:
        padded = payload + b"\0" * (-len(payload) % (WORD_BITS // 8))
        words = np.frombuffer(padded, dtype=">u4").astype(np.uint32)
        self._decoder = constriction.stream.queue.RangeDecoder(words)

    def decode(self, frequencies: Frequencies) -> int:
        """The next symbol; MalformedError where no symbol's interval holds the payload."""
        try:
            return int(self._decoder.decode(_model(frequencies)))
        except AssertionError as error:
            raise MalformedError(
                "range-coded payload: its value lies outside every symbol's interval"
            ) from error
