"""The content string (specification section 5.1): description and items as one byte string.

Two byte values that never occur in UTF-8 give the structure: 0xFE begins an item's name
and 0xFF its detail. Every text mode carries this one string, so items cost no header.
"""

from __future__ import annotations

from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from refcodec.limits import ITEMS_MAX, TEXT_MAX_BYTES

ITEM_BYTE = b"\xfe"
DETAIL_BYTE = b"\xff"

NamedDetail = tuple[str, str]


def build_content(text: str, items: list[NamedDetail]) -> bytes:
    """Description and (name, detail) pairs to the content string."""
    if len(items) > ITEMS_MAX:
        raise LimitError(f"items: {len(items)}; a document holds at most {ITEMS_MAX}")
    parts = [_utf8(text, "text")]
    for number, (name, detail) in enumerate(items, start=1):
        if not name:
            raise MalformedError(f"item {number}: the name is empty")
        parts += [ITEM_BYTE, _utf8(name, f"name of item {number}")]
        if detail:
            parts += [DETAIL_BYTE, _utf8(detail, f"detail of item {number}")]
    content = b"".join(parts)
    if len(content) > TEXT_MAX_BYTES:
        raise LimitError(
            f"text: {len(content)} bytes with its items; the limit is {TEXT_MAX_BYTES}"
        )
    return content


def parse_content(content: bytes) -> tuple[str, list[NamedDetail]]:
    """The content string to description and (name, detail) pairs."""
    if len(content) > TEXT_MAX_BYTES:
        raise LimitError(f"text: more than {TEXT_MAX_BYTES} bytes")
    text, *items = content.split(ITEM_BYTE)
    if len(items) > ITEMS_MAX:
        raise LimitError(f"items: {len(items)}; a document holds at most {ITEMS_MAX}")
    return _decoded(text, "text"), [
        _parse_item(item, number) for number, item in enumerate(items, start=1)
    ]


def _parse_item(item: bytes, number: int) -> NamedDetail:
    name, separator, detail = item.partition(DETAIL_BYTE)
    if not name:
        raise MalformedError(f"item {number}: the name is empty")
    if separator and not detail:
        raise NonCanonicalError(f"item {number}: an empty detail is written by leaving 0xff out")
    return _decoded(name, f"name of item {number}"), _decoded(detail, f"detail of item {number}")


def _utf8(text: str, where: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MalformedError(
            f"{where}: a lone surrogate at character {error.start} is not Unicode text"
        ) from error


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(f"{where}: not UTF-8 at byte {error.start}") from error
