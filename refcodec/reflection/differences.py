"""In what a drawn picture differs from what was wanted, and how a model's answer says so.

The kinds are those that people name when they compare a picture with a description (image
reflection, Dotzel et al., arXiv 2402.13536). Models answer in JSON, but not always in the JSON
that they were asked for, so reading is tolerant: of code fences and prose around, of faults in
the JSON, of missing fields, of kinds in other words and of scores in percent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from refcodec.backends.errors import AnswerError
from refcodec.describers.answers import without_thoughts
from refcodec.describers.json_values import json_values
from refcodec.describers.words import clean

DIFFERENCES_MAX: Final = 12
PHRASE_MAX_CHARACTERS: Final = 200
_FILLERS = {"-", "n/a", "na", "nil", "none", "null", "unknown"}


class DifferenceKind(Enum):
    """In what way a picture differs; the value is the word for it in answers and reports."""

    MISSING = "missing"
    EXTRA = "extra"
    WRONG_ATTRIBUTE = "wrong attribute"
    WRONG_PLACE = "wrong place"


# Parts of words by which a kind in other words is recognised, in the order of trying.
_KIND_SIGNS: tuple[tuple[DifferenceKind, tuple[str, ...]], ...] = (
    (DifferenceKind.MISSING, ("miss", "absent", "lack", "omit", "lost")),
    (DifferenceKind.EXTRA, ("extra", "add", "invent", "unwanted", "hallucinat")),
    (DifferenceKind.WRONG_PLACE, ("place", "position", "location", "layout", "moved")),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between a picture and what was wanted.

    `what` names the thing; `wanted` and `seen` are its attribute or place as it should be and
    as it is; `place` is where in the picture it is to be put right. All but `what` may be
    empty. `weight` is how much it matters, 0 to 1.
    """

    kind: DifferenceKind
    what: str
    wanted: str = ""
    seen: str = ""
    place: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What somebody who compared has to say: differences, the weightiest first, and a score.

    `score` is 0 to 1, where 1 is faithful.
    """

    differences: tuple[Difference, ...]
    score: float

    @property
    def is_faithful(self) -> bool:
        """Whether there is nothing left to put right."""
        return not self.differences or self.score >= 1

    def is_better_than(self, other: Judgement) -> bool:
        """A higher score, or the same score with less that matters amiss."""
        return (self.score, -self.weight) > (other.score, -other.weight)

    @property
    def weight(self) -> float:
        """The weights of all differences together."""
        return math.fsum(difference.weight for difference in self.differences)


def new_judgement(differences: list[Difference], score: float | None) -> Judgement:
    """The DIFFERENCES_MAX weightiest of the differences; without a score, one made from them."""
    differences = sorted(differences, key=lambda difference: -difference.weight)
    weight = math.fsum(difference.weight for difference in differences)
    if score is None:
        score = 1 / (1 + weight)
    return Judgement(tuple(differences[:DIFFERENCES_MAX]), score)


def parse_judgement(answer: str) -> Judgement:
    """The judgement that an answer to the template compare-1 holds; AnswerError if none."""
    return new_judgement(*parse_listed(answer, "differences", _difference))


def parse_listed(
    answer: str, key: str, parse: Callable[[Any], Difference | None]
) -> tuple[list[Difference], float | None]:
    """The entries of an answer's list `key` that `parse` does not return None for, and its score.

    An answer that is a bare list is taken for that list. AnswerError if there is neither a
    score nor anything in the list that can be used: an answer that was cut short, or a list in
    its prose, must not pass for a picture without fault.
    """
    value = json_of(answer)
    fields = {key: value} if isinstance(value, list) else value
    entries, score = fields.get(key), _score(fields.get("score"))
    parsed = map(parse, entries if isinstance(entries, list) else [])
    differences = [difference for difference in parsed if difference is not None]
    if not differences and score is None:
        raise AnswerError(
            f"the model compared pictures, but its answer has no {key} and no score; "
            "try again, or try another model"
        )
    return differences, score


def json_of(answer: str) -> Any:
    """The longest JSON object in an answer, or else the longest list; AnswerError if none."""
    values = list(json_values(without_thoughts(answer)))
    if not values:
        raise AnswerError("the model's answer holds no JSON; try again, or try another model")
    return max(values, key=lambda value: (isinstance(value, dict), len(json.dumps(value))))


def _difference(entry: Any) -> Difference | None:
    """An entry of the list, or None if it names nothing."""
    if isinstance(entry, str):
        phrase = clean_phrase(entry)
        return Difference(_kind(phrase), phrase) if phrase else None
    if not isinstance(entry, Mapping):
        return None
    what, wanted, seen, place = (
        clean_phrase(entry.get(field)) for field in ("what", "wanted", "seen", "place")
    )
    what = what or wanted or seen
    if not what:
        return None
    kind = _kind(clean_phrase(entry.get("kind")))
    return Difference(kind, what, wanted, seen, place, clean_weight(entry.get("weight")))


def _kind(word: str) -> DifferenceKind:
    """The kind that a word stands for.

    Of an unknown one, all that is sure is that something is otherwise: a wrong attribute.
    """
    word = word.lower()
    for kind, signs in _KIND_SIGNS:
        if any(sign in word for sign in signs):
            return kind
    return DifferenceKind.WRONG_ATTRIBUTE


def clean_phrase(value: Any) -> str:
    """A phrase of a model's answer as one line of visible characters; empty for a filler.

    It goes on into prompts and reports, so it can neither begin a new line nor be long.
    """
    if not isinstance(value, str):
        return ""
    phrase = clean(value[: 2 * PHRASE_MAX_CHARACTERS]).strip(" .;,")
    return "" if phrase.lower() in _FILLERS else phrase[:PHRASE_MAX_CHARACTERS].rstrip()


def clean_weight(value: Any) -> float:
    """A weight of 0 to 1, the whole where none is given."""
    weight = _score(value)
    return 1.0 if weight is None else weight


def _score(value: Any) -> float | None:
    """A score as 0 to 1, also of one out of ten or a hundred; None for what is no score."""
    if isinstance(value, str):
        return _score_in_words(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100:
        return None
    if value <= 1:
        return float(value)
    return value / 10 if value <= 10 else value / 100


def _score_in_words(words: str) -> float | None:
    """A score such as "0.8", "80 %" or "8/10"."""
    number, slash, whole = words.strip().removesuffix("%").partition("/")
    try:
        value, out_of = float(number), float(whole) if slash else 1.0
    except ValueError:
        return None
    if "%" in words:
        out_of = 100.0
    if slash or "%" in words:
        return value / out_of if 0 <= value <= out_of and out_of > 0 else None
    return _score(value)
