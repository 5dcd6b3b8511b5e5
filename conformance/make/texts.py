"""Vectors of sections 5.1 to 5.3: content strings, plain and brotli mode."""

from __future__ import annotations

import brotli

from conformance.make.pieces import (
    BOTH,
    BROTLI,
    PARAGRAPH,
    Valid,
    bare,
    document,
    invalid,
    item,
    plain,
    valid,
)


def _brotli(content: bytes) -> bytes:
    return bare(BOTH, BROTLI + brotli.compress(content))


@valid("5.2")
def plain_unicode() -> Valid:
    """Scripts, an emoji, a zero byte, an escape, a line feed: all come back as they are."""
    text = "Zażółć 日本 \U0001f600 \0\x1b[31m\n\u202e\ufeffe\u0301"
    return plain(text.encode()), document(text)


@valid("5.1")
def plain_items() -> Valid:
    """Two items, one without a detail."""
    content = b"A street.\xfered bus\xfftwo decks\xfedog"
    return plain(content), document("A street.", items=[item("red bus", "two decks"), item("dog")])


@valid("5.1")
def plain_style() -> Valid:
    """A style, a description and an item."""
    return plain(b"\xfbDark.\xfedog"), document("Dark.", items=[item("dog")], style="raster")


@valid("5.1")
def plain_styles_alone() -> Valid:
    """A style and nothing else."""
    return plain(b"\xf8"), document("", style="caption")


@valid("5.1")
def plain_items_without_description() -> Valid:
    """An empty description."""
    return plain(b"\xfedog"), document("", items=[item("dog")])


@valid("5.1")
def plain_fifteen_items() -> Valid:
    """As many items as a document may hold."""
    names = [f"thing {number}" for number in range(15)]
    content = b"".join(b"\xfe" + name.encode() for name in names)
    return plain(content), document("", items=[item(name) for name in names])


@valid("9")
def plain_longest() -> Valid:
    """A content string of 65,535 bytes."""
    text = "0123456789abcde" * 4369
    return plain(text.encode()), document(text)


@valid("5.3")
def brotli_text() -> Valid:
    """A paragraph in brotli mode."""
    return _brotli(PARAGRAPH.encode()), document(PARAGRAPH)


@valid("5.3")
def brotli_items() -> Valid:
    """Items in brotli mode."""
    return _brotli(b"x\xfey\xffz"), document("x", items=[item("y", "z")])


@valid("5.3")
def brotli_other_stream() -> Valid:
    """A stream that no encoder would choose: quality 0, and the largest window."""
    stream = brotli.compress(PARAGRAPH.encode(), quality=0, lgwin=24)
    return bare(BOTH, BROTLI + stream), document(PARAGRAPH)


@invalid("truncated", "5.3", "text")
def brotli_cut() -> bytes:
    """A brotli stream without its last byte."""
    return bare(BOTH, BROTLI + brotli.compress(PARAGRAPH.encode())[:-1])


@invalid("malformed", "5.1", "text")
def text_not_utf8() -> bytes:
    """A continuation byte on its own."""
    return plain(b"caf\x80")


@invalid("malformed", "5.1", "text")
def text_overlong_utf8() -> bytes:
    """A solidus in two bytes."""
    return plain(b"a\xc0\xafb")


@invalid("malformed", "5.1", "text")
def text_surrogate() -> bytes:
    """A surrogate in three bytes."""
    return plain(b"a\xed\xa0\x80b")


@invalid("malformed", "5.1", "text")
def detail_without_item() -> bytes:
    """FF in the description."""
    return plain(b"a\xffb")


@invalid("malformed", "5.1", "text")
def two_details() -> bytes:
    """FF in a detail."""
    return plain(b"a\xfeb\xffc\xffd")


@invalid("malformed", "5.1", "text")
def item_without_name() -> bytes:
    """An item with a detail only."""
    return plain(b"a\xfe\xffb")


@invalid("malformed", "5.3", "text")
def not_brotli() -> bytes:
    """Brotli mode with a payload that is no brotli stream."""
    return bare(BOTH, BROTLI + b"\xff\xff\xff\xff")


@invalid("malformed", "5.3", "text")
def brotli_trailing() -> bytes:
    """A byte behind the brotli stream."""
    return bare(BOTH, BROTLI + brotli.compress(PARAGRAPH.encode()) + b"\0")


@invalid("malformed", "5.1", "text")
def two_styles() -> bytes:
    """A second style, where UTF-8 must be."""
    return plain(b"\xf8\xf9x")


@invalid("malformed", "5.1", "text")
def unknown_style() -> bytes:
    """FC, which is no style."""
    return plain(b"\xfcx")


@invalid("non-canonical", "5.1", "text")
def empty_detail() -> bytes:
    """FF with nothing behind it."""
    return plain(b"a\xfeb\xff")


@invalid("limit-exceeded", "5.1", "text")
def plain_too_long() -> bytes:
    """A content string of 65,536 bytes."""
    return plain(b"a" * 65536)


@invalid("limit-exceeded", "5.1", "text")
def sixteen_items() -> bytes:
    """One item more than there may be."""
    return plain(b"\xfex" * 16)


@invalid("limit-exceeded", "5.3", "text")
def brotli_bomb() -> bytes:
    """Some bytes of brotli that hold 16 million."""
    return _brotli(bytes(1 << 24))
