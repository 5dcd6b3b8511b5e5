"""Damaged files: every prefix, every changed byte, every flipped bit, and bytes at random.

Whatever happens, `loads` raises one of the declared errors, or returns a document of a file
that is valid as it stands: its fields, written again, give the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import refcodec
from refcodec.coding.prior import load_prior
from refcodec.coding.token_stream import decode_tokens, encode_tokens
from refcodec.errors import ERROR_CLASSES, MalformedError
from refcodec.wire.bare import TextMode, parse_bare, serialise_bare
from refcodec.wire.chunks import CONTENT_TYPES, Chunk
from refcodec.wire.sealed import is_sealed, parse_sealed, seal

GOLDEN = Path(__file__).parent / "golden"
SMALL_FILES = sorted(path for path in GOLDEN.glob("*.sem") if path.stat().st_size <= 200)


def decodes(data: bytes) -> bool:
    """True if the file is valid; then it must also be the one encoding of what it says."""
    try:
        refcodec.loads(data)
    except ERROR_CLASSES:
        return False
    bare_bytes = data
    if is_sealed(data):
        wrapped = parse_sealed(data)
        bare_bytes = wrapped.bare
        assert seal(wrapped.bare, wrapped.chunks) == data
    bare = parse_bare(bare_bytes)
    assert serialise_bare(bare) == bare_bytes
    if bare.text.mode == TextMode.LM:
        prior = load_prior(bare.text.prior)
        assert encode_tokens(prior, decode_tokens(prior, bare.text.payload)) == bare.text.payload
    return True


def prefixes(data: bytes) -> Iterator[bytes]:
    for size in range(len(data)):
        yield data[:size]


def flipped_bits(data: bytes) -> Iterator[bytes]:
    for position in range(len(data)):
        for bit in range(8):
            yield _with_byte(data, position, data[position] ^ 1 << bit)


def _with_byte(data: bytes, position: int, byte: int) -> bytes:
    return data[:position] + bytes([byte]) + data[position + 1 :]


def test_there_are_small_golden_files() -> None:
    assert len(SMALL_FILES) >= 6
    assert any(is_sealed(path.read_bytes()) for path in SMALL_FILES)


@pytest.mark.parametrize("path", SMALL_FILES, ids=lambda path: path.stem)
def test_prefixes_and_flipped_bits(path: Path) -> None:
    data = path.read_bytes()
    assert decodes(data)
    cut = sum(decodes(prefix) for prefix in prefixes(data))
    flipped = sum(decodes(changed) for changed in flipped_bits(data))
    if is_sealed(data):
        assert cut == flipped == 0
    else:
        has_check = parse_bare(data).has_check
        # Of a CRC-8, a prefix passes once in 256; a flipped bit can only clear "has check".
        assert cut <= (2 if has_check else len(data))
        assert flipped <= (1 if has_check else 8 * len(data))


@pytest.mark.parametrize("name", ["lm-caption", "lm-items", "thumbnail-and-maps"])
def test_every_single_byte_change(name: str) -> None:
    data = (GOLDEN / f"{name}.sem").read_bytes()
    passed = 0
    for position in range(len(data)):
        for byte in range(256):
            if byte != data[position]:
                passed += decodes(_with_byte(data, position, byte))
    # The target for changes at random is 1 in 200, on average over captions. In the smallest
    # files the eight heads that leave out the check weigh more than that.
    assert passed <= max(8, 255 * len(data) / 200)


def test_changes_of_sealed_files_are_found() -> None:
    data = (GOLDEN / "sealed.sem").read_bytes()
    rng = random.Random(20261120)
    for position in range(len(data)):
        for flips in [*range(1, 256)] if position < 9 else rng.sample(range(1, 256), 12):
            assert not decodes(_with_byte(data, position, data[position] ^ flips))


@given(st.binary(max_size=40))
def test_bytes_at_random(data: bytes) -> None:
    decodes(data)
    decodes(b"\xb5" + data)


@given(st.sampled_from([0x00, 0x01, 0x10, 0x06, 0x15, 0x17]), st.binary(max_size=40))
def test_bytes_at_random_behind_a_head(head: int, data: bytes) -> None:
    decodes(bytes([0xB5, head]) + data)


@given(st.integers(0x08, 0xFF), st.binary(max_size=40))
def test_chunks_at_random(number: int, payload: bytes) -> None:
    decodes(bytes([0xB5, 0x10, number, len(payload)]) + payload + b"\x01text")
    try:
        wrapped = seal(bytes([0xB5, 0x10, 0x01]), [Chunk(number, payload)])
    except MalformedError:
        assert number in CONTENT_TYPES
    else:
        decodes(wrapped)
