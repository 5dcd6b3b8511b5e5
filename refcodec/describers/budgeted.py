"""Descriptions of an exact coded size: ask, measure, ask again, and at last cut.

The size of a text under the prior is known only when it is there, and models keep to a number
of words loosely. So each request is for several descriptions at a number of words that is
predicted from what the words cost so far and how well the numbers were kept; all are measured
by coding them; and what still does not fit is cut clause by clause. No published system does
this: Dotzel et al. (arXiv 2402.13536) call their limit a soft one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from refcodec.describers.interfaces import Describer, Description, Earlier, Wish
from refcodec.describers.shorten import (
    shorter_descriptions,
    shorter_texts,
    texts_between,
)
from refcodec.describers.words import pieces_of
from refcodec.errors import LimitError
from refcodec.limits import FILE_MAX_BYTES

if TYPE_CHECKING:
    from refcodec.picture.load import LoadedPicture

# File sizes in bytes of descriptions.
Measure = Callable[[Sequence[Description]], list[int]]

# What a word costs before one has been measured: captions of prior 1's development set have
# 5.3 to 5.6 bits a word (tools.bench.text).
BITS_PER_WORD: Final = 5.5
# Where in the wanted range of sizes a request aims. The last one may as well be cut.
_AIM: Final = 0.975
_LAST_AIM: Final = 1.1
_OBEDIENCE_MOST: Final = 2.0
# Cuts are measured so many at a time, from around where the size should be right.
_CUTS_AT_ONCE: Final = 6
_LIKELY: Final = 1.2
# So many descriptions are tried to be cut: those that are too large by least.
_CUT_MOST: Final = 8


@dataclass(frozen=True, slots=True)
class Aim:
    """The size wanted of a file: at most `max_bytes`, and from `enough_bytes` on good.

    At most `requests` are made of the describer, each for `candidates` descriptions.
    """

    max_bytes: int
    enough_bytes: int
    requests: int = 3
    candidates: int = 4


@dataclass(frozen=True, slots=True)
class Measured:
    """A description, and the size of its file; `is_cut` tells that its end was left out."""

    description: Description
    size_bytes: int
    is_cut: bool = False

    @property
    def words(self) -> int:
        """The number of its words, items included."""
        return count_words(self.description)


@dataclass
class Pool:
    """All that a describer has said of one picture, measured; kept for other sizes too.

    `empty_bytes` is the size of the file without a word, `obedience` the words got for each
    word asked for, by request.
    """

    empty_bytes: int
    measured: list[Measured] = field(default_factory=list)
    obedience: list[float] = field(default_factory=list)
    requests: int = 0

    def words_for(self, size_bytes: float) -> int:
        """How many words to ask for, to get a file of about this size; at least 2."""
        told = [entry for entry in self.measured if entry.words]
        payload_bits = sum(8 * (entry.size_bytes - self.empty_bytes) for entry in told)
        words = sum(entry.words for entry in told)
        bits_per_word = payload_bits / words if payload_bits > 0 else BITS_PER_WORD
        ratio = math.exp(_mean([math.log(ratio) for ratio in self.obedience]))
        # A model that says no more, whatever it is asked for, is not asked for ever more.
        obedience = min(_OBEDIENCE_MOST, max(1 / _OBEDIENCE_MOST, ratio))
        wanted = 8 * (size_bytes - self.empty_bytes) / bits_per_word / obedience
        return max(2, round(wanted))

    def add(self, descriptions: Sequence[Description], measure: Measure, asked_words: int) -> None:
        """Measure what one request brought."""
        sizes = measure(descriptions)
        news = [Measured(*pair) for pair in zip(descriptions, sizes, strict=True)]
        self.measured += news
        self.requests += 1
        got = _mean([entry.words for entry in news])
        if got:
            self.obedience.append(got / asked_words)

    def best(self, aim: Aim) -> Measured | None:
        """The largest description that fits."""
        fitting = [entry for entry in self.measured if entry.size_bytes <= aim.max_bytes]
        return max(fitting, key=lambda entry: entry.size_bytes, default=None)


def count_words(description: Description) -> int:
    """The words of text, names and details; characters in scripts without spaces."""
    parts = [description.text]
    for item in description.items:
        parts += [item.name, item.detail]
    return sum(len(pieces_of(part)) for part in parts)


def describe_within(
    picture: LoadedPicture,
    describer: Describer,
    wish: Wish,
    aim: Aim,
    *,
    measure: Measure,
    pool: Pool | None = None,
) -> tuple[Measured, Pool]:
    """A description whose file has at most `aim.max_bytes`, `aim.enough_bytes` if possible.

    What a describer said whole comes first, cut descriptions are the last resort. The pool,
    if one is given, is asked before the describer, and grows. Raises LimitError with the
    smallest size reached if nothing fits, and what the describer raises.
    """
    if pool is None:
        pool = Pool(measure([Description("")])[0])
    for number in range(1, aim.requests + 1):
        best = pool.best(aim)
        if best is not None and best.size_bytes >= aim.enough_bytes:
            return best, pool
        if pool.requests and not describer.obeys_wishes:
            break
        words = pool.words_for(aim.max_bytes * (_AIM if number < aim.requests else _LAST_AIM))
        asked = replace(wish, words=words, candidates=aim.candidates, earlier=_earlier(pool, aim))
        pool.add(describer.describe(picture, asked), measure, words)
    return choose(pool, aim, measure), pool


def _earlier(pool: Pool, aim: Aim) -> Earlier | None:
    """The description nearest to the size, to be made shorter or longer."""
    if not pool.measured:
        return None
    nearest = min(pool.measured, key=lambda entry: abs(entry.size_bytes - aim.max_bytes))
    return Earlier(
        text=nearest.description.text,
        words=nearest.words,
        size_bytes=nearest.size_bytes,
        max_bytes=aim.max_bytes,
    )


def choose(pool: Pool, aim: Aim, measure: Measure) -> Measured:
    """The largest description that fits, whole if it is large enough, else maybe a cut one.

    Nobody is asked. Raises LimitError with the smallest size reached if nothing fits.
    """
    best = pool.best(aim)
    if best is not None and best.size_bytes >= aim.enough_bytes:
        return best
    too_large = sorted(
        (entry for entry in pool.measured if entry.size_bytes > aim.max_bytes),
        key=lambda entry: entry.size_bytes,
    )
    fitting = [best] if best is not None else []
    smallest = min((entry.size_bytes for entry in pool.measured), default=pool.empty_bytes)
    for entry in too_large[:_CUT_MOST]:
        cut, reached = _cut(entry, aim, pool.empty_bytes, measure)
        smallest = min(smallest, reached)
        if cut is not None:
            fitting.append(cut)
            if cut.size_bytes >= aim.enough_bytes:
                break
    if not fitting:
        raise LimitError(
            f"budget: the file takes at least {smallest} bytes, {aim.max_bytes} are allowed; "
            "allow more"
        )
    return max(fitting, key=lambda entry: (entry.size_bytes, not entry.is_cut))


def _cut(
    entry: Measured, aim: Aim, empty_bytes: int, measure: Measure
) -> tuple[Measured | None, int]:
    """The largest cut that fits, None if there is none, and the smallest size that was seen.

    Whole clauses, details and items go first; then as much of the text comes back as fits, by
    clauses, and by single words if that does not give enough bytes.
    """
    whole = entry.description
    cuts = list(shorter_descriptions(whole))
    likely = _first_likely(entry, cuts, aim.max_bytes, empty_bytes)
    fitting, smallest = _first_fitting(cuts, likely, aim.max_bytes, measure)
    kept = fitting.description if fitting else Description("", style=whole.style)
    texts = [whole.text, *shorter_texts(whole.text)]
    if fitting is not None and kept.items != whole.items:
        longer = [replace(kept, text=text) for text in texts if len(text) > len(kept.text)]
        found, reached = _first_fitting(longer, 0, aim.max_bytes, measure)
        fitting, smallest = found or fitting, min(smallest, reached)
        kept = fitting.description
    if fitting is None or fitting.size_bytes < aim.enough_bytes:
        next_longer = [text for text in texts if len(text) > len(kept.text)][-1:]
        words = [
            replace(kept, text=text)
            for longer_text in next_longer
            for text in texts_between(longer_text, kept.text)
        ]
        found, reached = _first_fitting(words, 0, aim.max_bytes, measure)
        fitting, smallest = found or fitting, min(smallest, reached)
    return fitting, smallest


def _first_likely(
    entry: Measured, cuts: Sequence[Description], max_bytes: int, empty_bytes: int
) -> int:
    """The number of the first cut that may fit, to judge by its words.

    Somewhat longer ones are tried: the end of a text costs less than its start.
    """
    bytes_per_word = (entry.size_bytes - empty_bytes) / max(1, entry.words)
    sizes = (empty_bytes + bytes_per_word * count_words(cut) for cut in cuts)
    return next(
        (number for number, size in enumerate(sizes) if size <= _LIKELY * max_bytes), len(cuts)
    )


def _first_fitting(
    cuts: Sequence[Description], start: int, max_bytes: int, measure: Measure
) -> tuple[Measured | None, int]:
    """The first cut that fits, None if none does, and the smallest size that was seen."""
    smallest = FILE_MAX_BYTES
    for first in range(start, len(cuts), _CUTS_AT_ONCE):
        batch = cuts[first : first + _CUTS_AT_ONCE]
        for cut, size_bytes in zip(batch, measure(batch), strict=True):
            smallest = min(smallest, size_bytes)
            if size_bytes <= max_bytes:
                return Measured(cut, size_bytes, is_cut=True), smallest
    return None, smallest


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
