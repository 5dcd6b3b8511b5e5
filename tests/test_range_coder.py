"""The range coder against section 5.5 of the specification, written out in unbounded integers."""

from __future__ import annotations

from itertools import pairwise

import constriction
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refcodec.coding.range_coder import TOTAL, RangeDecoder, RangeEncoder
from refcodec.errors import MalformedError

Table = list[int]


def encode_by_the_book(symbols: list[int], tables: list[Table]) -> bytes:
    low, width, bits = 0, (1 << 64) - 1, 64
    for symbol, table in zip(symbols, tables, strict=True):
        scale = width // sum(table)
        low += scale * sum(table[:symbol])
        width = scale * table[symbol]
        if width < 1 << 32:
            low, width, bits = low << 32, width << 32, bits + 32
    for size in range(bits // 8 + 1):
        shift = bits - 8 * size
        value = -(-low >> shift)
        if value << shift < low + width:
            return value.to_bytes(size, "big")
    raise AssertionError


def decode_by_the_book(payload: bytes, tables: list[Table]) -> list[int]:
    position = 8
    width, value = (1 << 64) - 1, int.from_bytes(payload[:8].ljust(8, b"\0"), "big")
    symbols = []
    for table in tables:
        scale = width // sum(table)
        quantile = value // scale
        assert quantile < sum(table)
        symbol = next(s for s in range(len(table)) if quantile < sum(table[: s + 1]))
        value -= scale * sum(table[:symbol])
        width = scale * table[symbol]
        assert value < width
        if width < 1 << 32:
            following = payload[position : position + 4].ljust(4, b"\0")
            value, width, position = (
                (value << 32) + int.from_bytes(following, "big"),
                width << 32,
                position + 4,
            )
        symbols.append(symbol)
    return symbols


@st.composite
def messages(draw: st.DrawFn) -> tuple[list[int], list[Table]]:
    """Symbols and their tables, of any total and with symbols that cannot occur."""
    symbols, tables = [], []
    for _ in range(draw(st.integers(0, 30))):
        size = draw(st.integers(2, 40))
        total = draw(st.sampled_from([TOTAL, TOTAL - 1, 1 << 16, 3, 1]))
        edges = st.lists(st.integers(0, total), min_size=size - 1, max_size=size - 1)
        cuts = [0, *sorted(draw(edges)), total]
        table = [after - before for before, after in pairwise(cuts)]
        tables.append(table)
        symbols.append(draw(st.sampled_from([s for s in range(size) if table[s]])))
    return symbols, tables


def encode(symbols: list[int], tables: list[Table]) -> bytes:
    encoder = RangeEncoder()
    for symbol, table in zip(symbols, tables, strict=True):
        encoder.encode(symbol, np.array(table))
    return encoder.finish()


@given(messages())
def test_same_bytes_as_the_specification(message: tuple[list[int], list[Table]]) -> None:
    symbols, tables = message
    payload = encode(symbols, tables)
    assert payload == encode_by_the_book(symbols, tables)
    assert decode_by_the_book(payload, tables) == symbols
    decoder = RangeDecoder(payload)
    assert [decoder.decode(np.array(table)) for table in tables] == symbols


@given(st.binary(max_size=24), messages())
def test_any_bytes_decode_as_the_specification_says(
    payload: bytes, message: tuple[list[int], list[Table]]
) -> None:
    tables = message[1]
    decoder = RangeDecoder(payload)
    decoded: list[int] = []
    try:
        decoded.extend(decoder.decode(np.array(table)) for table in tables)
    except MalformedError:
        with pytest.raises(AssertionError):
            decode_by_the_book(payload, tables)
    else:
        assert decoded == decode_by_the_book(payload, tables)


@given(st.binary(max_size=24), messages())
def test_a_decoder_knows_the_canonical_payload(
    payload: bytes, message: tuple[list[int], list[Table]]
) -> None:
    """It is what encoding the symbols again gives, whether they were written so or not."""
    symbols, tables = message
    for data in (payload, encode_by_the_book(symbols, tables)):
        decoder = RangeDecoder(data)
        try:
            read = [decoder.decode(np.array(table, dtype=np.int64)) for table in tables]
        except MalformedError:
            continue
        assert decoder.canonical() == encode_by_the_book(read, tables)


@given(st.lists(st.integers(0, 3), max_size=200), st.integers(1, TOTAL - 3))
def test_full_tables_are_coded_as_by_constriction(symbols: list[int], first: int) -> None:
    """Which writes whole words, so its words go on where the payload stops."""
    table = np.array([first, TOTAL - 2 - first, 1, 1])
    model = constriction.stream.model.Categorical(
        (table - 1).astype(np.float64), lazy=True, perfect=False
    )
    payload = encode(symbols, [table.tolist()] * len(symbols))
    words = np.frombuffer(payload + bytes(-len(payload) % 4), ">u4").astype(np.uint32)
    theirs = constriction.stream.queue.RangeDecoder(words)
    assert theirs.decode(model, len(symbols)).tolist() == symbols
    encoder = constriction.stream.queue.RangeEncoder()
    encoder.encode(np.array(symbols, np.int32), model)
    decoder = RangeDecoder(encoder.get_compressed().astype(">u4").tobytes())
    assert [decoder.decode(table) for _ in symbols] == symbols


def test_golden_payload() -> None:
    table = [1, TOTAL // 2, TOTAL // 4, TOTAL // 4 - 1]
    assert encode([1, 2, 3, 0, 1, 1, 2], [table] * 7).hex() == "580001a1"


def test_no_symbols_take_no_bytes() -> None:
    assert encode([], []) == b""


def test_certain_symbols_take_almost_nothing() -> None:
    table = [1, TOTAL - 1]
    assert len(encode([1] * 100_000, [table] * 100_000)) <= 2


def test_a_value_outside_every_interval_is_malformed() -> None:
    with pytest.raises(MalformedError, match="outside every symbol"):
        RangeDecoder(b"\xff" * 8).decode(np.array([TOTAL // 2, TOTAL // 2]))
