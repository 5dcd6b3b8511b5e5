"""Vectors of section 4: the sealed form."""

from __future__ import annotations

import brotli

from conformance.make.pieces import (
    CHUNK_LIST,
    SEALED_SIGNATURE,
    Valid,
    archive,
    bare,
    chunk,
    crc32c,
    document,
    invalid,
    plain,
    sealed,
    table,
    valid,
    varint,
)

TEXT = "A grey cat on a blue sofa."
INNER = plain(TEXT.encode())
DIGEST = bytes(range(32))


def _entry(kind: int, number: int) -> bytes:
    return bytes([kind]) + varint(number) + DIGEST


@valid("4.1")
def sealed_plain() -> Valid:
    """A bare file in the wrapping, without archival chunks."""
    return sealed(INNER), document(TEXT)


@valid("4.1")
def sealed_without_inner_check() -> Valid:
    """The bare file inside has no check of its own."""
    return sealed(plain(TEXT.encode(), CHUNK_LIST)), document(TEXT)


@valid("4.2")
def sealed_with_all() -> Valid:
    """Provenance, digests of three kinds, source digest, and an unknown chunk."""
    provenance = brotli.compress(table([(b"software", b"hand")]))
    digests = _entry(1, 300) + _entry(2, 1) + _entry(3, 2) + _entry(3, 3)
    chunks = chunk(0x20, provenance) + chunk(0x21, digests) + chunk(0x22, DIGEST)
    expected = archive(
        provenance={"software": "hand"},
        source_sha256=DIGEST.hex(),
        digests=[
            {"kind": kind, "number": number, "sha256": DIGEST.hex()}
            for kind, number in [
                ("prior", 300),
                ("describer", 1),
                ("generator", 2),
                ("generator", 3),
            ]
        ],
        extra=[{"type": 0x30, "payload": "ff"}],
    )
    return sealed(INNER, chunks + chunk(0x30, b"\xff")), document(TEXT, archive=expected)


@invalid("truncated", "4.1")
def sealed_signature_only() -> bytes:
    """Nothing behind the signature."""
    return SEALED_SIGNATURE


@invalid("truncated", "4.1")
def sealed_bare_file_beyond_end() -> bytes:
    """The bare file is one byte shorter than its size says."""
    body = SEALED_SIGNATURE + varint(len(INNER) + 1) + INNER
    return body + crc32c(body).to_bytes(4, "big")


@invalid("truncated", "4.1")
def sealed_chunk_beyond_end() -> bytes:
    """An archival chunk reaches into the check."""
    return sealed(INNER, b"\x30\x02\x01")


@invalid("malformed", "4.1")
def sealed_line_ending() -> bytes:
    """Copied as text: CR LF has become LF."""
    return sealed(INNER).replace(b"\r\n", b"\n")


@invalid("malformed", "2.2")
def sealed_second_byte() -> bytes:
    """The second byte of a sealed file has become the head of a bare one."""
    file = sealed(INNER)
    return file[:1] + b"\x00" + file[2:]


@invalid("malformed", "4.1")
def sealed_text_marker() -> bytes:
    """An entry of type 01 among the archival chunks."""
    return sealed(INNER, b"\x01\x00")


@invalid("malformed", "4.1")
def sealed_content_chunk() -> bytes:
    """A seed among the archival chunks."""
    return sealed(INNER, chunk(0x11, b"\x07"))


@invalid("malformed", "4.2", "text")
def source_digest_short() -> bytes:
    """A source digest of 31 bytes."""
    return sealed(INNER, chunk(0x22, DIGEST[:31]))


@invalid("malformed", "4.2", "text")
def digest_of_unknown_kind() -> bytes:
    """A digest of kind 5."""
    return sealed(INNER, chunk(0x21, _entry(5, 1)))


@invalid("malformed", "4.2", "text")
def digest_of_number_zero() -> bytes:
    """A digest of prior 0."""
    return sealed(INNER, chunk(0x21, _entry(1, 0)))


@invalid("non-canonical", "4.1")
def sealed_chunks_descend() -> bytes:
    """The source digest before the provenance."""
    provenance = brotli.compress(table([(b"software", b"hand")]))
    return sealed(INNER, chunk(0x22, DIGEST) + chunk(0x20, provenance))


@invalid("non-canonical", "4.2", "text")
def digests_descend() -> bytes:
    """A generator's digest before a describer's."""
    return sealed(INNER, chunk(0x21, _entry(3, 1) + _entry(2, 1)))


@invalid("non-canonical", "4.2", "text")
def digests_empty() -> bytes:
    """A digests chunk without entries."""
    return sealed(INNER, chunk(0x21, b""))


@invalid("checksum-mismatch", "4.3")
def sealed_check() -> bytes:
    """The last bit of the check is flipped."""
    file = sealed(INNER)
    return file[:-1] + bytes([file[-1] ^ 1])


@invalid("checksum-mismatch", "4.1")
def sealed_cut() -> bytes:
    """The last byte is missing."""
    return sealed(INNER)[:-1]


@invalid("checksum-mismatch", "2.3")
def sealed_inner_check() -> bytes:
    """The wrapping is right, the check of the bare file inside is wrong."""
    inner = bytearray(INNER)
    inner[2] ^= 0xFF
    return sealed(bytes(inner))


@invalid("malformed", "4.1")
def sealed_twice() -> bytes:
    """A sealed file inside a sealed file."""
    return sealed(sealed(INNER))


@invalid("unsupported", "3.1")
def sealed_critical_chunk() -> bytes:
    """An unknown critical chunk among the archival ones."""
    return sealed(INNER, chunk(0xBF, b""))


@invalid("unsupported", "4.2", "prior-1")
def prior_of_other_digest() -> bytes:
    """LM mode, and a digest of prior 1 that is not the registered one."""
    return sealed(bare(0x08, bytes.fromhex("10B0AF8C")), chunk(0x21, _entry(1, 1)))


@invalid("truncated", "3.1")
def sealed_bare_file_cut() -> bytes:
    """The bare file inside ends in its chunk list."""
    return sealed(bare(CHUNK_LIST, chunk(0x11, b"\x07")))
