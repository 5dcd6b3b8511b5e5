"""How much of one description is said by another, without a model.

- Word F1: the harmonic mean of precision and recall of the words, each as often as it occurs.
- ROUGE-L: Lin, "ROUGE: a package for automatic evaluation of summaries", 2004, with equal
  weight for precision and recall: words in the same order, with gaps allowed.
- chrF: Popovic, "chrF: character n-gram F-score for automatic MT evaluation", 2015: runs of 1
  to 6 characters without spaces, recall of double weight; for languages that put no spaces
  between words as well.

Texts are compared without regard to case and to compatibility forms (Unicode NFKC). All are
0 to 1, and 1 for two empty texts.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence

CHRF_ORDER = 6
CHRF_BETA = 2.0
_WORD = re.compile(r"\w+")


def word_f1(reference: str, text: str) -> float:
    """The F1 of the words, whatever their order."""
    return _counted_f(words(reference), words(text), beta=1.0)


def rouge_l(reference: str, text: str) -> float:
    """The F1 of the longest common subsequence of words."""
    one, other = words(reference), words(text)
    if not (one or other):
        return 1.0
    return _f_score(_common_length(one, other), len(one), len(other), beta=1.0)


def chrf(reference: str, text: str) -> float:
    """The mean F2 of the runs of 1 to CHRF_ORDER characters that one of the texts has."""
    one, other = ("".join(_normal(value).split()) for value in (reference, text))
    if not (one or other):
        return 1.0
    orders = range(1, min(CHRF_ORDER, max(len(one), len(other))) + 1)
    scores = [_counted_f(_runs(one, order), _runs(other, order), CHRF_BETA) for order in orders]
    return sum(scores) / len(scores)


def words(text: str) -> list[str]:
    """The words of a text: runs of letters, digits and underscores, case folded."""
    return _WORD.findall(_normal(text))


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _runs(text: str, order: int) -> list[str]:
    return [text[start : start + order] for start in range(len(text) - order + 1)]


def _counted_f(reference: Iterable[Hashable], other: Iterable[Hashable], beta: float) -> float:
    wanted, got = Counter(reference), Counter(other)
    if not (wanted or got):
        return 1.0
    return _f_score((wanted & got).total(), wanted.total(), got.total(), beta)


def _f_score(common: int, wanted: int, got: int, beta: float) -> float:
    """F of precision common / got and recall common / wanted; `wanted` or `got` is above 0."""
    return (1 + beta**2) * common / (beta**2 * wanted + got)


def _common_length(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """The length of the longest common subsequence.

    A row of the table of lengths is a bit string, a 0 where the length grows (Crochemore et
    al., "A fast and practical bit-vector algorithm for the longest common subsequence
    problem", 2001), so that texts at the format's limit take no more than seconds.
    """
    places: dict[Hashable, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    full = (1 << len(one)) - 1
    row = full
    for word in other:
        matches = row & places.get(word, 0)
        row = (row + matches | row - matches) & full
    return len(one) - row.bit_count()
