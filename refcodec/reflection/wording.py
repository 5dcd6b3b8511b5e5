"""Two descriptions compared word by word, for those who have no model to compare them.

A description falls into mentions: a thing with its attributes and its place, one to a phrase.
A mention is missing if too few of its words are in the other description; an attribute or place
is wrong only if the other description says another one of the same sort, since what is not said
may well be there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from refcodec.generators.places import place_words
from refcodec.reflection.differences import (
    Difference,
    DifferenceKind,
    Judgement,
    new_judgement,
)

if TYPE_CHECKING:
    from refcodec.document import Item

# A description's text and its items.
Described = tuple[str, Sequence["Item"]]

_SAME_WORDS: Final = {
    "gray": "grey",
    "big": "large",
    "huge": "large",
    "little": "small",
    "tiny": "small",
    "upper": "top",
    "above": "top",
    "lower": "bottom",
    "below": "bottom",
    "center": "centre",
    "middle": "centre",
}
_COLOURS: Final = """beige black blue brown cream gold green grey lavender olive orange pink purple
    red silver tan turquoise violet white yellow"""
_NUMBERS: Final = "one two three four five six seven eight nine ten"
# Words of one sort contradict each other.
_ATTRIBUTE_SORTS: Final = tuple(
    frozenset(sort.split())
    for sort in (_COLOURS, "large small", "dark bright pale", "grainy rough smooth soft", _NUMBERS)
)
_ATTRIBUTES: Final = frozenset[str]().union(*_ATTRIBUTE_SORTS)
_ACROSS: Final = frozenset(("left", "right"))
_DOWN: Final = frozenset(("top", "bottom"))
_PLACES: Final = _ACROSS | _DOWN | {"centre"}
_PLAIN_WORDS: Final = """a across an and are as at be by down for from has have in is it its most of
    on or out over some the there this to with picture image photo photograph part side area"""
_STOP_WORDS: Final = frozenset(_PLAIN_WORDS.split())
_PHRASE_ENDS: Final = re.compile(
    r"[.;,!?\n]+|\b(?:against|and|behind|beside|near|over|under|with)\b"
    r"|\bon\b(?! the (?:bottom|left|lower|right|top|upper))"
)
_FOUND_LEAST: Final = 0.5
_WEIGHTS: Final = {
    DifferenceKind.MISSING: 1.0,
    DifferenceKind.WRONG_ATTRIBUTE: 0.4,
    DifferenceKind.WRONG_PLACE: 0.4,
    DifferenceKind.EXTRA: 0.25,
}


@dataclass(frozen=True, slots=True)
class _Mention:
    """What a phrase names, in words that can be compared, and the phrase itself."""

    phrase: str
    things: frozenset[str]
    attributes: frozenset[str]
    places: frozenset[str]


def compare_descriptions(wanted: Described, seen: Described) -> Judgement:
    """How a picture differs from the description `wanted` if `seen` describes it.

    The score is the share of what is wanted that is there, less a little for what is in excess.
    """
    wanted_mentions, seen_mentions = list(_mentions(wanted)), list(_mentions(seen))
    differences = [
        difference
        for mention in wanted_mentions
        for difference in _shortcomings(mention, seen_mentions)
    ]
    named = frozenset[str]().union(*(mention.things for mention in wanted_mentions))
    extra = [
        _difference(DifferenceKind.EXTRA, mention)
        for mention in seen_mentions
        if mention.things and not mention.things & named
    ]
    lost = sum(difference.weight for difference in (*differences, *extra))
    whole = len(wanted_mentions) + sum(difference.weight for difference in extra)
    return new_judgement([*differences, *extra], 1 - lost / whole if whole else 1.0)


def _mentions(described: Described) -> Iterator[_Mention]:
    """The mentions of a text, then of the items that the text does not name."""
    text, items = described
    said: set[str] = set()
    for phrase in _phrases(text):
        mention = _mention(phrase)
        if mention.things or mention.attributes:
            said |= mention.things
            yield mention
    for item in items:
        place = place_words(item.map) if item.map else ""
        mention = _mention(" ".join(filter(None, [item.name, item.detail, place])))
        if not mention.things <= said:
            yield mention


def _phrases(text: str) -> Iterator[str]:
    """The phrases of a text; of "Top: blue; left grey", each with the place before the colon."""
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        head, colon, rest = sentence.rpartition(":")
        is_place = bool(colon) and _mention(head).places
        for phrase in _PHRASE_ENDS.split(rest if is_place else sentence.replace(":", ",")):
            if phrase.strip():
                yield f"{head} {phrase.strip()}" if is_place else phrase.strip()


def _mention(phrase: str) -> _Mention:
    words = {_same(word) for word in re.findall(r"[\w']+", phrase.casefold())}
    attributes, places = words & _ATTRIBUTES, words & _PLACES
    things = words - attributes - places - _STOP_WORDS
    return _Mention(phrase, frozenset(things), frozenset(attributes), frozenset(places))


def _same(word: str) -> str:
    """One form for words of the same meaning, and for one and many of a thing."""
    if len(word) > 3 and not word.endswith("ss"):
        word = word.removesuffix("s")
    return _SAME_WORDS.get(word, word)


def _shortcomings(wanted: _Mention, mentions: Sequence[_Mention]) -> Iterator[Difference]:
    """What is amiss with one mention."""
    seen = max(mentions, key=lambda mention: _likeness(wanted, mention), default=None)
    if seen is None or not _is_found(wanted, seen, mentions):
        yield _difference(DifferenceKind.MISSING, wanted)
        return
    for sort in _ATTRIBUTE_SORTS:
        right, wrong = wanted.attributes & sort, seen.attributes & sort
        if right and wrong and not right & wrong:
            yield _difference(DifferenceKind.WRONG_ATTRIBUTE, wanted, right, wrong)
            break
    if _contradict(wanted.places, seen.places):
        yield _difference(DifferenceKind.WRONG_PLACE, wanted, wanted.places, seen.places)


def _likeness(wanted: _Mention, seen: _Mention) -> tuple[int, int, int]:
    return (
        len(wanted.things & seen.things),
        len(wanted.places & seen.places) - len(wanted.places ^ seen.places),
        len(wanted.attributes & seen.attributes),
    )


def _is_found(wanted: _Mention, seen: _Mention, mentions: Sequence[_Mention]) -> bool:
    """Whether enough of the words are said; what names only colours is found by its place."""
    if not wanted.things:
        return not wanted.places or bool(wanted.places & seen.places)
    said = frozenset[str]().union(*(mention.things for mention in mentions))
    return len(wanted.things & said) >= _FOUND_LEAST * len(wanted.things)


def _contradict(wanted: frozenset[str], seen: frozenset[str]) -> bool:
    """Whether two places exclude each other, across or down."""
    for axis in (_ACROSS, _DOWN):
        right, wrong = wanted & axis, seen & axis
        if right and wrong and not right & wrong:
            return True
    return False


def _difference(
    kind: DifferenceKind,
    mention: _Mention,
    wanted: frozenset[str] = frozenset(),
    seen: frozenset[str] = frozenset(),
) -> Difference:
    return Difference(
        kind,
        mention.phrase,
        " ".join(sorted(wanted)),
        " ".join(sorted(seen)),
        weight=_WEIGHTS[kind],
    )
