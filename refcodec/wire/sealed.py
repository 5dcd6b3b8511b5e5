"""The sealed form (specification section 4): a bare file wrapped for archives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import construct

from refcodec.errors import ChecksumError, LimitError, MalformedError, TruncatedError
from refcodec.limits import FILE_MAX_BYTES
from refcodec.wire.bare import SEALED_SIGNATURE
from refcodec.wire.checks import crc32c
from refcodec.wire.chunks import CHUNK, CONTENT_TYPES, Chunk, check_order
from refcodec.wire.reading import parse_repeated, parse_whole
from refcodec.wire.varint import SIZE

CHECK_BYTES = 4
_MIN_BYTES = len(SEALED_SIGNATURE) + 1 + 2 + CHECK_BYTES


@dataclass(frozen=True, slots=True)
class SealedFile:
    """The bytes of a bare file, and the archival chunks beside it."""

    bare: bytes
    chunks: tuple[Chunk, ...] = ()


LAYOUT = construct.Struct(
    "signature" / construct.Bytes(len(SEALED_SIGNATURE)),
    "bare" / construct.Prefixed(SIZE, construct.GreedyBytes),
    "chunks" / construct.GreedyBytes,
)


def is_sealed(data: bytes) -> bool:
    """True if the data begin as a sealed file and no other does."""
    return data[:2] == SEALED_SIGNATURE[:2]


def seal(bare: bytes, chunks: Sequence[Chunk] = ()) -> bytes:
    """Wrap a bare file; `parse_sealed(seal(bare)).bare == bare`."""
    check_order([chunk.type for chunk in chunks], CONTENT_TYPES, "sealed file")
    body: bytes = LAYOUT.build(
        {
            "signature": SEALED_SIGNATURE,
            "bare": bare,
            "chunks": b"".join(
                CHUNK.build({"type": chunk.type, "payload": chunk.payload}) for chunk in chunks
            ),
        }
    )
    data = body + crc32c(body).to_bytes(CHECK_BYTES, "big")
    if len(data) > FILE_MAX_BYTES:
        raise LimitError(f"sealed file: {len(data)} bytes; at most {FILE_MAX_BYTES} may be written")
    return data


def parse_sealed(data: bytes) -> SealedFile:
    """Read the wrapping strictly; the bare file inside is returned as bytes, not parsed."""
    if len(data) > FILE_MAX_BYTES:
        raise LimitError(f"file: {len(data)} bytes; the limit is {FILE_MAX_BYTES}")
    if not data.startswith(SEALED_SIGNATURE[: len(data)]):
        raise MalformedError(
            "sealed file: the signature is damaged; the file may have been copied as text"
        )
    if len(data) < _MIN_BYTES:
        raise TruncatedError(f"sealed file: {len(data)} bytes, fewer than the least possible")
    body, stored = data[:-CHECK_BYTES], int.from_bytes(data[-CHECK_BYTES:], "big")
    computed = crc32c(body)
    if stored != computed:
        raise ChecksumError(
            f"check: {stored:#010x} stored, {computed:#010x} computed; "
            "the file is damaged or cut short"
        )
    fields = parse_whole(LAYOUT, body, "sealed file")
    chunks: list[Chunk] = []
    for entry in parse_repeated(CHUNK, fields.chunks, "archival chunks"):
        chunks.append(Chunk(entry.type, entry.payload))
        # Tested as they come, so that a file of a million tiny chunks ends at the second.
        check_order([chunk.type for chunk in chunks[-2:]], CONTENT_TYPES, "sealed file")
    return SealedFile(fields.bare, tuple(chunks))
