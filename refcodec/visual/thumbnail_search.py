"""The thumbnail encoder's search (not part of the specification).

At each place the level is taken that has the least squared error plus `exchange` times bits;
the step and the exchange are then sought whose payload fills the budget with the least error.
As what is predicted follows from what was coded, the best at a place is not always the best
for the picture: last, coarse levels are changed at random, and what helps is kept.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import log2

import numpy as np
from numpy.typing import NDArray

from refcodec.visual import colour
from refcodec.visual.pyramid import COLOURS, Array, level_sizes, split
from refcodec.visual.thumbnail_network import (
    STEP_COUNT,
    Integers,
    Place,
    decode_picture,
)
from refcodec.visual.thumbnail_payload import Levels, Symbols, encode_symbols
from refcodec.visual.thumbnail_symbols import level_bits, table_bits
from refcodec.visual.thumbnail_weights import Weights

# Squared steps that a bit is worth, where a step is at its best, and how far to go from there.
_EXCHANGE = 0.1
_EXCHANGE_RANGE = (0.03, 0.33)
# How the logarithm of a size falls with that of the exchange.
_SLOPE = 0.34
_ROUNDS, _THOROUGH_ROUNDS = 5, 10
_STEPS_BESIDE, _THOROUGH_STEPS_BESIDE = 1, 2
# Then so many samples are decoded to try changes, to levels of these and coarser levels of the
# pyramid, where something is coded or the detail is at least so many steps away.
_SAMPLES, _THOROUGH_SAMPLES = 60_000, 1_600_000
_FINEST_CHANGED = 2
_NOT_SMALL = 0.3
# By how much a change may alter the logarithm of the exchange.
_JITTER = 0.05
# Of a budget that alpha shares with the colours.
_ALPHA_SHARE = 0.25

# What to add to the level at a place: pyramid's level, sample, column.
Changes = Mapping[tuple[int, int, int], int]


@dataclass(frozen=True)
class Source:
    """A picture to code: its samples, and its pyramid's details by level, then the top sample."""

    rgb: NDArray[np.uint8]
    colours: int
    details: list[Array]

    @classmethod
    def from_samples(cls, rgb: NDArray[np.uint8], colours: int = COLOURS) -> Source:
        """A picture of (h, w, 3) samples; of `colours` 1 if it is grey."""
        planes = colour.planes_from_rgb(rgb)
        details = []
        for _ in level_sizes(rgb.shape[1::-1])[1:]:
            planes, detail = split(planes)
            details.append(detail)
        return cls(rgb, colours, [*details, planes.reshape(1, COLOURS)])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width, _ = self.rgb.shape
        return width, height


@dataclass
class Trial:
    """A picture's levels, its squared error, and the places where a change might help."""

    levels: Levels
    error: float = 0.0
    places: list[tuple[int, int, int]] = field(default_factory=list)


def choose_levels(
    source: Source, weights: Weights, step: int, exchange: float, changes: Changes
) -> Trial:
    """Levels at one step and exchange, in squared steps a bit, then changed."""
    trial = Trial(Levels(step))
    bits = table_bits(weights)

    def choose(place: Place, means: Array, scales: Integers, unit: int) -> Array:
        wanted = source.details[place.level][np.ix_(place.rows, place.columns)]
        distances = (wanted - means) / unit
        coded = scales >= 0
        magnitudes = _best_magnitudes(np.abs(distances[coded]), bits, scales[coded], exchange)
        chosen = np.zeros(scales.shape, dtype=np.int64)
        chosen[coded] = np.where(distances[coded] < 0, -magnitudes, magnitudes)
        _change(place, chosen, coded, changes)
        likely = coded & ((chosen != 0) | (np.abs(distances) > _NOT_SMALL))
        trial.places += _places(place, likely)
        trial.levels.scales += scales[coded].tolist()
        trial.levels.values += chosen[coded].tolist()
        return chosen.astype(np.float64)

    samples = decode_picture(weights, source.size, step, source.colours, choose)
    difference = colour.rgb_from_planes(samples).astype(np.int64) - source.rgb
    trial.error = float((difference**2).sum())
    return trial


def _change(place: Place, chosen: Integers, coded: NDArray[np.bool_], changes: Changes) -> None:
    for (level, row, column), change in changes.items():
        if level == place.level:
            there = (place.rows == row)[:, None] & (place.columns == column)
            chosen[there & coded] += change


