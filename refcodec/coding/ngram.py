"""Prior 1 (specification section 6.3): interpolated n-gram probabilities in integers.

For each context of one to `order` tokens, the file holds the weights, in 1/65536, of the tokens
that followed it in the fitted corpus, and the share left for the next shorter context, whose
table is mixed in with that share.
"""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from itertools import pairwise
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from refcodec.coding.range_coder import PRECISION_BITS, TOTAL, Frequencies
from refcodec.coding.vocabulary import END, Vocabulary
from refcodec.errors import UnsupportedError
from refcodec.registry import lookup

MAGIC: Final = b"SEMNGRM1"
SHARE_BITS: Final = 16

_Number = TypeVar("_Number", bound=np.generic)


@dataclass(frozen=True)
class Level:
    """All contexts of one length: sorted keys, shares left, and runs of (token, weight)."""

    keys: NDArray[np.uint64]
    shares: NDArray[np.uint16]
    first: NDArray[np.uint32]
    tokens: NDArray[np.uint16]
    weights: NDArray[np.uint16]

    def find(self, key: int) -> int | None:
        """The position of a context, or None if the level does not have it."""
        position = int(np.searchsorted(self.keys, np.uint64(key)))
        if position < len(self.keys) and int(self.keys[position]) == key:
            return position
        return None


class NgramPrior:
    """The n-gram prior read from its weights file (layout: specification section 6.4)."""

    def __init__(self, weights: bytes) -> None:
        reader = _Reader(weights)
        if bytes(reader.take(np.uint8, len(MAGIC))) != MAGIC:
            raise UnsupportedError("prior: the weights file is not an n-gram prior")
        tokens, order, spelling_bytes = (int(value) for value in reader.take(np.uint32, 3))
        sizes = [tuple(map(int, reader.take(np.uint32, 2))) for _ in range(order)]
        self.unigram: Frequencies = reader.take(np.uint32, tokens).astype(np.int64)
        self.levels = [reader.take_level(contexts, entries) for contexts, entries in sizes]
        lengths = reader.take(np.uint8, tokens)
        self._spelling_ends = np.cumsum(lengths, dtype=np.int64)
        self._spellings = reader.take(np.uint8, spelling_bytes).tobytes()

    @classmethod
    def load(cls, file_name: str, number: int) -> NgramPrior:
        """The prior in a file of this package, if its digest is the registered one."""
        weights = resources.files("refcodec").joinpath("data", file_name).read_bytes()
        digest = hashlib.sha256(weights).hexdigest()
        registered = lookup("prior", number).digest
        if digest != registered:
            raise UnsupportedError(
                f"prior {number}: the weights file has the digest {digest}, registered is "
                f"{registered}; install the package again"
            )
        return cls(weights)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Token number to bytes."""
        ends = [0, *self._spelling_ends.tolist()]
        return Vocabulary([self._spellings[start:end] for start, end in pairwise(ends)])

    @cached_property
    def _costs(self) -> list[int]:
        """Unigram costs of tokens in 1/16 bit; integers, so segmentation is deterministic."""
        bits = PRECISION_BITS - np.log2(self.unigram)
        costs: list[int] = np.rint(16 * bits).astype(np.int64).tolist()
        return costs

    def segment(self, content: bytes) -> list[int]:
        """The segmentation of least unigram cost."""
        return self.vocabulary.segment(content, self._costs)

    def start(self) -> NgramState:
        """The state before the first token: as if only end tokens had gone before."""
        return NgramState(self)

    def frequencies(self, history: deque[int]) -> Frequencies:
        """The table after `history` (the latest token last), by section 6.3."""
        mixed = self.unigram
        key, scale = 0, 1
        for level, token in zip(self.levels, reversed(history), strict=True):
            key += token * scale
            scale *= len(self.unigram)
            position = level.find(key)
            if position is None:
                break
            mixed = (mixed * int(level.shares[position])) >> SHARE_BITS
            run = slice(int(level.first[position]), int(level.first[position + 1]))
            mixed[level.tokens[run]] += level.weights[run].astype(np.int64) << (
                PRECISION_BITS - SHARE_BITS
            )
        return _normalised(mixed)


class NgramState:
    """The last tokens of one text."""

    def __init__(self, prior: NgramPrior) -> None:
        self._prior = prior
        order = len(prior.levels)
        self._history = deque([END] * order, maxlen=order)

    def frequencies(self) -> Frequencies:
        """The table of the next token."""
        return self._prior.frequencies(self._history)

    def advance(self, token: int) -> None:
        """Append a token."""
        self._history.append(token)


def _normalised(mixed: Frequencies) -> Frequencies:
    """Weights that sum to at most 2**24, made positive and to sum to exactly 2**24."""
    frequencies = ((mixed * (TOTAL - len(mixed))) >> PRECISION_BITS) + 1
    frequencies[np.argmax(frequencies)] += TOTAL - int(frequencies.sum())
    return frequencies


class _Reader:
    """Consecutive little-endian arrays of a weights file."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    def take(self, dtype: type[_Number], count: int) -> NDArray[_Number]:
        little_endian = np.dtype(dtype).newbyteorder("<")
        array = np.frombuffer(self._data, little_endian, count, self._offset)
        self._offset += array.nbytes
        return array.astype(dtype, copy=False)

    def take_level(self, contexts: int, entries: int) -> Level:
        return Level(
            keys=self.take(np.uint64, contexts),
            first=self.take(np.uint32, contexts + 1),
            shares=self.take(np.uint16, contexts),
            tokens=self.take(np.uint16, entries),
            weights=self.take(np.uint16, entries),
        )
