"""The content string (specification section 5.1): description and items as one byte string.

Two byte values that never occur in UTF-8 give the structure: 0xFE begins an item's name
and 0xFF its detail. Every text mode carries this one string, so items cost no header.
"""

from __future__ import annotations

from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from refcodec.limits import ITEMS_MAX, TEXT_MAX_BYTES
from refcodec.text.utf8 import decode_utf8, encode_utf8

ITEM_BYTE = b"\xfe"
DETAIL_BYTE = b"\xff"

NamedDetail = tuple[str, str]


def build_content(text: str, items: list[NamedDetail]) -> bytes:
    """Description and (name, detail) pairs to the content string."""
    if len(items) > ITEMS_MAX:
        raise LimitError(f"items: {len(items)}; a document holds at most {ITEMS_MAX}")
    parts = [encode_utf8(text, "text")]
    for number, (name, detail) in enumerate(items, start=1):
        if not name:
            raise MalformedError(f"item {number}: the name is empty")
        parts += [ITEM_BYTE, encode_utf8(name, f"name of item {number}")]
        if detail:
            parts += [DETAIL_BYTE, encode_utf8(detail, f"detail of item {number}")]
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
    return decode_utf8(text, "text"), [
        _parse_item(item, number) for number, item in enumerate(items, start=1)
    ]


def _parse_item(item: bytes, number: int) -> NamedDetail:
    name, separator, detail = item.partition(DETAIL_BYTE)
    if not name:
        raise MalformedError(f"item {number}: the name is empty")
    if separator and not detail:
        raise NonCanonicalError(f"item {number}: an empty detail is written by leaving 0xff out")
    return decode_utf8(name, f"name of item {number}"), decode_utf8(
        detail, f"detail of item {number}"
    )
