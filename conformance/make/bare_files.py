"""Vectors of section 2: signature, head, check, canvas."""

from __future__ import annotations

from conformance.make.pieces import (
    BOTH,
    CHECK,
    CHUNK_LIST,
    PLAIN,
    Valid,
    bare,
    chunk,
    document,
    invalid,
    plain,
    valid,
    varint,
)

TEXT = "A grey cat on a blue sofa."
RAW = TEXT.encode()


@valid("2.1")
def bare_plain() -> Valid:
    """The least that a file with a check and plain text holds."""
    return plain(RAW), document(TEXT)


@valid("2.2")
def bare_without_check() -> Valid:
    """No check."""
    return plain(RAW, CHUNK_LIST), document(TEXT)


@valid("2.2")
def bare_may_ignore() -> Valid:
    """The may-ignore bit is set, which changes nothing."""
    return plain(RAW, BOTH | 0x20), document(TEXT)


@valid("2.1")
def bare_empty_text() -> Valid:
    """Four bytes: an empty text in plain mode."""
    return plain(b""), document("")


def _common(canvas_class: int, width: int, height: int) -> Valid:
    return plain(RAW, BOTH | canvas_class), document(TEXT, (width, height))


@valid("2.4")
def canvas_class_1() -> Valid:
    """1536 x 1024."""
    return _common(1, 1536, 1024)


@valid("2.4")
def canvas_class_2() -> Valid:
    """1024 x 1536."""
    return _common(2, 1024, 1536)


@valid("2.4")
def canvas_class_3() -> Valid:
    """512 x 512."""
    return _common(3, 512, 512)


@valid("2.4")
def canvas_class_4() -> Valid:
    """768 x 512."""
    return _common(4, 768, 512)


@valid("2.4")
def canvas_class_5() -> Valid:
    """512 x 768."""
    return _common(5, 512, 768)


@valid("2.4")
def canvas_class_6() -> Valid:
    """640 x 480 in eighths."""
    return bare(BOTH | 6, bytes([79, 59]) + PLAIN + RAW), document(TEXT, (640, 480))


@valid("2.4")
def canvas_class_6_largest() -> Valid:
    """2048 x 8, the ends of the range of class 6."""
    return bare(BOTH | 6, bytes([255, 0]) + PLAIN + RAW), document(TEXT, (2048, 8))


@valid("2.4")
def canvas_class_7() -> Valid:
    """4032 x 3024."""
    return bare(BOTH | 7, bytes.fromhex("0FC00BD0") + PLAIN + RAW), document(TEXT, (4032, 3024))


@valid("2.4")
def canvas_class_7_extremes() -> Valid:
    """65535 x 1."""
    return bare(BOTH | 7, bytes.fromhex("FFFF0001") + PLAIN + RAW), document(TEXT, (65535, 1))


@invalid("truncated", "2.5")
def empty() -> bytes:
    """No bytes at all."""
    return b""


@invalid("truncated", "2.1")
def signature_only() -> bytes:
    """Nothing behind the signature."""
    return b"\xb5"


@invalid("truncated", "2.5")
def check_missing() -> bytes:
    """A check is announced, and the file ends."""
    return bytes([0xB5, CHECK])


@invalid("truncated", "2.4")
def canvas_class_6_cut() -> bytes:
    """One of two bytes of the canvas."""
    return bare(CHECK | 6, b"\x4f")


@invalid("truncated", "2.4")
def canvas_class_7_cut() -> bytes:
    """Three of four bytes of the canvas."""
    return bare(CHECK | 7, b"\x0f\xc0\x0b")


@invalid("malformed", "2.1")
def first_byte() -> bytes:
    """A text file."""
    return b"Hello, world.\n"


@invalid("malformed", "2.2")
def may_ignore_without_check() -> bytes:
    """The may-ignore bit in a file that has no check."""
    return plain(RAW, CHUNK_LIST | 0x20)


@invalid("malformed", "2.4")
def canvas_zero() -> bytes:
    """A canvas of height 0."""
    return bare(BOTH | 7, bytes.fromhex("0FC10000") + PLAIN + RAW)


@invalid("non-canonical", "2.4")
def canvas_class_6_for_common() -> bytes:
    """1024 x 1024 in eighths."""
    return bare(BOTH | 6, bytes([127, 127]) + PLAIN + RAW)


@invalid("non-canonical", "2.4")
def canvas_class_7_for_eighths() -> bytes:
    """640 x 480 with two bytes a side."""
    return bare(BOTH | 7, bytes.fromhex("028001E0") + PLAIN + RAW)


@invalid("checksum-mismatch", "2.3")
def bare_check() -> bytes:
    """One bit of the text is flipped."""
    file = bytearray(plain(RAW))
    file[10] ^= 0x04
    return bytes(file)


@invalid("unsupported", "2.2")
def must_reject() -> bytes:
    """The must-reject bit is set."""
    return plain(RAW, BOTH | 0x80)


@invalid("unsupported", "2.2")
def version_one() -> bytes:
    """The version bit is set."""
    return plain(RAW, BOTH | 0x40)


@invalid("unsupported", "5.4", "text")
def prior_private() -> bytes:
    """LM mode with a private prior."""
    return bare(BOTH, b"\x03" + varint(2**20) + RAW)


@invalid("limit-exceeded", "9")
def file_too_large() -> bytes:
    """A file of 1,048,577 bytes."""
    rest = chunk(0x3F, bytes(2**20 - 34)) + PLAIN + RAW
    file = bare(BOTH, rest)
    return file + bytes(2**20 + 1 - len(file))
