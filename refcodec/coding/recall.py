"""What prior 1 recalls (specification section 6.6): repeats within a text, and known n-grams.

Each takes its share of the probability of the next token: first the token that followed the
longest earlier match in the text itself, then those that often followed the last four,
three, two tokens and the last one in the fitted texts. What they leave is the network's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from refcodec.coding.prior import Tokens
from refcodec.coding.vocabulary import END

LEVELS: Final = 4
WINDOW: Final = 1024
LONGEST_MATCH: Final = 16
WEIGHT_BITS: Final = 8
SHARE_BITS: Final = 16
# Factors of the last token, the one before it, and so on, in a context's 32-bit key.
KEY_FACTORS: Final = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """Contexts of one length: ascending keys, and runs of (token, weight) pairs.

    The pairs of context i are those from `first[i]` up to, not including, `first[i + 1]`.
    """

    keys: NDArray[np.uint32]
    first: NDArray[np.int64]
    tokens: NDArray[np.uint16]
    weights: NDArray[np.uint8]

    def find(self, keys: NDArray[np.uint32]) -> list[slice | None]:
        """For each key the run of its pairs, or None."""
        if not len(self.keys):
            return [None] * len(keys)
        positions = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        known = self.keys[positions] == keys
        first, last = self.first[positions].tolist(), self.first[positions + 1].tolist()
        return [
            slice(start, end) if found else None
            for start, end, found in zip(first, last, known.tolist(), strict=True)
        ]


@dataclass(frozen=True)
class Recall:
    """The weights of repeats by the length of the match, and the levels of n-grams."""

    repeats: tuple[int, ...]
    levels: tuple[Level, ...]

    def __call__(self, history: Tokens, vocabulary: int) -> tuple[Floats, Floats]:
        """What is added after `history` (tokens, texts), and what share is left.

        Frequencies (texts, vocabulary) and shares (texts,) in 1/65536, both integers.
        """
        texts = history.shape[1]
        added = np.zeros((texts, vocabulary))
        shares = [(1 << SHARE_BITS) - -(-vocabulary >> 8)] * texts
        for text, tokens in enumerate(history[-WINDOW:].T):
            length, token = longest_repeat(tokens)
            if length:
                weight = self.repeats[length]
                added[text, token] += weight * shares[text]
                shares[text] = shares[text] * ((1 << WEIGHT_BITS) - weight) >> WEIGHT_BITS
        keys_by_level = context_keys(history[-LEVELS:])
        for level, keys in zip(reversed(self.levels), reversed(keys_by_level), strict=True):
            for text, run in enumerate(level.find(keys)):
                if run is not None:
                    weights = level.weights[run].astype(np.int64)
                    added[text, level.tokens[run]] += weights * shares[text]
                    left = (1 << WEIGHT_BITS) - int(weights.sum())
                    shares[text] = shares[text] * left >> WEIGHT_BITS
        return added, np.array(shares, np.float64)


def longest_repeat(tokens: Tokens) -> tuple[int, int]:
    """How many of the last tokens have stood there before, and what followed them then.

    At most 16 are counted; of equally long matches the latest. (0, END) if there is none.
    """
    last = len(tokens) - 1
    if tokens[last] == END:
        return 0, END
    places = np.flatnonzero(tokens[:last] == tokens[last])
    if not len(places):
        return 0, END
    length = 1
    while length < LONGEST_MATCH:
        longer = places[places >= length]
        longer = longer[tokens[longer - length] == tokens[last - length]]
        if not len(longer):
            break
        places = longer
        length += 1
    return length, int(tokens[places[-1] + 1])


def context_keys(last: Tokens) -> list[NDArray[np.uint32]]:
    """The keys, level by level, of contexts that end with `last` (tokens, texts)."""
    keys = []
    key = np.zeros(last.shape[1], np.int64)
    for factor, tokens in zip(KEY_FACTORS, last[::-1], strict=True):
        key = (key + tokens * factor) & 0xFFFFFFFF
        keys.append(key.astype(np.uint32))
    return keys
