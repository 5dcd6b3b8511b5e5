"""An encoder's choice of tokens: the segmentations that the prior itself finds cheapest.

A decoder needs none of this. The fast segmentation adds up rough costs that do not depend
on the context; the search adds up the prior's own, at some hundred times the work. It gives
several segmentations of nearly the same cost, because payloads are whole bytes: any of them
may by luck be a byte shorter than the cheapest.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from refcodec.coding.prior import Prior, PriorState
from refcodec.coding.range_coder import PRECISION_BITS
from refcodec.coding.vocabulary import END, SPELLING_MAX_BYTES

# Paths kept at each position of the content, and bits by which one may trail the best.
BEAM_WIDTH: Final = 6
MARGIN_BITS: Final = 20.0
# Longer content is segmented the fast way: the search would take minutes.
SEARCH_MAX_BYTES: Final = 4096


@dataclass(frozen=True)
class _Path:
    """Tokens that spell the content up to some position, and their cost."""

    bits: float
    tokens: tuple[int, ...]
    before_last: PriorState


def fast_segmentation(prior: Prior, content: bytes) -> list[int]:
    """Tokens of the least sum of rough costs; what the prior was trained on."""
    return prior.vocabulary.segment(content, prior.costs)


def searched_segmentations(prior: Prior, content: bytes) -> list[list[int]]:
    """The cheapest segmentations that a beam search finds, best first, and the fast one, last."""
    fast = fast_segmentation(prior, content)
    if not 0 < len(content) <= SEARCH_MAX_BYTES:
        return [fast]
    found = _Search(prior, content).run()
    return [*found, fast]


class _Search:
    """A beam search; `reaching` holds for each position the paths that end there."""

    def __init__(self, prior: Prior, content: bytes) -> None:
        self._prior = prior
        self._content = content
        self._reaching: list[list[_Path]] = [[] for _ in range(len(content) + 1)]

    def run(self) -> list[list[int]]:
        """The tokens of the cheapest paths found to the end of the content, best first."""
        start = self._prior.start(1)
        self._extend(0, [_Path(0.0, (), start)], start)
        for position in range(1, len(self._content)):
            if paths := self._best(position):
                self._extend(position, paths, self._after(paths))
        ends = self._best(len(self._content))
        to_end = -np.log2(self._after(ends).frequencies()[:, END])
        order = np.argsort([path.bits for path in ends] + to_end, kind="stable")
        return [list(ends[index].tokens) for index in order]

    def _extend(self, position: int, paths: list[_Path], state: PriorState) -> None:
        """Append every token that spells what comes next to every path."""
        frequencies = state.frequencies()
        for row, path in enumerate(paths):
            own = state.select(np.array([row]))
            for token, end in self._prior.vocabulary.matches(self._content, position):
                cost = PRECISION_BITS - float(np.log2(frequencies[row, token]))
                longer = _Path(path.bits + cost, (*path.tokens, token), own)
                self._reaching[end].append(longer)

    def _best(self, position: int) -> list[_Path]:
        """The best paths to a position, none much dearer than the cheapest that got further."""
        paths = heapq.nsmallest(BEAM_WIDTH, self._reaching[position], key=lambda path: path.bits)
        self._reaching[position] = []
        further = self._reaching[position + 1 : position + SPELLING_MAX_BYTES + 1]
        cheapest = min((path.bits for paths in further for path in paths), default=math.inf)
        return [path for path in paths if path.bits <= cheapest + MARGIN_BITS]

    def _after(self, paths: list[_Path]) -> PriorState:
        """The state after the last token of each path."""
        joined = self._prior.join([path.before_last for path in paths])
        return joined.advance(np.array([path.tokens[-1] for path in paths]))
