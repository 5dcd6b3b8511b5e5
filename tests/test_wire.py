"""Varints, checks, canvas classes, chunks, and the two forms (sections 1 to 4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refcodec.errors import (
    ChecksumError,
    LimitError,
    MalformedError,
    NonCanonicalError,
    TruncatedError,
    UnsupportedError,
)
from refcodec.limits import FILE_MAX_BYTES
from refcodec.wire.bare import BareFile, TextMode, TextPayload, parse_bare, serialise_bare
from refcodec.wire.canvas import canvas_class, check_canvas
from refcodec.wire.checks import crc8, crc32c
from refcodec.wire.chunks import ARCHIVAL_TYPES, CONTENT_TYPES, Chunk
from refcodec.wire.reading import parse_whole
from refcodec.wire.sealed import SealedFile, is_sealed, parse_sealed, seal
from refcodec.wire.varint import SIZE, VARINT, encode_varint, varint_size
from tests.strategies import canvases, chunk_numbers

PLAIN = TextPayload(TextMode.PLAIN, 0, b"text")
chunk_lists = st.dictionaries(chunk_numbers, st.binary(max_size=200), max_size=4).map(
    lambda payloads: tuple(Chunk(number, payloads[number]) for number in sorted(payloads))
)
text_payloads = st.one_of(
    st.builds(TextPayload, st.sampled_from([1, 2, 4, 7]), st.just(0), st.binary(max_size=30)),
    st.builds(
        TextPayload, st.just(TextMode.LM), st.integers(1, (1 << 32) - 1), st.binary(max_size=30)
    ),
)
bare_files = st.one_of(
    st.builds(BareFile, canvases, text_payloads, chunk_lists, st.booleans()),
    st.builds(
        BareFile, canvases, text_payloads, chunk_lists, st.just(True), may_ignore=st.just(True)
    ),
)


@pytest.mark.parametrize(
    ("value", "encoded"), [(0, "00"), (127, "7f"), (128, "8001"), (300, "ac02")]
)
def test_varints_of_the_specification(value: int, encoded: str) -> None:
    assert encode_varint(value).hex() == encoded


@given(st.integers(0, (1 << 64) - 1))
def test_varint_round_trip(value: int) -> None:
    encoded = encode_varint(value)
    assert len(encoded) == varint_size(value)
    assert parse_whole(VARINT, encoded, "varint") == value
    assert VARINT.build(value) == encoded


@pytest.mark.parametrize(
    ("encoded", "error"),
    [
        ("", TruncatedError),
        ("80", TruncatedError),
        ("8000", NonCanonicalError),
        ("ff" * 9 + "02", MalformedError),
        ("80" * 10, MalformedError),
        ("80" * 10 + "01", MalformedError),
    ],
)
def test_bad_varints(encoded: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_whole(VARINT, bytes.fromhex(encoded), "varint")


def test_sizes_have_a_limit() -> None:
    assert parse_whole(SIZE, encode_varint(FILE_MAX_BYTES), "size") == FILE_MAX_BYTES
    with pytest.raises(LimitError):
        parse_whole(SIZE, encode_varint(FILE_MAX_BYTES + 1), "size")


def test_checks_of_the_catalogues() -> None:
    assert crc8(b"123456789") == 0xDF
    assert crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize(
    ("canvas", "expected"),
    [
        ((1024, 1024), 0),
        ((512, 768), 5),
        ((640, 480), 6),
        ((8, 8), 6),
        ((2048, 2048), 6),
        ((2056, 8), 7),
        ((7, 8), 7),
        ((65535, 65535), 7),
    ],
)
def test_canvas_classes(canvas: tuple[int, int], expected: int) -> None:
    assert canvas_class(canvas) == expected


@pytest.mark.parametrize("canvas", [(0, 1), (1, 0), (65536, 1), (1, -1)])
def test_canvas_limits(canvas: tuple[int, int]) -> None:
    with pytest.raises(LimitError):
        check_canvas(canvas)


@given(bare_files)
def test_bare_round_trip(file: BareFile) -> None:
    assert parse_bare(serialise_bare(file)) == file


@given(st.binary(max_size=12))
def test_whatever_parses_as_bare_serialises_to_the_same_bytes(rest: bytes) -> None:
    for head in (0x00, 0x10, 0x06, 0x17, 0x15):
        data = bytes([0xB5, head]) + rest
        try:
            file = parse_bare(data)
        except (TruncatedError, MalformedError, NonCanonicalError, UnsupportedError, LimitError):
            continue
        assert serialise_bare(file) == data


def test_fixed_cost_of_a_default_file() -> None:
    text = TextPayload(TextMode.LM, 1, b"xy")
    assert serialise_bare(BareFile((1024, 1024), text, has_check=False)) == b"\xb5\x00xy"
    assert len(serialise_bare(BareFile((1024, 1024), text))) == 3 + 2


def test_no_bare_file_goes_on_like_a_sealed_one() -> None:
    wrapped = seal(serialise_bare(BareFile((8, 8), PLAIN)))
    for head in set(range(256)) - {0x53}:
        with pytest.raises(MalformedError, match="sealed form"):
            parse_bare(wrapped[:1] + bytes([head]) + wrapped[2:])
    text = TextPayload(TextMode.LM, 1, wrapped[2:8])
    with pytest.raises(MalformedError, match="sealed form"):
        serialise_bare(BareFile((1024, 1024), text, has_check=False))
    assert serialise_bare(BareFile((1024, 1024), text))


def test_may_ignore_needs_a_check() -> None:
    with pytest.raises(MalformedError, match="may-ignore"):
        parse_bare(b"\xb5\x20text")
    with pytest.raises(MalformedError, match="may-ignore"):
        serialise_bare(BareFile((8, 8), PLAIN, has_check=False, may_ignore=True))


def test_a_sealed_signature_is_never_a_bare_head() -> None:
    with pytest.raises(UnsupportedError):
        parse_bare(b"\xb5\x53")


def test_bare_files_have_a_size_limit() -> None:
    text = TextPayload(TextMode.PLAIN, 0, bytes(FILE_MAX_BYTES))
    with pytest.raises(LimitError):
        serialise_bare(BareFile((1024, 1024), text))
    with pytest.raises(LimitError):
        parse_bare(bytes(FILE_MAX_BYTES + 1))


def test_chunks_of_the_sealed_form_have_no_place_in_the_bare_form() -> None:
    for number in ARCHIVAL_TYPES:
        with pytest.raises(MalformedError, match="no place"):
            serialise_bare(BareFile((8, 8), PLAIN, (Chunk(number, b""),)))
    for number in CONTENT_TYPES:
        with pytest.raises(MalformedError, match="no place"):
            seal(b"", [Chunk(number, b"")])


def test_chunks_are_checked_when_made() -> None:
    with pytest.raises(MalformedError):
        Chunk(7, b"")
    with pytest.raises(LimitError):
        Chunk(8, bytes(FILE_MAX_BYTES + 1))
    assert Chunk(0x88, b"").is_critical
    assert Chunk(0x48, b"").is_private
    assert not Chunk(0x3F, b"").is_critical
    assert not Chunk(0x3F, b"").is_private


@given(st.binary(min_size=2, max_size=40), chunk_lists)
def test_sealing_is_lossless(bare: bytes, chunks: tuple[Chunk, ...]) -> None:
    data = seal(bare, chunks)
    assert is_sealed(data)
    assert parse_sealed(data) == SealedFile(bare, chunks)


def test_sealed_files_have_a_size_limit() -> None:
    with pytest.raises(LimitError):
        seal(bytes(FILE_MAX_BYTES))
    with pytest.raises(LimitError):
        parse_sealed(seal(b"xy") + bytes(FILE_MAX_BYTES))


def test_messages_say_what_and_where() -> None:
    with pytest.raises(TruncatedError, match="inside entries"):
        parse_bare(b"\xb5\x10")
    with pytest.raises(ChecksumError, match="0x00 stored"):
        parse_bare(b"\xb5\x08\x00")
    with pytest.raises(MalformedError, match="3 bytes follow"):
        parse_whole(VARINT, b"\0abc", "here")
