"""Vectors of section 2.5: files with two faults, of which the first in order counts.

Each names the two steps whose order it tests.
"""

from __future__ import annotations

import brotli

from conformance.make.pieces import (
    BOTH,
    PLAIN,
    bare,
    chunk,
    invalid,
    plain,
    sealed,
    table,
)

TWICE = chunk(0x30, b"") + chunk(0x30, b"")
MODELS_ALL_ZERO = chunk(0x10, b"\0\0\0")


@invalid("unsupported", "2.5")
def order_head_before_check() -> bytes:
    """Steps 4 and 5: the must-reject bit and a wrong check."""
    file = bytearray(plain(b"x", BOTH | 0x80))
    file[2] ^= 0xFF
    return bytes(file)


@invalid("checksum-mismatch", "2.5")
def order_check_before_chunks() -> bytes:
    """Steps 5 and 6: a wrong check and two chunks of one type."""
    file = bytearray(bare(BOTH, TWICE + PLAIN))
    file[2] ^= 0xFF
    return bytes(file)


@invalid("non-canonical", "2.5")
def order_chunks_before_canvas() -> bytes:
    """Steps 6 and 7: two chunks of one type and a canvas of width 0."""
    return bare(BOTH | 7, bytes.fromhex("00000001") + TWICE + PLAIN)


@invalid("non-canonical", "2.5")
def order_chunks_as_they_come() -> bytes:
    """Within step 6: two chunks of one type, then one that reaches beyond the end."""
    return bare(BOTH, TWICE + b"\x31\x09")


@invalid("malformed", "2.5")
def order_canvas_before_critical() -> bytes:
    """Steps 7 and 8: a canvas of width 0 and an unknown critical chunk."""
    return bare(BOTH | 7, bytes.fromhex("00000001") + chunk(0xBF, b"") + PLAIN)


@invalid("unsupported", "2.5")
def order_critical_before_archive() -> bytes:
    """Steps 8 and 9: an unknown critical chunk and a short source digest."""
    return sealed(bare(BOTH, chunk(0xBF, b"") + PLAIN), chunk(0x22, b"\0"))


@invalid("truncated", "2.5", "text")
def order_archive_by_type() -> bytes:
    """Within step 9: a provenance that is cut short and a digests chunk without entries."""
    cut = brotli.compress(table([(b"software", b"hand")]))[:-1]
    return sealed(plain(b"x"), chunk(0x20, cut) + chunk(0x21, b""))


@invalid("malformed", "2.5", "text")
def order_archive_before_chunks() -> bytes:
    """Steps 9 and 10: a short source digest and models that name none."""
    return sealed(bare(BOTH, MODELS_ALL_ZERO + PLAIN), chunk(0x22, b"\0"))


@invalid("non-canonical", "2.5", "text")
def order_chunks_before_text() -> bytes:
    """Steps 10 and 11: models that name none and text that is not UTF-8."""
    return bare(BOTH, MODELS_ALL_ZERO + PLAIN + b"\x80")


@invalid("limit-exceeded", "2.5", "maps")
def order_text_before_maps() -> bytes:
    """Steps 11 and 12: sixteen items and maps without a map."""
    return bare(BOTH, chunk(0x13, b"") + PLAIN + b"\xfex" * 16)


@invalid("truncated", "4.1")
def sealed_of_fourteen_bytes() -> bytes:
    """A signature and six more bytes, fewer than a sealed file can have."""
    return sealed(b"x")


@invalid("malformed", "3.6", "text")
def metadata_behind_its_stream() -> bytes:
    """A byte behind the brotli stream of a metadata chunk."""
    stream = brotli.compress(table([(b"title", b"x")]))
    return bare(BOTH, chunk(0x14, stream + b"\0") + PLAIN)


@invalid("malformed", "3.5", "maps")
def maps_outside_every_interval() -> bytes:
    """A maps payload whose first quantile is 2^24."""
    return bare(BOTH, chunk(0x13, b"\xff" * 8) + PLAIN + b"\xfex")
