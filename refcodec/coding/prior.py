"""What the coder needs of a prior (specification section 6), and the priors there are.

A prior is a vocabulary and a rule that gives, from the tokens so far, a frequency table
for the next one. Everything else about it (counts, a network) stays behind this interface.
"""

from __future__ import annotations

from functools import cache
from typing import Protocol

from refcodec.coding.range_coder import Frequencies
from refcodec.coding.vocabulary import Vocabulary
from refcodec.errors import UnsupportedError


class PriorState(Protocol):
    """The tokens of one text so far, in whatever form the prior keeps them."""

    def frequencies(self) -> Frequencies:
        """The table of the next token: positive integers that sum to 2**24."""

    def advance(self, token: int) -> None:
        """Append a token."""


class Prior(Protocol):
    """A language model whose every table is exact."""

    @property
    def vocabulary(self) -> Vocabulary:
        """Token number to bytes."""

    def start(self) -> PriorState:
        """The state before the first token."""

    def segment(self, content: bytes) -> list[int]:
        """Tokens that spell `content`; an encoder's choice, a decoder never needs it."""


@cache
def load_prior(number: int) -> Prior:
    """The prior registered under `number`, its weights checked against the registered digest.

    Raises UnsupportedError for a number that this package has no weights for.
    """
    if number != 1:
        raise UnsupportedError(f"prior {number}: this decoder does not have it; it has prior 1")
    from refcodec.coding.ngram import NgramPrior

    return NgramPrior.load("prior-1.bin", number)
