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

from refcodec.backends.errors import AnswerError, BackendError
from refcodec.describers.interfaces import Describer, Description, Earlier, Wish
from refcodec.describers.shorten import (
    first_words,
    shorter_descriptions,
    shorter_texts,
    texts_between,
)
from refcodec.describers.words import pieces_of
from refcodec.errors import LimitError
from refcodec.limits import FILE_MAX_BYTES, TEXT_MAX_BYTES

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
# No more words are asked for than a text can have, and of those that came so many times what was
# asked for are kept, because models that repeat themselves find no end.
_WORDS_MOST: Final = TEXT_MAX_BYTES // 8
_KEPT_MOST: Final = 4
_KEPT_LEAST: Final = 100
# Cuts are measured so many at a time.
_CUTS_AT_ONCE: Final = 6
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
    word asked for, by request. `failure` is what ended the asking for the last size, where
    there was something to go on with.
    """

    empty_bytes: int
    measured: list[Measured] = field(default_factory=list)
    obedience: list[float] = field(default_factory=list)
    requests: int = 0
    failure: BackendError | None = None

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
        return min(_WORDS_MOST, max(2, round(wanted)))

    def add(self, descriptions: Sequence[Description], measure: Measure, asked_words: int) -> None:
        """Measure what one request brought."""
        most = max(_KEPT_LEAST, _KEPT_MOST * asked_words)
        kept = [replace(one, text=first_words(one.text, most)) for one in descriptions]
        news = [Measured(*pair) for pair in zip(kept, measure(kept), strict=True)]
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
    smallest size reached if nothing fits, and what the describer raises, unless it said something
    before that fits.
    """
    if pool is None:
        pool = Pool(measure([Description("")])[0])
    pool.failure = None
    for number in range(1, aim.requests + 1):
        best = pool.best(aim)
        if best is not None and best.size_bytes >= aim.enough_bytes:
            return best, pool
        if pool.requests and not describer.obeys_wishes:
            break
        words = _WORDS_MOST
        if describer.obeys_wishes:
            words = pool.words_for(aim.max_bytes * (_AIM if number < aim.requests else _LAST_AIM))
        asked = replace(wish, words=words, candidates=aim.candidates, earlier=_earlier(pool, aim))
        try:
            pool.add(answers(describer, picture, asked), measure, words)
        except BackendError as error:
            if not pool.measured:
                raise
            pool.failure = error
            break
    return choose(pool, aim, measure), pool


def answers(describer: Describer, picture: LoadedPicture, wish: Wish) -> list[Description]:
    """What a describer says, at least one description; AnswerError if that is nothing."""
    said = describer.describe(picture, wish)
    if not said:
        raise AnswerError("the describer gave no description; ask again")
    return said


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
        cut, reached = _cut(entry, aim, measure)
        smallest = min(smallest, reached)
        if cut is not None:
            fitting.append(cut)
            if cut.size_bytes >= aim.enough_bytes:
                break
    if not fitting:
        if pool.failure is not None:
            raise pool.failure
        raise LimitError(
            f"budget: the file takes at least {smallest} bytes, {aim.max_bytes} are allowed; "
            "allow more"
        )
    return max(fitting, key=lambda entry: (entry.size_bytes, not entry.is_cut))


def _cut(entry: Measured, aim: Aim, measure: Measure) -> tuple[Measured | None, int]:
    """The largest cut that fits, None if there is none, and the smallest size that was seen.

    Whole clauses, details and items go first; then as much of the text comes back as fits, by
    clauses, and by single words if that does not give enough bytes.
    """
    whole = entry.description
    cuts = list(shorter_descriptions(whole))
    fitting, smallest = _first_fitting(cuts, aim.max_bytes, measure)
    kept = fitting.description if fitting else Description("", style=whole.style)
    texts = [whole.text, *shorter_texts(whole.text)]
    if fitting is not None and kept.items != whole.items:
        longer = [replace(kept, text=text) for text in texts if len(text) > len(kept.text)]
        found, reached = _first_fitting(longer, aim.max_bytes, measure)
        fitting, smallest = found or fitting, min(smallest, reached)
        kept = fitting.description
    if fitting is None or fitting.size_bytes < aim.enough_bytes:
        next_longer = [text for text in texts if len(text) > len(kept.text)][-1:]
        words = [
            replace(kept, text=text)
            for longer_text in next_longer
            for text in texts_between(longer_text, kept.text)
        ]
        found, reached = _first_fitting(words, aim.max_bytes, measure)
        fitting, smallest = found or fitting, min(smallest, reached)
    return fitting, smallest


def _first_fitting(
    cuts: Sequence[Description], max_bytes: int, measure: Measure
) -> tuple[Measured | None, int]:
    """The first cut that fits, None if none does, and the smallest size that was seen.

    Sizes nearly always fall from one cut to the next, so that some few at a time, the last of
    them among them, narrow down where the first is.
    """
    smallest = FILE_MAX_BYTES
    start, end = 0, len(cuts)
    while start < end:
        step = math.ceil((end - start) / _CUTS_AT_ONCE)
        numbers = list(range(end - 1, start - 1, -step))[::-1]
        sizes = measure([cuts[number] for number in numbers])
        smallest = min(smallest, *sizes)
        first = next((at for at, size_bytes in enumerate(sizes) if size_bytes <= max_bytes), None)
        if first is None:
            break
        if step == 1:
            return Measured(cuts[numbers[first]], sizes[first], is_cut=True), smallest
        start, end = (numbers[first - 1] + 1 if first else start), numbers[first] + 1
    return None, smallest


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
