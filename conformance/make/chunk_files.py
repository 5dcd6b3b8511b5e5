"""Vectors of sections 1.2 and 3: varints, the chunk list, payloads of numbers and words."""

from __future__ import annotations

import brotli

from conformance.make.pieces import (
    BOTH,
    PLAIN,
    Valid,
    bare,
    chunk,
    document,
    invalid,
    table,
    valid,
    varint,
)

TEXT = "A grey cat on a blue sofa."
RAW = TEXT.encode()


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


@invalid("limit-exceeded", "1.2")
def chunk_size_beyond_limit() -> bytes:
    """A chunk that claims 1,048,577 bytes."""
    return bare(BOTH, b"\x3f" + varint(2**20 + 1) + PLAIN + RAW)


@invalid("limit-exceeded", "3.6", "text")
def metadata_bomb() -> bytes:
    """Some bytes of brotli that hold 16 million."""
    return bare(BOTH, chunk(0x14, brotli.compress(bytes(1 << 24))) + PLAIN + RAW)
