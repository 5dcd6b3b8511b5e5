"""What the prior recalls: n-grams are counted and pruned, and trust is fitted.

Counts are discounted as in interpolated Kneser-Ney smoothing with fixed discounts. How far
the n-grams of a level are to be trusted, by how often their context occurs, is fitted on
texts that neither the counts nor the network have seen, against the network's own
probabilities; so is the trust in repeats of a text's own words, by the length of the match.
What is kept is what saves the most bits for its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refcodec.coding.recall import (
    KEY_FACTORS,
    LEVELS,
    LONGEST_MATCH,
    WEIGHT_BITS,
    WINDOW,
    longest_repeat,
)
from refcodec.coding.vocabulary import END
from tools.prior.dataset import Dataset

DISCOUNTS = (0.6, 0.75, 0.85, 0.9)
# A first guess, to decide what to keep before the trust is fitted.
ASSUMED_TRUST = (0.15, 0.25, 0.4, 0.5)
COUNT_CLASSES = 10
MAX_PAIRS = 255
PAIR_BYTES, CONTEXT_BYTES = 3, 5
TRUSTS = np.linspace(0.0, 0.9, 31)
REPEAT_TRUSTS = np.linspace(0.0, 0.98, 99)

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class Counts:
    """All (context, token) pairs of one context length, ascending.

    `own` is the discounted share of the token after the context, `lower` what the shorter
    contexts give it, `weight` how often the pair occurs, `total` the context.
    """

    contexts: Keys
    tokens: NDArray[np.int64]
    own: Floats
    lower: Floats
    weight: Floats
    total: Floats

    def choose(self, kept: NDArray[np.bool_]) -> Counts:
        """Some of the pairs."""
        return Counts(**{name: value[kept] for name, value in vars(self).items()})


def count(dataset: Dataset) -> list[Counts]:
    """Counts of every level, shortest contexts first, by the late weights."""
    lengths = np.diff(dataset.ends, prepend=0)
    weights = np.repeat(dataset.late, lengths)
    tokens = dataset.tokens[weights > 0].astype(np.uint64)
    weights = weights[weights > 0]
    size = np.uint64(len(dataset.spellings))
    unigrams = np.bincount(tokens.astype(np.int64), weights, int(size)) + 0.05
    probabilities = unigrams / unigrams.sum()
    pairs_below = np.arange(size, dtype=np.uint64)
    levels = []
    for length in range(1, LEVELS + 1):
        contexts = context_numbers(tokens, length, size)
        pairs, inverse = np.unique(contexts * size + tokens, return_inverse=True)
        weight = np.bincount(inverse, weights).astype(np.float64)
        context, token = np.divmod(pairs, size)
        _, of_context = np.unique(context, return_inverse=True)
        total = np.bincount(of_context, weight).astype(np.float64)[of_context]
        discount = DISCOUNTS[length - 1] * np.minimum(weight, 1.0)
        own = np.maximum(weight - discount, 0.0) / total
        left = 1.0 - np.bincount(of_context, own)[of_context]
        shorter = context // size * size + token if length > 1 else token
        lower = probabilities[np.searchsorted(pairs_below, shorter)]
        levels.append(Counts(context, token.astype(np.int64), own, lower, weight, total))
        pairs_below, probabilities = pairs, own + left * lower
    return levels


def context_numbers(tokens: Keys, length: int, size: np.uint64) -> Keys:
    """For each token the `length` tokens before it as one number, the latest most significant."""
    numbers = np.zeros(len(tokens), np.uint64)
    inside = np.ones(len(tokens), bool)
    for back in range(1, length + 1):
        before = np.concatenate([np.zeros(back, np.uint64), tokens[:-back]])
        inside &= before != END
        numbers = numbers * size + np.where(inside, before, np.uint64(END))
    return numbers


def prune(levels: list[Counts], budget: int) -> list[Counts]:
    """The pairs that are worth the most bits, in about `budget` bytes."""
    gains = []
    for counts, trust in zip(levels, ASSUMED_TRUST, strict=True):
        mixed = trust * counts.own + (1 - trust) * counts.lower
        gain = counts.weight * np.log2(mixed / ((1 - trust / 2) * counts.lower))
        too_small = counts.own * trust * (1 << WEIGHT_BITS) < 1
        gains.append(np.where(too_small, -np.inf, gain))
    low, high = 0.0, max(float(gain.max()) for gain in gains)
    for _ in range(30):
        middle = (low + high) / 2
        pairs = sum(int((gain > middle).sum()) for gain in gains)
        contexts = sum(
            len(np.unique(counts.contexts[gain > middle]))
            for counts, gain in zip(levels, gains, strict=True)
        )
        fits = PAIR_BYTES * pairs + CONTEXT_BYTES * contexts <= budget
        low, high = (low, middle) if fits else (middle, high)
    return [counts.choose(gain > high) for counts, gain in zip(levels, gains, strict=True)]


def count_class(total: Floats) -> NDArray[np.int64]:
    """How often a context occurs, in octaves."""
    octaves = np.log2(np.maximum(total, 1.0)).astype(np.int64)
    return np.minimum(octaves, COUNT_CLASSES - 1)


@dataclass(frozen=True)
class Seen:
    """What one level says of some tokens: is their context known, the token's share, all shares."""

    known: NDArray[np.bool_]
    own: Floats
    mass: Floats
    classes: NDArray[np.int64]


