"""A description made shorter: what comes last goes first, a clause, an item or a word at a time.

Describers are asked to say the most important first, so the least important is at the end.
This is the last resort, for when asking again has not helped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from refcodec.describers.interfaces import Description
from refcodec.describers.words import DANGLING, PIECE

# A clause ends after a punctuation mark, or before a word that begins another; words such as
# "of" and "to" are not among them, because what stands before them would be left hanging.
_CLAUSE_END = re.compile(
    r"""(?<=[.!?;:,]) \s+
      | (?<=[\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f])
      | \s+ (?= (?: above | against | along | alongside | among | and | around | as | at | behind
                  | below | beneath | beside | between | but | during | featuring | in | inside
                  | near | next | on | onto | outside | over | surrounded | that | through | toward
                  | towards | under | underneath | where | which | while | who | with | within
                  | without ) \b )""",
    re.VERBOSE,
)
# Of Chinese and Japanese as well.
_SENTENCE_ENDS = ".!?\u3002\uff01\uff1f"
_SENTENCE = re.compile(rf".*?[{_SENTENCE_ENDS}](?=\s|$)", re.DOTALL)
_LOOSE_ENDS = " \t\r\n,;:-\u3001\uff0c\uff1a\uff1b\u2013\u2014"


def shorter_texts(text: str) -> list[str]:
    """The text with a clause less at a time, from the longest to the first clause alone.

    Each ends with a full stop if the text does; the text itself is not among them.
    """
    return _cut_at(text, [end.start() for end in _CLAUSE_END.finditer(text)])


def texts_between(longer: str, shorter: str) -> list[str]:
    """The longer text with a word less at a time, down to the shorter one, which is its start.

    Neither is among them, nor what would end with an article or a preposition.
    """
    ends = [piece.end() for piece in PIECE.finditer(longer)][:-1]
    kept = len(shorter.rstrip(_SENTENCE_ENDS))
    return [text for text in _cut_at(longer, ends) if len(text.rstrip(_SENTENCE_ENDS)) > kept]


def first_words(text: str, most: int) -> str:
    """The text, or its first words, `most` of them."""
    for count, piece in enumerate(PIECE.finditer(text)):
        if count == most:
            return text[: piece.start()].rstrip()
    return text


def _cut_at(text: str, ends: list[int]) -> list[str]:
    full_stop = text[-1:] if text[-1:] in _SENTENCE_ENDS else ""
    shorter = [text]
    for end in reversed(ends):
        kept = _without_loose_end(text[:end])
        if kept and kept[-1] not in _SENTENCE_ENDS:
            kept += full_stop
        if kept and len(kept) < len(shorter[-1]):
            shorter.append(kept)
    return shorter[1:]


def _without_loose_end(text: str) -> str:
    """The text without punctuation or an article or preposition at its end."""
    text = text.rstrip(_LOOSE_ENDS)
    while (words := text.rsplit(maxsplit=1)) and words[-1].lower() in DANGLING:
        text = text[: -len(words[-1])].rstrip(_LOOSE_ENDS)
    return text


def shorter_descriptions(description: Description) -> Iterator[Description]:
    """The description with less at a time, down to the first clause and no item.

    Clauses after the first sentence go first, then the details of the items from the last on,
    then the items, then the other clauses.
    """
    texts = shorter_texts(description.text)
    sentence = _SENTENCE.search(description.text)
    sentence_length = sentence.end() if sentence else len(description.text)
    beyond = [text for text in texts if len(text) >= sentence_length]
    for text in beyond:
        description = replace(description, text=text)
        yield description
    for index in reversed(range(len(description.items))):
        if description.items[index].detail:
            items = list(description.items)
            items[index] = replace(items[index], detail="")
            description = replace(description, items=tuple(items))
            yield description
    while description.items:
        description = replace(description, items=description.items[:-1])
        yield description
    for text in texts[len(beyond) :]:
        description = replace(description, text=text)
        yield description
