"""Where a text closes (specification section 5.6): what a payload's size tells about it.

A decoder knows how many bytes the payload has, so it knows before every token how many bits
are left. A text can hardly end while many are left, and hardly go on when none are. Before
each token one of three is coded: the text ends; a full stop follows; another token follows.
The prior's own frequencies for these are multiplied by factors that depend on the bits left.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Final

import numpy as np

from refcodec.coding.range_coder import TOTAL, Frequencies, RangeDecoder, RangeEncoder
from refcodec.coding.vocabulary import END, token_of_byte

STOP: Final = token_of_byte(ord("."))
FACTOR_ROWS: Final = 32
LARGEST_FACTOR: Final = 1 << 12
BITS_A_ROW: Final = 2
ROWS_BELOW_NOTHING: Final = 4
CHOICE_TOTAL: Final = 1 << 16
ENDS, STOPS, GOES_ON = range(3)
# So many bytes fewer than the text takes without any knowledge of its end are tried first.
BYTES_BELOW: Final = 2

# Factors of the end token, of the full stop and of all other tokens, for each number of bits left.
Factors = Sequence[tuple[int, int, int]]


def factor_row(left_bits: int) -> int:
    """The row of the factors for so many bits left."""
    return max(0, min(FACTOR_ROWS - 1, left_bits // BITS_A_ROW + ROWS_BELOW_NOTHING))


def choice_frequencies(end: int, stop: int, factors: tuple[int, int, int]) -> tuple[int, int, int]:
    """Frequencies of the three choices, which sum to 2**16, from those of the two tokens."""
    weights = [
        own * factor for own, factor in zip((end, stop, TOTAL - end - stop), factors, strict=True)
    ]
    total = sum(weights)
    of_end, of_stop = (1 + (CHOICE_TOTAL - 3) * weight // total for weight in weights[:2])
    return of_end, of_stop, CHOICE_TOTAL - of_end - of_stop


def other_tokens(frequencies: Frequencies) -> Frequencies:
    """The table without the end token and the full stop."""
    others = frequencies.copy()
    others[[END, STOP]] = 0
    return others


@dataclass(frozen=True)
class Step:
    """A token as the coder sees it.

    `end` and `stop` are these tokens' frequencies in the prior's table; `cumulative` and
    `frequency` are the token's own among the others, if the choice does not tell it.
    """

    end: int
    stop: int
    choice: int
    cumulative: int = 0
    frequency: int = 0

    @classmethod
    def of(cls, token: int, frequencies: Frequencies) -> Step:
        """This token, coded with the prior's table."""
        end, stop = int(frequencies[END]), int(frequencies[STOP])
        if token == END:
            return cls(end, stop, ENDS)
        if token == STOP:
            return cls(end, stop, STOPS)
        cumulative = int(frequencies[:token].sum()) - end - (stop if token > STOP else 0)
        return cls(end, stop, GOES_ON, cumulative, int(frequencies[token]))

    def encode(self, encoder: RangeEncoder, factors: tuple[int, int, int]) -> None:
        """Append the choice, and the token if the choice does not tell it."""
        choices = choice_frequencies(self.end, self.stop, factors)
        encoder.narrow(sum(choices[: self.choice]), choices[self.choice], CHOICE_TOTAL)
        if self.choice == GOES_ON:
            encoder.narrow(self.cumulative, self.frequency, TOTAL - self.end - self.stop)


class ClosingEncoder:
    """Takes the tokens of a text, the end token last, then finds the size that fits them."""

    def __init__(self, factors: Factors) -> None:
        self.factors = factors
        self._steps: list[Step] = []
        self._far = RangeEncoder()

    def encode(self, step: Step) -> None:
        """Append a token."""
        self._steps.append(step)
        if step.choice != ENDS:
            step.encode(self._far, self.factors[-1])

    @property
    def least_size(self) -> int:
        """No payload of the tokens so far, and none of a text that they begin, is smaller."""
        return max(0, self._far.used_bits // 8 - BYTES_BELOW)

    def finish(self) -> bytes:
        """The canonical payload: of the first size, from the least one on, that fits."""
        size = self.least_size
        first, begun = self._begun(size)
        while (payload := self._coded(size, copy(begun), first).finish_within(size)) is None:
            size += 1
        return payload

    def _begun(self, size: int) -> tuple[int, RangeEncoder]:
        """The steps that are coded alike for this size and all larger ones, and their coder."""
        encoder, number = RangeEncoder(), 0
        # Before the end token fewer than no bits are left of the least size: the loop ends.
        while factor_row(8 * size - encoder.used_bits) == FACTOR_ROWS - 1:
            self._steps[number].encode(encoder, self.factors[-1])
            number += 1
        return number, encoder

    def _coded(self, size: int, encoder: RangeEncoder, first: int) -> RangeEncoder:
        """The steps from `first` on, coded for a payload of `size` bytes."""
        for step in self._steps[first:]:
            step.encode(encoder, self.factors[factor_row(8 * size - encoder.used_bits)])
        return encoder


def decode_token(decoder: RangeDecoder, frequencies: Frequencies, factors: Factors) -> int:
    """The next token, the end token or another; MalformedError as the range decoder."""
    choices = choice_frequencies(
        int(frequencies[END]), int(frequencies[STOP]), factors[factor_row(decoder.left_bits)]
    )
    choice = decoder.decode(np.array(choices))
    if choice == GOES_ON:
        return decoder.decode(other_tokens(frequencies))
    return END if choice == ENDS else STOP