def look_up(counts: Counts, tokens: Keys, length: int, size: np.uint64) -> Seen:
    """What the level says of every token of a stream of texts."""
    if not len(counts.tokens):
        nothing = np.zeros(len(tokens))
        return Seen(nothing > 0, nothing, nothing, nothing.astype(np.int64))
    contexts = context_numbers(tokens, length, size)
    unique, first, inverse = np.unique(counts.contexts, return_index=True, return_inverse=True)
    mass = np.bincount(inverse, counts.own).astype(np.float64)
    at = np.minimum(np.searchsorted(unique, contexts), len(unique) - 1)
    known = unique[at] == contexts
    pairs = counts.contexts * size + counts.tokens.astype(np.uint64)
    wanted = contexts * size + tokens
    pair_at = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    own = np.where(pairs[pair_at] == wanted, counts.own[pair_at], 0.0)
    return Seen(known, own, mass[at], count_class(counts.total[first])[at])


def mix(network: Floats, levels: list[Seen], trusts: Floats) -> Floats:
    """Probabilities of the tokens when every level takes its trusted share."""
    mixed = network
    for seen, trust in zip(levels, trusts, strict=True):
        own_trust = trust[seen.classes]
        mixed = np.where(
            seen.known, own_trust * seen.own + (1 - own_trust * seen.mass) * mixed, mixed
        )
    return mixed


def fit_trust(network: Floats, levels: list[Seen]) -> Floats:
    """The trust in each level and count class that makes the held-out texts likeliest."""
    trusts = np.full((LEVELS, COUNT_CLASSES), 0.2)
    for _ in range(3):
        for level in range(LEVELS):
            for own_class in range(COUNT_CLASSES):
                costs = []
                for trust in TRUSTS:
                    trusts[level, own_class] = trust
                    bits = -np.log2(mix(network, levels, trusts)).sum()
                    # Where there is little to go by, nothing far from the usual.
                    costs.append(bits + 3 * (trust - 0.3) ** 2)
                trusts[level, own_class] = TRUSTS[int(np.argmin(costs))]
    return trusts


def fit_repeats(mixed: Floats, texts: list[NDArray[np.int64]]) -> NDArray[np.uint8]:
    """The weights of repeats by the length of the match, never less for a longer one.

    `mixed` are the probabilities of all tokens of the texts without repeats.
    """
    lengths, hits = [], []
    for text in texts:
        entered = np.concatenate([[END], text])
        for position in range(1, len(entered)):
            before = entered[max(0, position - WINDOW) : position]
            length, token = longest_repeat(before)
            lengths.append(length)
            hits.append(token == entered[position])
    weights = np.zeros(LONGEST_MATCH + 1)
    for length in range(1, LONGEST_MATCH + 1):
        chosen = np.array(lengths) == length
        own, hit = mixed[chosen], np.array(hits)[chosen]
        costs = [
            -np.log2((1 - trust) * own + trust * hit).sum() + 3 * (trust - weights[length - 1]) ** 2
            for trust in REPEAT_TRUSTS
        ]
        weights[length] = max(weights[length - 1], REPEAT_TRUSTS[int(np.argmin(costs))])
    return np.rint(weights * (1 << WEIGHT_BITS)).astype(np.uint8)


def arrays(levels: list[Counts], trusts: Floats, vocabulary: int) -> dict[str, NDArray[Any]]:
    """The arrays of the weights file (specification section 6.8)."""
    result: dict[str, NDArray[Any]] = {}
    for number, (counts, trust) in enumerate(zip(levels, trusts, strict=True)):
        weights = trust[count_class(counts.total)] * counts.own * (1 << WEIGHT_BITS)
        kept = counts.choose(weights >= 1)
        result |= _level_arrays(number, kept, np.floor(weights[weights >= 1]), vocabulary)
    return result


def _level_arrays(
    number: int, counts: Counts, weights: Floats, vocabulary: int
) -> dict[str, NDArray[Any]]:
    keys = np.zeros(len(counts.contexts), np.int64)
    for back, factor in enumerate(KEY_FACTORS[: number + 1]):
        token = counts.contexts // np.uint64(vocabulary ** (number - back)) % np.uint64(vocabulary)
        keys = (keys + token.astype(np.int64) * factor) & 0xFFFFFFFF
    order = np.lexsort((counts.tokens, counts.contexts, keys))
    keys, contexts = keys[order], counts.contexts[order]
    # Of contexts that share a key the first is kept; so are the first pairs of too many.
    unique, first = np.unique(keys, return_index=True)
    run = np.searchsorted(unique, keys)
    rank = np.arange(len(keys)) - first[run]
    keep = (contexts == contexts[first[run]]) & (rank < MAX_PAIRS)
    return {
        f"{number}.keys": unique.astype(np.uint32),
        f"{number}.counts": np.bincount(run[keep], minlength=len(unique)).astype(np.uint8),
        f"{number}.tokens": counts.tokens[order][keep].astype(np.uint16),
        f"{number}.weights": np.minimum(weights[order][keep], 255).astype(np.uint8),
    }
