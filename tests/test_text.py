"""Content strings and text modes (section 5)."""

from __future__ import annotations

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refcodec
from refcodec.errors import (
    LimitError,
    MalformedError,
    NonCanonicalError,
    SemError,
    TruncatedError,
    UnsupportedError,
)
from refcodec.limits import TEXT_MAX_BYTES
from refcodec.text.content import Content, Style, build_content, parse_content
from refcodec.text.modes import (
    compress_brotli,
    decode_text,
    decode_texts,
    decompress_brotli,
    encode_lm,
    encode_texts,
)
from refcodec.wire.bare import TextMode, TextPayload
from tests.strategies import texts, unicode_text, words

# Brotli has its own dictionary of such words; the prior has not.
HTML = "<!DOCTYPE html><html><head><title>A dog</title></head><body><p>dog</p></body></html>"

named_details = st.lists(st.tuples(words, unicode_text), max_size=15)


styles = st.one_of(st.none(), st.sampled_from(Style))


@given(unicode_text, named_details, styles)
def test_content_round_trip(text: str, items: list[tuple[str, str]], style: Style | None) -> None:
    assert parse_content(build_content(text, items, style)) == Content(text, items, style)


@given(st.binary(max_size=30))
def test_whatever_parses_as_content_builds_the_same_bytes(content: bytes) -> None:
    try:
        parsed = parse_content(content)
    except SemError:
        return
    assert build_content(parsed.text, parsed.items, parsed.style) == content


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\x80", MalformedError),
        (b"\xfc", MalformedError),
        (b"\xf8\xf8", MalformedError),
        (b"a\xf8", MalformedError),
        (b"\xed\xa0\x80", MalformedError),
        (b"a\xff", MalformedError),
        (b"\xfe", MalformedError),
        (b"\xfe\xffx", MalformedError),
        (b"\xfex\xff", NonCanonicalError),
        (b"\xfex\xffy\xffz", MalformedError),
        (b"\xfex" * 16, LimitError),
        (b"x" * (TEXT_MAX_BYTES + 1), LimitError),
    ],
)
def test_bad_content(content: bytes, error: type[SemError]) -> None:
    with pytest.raises(error):
        parse_content(content)


@pytest.mark.parametrize(
    ("text", "items", "error"),
    [
        ("\ud800", [], MalformedError),
        ("x", [("", "y")], MalformedError),
        ("x", [("y", "\udfff")], MalformedError),
        ("x", [("y", "")] * 16, LimitError),
        ("é" * 32768, [], LimitError),
    ],
)
def test_content_that_cannot_be_built(
    text: str, items: list[tuple[str, str]], error: type[SemError]
) -> None:
    with pytest.raises(error):
        build_content(text, items)


def encode_text(
    content: bytes, *, in_chunk_list: bool = False, search: bool = False
) -> TextPayload:
    (text,) = encode_texts([content], in_chunk_lists=[in_chunk_list], search=search)
    return text


@settings(max_examples=60)
@given(texts.map(str.encode), st.booleans())
def test_the_smallest_mode_is_chosen_and_decodes(content: bytes, in_chunk_list: bool) -> None:
    text = encode_text(content, in_chunk_list=in_chunk_list)
    assert decode_text(text) == content
    marker = 1 if in_chunk_list or text.mode != TextMode.LM else 0
    by_mode = [
        len(encode_lm(content)) + in_chunk_list,
        len(content) + 1,
        len(compress_brotli(content)) + 1,
    ]
    assert len(text.payload) + marker == min(by_mode)


def test_each_mode_is_chosen_for_some_text() -> None:
    def chosen(text: str) -> int:
        return encode_text(text.encode()).mode

    assert chosen("Two dogs playing on a beach.") == TextMode.LM
    assert chosen("\x8f\x90\x91") == TextMode.PLAIN
    assert chosen(HTML) == TextMode.BROTLI


def test_brotli_streams_end_where_they_should() -> None:
    stream = compress_brotli(b"hello, hello, hello")
    assert decompress_brotli(stream, 19, "x") == b"hello, hello, hello"
    with pytest.raises(LimitError):
        decompress_brotli(stream, 18, "x")
    with pytest.raises(TruncatedError):
        decompress_brotli(stream[:-1], 100, "x")
    with pytest.raises(MalformedError):
        decompress_brotli(stream + b"\0", 100, "x")
    with pytest.raises(LimitError):
        decompress_brotli(brotli.compress(bytes(1 << 24)), TEXT_MAX_BYTES, "x")


def test_unknown_modes_and_priors_are_unsupported() -> None:
    with pytest.raises(UnsupportedError, match="marker 5"):
        decode_text(TextPayload(5, 0, b""))
    with pytest.raises(UnsupportedError, match="prior 7"):
        decode_text(TextPayload(TextMode.LM, 7, b""))


def test_searching_never_makes_a_text_larger() -> None:
    for line in ("Two dogs playing on a beach.", "A photo of xylophones", "", "zzz"):
        content = line.encode()
        searched = encode_text(content, search=True)
        assert decode_text(searched) == content
        # A mode other than LM takes a byte.
        sizes = [len(t.payload) + (t.mode != TextMode.LM) for t in (searched, encode_text(content))]
        assert sizes[0] <= sizes[1]
        assert len(encode_lm(content, search=True)) <= len(encode_lm(content))


def test_texts_of_all_kinds_decode_together() -> None:
    content = b"Two dogs playing on a beach."
    payload = encode_lm(content)
    decoded = decode_texts(
        [
            TextPayload(TextMode.LM, 1, payload),
            TextPayload(TextMode.PLAIN, 0, content),
            TextPayload(TextMode.BROTLI, 0, b"\xff"),
            TextPayload(TextMode.LM, 7, payload),
            TextPayload(TextMode.LM, 1, b"\0"),
            TextPayload(TextMode.BROTLI, 0, brotli.compress(content)),
        ]
    )
    errors = [text if isinstance(text, bytes) else type(text) for text in decoded]
    assert errors == [
        content,
        content,
        MalformedError,
        UnsupportedError,
        NonCanonicalError,
        content,
    ]


def test_long_texts_that_another_mode_holds_are_not_coded_to_the_end() -> None:
    """Else this one would take half a minute."""
    text = encode_text(b"x" * TEXT_MAX_BYTES)
    assert text.mode == TextMode.BROTLI
    assert len(text.payload) < 20


def test_costs_tell_sizes() -> None:
    lines = ["A man riding a wave.", "", "Zq xk jv", "A dog"]
    costs = refcodec.cost_bits_many(lines)
    assert costs == [refcodec.cost_bits(line) for line in lines]
    for line, bits in zip(lines, costs, strict=True):
        assert -24 < 8 * len(encode_lm(line.encode())) - bits < 16
