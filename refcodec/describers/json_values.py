"""JSON from the answers of models: with prose and fences around it, and small faults in it.

What is repaired: commas too many or missing brackets at the end, line breaks in strings,
strings in single quotes, words without quotes, Python's spelling of null and of truth values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

DEPTH_MOST: Final = 32
# So many brackets that begin nothing are looked at; prose has few, and nonsense many.
_STARTS_MOST = 32
_CLOSING = {"{": "}", "[": "]"}
_WORDS = {"True": "true", "False": "false", "None": "null"}
_TOKEN = re.compile(
    r"""
      \s+
    | (?P<mark> [{}\[\],:] )
    | (?P<string> " (?: [^"\\] | \\. )* (?P<closed> " )? )
    | '(?P<quoted> (?: [^'\\] | \\. )* )' (?= \s* [\]},:] )
    | (?P<word> [^\s{}\[\],:"]+ )
    """,
    re.VERBOSE | re.DOTALL,
)


def json_values(text: str) -> Iterator[Any]:
    """The objects and arrays in a text, from left to right, repaired where that is needed.

    What is within one that was given is not given again. Nothing is raised.
    """
    position = 0
    for _ in range(_STARTS_MOST):
        start = min(
            (index for index in (text.find(mark, position) for mark in _CLOSING) if index >= 0),
            default=-1,
        )
        if start < 0:
            return
        position = start + 1
        repaired, end = _repaired(text, start)
        try:
            value = json.loads(repaired, strict=False)
        except ValueError:
            continue
        position = end
        yield value


def _repaired(text: str, start: int) -> tuple[str, int]:
    """What begins with the bracket at `start`, as better JSON, and where it ends in the text.

    The empty string if its brackets do not match or are nested too deep.
    """
    pieces: list[str] = []
    expected: list[str] = []
    for match in _TOKEN.finditer(text, start):
        mark = match["mark"]
        if mark is None:
            pieces.append(_repaired_token(match))
            continue
        if mark in "]}":
            if mark != expected.pop():
                return "", start
            _drop_comma(pieces)
        elif mark in _CLOSING:
            expected.append(_CLOSING[mark])
        pieces.append(mark)
        if not expected:
            return "".join(pieces), match.end()
        if len(expected) > DEPTH_MOST:
            return "", start
    _drop_comma(pieces)
    return "".join(pieces + expected[::-1]), len(text)


def _drop_comma(pieces: list[str]) -> None:
    """Remove a comma at the end, and white space around it."""
    while pieces and pieces[-1] in {"", ","}:
        pieces.pop()


def _repaired_token(match: re.Match[str]) -> str:
    """A string or a word as JSON spells it; white space as nothing."""
    if (string := match["string"]) is not None:
        return string if match["closed"] else f'{string}"'
    if (quoted := match["quoted"]) is not None:
        return json.dumps(quoted.replace("\\'", "'"))
    if (word := match["word"]) is not None:
        word = _WORDS.get(word, word)
        return word if _is_json(word) else json.dumps(word)
    return ""


def _is_json(word: str) -> bool:
    try:
        json.loads(word)
    except ValueError:
        return False
    return True
