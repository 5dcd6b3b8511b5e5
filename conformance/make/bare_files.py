"""Vectors of sections 1 to 3: head, check, canvas, chunks."""

from __future__ import annotations

import brotli

from conformance.make.pieces import (
    CHECK,
    CHUNK_LIST,
    PLAIN,
    Valid,
    bare,
    chunk,
    document,
    invalid,
    plain,
    table,
    valid,
    varint,
)

TEXT = "A grey cat on a blue sofa."
RAW = TEXT.encode()
BOTH = CHUNK_LIST | CHECK


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


@valid("3.2")
def chunk_models() -> Valid:
    """Numbers of one and of two bytes; unknown numbers are no error."""
    models = {"describer": 1, "generator": 300, "template": 0}
    file = bare(BOTH, chunk(0x10, bytes.fromhex("01AC0200")) + PLAIN + RAW)
    return file, document(TEXT, models=models)


@valid("3.3")
def chunk_seed_zero() -> Valid:
    """The seed 0 is a seed."""
    return bare(BOTH, chunk(0x11, b"\0") + PLAIN + RAW), document(TEXT, seed="0")


@valid("3.3")
def chunk_seed_largest() -> Valid:
    """The seed 2^64 - 1: a varint of ten bytes."""
    file = bare(BOTH, chunk(0x11, varint(2**64 - 1)) + PLAIN + RAW)
    return file, document(TEXT, seed="18446744073709551615")


@valid("3.6")
def chunk_metadata() -> Valid:
    """Three pairs, one value empty, one key beyond ASCII."""
    pairs = [(b"author", b"N. N."), (b"title", b""), ("été".encode(), "夏".encode())]
    file = bare(BOTH, chunk(0x14, brotli.compress(table(pairs))) + PLAIN + RAW)
    return file, document(TEXT, metadata={"author": "N. N.", "title": "", "été": "夏"})


@valid("3.1")
def chunk_unknown_ancillary() -> Valid:
    """An unknown chunk that is not critical is skipped, and listed."""
    file = bare(BOTH, chunk(0x3F, b"\x01\x02") + PLAIN + RAW)
    return file, document(TEXT, extra=[{"type": 0x3F, "payload": "0102"}])


@valid("3.1")
def chunk_private_ancillary() -> Valid:
    """A private chunk, empty, behind a known one."""
    file = bare(BOTH, chunk(0x11, b"\x07") + chunk(0x48, b"") + PLAIN + RAW)
    return file, document(TEXT, seed="7", extra=[{"type": 0x48, "payload": ""}])


@valid("3.1")
def chunk_size_of_two_bytes() -> Valid:
    """A payload of 300 bytes, so that its size takes two."""
    file = bare(BOTH, chunk(0x3F, bytes(300)) + PLAIN + RAW)
    return file, document(TEXT, extra=[{"type": 0x3F, "payload": "00" * 300}])


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


@invalid("truncated", "3.1")
def chunk_list_missing() -> bytes:
    """A chunk list is announced, and the file ends."""
    return bare(BOTH, b"")


@invalid("truncated", "3.1")
def text_marker_missing() -> bytes:
    """The list ends behind a chunk."""
    return bare(BOTH, chunk(0x11, b"\x07"))


@invalid("truncated", "3.1")
def chunk_beyond_end() -> bytes:
    """A chunk of nine bytes of which four are there."""
    return bare(BOTH, b"\x3f\x09\x01\x02\x03\x04")


@invalid("truncated", "1.2")
def varint_cut() -> bytes:
    """The size of a chunk has its last byte missing."""
    return bare(BOTH, b"\x3f\x80")


@invalid("truncated", "3.1")
def prior_number_missing() -> bytes:
    """Marker 03 without a number."""
    return bare(BOTH, b"\x03")


@invalid("truncated", "3.2", "text")
def models_cut() -> bytes:
    """Two of three numbers."""
    return bare(BOTH, chunk(0x10, b"\x01\x01") + PLAIN + RAW)


@invalid("truncated", "3.6", "text")
def metadata_pair_cut() -> bytes:
    """The last value is shorter than its size says."""
    return bare(BOTH, chunk(0x14, brotli.compress(b"\x01a\x05bcd")) + PLAIN + RAW)


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


@invalid("malformed", "3.1")
def prior_number_zero() -> bytes:
    """Marker 03 with the number 0."""
    return bare(BOTH, b"\x03\x00" + RAW)


@invalid("malformed", "1.2")
def varint_of_eleven_bytes() -> bytes:
    """A size whose tenth byte does not end it."""
    return bare(BOTH, b"\x3f" + b"\x80" * 10 + b"\x01" + PLAIN + RAW)


@invalid("limit-exceeded", "3.2", "text")
def model_number_beyond_limit() -> bytes:
    """A describer of the number 2^32."""
    return bare(BOTH, chunk(0x10, varint(2**32) + b"\0\0") + PLAIN + RAW)


