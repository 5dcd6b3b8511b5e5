"""Chunks (specification section 3): a type, a size, a payload.

The list of a bare file ends with a text marker; the list of a sealed file ends with the
file's check. Both demand strictly ascending types, so a set of chunks has one encoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import construct

from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from refcodec.limits import FILE_MAX_BYTES
from refcodec.wire.varint import SIZE, varint_size

CRITICAL_BIT = 0x80
PRIVATE_BIT = 0x40
FIRST_CHUNK_TYPE = 0x08
LAST_CHUNK_TYPE = 0xFF

MODELS = 0x10
SEED = 0x11
THUMBNAIL = 0x12
MAPS = 0x13
METADATA = 0x14
PROVENANCE = 0x20
DIGESTS = 0x21
SOURCE_DIGEST = 0x22

CONTENT_TYPES: Final = frozenset({MODELS, SEED, THUMBNAIL, MAPS, METADATA})
ARCHIVAL_TYPES: Final = frozenset({PROVENANCE, DIGESTS, SOURCE_DIGEST})


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: its type byte and its payload."""

    type: int
    payload: bytes

    def __post_init__(self) -> None:
        _refuse_marker(self.type)
        if len(self.payload) > FILE_MAX_BYTES:
            raise LimitError(f"chunk {self.type:#04x}: {len(self.payload)} bytes of payload")

    @property
    def is_critical(self) -> bool:
        """True if a decoder that does not know the type must refuse the file."""
        return bool(self.type & CRITICAL_BIT)

    @property
    def is_private(self) -> bool:
        """True if the type is outside the registry."""
        return bool(self.type & PRIVATE_BIT)

    @property
    def size_bytes(self) -> int:
        """Bytes in the file: type, size and payload."""
        return 1 + varint_size(len(self.payload)) + len(self.payload)


CHUNK_PAYLOAD = construct.Prefixed(SIZE, construct.GreedyBytes)


def _refuse_marker(number: int, _: Any = None) -> int:
    if not FIRST_CHUNK_TYPE <= number <= LAST_CHUNK_TYPE:
        raise MalformedError(f"chunk: the type {number} is not in 8 to 255")
    return number


CHUNK = construct.Struct(
    "type" / construct.ExprAdapter(construct.Int8ub, _refuse_marker, _refuse_marker),
    "payload" / CHUNK_PAYLOAD,
)


def check_order(types: Sequence[int], foreign: frozenset[int], where: str) -> None:
    """Raise unless chunk types ascend strictly and none belongs to the other form's list."""
    for before, after in pairwise(types):
        if before >= after:
            raise NonCanonicalError(
                f"{where}: chunk type {after:#04x} after {before:#04x}; "
                "types must ascend, each at most once"
            )
    for number in types:
        if number in foreign:
            raise MalformedError(f"{where}: chunk type {number:#04x} has no place here")
