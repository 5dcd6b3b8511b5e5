"""Variable-length unsigned integers (specification section 1.2): LEB128, shortest form only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import construct

from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from refcodec.limits import FILE_MAX_BYTES, NUMBER_MAX

VALUE_MAX = (1 << 64) - 1
_MAX_BYTES = 10


def varint_size(value: int) -> int:
    """How many bytes `value` takes."""
    return max(1, -(-value.bit_length() // 7))


def encode_varint(value: int) -> bytes:
    """The shortest encoding of an integer from 0 to 2**64 - 1."""
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _decode_groups(groups: Sequence[int], maximum: int) -> int:
    value = sum((byte & 0x7F) << (7 * index) for index, byte in enumerate(groups))
    if groups[-1] >= 0x80 or value > VALUE_MAX:
        raise MalformedError("varint: its value is beyond 2^64 - 1")
    if groups[-1] == 0 and len(groups) > 1:
        raise NonCanonicalError(f"varint: {len(groups)} bytes for the value {value}")
    if value > maximum:
        raise LimitError(f"varint: the value {value} is beyond the limit {maximum}")
    return value


def _varint_up_to(maximum: int) -> Any:
    """A construct field that holds a varint of at most `maximum`."""
    return construct.ExprAdapter(
        construct.RepeatUntil(
            lambda byte, seen, _: byte < 0x80 or len(seen) == _MAX_BYTES, construct.Int8ub
        ),
        lambda groups, _: _decode_groups(groups, maximum),
        lambda value, _: encode_varint(value),
    )


VARINT = _varint_up_to(VALUE_MAX)
SIZE = _varint_up_to(FILE_MAX_BYTES)
NUMBER = _varint_up_to(NUMBER_MAX)