def _places(place: Place, likely: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    if place.level < _FINEST_CHANGED:
        return []
    return [
        (place.level, int(place.rows[row]), int(place.columns[column]))
        for row, column in zip(*np.nonzero(likely), strict=True)
    ]


def _best_magnitudes(sizes: Array, bits: Array, scales: Integers, exchange: float) -> Integers:
    """Of the nearest magnitude, the next smaller and 0: the cheapest, for sizes in steps."""
    nearest = np.floor(sizes + 0.5).astype(np.int64)
    candidates = np.stack([np.zeros_like(nearest), np.maximum(nearest - 1, 0), nearest])
    costs = (sizes - candidates) ** 2 + exchange * level_bits(bits, scales[None], candidates)
    best: Integers = np.take_along_axis(candidates, costs.argmin(axis=0)[None], axis=0)[0]
    return best


@dataclass(frozen=True)
class Coded:
    """A payload, its symbols, its squared error, and the exchange that led to it."""

    data: bytes
    symbols: Symbols
    error: float
    exchange: float
    places: list[tuple[int, int, int]]

    @property
    def rank(self) -> tuple[float, int]:
        """The lower the better."""
        return self.error, len(self.data)


@dataclass
class Search:
    """The search for one picture at one long side; `alpha` is coded already, or None.

    `tried` keeps what was coded, by step and exchange.
    """

    source: Source
    side: int
    weights: Weights
    max_bytes: int
    alpha: Levels | None = None
    tried: dict[tuple[int, float], Coded] = field(default_factory=dict)

    def best(self, *, thorough: bool) -> Coded | None:
        """The payload of least error that is found within the budget, or None."""
        low, high = 0, STEP_COUNT - 1
        while low < high:
            middle = (low + high) // 2
            if self._fits(self._code(middle, _EXCHANGE)):
                high = middle
            else:
                low = middle + 1
        beside = _THOROUGH_STEPS_BESIDE if thorough else _STEPS_BESIDE
        rounds = _THOROUGH_ROUNDS if thorough else _ROUNDS
        steps = range(max(0, high - beside), min(high + beside, STEP_COUNT - 1) + 1)
        found = [coded for step in steps for coded in self._filling(step, rounds)]
        best = min(found, key=lambda coded: coded.rank, default=None)
        samples = _THOROUGH_SAMPLES if thorough else _SAMPLES
        return best and self._improved(best, samples // (self.source.size[0] * self.source.size[1]))

    def _filling(self, step: int, rounds: int) -> Iterator[Coded]:
        """Payloads at one step, nearer and nearer to the budget."""
        low, high = (log2(exchange) for exchange in _EXCHANGE_RANGE)
        place = log2(_EXCHANGE)
        for _ in range(rounds):
            coded = self._code(step, 2**place)
            if self._fits(coded):
                yield coded
                high = place
            else:
                low = place
            place += log2((len(coded.data) + 0.5) / self.max_bytes) / _SLOPE
            if not low < place < high:
                place = (low + high) / 2

    def _improved(self, best: Coded, trials: int) -> Coded:
        """The best after so many random changes, each kept if it helps within the budget."""
        generator = random.Random(len(best.data))
        changes: dict[tuple[int, int, int], int] = {}
        step = best.symbols.colours.step
        for _ in range(trials if best.places else 0):
            changed = {**changes, generator.choice(best.places): generator.choice((-1, 1))}
            exchange = best.exchange * 2 ** generator.uniform(-_JITTER, _JITTER)
            coded = self._coded(step, exchange, changed)
            if self._fits(coded) and coded.rank < best.rank:
                best, changes = coded, changed
        return best

    def _fits(self, coded: Coded) -> bool:
        return 0 < len(coded.data) <= self.max_bytes

    def _code(self, step: int, exchange: float) -> Coded:
        """As `_coded` without changes, once."""
        if (step, exchange) not in self.tried:
            self.tried[step, exchange] = self._coded(step, exchange, {})
        return self.tried[step, exchange]

    def _coded(self, step: int, exchange: float, changes: Changes) -> Coded:
        trial = choose_levels(self.source, self.weights, step, exchange, changes)
        symbols = Symbols(self.side, trial.levels, self.alpha)
        data = encode_symbols(symbols, self.weights)
        return Coded(data, symbols, trial.error, exchange, trial.places)


def search(
    rgb: NDArray[np.uint8],
    alpha: NDArray[np.uint8] | None,
    side: int,
    weights: Weights,
    max_bytes: int,
    *,
    thorough: bool = False,
) -> Coded | None:
    """The best payload found for (h, w, 3) samples, (h, w) alpha, and an index of LONG_SIDES."""
    if max_bytes < 1:
        return None
    alpha_levels = None
    if alpha is not None:
        grey = Source.from_samples(np.repeat(alpha[:, :, None], COLOURS, axis=2), 1)
        share = max(1, int(_ALPHA_SHARE * max_bytes))
        coded = Search(grey, side, weights, share).best(thorough=thorough)
        if coded is None:
            return None
        alpha_levels = coded.symbols.colours
    source = Source.from_samples(rgb)
    return Search(source, side, weights, max_bytes, alpha_levels).best(thorough=thorough)
