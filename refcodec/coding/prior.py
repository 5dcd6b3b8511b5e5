"""What the coder needs of a prior (specification section 6), and the priors there are.

A prior is a vocabulary and a rule that gives, from the tokens so far, a frequency table
for the next one. Everything else about it (counts, a network) stays behind this interface.
Texts are evaluated together, `texts` at a time; no text's tables depend on its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from refcodec.coding.closing import Factors
from refcodec.coding.range_coder import Frequencies
from refcodec.coding.vocabulary import Vocabulary
from refcodec.errors import UnsupportedError

Tokens = NDArray[np.int64]


class PriorState(Protocol):
    """The tokens so far of some texts, in whatever form the prior keeps them."""

    def frequencies(self) -> Frequencies:
        """The tables of the next tokens, (texts, vocabulary): positive, each sums to 2**24."""

    def advance(self, tokens: Tokens) -> PriorState:
        """The state after one more token of each text, (texts,)."""

    def select(self, texts: NDArray[np.intp]) -> PriorState:
        """The state of some of the texts, each as often as it is named."""


class Prior(Protocol):
    """A language model whose every table is exact."""

    @property
    def vocabulary(self) -> Vocabulary:
        """Token number to bytes."""

    @property
    def costs(self) -> Sequence[int]:
        """For each token a rough cost in 1/16 bit, by which an encoder segments quickly."""

    @property
    def factors(self) -> Factors:
        """What a payload's size tells about where its text closes: section 5.6."""

    def start(self, texts: int) -> PriorState:
        """The state of so many texts before their first tokens."""

    def join(self, states: Sequence[PriorState]) -> PriorState:
        """The texts of all these states side by side; the states are this prior's own."""

    def tables(self, tokens: Tokens) -> Iterator[Frequencies]:
        """For `tokens` of shape (length, texts): the tables before each, and after the last."""


@cache
def load_prior(number: int) -> Prior:
    """The prior registered under `number`, its weights checked against the registered digest.

    Raises UnsupportedError for a number that this package has no weights for.
    """
    if number != 1:
        raise UnsupportedError(f"prior {number}: this decoder does not have it; it has prior 1")
    from refcodec.coding.network_prior import NetworkPrior

    return NetworkPrior.load("prior-1.bin", number)
