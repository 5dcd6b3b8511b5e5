"""Words of descriptions: what counts as one, what is removed from a model's, where to cut."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Chinese, Japanese, Thai, Lao, Khmer and Burmese.
_WITHOUT_SPACES = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
PIECE = re.compile(rf"[{_WITHOUT_SPACES}]|[^\s{_WITHOUT_SPACES}]+")
_REMOVED_CATEGORIES = {"Cc", "Cf", "Cs"}
# Format characters that some scripts, and many emoji, cannot be spelled without.
_JOINERS = "\u200c\u200d"
_CLAUSE_ENDS = ",;:.!?"
_WORD = re.compile(r"\w+")
_ARTICLES = {"a", "an", "the"}
# Behind a name's noun, these begin what says more of it.
_PREPOSITIONS = frozenset(
    {"above", "across", "against", "among", "at", "behind", "below", "beneath", "beside"}
    | {"between", "by", "for", "from", "in", "inside", "into", "near", "of", "on", "onto"}
    | {"over", "through", "to", "towards", "under", "with", "without"}
)
# A text that is cut after one of these reads as if something were missing.
DANGLING = (
    _PREPOSITIONS
    | _ARTICLES
    | {"and", "as", "but", "is", "are", "its", "or", "that", "their", "which", "while"}
)


def words_of(text: str) -> list[str]:
    """The words that a length is counted in: what stands between white space."""
    return text.split()


def pieces_of(text: str) -> list[str]:
    """What a text can be cut between: words, and characters of scripts without spaces."""
    return [piece.group() for piece in PIECE.finditer(text)]


def clean(text: str) -> str:
    """The text on one line, single-spaced, without control, format and surrogate characters."""
    kept = (
        " " if character.isspace() else character
        for character in text
        if character.isspace()
        or character in _JOINERS
        or unicodedata.category(character) not in _REMOVED_CATEGORIES
    )
    return " ".join("".join(kept).split())


def has_words(text: str) -> bool:
    """Whether there is a letter or digit in it, so that something is said."""
    return any(character.isalnum() for character in text)


def key_words(name: str) -> frozenset[str]:
    """The words by which a name is known again: whatever their case, articles and plurals."""
    words = (word.casefold() for word in _WORD.findall(name))
    return frozenset(word.removesuffix("s") for word in words if word not in _ARTICLES)


def cut_text(text: str, most: int) -> str:
    """At most so many words of a text, to the end of a clause where one is near.

    What is left never ends with a word that needs another; it may be empty.
    """
    words = words_of(text)
    if len(words) <= most:
        return text
    ends = (count for count in range(most, most // 2, -1) if words[count - 1][-1] in _CLAUSE_ENDS)
    words = words[: next(ends, most)]
    while words and _plain(words[-1]) in DANGLING:
        words.pop()
    return " ".join(words).rstrip(_CLAUSE_ENDS)


def cut_name(name: str, most: int) -> str:
    """An item's name without its article, in at most so many words (but at least one).

    What follows a preposition or a comma goes first, then words from the front: English nouns
    come after what describes them.
    """
    words = _without_article(words_of(name.strip(_CLAUSE_ENDS + " ")))
    if len(words) > most:
        ends = (
            index + (word[-1] in _CLAUSE_ENDS)
            for index, word in enumerate(words)
            if word[-1] in _CLAUSE_ENDS or (index and _plain(word) in _PREPOSITIONS)
        )
        words = words[: next(ends, len(words))]
    return " ".join(words[-max(1, most) :]).strip(_CLAUSE_ENDS)


def _without_article(words: Sequence[str]) -> Sequence[str]:
    """Without an article before a common noun; The Hague keeps its own."""
    if len(words) > 1 and _plain(words[0]) in _ARTICLES and not words[1][0].isupper():
        return words[1:]
    return words


def _plain(word: str) -> str:
    return word.strip(_CLAUSE_ENDS).casefold()
