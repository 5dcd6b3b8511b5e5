"""The content string (specification section 5.1): style, description and items in one.

Byte values that never occur in UTF-8 give the structure: 0xF8 to 0xFB at the start name the
style, 0xFE begins an item's name and 0xFF its detail. Every text mode carries this one
string, so style and items cost no header.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from refcodec.limits import ITEMS_MAX, TEXT_MAX_BYTES
from refcodec.text.utf8 import decode_utf8, encode_utf8

ITEM_BYTE = b"\xfe"
DETAIL_BYTE = b"\xff"

NamedDetail = tuple[str, str]


class Style(Enum):
    """How a text is written; the value is the byte that says so at the start of the content.

    A raster scan tells of the picture's places in order, from top left to bottom right.
    """

    CAPTION = 0xF8
    PARAGRAPH = 0xF9
    PROMPT = 0xFA
    RASTER = 0xFB


_STYLES = {bytes([style.value]): style for style in Style}


@dataclass(frozen=True, slots=True)
class Content:
    """What a content string says."""

    text: str
    items: list[NamedDetail]
    style: Style | None = None


def build_content(text: str, items: list[NamedDetail], style: Style | None = None) -> bytes:
    """Style, description and (name, detail) pairs to the content string."""
    if len(items) > ITEMS_MAX:
        raise LimitError(f"items: {len(items)}; a document holds at most {ITEMS_MAX}")
    parts = [bytes([style.value]) if style else b"", encode_utf8(text, "text")]
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


def parse_content(content: bytes) -> Content:
    """What a content string says; the errors of section 5.1."""
    if len(content) > TEXT_MAX_BYTES:
        raise LimitError(f"text: more than {TEXT_MAX_BYTES} bytes")
    style = _STYLES.get(content[:1])
    text, *items = content[1 if style else 0 :].split(ITEM_BYTE)
    if len(items) > ITEMS_MAX:
        raise LimitError(f"items: {len(items)}; a document holds at most {ITEMS_MAX}")
    return Content(
        decode_utf8(text, "text"),
        [_parse_item(item, number) for number, item in enumerate(items, start=1)],
        style,
    )


def _parse_item(item: bytes, number: int) -> NamedDetail:
    name, separator, detail = item.partition(DETAIL_BYTE)
    if not name:
        raise MalformedError(f"item {number}: the name is empty")
    if separator and not detail:
        raise NonCanonicalError(f"item {number}: an empty detail is written by leaving 0xff out")
    return decode_utf8(name, f"name of item {number}"), decode_utf8(
        detail, f"detail of item {number}"
    )
