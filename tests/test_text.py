"""Content strings and text modes (section 5), vocabulary and prior 1 (section 6)."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path

import brotli
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refcodec.coding.ngram as ngram_module
from refcodec.coding.ngram import NgramPrior
from refcodec.coding.prior import load_prior
from refcodec.coding.range_coder import TOTAL
from refcodec.coding.token_stream import cost_bits, decode_tokens, encode_tokens
from refcodec.coding.vocabulary import END, Vocabulary
from refcodec.errors import (
    LimitError,
    MalformedError,
    NonCanonicalError,
    SemError,
    TruncatedError,
    UnsupportedError,
)
from refcodec.limits import TEXT_MAX_BYTES
from refcodec.registry import Entry
from refcodec.text.content import build_content, parse_content
from refcodec.text.modes import (
    compress_brotli,
    decode_text,
    decompress_brotli,
    encode_lm,
    encode_text,
)
from refcodec.wire.bare import TextMode, TextPayload
from tests.strategies import texts, unicode_text, words

named_details = st.lists(st.tuples(words, unicode_text), max_size=15)


@pytest.fixture(scope="module")
def prior() -> NgramPrior:
    loaded = load_prior(1)
    assert isinstance(loaded, NgramPrior)
    return loaded


@given(unicode_text, named_details)
def test_content_round_trip(text: str, items: list[tuple[str, str]]) -> None:
    assert parse_content(build_content(text, items)) == (text, items)


@given(st.binary(max_size=30))
def test_whatever_parses_as_content_builds_the_same_bytes(content: bytes) -> None:
    try:
        text, items = parse_content(content)
    except SemError:
        return
    assert build_content(text, items) == content


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\x80", MalformedError),
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
        return encode_text(text.encode(), in_chunk_list=False).mode

    assert chosen("Two dogs playing on a beach.") == TextMode.LM
    assert chosen("\x8f\x90\x91") == TextMode.PLAIN
    assert chosen("雪が静かに降る古い町の夜。" * 20) == TextMode.BROTLI


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


def table_by_the_book(prior: NgramPrior, tokens: list[int]) -> list[int]:
    """Section 6.3, one integer at a time."""
    size = len(prior.unigram)
    mixed = prior.unigram.tolist()
    history = [0] * len(prior.levels) + tokens
    for k, level in enumerate(prior.levels, start=1):
        key = sum(history[-1 - i] * size**i for i in range(k))
        keys = level.keys.tolist()
        if key not in keys:
            break
        position = keys.index(key)
        mixed = [(m * int(level.shares[position])) >> 16 for m in mixed]
        for pair in range(int(level.first[position]), int(level.first[position + 1])):
            mixed[level.tokens[pair]] += int(level.weights[pair]) << 8
    assert sum(mixed) <= TOTAL
    table = [((m * (TOTAL - size)) >> 24) + 1 for m in mixed]
    table[table.index(max(table))] += TOTAL - sum(table)
    return table


def test_tables_are_those_of_the_specification(prior: NgramPrior) -> None:
    tokens = prior.segment("A man riding a wave. 雪".encode())
    state = prior.start()
    for position in range(len(tokens) + 1):
        table = state.frequencies()
        assert table.tolist() == table_by_the_book(prior, tokens[:position])
        assert int(table.sum()) == TOTAL
        assert int(table.min()) >= 1
        if position < len(tokens):
            state.advance(tokens[position])


def test_shares_and_weights_leave_room(prior: NgramPrior) -> None:
    assert int(prior.unigram.sum()) == TOTAL
    for level in prior.levels:
        sums = np.add.reduceat(level.weights.astype(np.int64), level.first[:-1].astype(np.int64))
        assert int((sums + level.shares).max()) <= 1 << 16
        assert (np.diff(level.keys.astype(np.int64)) > 0).all()


@given(st.binary(max_size=40))
def test_any_bytes_can_be_coded(content: bytes) -> None:
    prior = load_prior(1)
    tokens = prior.segment(content)
    assert prior.vocabulary.spell(tokens) == content
    payload = encode_tokens(prior, tokens)
    assert decode_tokens(prior, payload) == tokens
    assert 8 * len(payload) <= cost_bits(prior, tokens) + 16


@given(st.binary(max_size=16))
def test_a_payload_that_decodes_is_the_only_one(payload: bytes) -> None:
    prior = load_prior(1)
    try:
        tokens = decode_tokens(prior, payload)
    except (MalformedError, NonCanonicalError, LimitError):
        return
    assert encode_tokens(prior, tokens) == payload


def test_cost_is_the_sum_over_tokens_and_end(prior: NgramPrior) -> None:
    tokens = prior.segment(b"A dog.")
    bits = 0.0
    for position, token in enumerate([*tokens, END]):
        bits += 24 - math.log2(table_by_the_book(prior, tokens[:position])[token])
    assert cost_bits(prior, tokens) == pytest.approx(bits)


def test_a_bomb_of_cheap_tokens_hits_the_limit(prior: NgramPrior) -> None:
    payload = encode_tokens(prior, prior.segment(b"a" * (TEXT_MAX_BYTES + 1)))
    with pytest.raises(LimitError, match="65535"):
        decode_tokens(prior, payload)


def test_segmentation_is_the_cheapest() -> None:
    vocabulary = Vocabulary(
        [b"", *(bytes([byte]) for byte in range(256)), b"ab", b"abc", b"bc", b"cab"]
    )
    rng = random.Random(1)
    for _ in range(200):
        costs = [rng.randint(1, 9) for _ in range(len(vocabulary))]
        content = bytes(rng.choice(b"abc") for _ in range(rng.randint(0, 7)))
        tokens = vocabulary.segment(content, costs)
        assert vocabulary.spell(tokens) == content
        assert sum(costs[token] for token in tokens) == min(
            sum(costs[vocabulary.spellings.index(piece)] for piece in pieces)
            for pieces in all_segmentations(content, set(vocabulary.spellings))
        )


def all_segmentations(content: bytes, spellings: set[bytes]) -> list[list[bytes]]:
    if not content:
        return [[]]
    return [
        [content[:end], *rest]
        for end in range(1, len(content) + 1)
        if content[:end] in spellings
        for rest in all_segmentations(content[end:], spellings)
    ]


def test_the_vocabulary_begins_with_end_and_bytes(prior: NgramPrior) -> None:
    spellings = prior.vocabulary.spellings
    assert spellings[END] == b""
    assert list(spellings[1:257]) == [bytes([byte]) for byte in range(256)]
    assert all(2 <= len(spelling) <= 255 for spelling in spellings[257:])
    assert len(set(spellings)) == len(spellings)


def test_a_weights_file_of_another_digest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(kind: str, number: int) -> Entry:
        return Entry(kind, number, "", "", "00" * 32, "", "")

    monkeypatch.setattr(ngram_module, "lookup", lookup)
    with pytest.raises(UnsupportedError, match="install the package again"):
        NgramPrior.load("prior-1.bin", 1)


def test_a_file_that_is_no_prior_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="not an n-gram prior"):
        NgramPrior(Path(__file__).read_bytes())


def test_threads_do_not_matter(prior: NgramPrior) -> None:
    """Texts coded in turn by two interleaved states do not touch each other."""
    first, second = prior.segment(b"A dog runs."), prior.segment(b"Two cats")
    states = prior.start(), prior.start()
    tables: list[list[list[int]]] = [[], []]
    for pair in itertools.zip_longest(first, second):
        for index, token in enumerate(pair):
            if token is not None:
                tables[index].append(states[index].frequencies().tolist())
                states[index].advance(token)
    for index, tokens in enumerate((first, second)):
        for position in range(len(tokens)):
            assert tables[index][position] == table_by_the_book(prior, tokens[:position])
