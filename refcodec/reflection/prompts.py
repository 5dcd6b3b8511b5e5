"""What models are told: the templates of reflection, filled.

What comes from a file or from a model's answer is data: descriptions are quoted, and phrases of
answers have been cleaned when they were read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from refcodec.describers.templates import Quotable, load_template, quoted
from refcodec.generators.places import place_words
from refcodec.reflection.differences import Difference, DifferenceKind

if TYPE_CHECKING:
    from refcodec.document import Document

COMPARE: Final = "compare-1"
LOST: Final = "lost-1"
CORRECT: Final = "correct-1"
STRESS: Final = "stress-1"


def description_json(document: Document) -> str:
    """Text and items of a document, with their places in words, as one line of JSON."""
    content: dict[str, Quotable] = {"text": document.text}
    if document.items:
        content["items"] = [
            {
                "name": item.name,
                "detail": item.detail,
                "place": place_words(item.map) if item.map else "",
            }
            for item in document.items
        ]
    return quoted(content)


def correction_prompt(differences: Iterable[Difference]) -> str:
    """The instruction for an image model that puts these differences right."""
    corrections = "\n".join(f"- {_correction(difference)}." for difference in differences)
    return load_template(CORRECT).fill(corrections=corrections)


def stressed_text(text: str, differences: Iterable[Difference]) -> str:
    """A description that says again what an earlier drawing of it got wrong."""
    return load_template(STRESS).fill(text=text, points="; ".join(map(_point, differences)))


def _correction(difference: Difference) -> str:
    """What to do about a difference."""
    what, wanted = difference.what, difference.wanted
    origin = f" from {difference.seen}" if difference.seen else ""
    if difference.kind is DifferenceKind.MISSING:
        return f"Add {_whole(difference)}{_where(difference)}"
    if difference.kind is DifferenceKind.EXTRA:
        return f"Remove {what}{_where(difference)}"
    if difference.kind is DifferenceKind.WRONG_PLACE:
        return f"Move {what}{origin} to {wanted or difference.place or 'its right place'}"
    return f"Change {what}{_where(difference)}{origin} to {wanted or 'what is described'}"


def _point(difference: Difference) -> str:
    """What a new drawing should heed."""
    what, wanted, seen = difference.what, difference.wanted, difference.seen
    if difference.kind is DifferenceKind.MISSING:
        return f"{_whole(difference)}{_where(difference)}"
    if difference.kind is DifferenceKind.EXTRA:
        return f"no {what}{_where(difference)}"
    never = f", not {seen}" if seen else ""
    return f"{what}: {wanted or 'as described'}{never}"


def _whole(difference: Difference) -> str:
    """The thing with all that is known of how it should be, nothing said twice."""
    what, wanted = difference.what, difference.wanted
    if what.casefold() in wanted.casefold():
        return wanted
    return f"{what}, {wanted}" if wanted and wanted.casefold() not in what.casefold() else what


def _where(difference: Difference) -> str:
    place = difference.place
    said = f"{difference.what} {difference.wanted}".casefold()
    return f" ({place})" if place and place.casefold() not in said else ""
