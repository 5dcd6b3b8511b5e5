"""Prior 1 (specification section 6): the network and the recall, behind a prior's interface."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from refcodec.coding.closing import Factors
from refcodec.coding.network import Network, NetworkState, join_states
from refcodec.coding.prior import PriorState, Tokens
from refcodec.coding.range_coder import TOTAL, Frequencies
from refcodec.coding.vocabulary import END, Vocabulary
from refcodec.coding.weights import Floats, Matrix, read_weights
from refcodec.errors import UnsupportedError
from refcodec.registry import lookup

# Tokens of all texts together that are evaluated at once: bounds the memory of long texts.
_TOKENS_AT_ONCE = 512
_TABLES_AT_ONCE = 64


class NetworkPrior:
    """The prior read from its weights file (layout: specification section 6.8)."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._weights = read_weights(data)
        self.network = Network(self._weights)
        self._vocabulary_size = self._weights.shape.vocabulary

    @classmethod
    def load(cls, file_name: str, number: int) -> NetworkPrior:
        """The prior in a file of this package, if its digest is the registered one."""
        resource = resources.files("refcodec").joinpath("data", file_name)
        with resources.as_file(resource) as path, path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        digest = hashlib.sha256(data).hexdigest()
        registered = lookup("prior", number).digest
        if digest != registered:
            raise UnsupportedError(
                f"prior {number}: the weights file has the digest {digest}, registered is "
                f"{registered}; install the package again"
            )
        return cls(memoryview(data))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Token number to bytes."""
        return Vocabulary(self._weights.spellings)

    @cached_property
    def costs(self) -> Sequence[int]:
        """For each token a rough cost in 1/16 bit, by which an encoder segments quickly."""
        costs: list[int] = self._weights.costs.tolist()
        return costs

    @property
    def factors(self) -> Factors:
        """What a payload's size tells about where its text closes: section 5.6."""
        return self._weights.factors

    def start(self, texts: int) -> NetworkPriorState:
        """The state of so many texts before their first tokens."""
        return self._started.select(np.zeros(texts, np.intp))

    def join(self, states: Sequence[PriorState]) -> NetworkPriorState:
        """The texts of all these states side by side; the states are this prior's own."""
        own = [state for state in states if isinstance(state, NetworkPriorState)]
        features = np.concatenate([state.features for state in own])
        return NetworkPriorState(self, features, join_states([state.state for state in own]))

    def tables(self, tokens: Tokens) -> Iterator[Frequencies]:
        """For `tokens` of shape (length, texts): the tables before each, and after the last."""
        length, texts = tokens.shape
        begun = self.start(texts)
        yield begun.frequencies()
        state = begun.state
        at_once = max(1, _TOKENS_AT_ONCE // texts)
        for first in range(0, length, at_once):
            part = tokens[first : first + at_once]
            before, history = len(state.history), np.concatenate([state.history, part])
            features, state = self.network.run(part, state)
            for step in range(len(part)):
                yield self.frequencies(features[step], history[: before + step + 1])

    @cached_property
    def _started(self) -> NetworkPriorState:
        """The state of one text before its first token: as if an end token had gone before."""
        features, state = self.network.run(np.array([[END]]), self.network.start(1))
        return NetworkPriorState(self, features[0], state)

    def frequencies(self, features: Matrix, history: Tokens) -> Frequencies:
        """Tables (texts, vocabulary) from features (texts, output) and the tokens so far."""
        texts = len(features)
        tables = np.empty((texts, self._vocabulary_size), np.int64)
        sums = self._weights.output.sums(features)
        # Some texts at a time, so that a step finds in the cache what the one before it left.
        for first in range(0, texts, _TABLES_AT_ONCE):
            part = slice(first, first + _TABLES_AT_ONCE)
            powers = self.network.powers(sums[part])
            added, shares = self._weights.recall(history[:, part], self._vocabulary_size)
            tables[part] = mixed(powers, added, shares)
        return tables


def mixed(powers: Floats, added: Floats, shares: Floats) -> Floats:
    """Frequency tables from the network's powers and what is recalled: section 6.7."""
    sums = powers.sum(axis=1, keepdims=True)
    powers *= 256.0 * shares[:, None]
    powers /= sums
    np.floor(powers, out=powers)
    powers += added
    powers += 1.0
    rows = np.arange(len(powers))
    powers[rows, powers.argmax(axis=1)] += TOTAL - powers.sum(axis=1)
    return powers


@dataclass(frozen=True)
class NetworkPriorState:
    """The features after the latest token of each text, and the state that they come from."""

    prior: NetworkPrior
    features: Matrix
    state: NetworkState

    def frequencies(self) -> Frequencies:
        """The tables of the next tokens, (texts, vocabulary)."""
        return self.prior.frequencies(self.features, self.state.history)

    def advance(self, tokens: Tokens) -> NetworkPriorState:
        """The state after one more token of each text, (texts,)."""
        features, state = self.prior.network.run(tokens[None], self.state)
        return NetworkPriorState(self.prior, features[0], state)

    def select(self, texts: NDArray[np.intp]) -> NetworkPriorState:
        """The state of some of the texts, each as often as it is named."""
        return NetworkPriorState(self.prior, self.features[texts], self.state.select(texts))