@invalid("malformed", "1.2", "text")
def varint_beyond_64_bits() -> bytes:
    """A seed of 2^64."""
    return bare(BOTH, chunk(0x11, varint(2**64)) + PLAIN + RAW)


@invalid("malformed", "3.1")
def archival_chunk_in_bare_file() -> bytes:
    """A source digest outside the sealed form."""
    return bare(BOTH, chunk(0x22, bytes(32)) + PLAIN + RAW)


@invalid("malformed", "3.1", "text")
def models_with_trailing_byte() -> bytes:
    """A byte behind the third number."""
    return bare(BOTH, chunk(0x10, b"\x01\x01\x01\x01") + PLAIN + RAW)


@invalid("malformed", "3.6", "text")
def metadata_empty_key() -> bytes:
    """A pair whose key is empty."""
    return bare(BOTH, chunk(0x14, brotli.compress(table([(b"", b"x")]))) + PLAIN + RAW)


@invalid("malformed", "3.6", "text")
def metadata_not_utf8() -> bytes:
    """A value that is not UTF-8."""
    return bare(BOTH, chunk(0x14, brotli.compress(table([(b"a", b"\xff")]))) + PLAIN + RAW)


@invalid("non-canonical", "2.4")
def canvas_class_6_for_common() -> bytes:
    """1024 x 1024 in eighths."""
    return bare(BOTH | 6, bytes([127, 127]) + PLAIN + RAW)


@invalid("non-canonical", "2.4")
def canvas_class_7_for_eighths() -> bytes:
    """640 x 480 with two bytes a side."""
    return bare(BOTH | 7, bytes.fromhex("028001E0") + PLAIN + RAW)


@invalid("non-canonical", "3.1")
def chunks_descend() -> bytes:
    """The seed before the models."""
    return bare(BOTH, chunk(0x11, b"\x07") + chunk(0x10, b"\x01\0\0") + PLAIN + RAW)


@invalid("non-canonical", "3.1")
def chunk_twice() -> bytes:
    """Two seeds."""
    return bare(BOTH, chunk(0x11, b"\x07") + chunk(0x11, b"\x07") + PLAIN + RAW)


@invalid("non-canonical", "3.1")
def needless_chunk_list() -> bytes:
    """A list that says only what holds without a list."""
    return bare(BOTH, b"\x00" + bytes.fromhex("10B0AF8C"))


@invalid("non-canonical", "3.1")
def default_prior_by_number() -> bytes:
    """Marker 03 with the number 1."""
    return bare(BOTH, b"\x03\x01" + bytes.fromhex("10B0AF8C"))


@invalid("non-canonical", "1.2")
def varint_too_long() -> bytes:
    """The size 2 in two bytes."""
    return bare(BOTH, b"\x3f\x82\x00\x01\x02" + PLAIN + RAW)


@invalid("non-canonical", "3.2", "text")
def models_all_zero() -> bytes:
    """A models chunk that names none."""
    return bare(BOTH, chunk(0x10, b"\0\0\0") + PLAIN + RAW)


@invalid("non-canonical", "3.6", "text")
def metadata_empty() -> bytes:
    """A metadata chunk without pairs."""
    return bare(BOTH, chunk(0x14, brotli.compress(b"")) + PLAIN + RAW)


@invalid("non-canonical", "3.6", "text")
def metadata_keys_descend() -> bytes:
    """The key b before the key a."""
    pairs = [(b"b", b"1"), (b"a", b"2")]
    return bare(BOTH, chunk(0x14, brotli.compress(table(pairs))) + PLAIN + RAW)


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


@invalid("unsupported", "3.1")
def critical_chunk() -> bytes:
    """An unknown chunk with the critical bit."""
    return bare(BOTH, chunk(0xBF, b"\x01") + PLAIN + RAW)


@invalid("unsupported", "3.1")
def private_critical_chunk() -> bytes:
    """A private chunk with the critical bit."""
    return bare(BOTH, chunk(0xC8, b"") + PLAIN + RAW)


@invalid("unsupported", "3.1", "text")
def text_marker_not_assigned() -> bytes:
    """Text marker 04."""
    return bare(BOTH, b"\x04" + RAW)


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


@invalid("limit-exceeded", "1.2")
def chunk_size_beyond_limit() -> bytes:
    """A chunk that claims 1,048,577 bytes."""
    return bare(BOTH, b"\x3f" + varint(2**20 + 1) + PLAIN + RAW)


@invalid("limit-exceeded", "3.6", "text")
def metadata_bomb() -> bytes:
    """Some bytes of brotli that hold 16 million."""
    return bare(BOTH, chunk(0x14, brotli.compress(bytes(1 << 24))) + PLAIN + RAW)
