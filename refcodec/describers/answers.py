"""Descriptions from what models answer, whatever they put around it.

A description that comes out of here fits in a document: its text is one line without control
characters, its items have names, and there are not too many of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from refcodec.backends.errors import AnswerError
from refcodec.describers.interfaces import Description, ItemWish
from refcodec.describers.json_values import json_values
from refcodec.describers.words import clean, cut_name, cut_text, has_words
from refcodec.document import Item
from refcodec.errors import LimitError
from refcodec.limits import ITEMS_MAX
from refcodec.text.content import build_content

if TYPE_CHECKING:
    from refcodec.backends.interfaces import Question, VisionModel

ANSWER_MAX_CHARACTERS: Final = 1 << 18
_SHOWN_CHARACTERS = 80

# What models call the parts of an answer, the name that they were asked for first.
_LIST_KEYS = ("descriptions", "candidates", "captions", "versions", "answers")
_TEXT_KEYS = ("overall", "description", "caption", "text", "summary", "answer")
_ITEMS_KEYS = ("items", "objects", "things")
_NAME_KEYS = ("name", "item", "object", "label")
_DETAIL_KEYS = ("detail", "details", "description", "attributes")

_THOUGHTS = "<think>"
_THOUGHTS_END = "</think>"
_FENCED = re.compile(r"```[^\n`]*\n(.*?)```", re.DOTALL)
_JSON_BEGINNING = re.compile(r"""\s*(\{|\[\s*["'{\[])""")
_LIST_MARK = re.compile(r"^[ \t]*(?:#+|[-*•]|\d{1,2}[.)])[ \t]+", re.MULTILINE)
_LIST_LINE = re.compile(r"^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+(\S.*)$", re.MULTILINE)
_PREAMBLES = (
    re.compile(
        r"(?:sure|certainly|of course|absolutely|okay)\b[,.!:]*\s+(?=here\b)", re.IGNORECASE
    ),
    re.compile(
        r"here(?:['\u2019]s| is| are)\b[^:.\n]{0,80}"
        r"\b(?:descriptions?|captions?|texts?|versions?|answers?|summary)\b[^:.\n]{0,80}:\s*",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?:(?:short|brief|image|picture|new|overall) )?"
        r"(?:description|caption|answer|output|overall):\s*",
        re.IGNORECASE,
    ),
)
_FRAME = re.compile(
    r"(?:the|this) (?:image|picture|photo|photograph) (?:shows|depicts|displays|features) ",
    re.IGNORECASE,
)
_WORD_COUNT = re.compile(r"\s*[(\[](?:about |approximately |~)?\d+ words[.)\]]*$", re.IGNORECASE)
_QUOTES = {
    '"': '"',
    "'": "'",
    "\u201c": "\u201d",
    "\u2018": "\u2019",
    "\xab": "\xbb",
    "\u201e": "\u201c",
}
_REFUSAL = re.compile(
    r"(?:i'?m|i am|we're) (?:\w+ )?(?:sorry|unable)\b|sorry,|unfortunately, i\b|as an ai\b"
    r"|i (?:can'?t|cannot|can not|won't|don't see|do not see)\b",
    re.IGNORECASE,
)
_NAME_END = re.compile(r" ?: | [-\u2013\u2014] ")


def first_answer(model: VisionModel, question: Question) -> str:
    """A model's first answer to a question; raises BackendError, AnswerError if it gives none."""
    answers = model.ask(question)
    if not answers:
        raise no_answer()
    return answers[0]


def no_answer() -> AnswerError:
    """The error of a model that answers nothing at all."""
    return AnswerError("the model gave no answer; ask again")


def parse_texts(answer: str, most: int = 1) -> list[Description]:
    """One to `most` descriptions without items; AnswerError if there is none.

    The answer may be plain text or JSON, and a list where several were asked for.
    """
    body = body_of(answer)
    looks_like_json = _JSON_BEGINNING.match(_unfenced(body)) is not None
    texts: Iterable[str] = ()
    if looks_like_json or most > 1:
        texts = next(filter(None, (list(_texts_in(value)) for value in json_values(body))), ())
    if not texts and not looks_like_json:
        texts = _plain_texts(body, most)
    descriptions = [Description(text) for text in map(_plain_text, texts) if has_words(text)]
    return _fitting(descriptions[:most], answer)


def parse_items(answer: str, wish: ItemWish, most: int = 1) -> list[Description]:
    """One to `most` descriptions with items as wished; AnswerError if there is none.

    Items beyond the wished number are left out, names and details that are too long are cut.
    """
    values = list(json_values(body_of(answer)))
    # A list is more often a part of the prose than an object is.
    for value in sorted(values, key=lambda value: not isinstance(value, dict)):
        parts = _descriptions_in(value, wish)
        if parts:
            return _fitting(parts[:most], answer)
    raise _unusable(answer)


def body_of(answer: str) -> str:
    """What `without_thoughts` leaves; AnswerError also if it refuses to describe the picture."""
    body = without_thoughts(answer)
    if _REFUSAL.match(body.replace("\u2019", "'")):
        raise AnswerError(f"the model does not describe the picture; it says {beginning(body)}")
    return body


def without_thoughts(answer: str) -> str:
    """The answer behind the model's thoughts; AnswerError if there is none, or far too much."""
    if len(answer) > ANSWER_MAX_CHARACTERS:
        raise AnswerError(
            f"the model's answer has {len(answer)} characters, at most {ANSWER_MAX_CHARACTERS} are "
            "read; ask for fewer words"
        )
    body = answer.rpartition(_THOUGHTS_END)[2].strip()
    if body.startswith(_THOUGHTS):
        raise AnswerError("the model's answer ends before its thoughts do; allow it more tokens")
    return body


def _fitting(descriptions: Sequence[Description], answer: str) -> list[Description]:
    """The descriptions, none of them beyond what a document holds."""
    if not descriptions:
        raise _unusable(answer)
    for description in descriptions:
        try:
            build_content(description.text, [(one.name, one.detail) for one in description.items])
        except LimitError as error:
            raise AnswerError(f"the model's description is too long: {error}") from error
    return list(descriptions)


def _unusable(answer: str) -> AnswerError:
    return AnswerError(
        f"the model's answer is not in the form that was asked for; it begins with "
        f"{beginning(answer)}; ask again, or take another model or template"
    )


def beginning(answer: str) -> str:
    """How an answer begins, as one that may be printed."""
    text = clean(answer[: 4 * _SHOWN_CHARACTERS])
    cut = "..." if len(text) > _SHOWN_CHARACTERS else ""
    return json.dumps(text[:_SHOWN_CHARACTERS] + cut, ensure_ascii=False)


# Plain text.


def _unfenced(body: str) -> str:
    """What the first code fence holds, or all if there is none."""
    fenced = _FENCED.search(body)
    return fenced[1] if fenced else body


def _plain_texts(body: str, most: int) -> list[str]:
    """The lines of a list if several texts were wanted, else all as one."""
    lines = _LIST_LINE.findall(_unfenced(body)) if most > 1 else []
    return lines if len(lines) > 1 else [body]


def _plain_text(text: str) -> str:
    """A text without preamble, quotation marks around it, and marks of formatting."""
    text = _LIST_MARK.sub("", _unfenced(text).replace("**", "").replace("`", "")).strip()
    for preamble in _PREAMBLES:
        text = text[match.end() :] if (match := preamble.match(text)) else text
    text = _WORD_COUNT.sub("", clean(_LIST_MARK.sub("", text)))
    text = _unquoted(text)
    if frame := _FRAME.match(text):
        text = text[frame.end()].upper() + text[frame.end() + 1 :]
    return text


def _unquoted(text: str) -> str:
    """Without quotation marks around the whole."""
    closing = _QUOTES.get(text[:1])
    inner = text[1:-1]
    if closing is None or len(text) < 2 or text[-1] != closing or closing in inner:
        return text
    return inner.strip()


# JSON.


def _texts_in(value: Any) -> Iterable[str]:
    """The texts of descriptions in JSON: one, a list of them, or an object around them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from _texts_in(part)
    elif isinstance(value, dict):
        known = first_of(value, (*_LIST_KEYS, *_TEXT_KEYS))
        yield from _texts_in(list(value.values()) if known is None else known)


def _descriptions_in(value: Any, wish: ItemWish) -> list[Description]:
    """The descriptions with items in JSON: whole ones, or else one of items alone."""
    wholes = list(_wholes(value))
    if wholes:
        found = (
            _description(as_text(first_of(one, _TEXT_KEYS)), first_of(one, _ITEMS_KEYS), wish)
            for one in wholes
        )
        return [one for one in found if one.text or one.items]
    is_list = isinstance(value, list) or _is_item(value)
    one = _description("", value if is_list else None, wish)
    return [one] if one.items else []


def _wholes(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects in JSON that have an overall text or a list of items."""
    if isinstance(value, Mapping):
        has_text = isinstance(first_of(value, _TEXT_KEYS), str)
        if not _is_item(value) and (has_text or first_of(value, _ITEMS_KEYS) is not None):
            yield value
        else:
            yield from _wholes(list(value.values()))
    elif isinstance(value, list):
        for part in value:
            yield from _wholes(part)


def _description(text: str, listed: Any, wish: ItemWish) -> Description:
    """A description of what is usable of a text and a list of items; it may be empty."""
    text = _plain_text(text)
    return Description(text if has_words(text) else "", tuple(_items(listed, wish)))


def _items(listed: Any, wish: ItemWish) -> Iterable[Item]:
    """The usable ones of a list of items, at most the wished number, each but once."""
    if isinstance(listed, Mapping) and not _is_item(listed):
        listed = list(listed.items())
    elif not isinstance(listed, list):
        listed = [listed]
    found = filter(None, (_item(one, wish) for one in listed))
    return islice(dict.fromkeys(found), min(wish.count, ITEMS_MAX))


def _item(value: Any, wish: ItemWish) -> Item | None:
    """An item that is an object, a pair, or a string with a colon or a dash."""
    name, detail = "", ""
    if isinstance(value, Mapping):
        if len(value) == 1 and not _is_item(value):
            return _item(next(iter(value.items())), wish)
        name, detail = as_text(first_of(value, _NAME_KEYS)), as_text(first_of(value, _DETAIL_KEYS))
    elif isinstance(value, list | tuple):
        name, detail = as_text(value[:1]), as_text(value[1:])
    elif isinstance(value, str):
        name, *details = _NAME_END.split(clean(value), maxsplit=1)
        detail = as_text(details)
    name = cut_name(_plain_text(name), wish.name_words)
    detail = cut_text(_plain_text(detail).removesuffix("."), wish.detail_words)
    return Item(name, detail if has_words(detail) else "") if has_words(name) else None


def _is_item(value: Mapping[str, Any]) -> bool:
    """Whether an object has a place for a name, be it empty."""
    return any(key.strip().casefold() in _NAME_KEYS for key in value)


def first_of(value: Mapping[str, Any], keys: Iterable[str]) -> Any:
    """The value under the first of some keys that is there and not empty; None without one."""
    by_key = {key.strip().casefold(): one for key, one in value.items()}
    return next((by_key[key] for key in keys if by_key.get(key)), None)


def as_text(value: Any) -> str:
    """A value of JSON as words: those of a list joined by commas."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(as_text, value)))
    return "" if value is None or isinstance(value, bool) else str(value)
