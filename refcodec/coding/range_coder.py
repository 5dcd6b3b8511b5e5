"""The range coder (specification section 5.5): symbols and frequency tables to bytes.

A frequency table is a 1-D array of integers that sum to at most 2**24; a symbol whose
frequency is 0 cannot occur. The coder knows nothing of where a table comes from. All state
is in Python's unbounded integers, so a carry needs no care and nothing can overflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from refcodec.errors import MalformedError

PRECISION_BITS: Final = 24
TOTAL: Final = 1 << PRECISION_BITS
_WORD_BITS: Final = 32
_WORD: Final = 1 << _WORD_BITS
_STATE_BITS: Final = 64

Frequencies = NDArray[np.int64]


@dataclass
class RangeEncoder:
    """Encodes symbols, then gives the shortest byte string that decodes to them.

    The interval is [low, low + range) in units of the last of `bits` bits.
    """

    low: int = 0
    range: int = (1 << _STATE_BITS) - 1
    bits: int = _STATE_BITS

    def encode(self, symbol: int, frequencies: Frequencies) -> None:
        """Append one symbol, an index into `frequencies` whose frequency is at least 1."""
        cumulative = int(frequencies[:symbol].sum())
        self.narrow(cumulative, int(frequencies[symbol]), int(frequencies.sum()))

    def narrow(self, cumulative: int, frequency: int, total: int) -> None:
        """Append the symbol of this frequency, before which frequencies sum to `cumulative`."""
        scale = self.range // total
        self.low += scale * cumulative
        self.range = scale * frequency
        if self.range < _WORD:
            self.low <<= _WORD_BITS
            self.range <<= _WORD_BITS
            self.bits += _WORD_BITS

    @property
    def used_bits(self) -> int:
        """What the symbols so far take, to the next bit."""
        return self.bits - self.range.bit_length()

    def finish(self) -> bytes:
        """The canonical payload: shortest, and of the shortest the smallest value."""
        last = self.low + self.range - 1
        # Cut within the bits that both ends share, only `low` itself can be a solution.
        shared_bits = self.bits - (self.low ^ last).bit_length()
        low_bits = self.bits - (self.low & -self.low).bit_length() + 1 if self.low else 0
        size = min(shared_bits // 8, -(-low_bits // 8))
        while (payload := self.finish_within(size)) is None:
            size += 1
        return payload

    def finish_within(self, size: int) -> bytes | None:
        """The smallest value of `size` bytes that decodes to the symbols, if there is one."""
        shift = max(0, self.bits - 8 * size)
        value = -(-self.low >> shift)
        if value << shift >= self.low + self.range:
            return None
        return value.to_bytes(self.bits - shift + 7 >> 3, "big").ljust(size, b"\0")


class RangeDecoder:
    """Decodes symbols from a payload, which goes on with zero bytes for ever."""

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self._next = _STATE_BITS // 8
        self._value = int.from_bytes(payload[: self._next].ljust(self._next, b"\0"), "big")
        self._range = (1 << _STATE_BITS) - 1
        self._scale = 1

    def decode(self, frequencies: Frequencies) -> int:
        """The next symbol; MalformedError where no symbol's interval holds the payload."""
        ends = frequencies.cumsum()
        symbol = int(ends.searchsorted(self.target(int(ends[-1])), side="right"))
        frequency = int(frequencies[symbol])
        self.narrow(int(ends[symbol]) - frequency, frequency)
        return symbol

    def target(self, total: int) -> int:
        """Which of `total` equal shares of the interval the payload lies in.

        The next symbol is the one whose share of the cumulative frequencies holds it;
        `narrow` must be told. MalformedError where the payload lies in none.
        """
        self._scale = self._range // total
        share = self._value // self._scale
        if share >= total:
            raise MalformedError(
                "range-coded payload: its value lies outside every symbol's interval"
            )
        return share

    def narrow(self, cumulative: int, frequency: int) -> None:
        """Go on to the next symbol, after one of this frequency, as in `RangeEncoder.narrow`."""
        self._value -= self._scale * cumulative
        self._range = self._scale * frequency
        if self._range < _WORD:
            word = self._payload[self._next : self._next + 4].ljust(4, b"\0")
            self._value = self._value << _WORD_BITS | int.from_bytes(word, "big")
            self._range <<= _WORD_BITS
            self._next += 4

    def canonical(self) -> bytes:
        """The canonical payload of the symbols so far: what a decoder compares its own with."""
        consumed = self._payload[: self._next].ljust(self._next, b"\0")
        low = int.from_bytes(consumed, "big") - self._value
        return RangeEncoder(low, self._range, 8 * self._next).finish()

    @property
    def left_bits(self) -> int:
        """What the symbols so far have left of the payload, to the next bit; may be negative."""
        return 8 * (len(self._payload) - self._next) + self._range.bit_length()
