"""Maps: a scalar twin written from the specification, golden payloads, refusals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refcodec.coding.range_coder import RangeDecoder, RangeEncoder
from refcodec.errors import LimitError, MalformedError, NonCanonicalError, SemError
from refcodec.visual.maps import (
    _ITEM,
    _SAME_SHAPE,
    COUNT_LIMIT,
    END,
    INCREMENT,
    MAP,
    NONE,
    Map,
    decode_maps,
    encode_maps,
)
from refcodec.visual.symbols import uniform


def ellipse(width: int, height: int, centre: tuple[float, float], radius: float) -> Any:
    y, x = np.mgrid[0:height, 0:width]
    across, down = (x + 0.5) / width - centre[0], (y + 0.5) / height - centre[1]
    return across**2 + down**2 <= radius**2


BLOBS = {
    0: Map.from_array(ellipse(8, 8, (0.3, 0.4), 0.3)),
    1: Map.from_array(ellipse(8, 8, (0.75, 0.7), 0.2)),
    2: Map.from_array(ellipse(8, 8, (0.6, 0.2), 0.25)),
}
RAMP = Map.from_array(np.add.outer(np.arange(5), np.arange(6)))
FULL = Map.from_array(np.full((4, 64), 15))
# Payloads written once: a file decodes for ever.
GOLDEN: list[tuple[str, dict[int, Map]]] = [
    ("e0e6a60f304bee8c9a63bf", BLOBS),
    ("49305545640b128c540cf82fb3464abe", {3: RAMP}),
    ("73ad71162d56ca69c2acd7358a29fefe9be3a7abdeb70eda2f5377fd", {0: FULL, 1: BLOBS[2], 14: FULL}),
]


# A plain decoder, as in the specification, without the comparison of encodings.


class ScalarDecoder:
    F = (1, 15, 12, 20, 2, 8, 6, 21, 4, 15, 16, 22, 4, 13, 10, 23)

    def __init__(self, payload: bytes, item_count: int) -> None:
        self.coder = RangeDecoder(payload)
        self.counts = {(k, p): [24 - self.F[p], self.F[p]] for k in range(1, 16) for p in range(16)}
        self.maps: dict[int, tuple[int, int, int, bytes]] = {}
        shape = (8, 8, 1)
        last = 0
        for i in range(15):
            a = self.decode([2**22, 2**21, 5 * 2**21])
            if a == 0:
                break
            last = a
            if a == 1:
                continue
            if i >= item_count:
                raise MalformedError("no such item")
            if self.decode([2**21, 7 * 2**21]) == 0:
                new = (4 + self.uniform(61), 4 + self.uniform(61), 1 + self.uniform(4))
                if new == shape:
                    raise NonCanonicalError("shape")
                shape = new
            self.maps[i] = (*shape, self.cells(*shape))
        if not self.maps:
            raise MalformedError("no map")
        if last == 1:
            raise NonCanonicalError("no map at the end")

    def decode(self, frequencies: list[int]) -> int:
        return self.coder.decode(np.array(frequencies, dtype=np.int64))

    def uniform(self, n: int) -> int:
        return self.decode([2**24 // n + 2**24 % n] + [2**24 // n] * (n - 1))

    def cells(self, w: int, h: int, bits: int) -> bytes:
        cell: dict[tuple[int, int], int] = {}
        for y in range(h):
            for x in range(w):
                value = 0
                for d in range(bits):
                    shift = bits - 1 - d
                    pattern = 0
                    places = ((x - 1, y), (x, y - 1), (x - 1, y - 1), (x + 1, y - 1))
                    for weight, place in zip((1, 2, 4, 8), places, strict=True):
                        if cell.get(place, 0) >> shift >= 2 * value + 1:
                            pattern += weight
                    value = 2 * value + self.adaptive_bit(self.counts[2**d + value, pattern])
                cell[x, y] = value
        return bytes(cell[x, y] for y in range(h) for x in range(w))

    def adaptive_bit(self, counts: list[int]) -> int:
        f = counts[1] * 2**24 // (counts[0] + counts[1])
        b = self.decode([2**24 - f, f])
        counts[b] += 4
        if sum(counts) > 1020:
            counts[:] = [(counts[0] + 1) >> 1, (counts[1] + 1) >> 1]
        return b


def plain(maps: Mapping[int, Map]) -> dict[int, tuple[int, int, int, bytes]]:
    return {index: (m.width, m.height, m.bits, m.cells) for index, m in maps.items()}


def outcome(action: Callable[[], object]) -> object:
    """What an action returns, or the class of its error."""
    try:
        return action()
    except SemError as error:
        return type(error)


# Strategies.


@st.composite
def single_maps(draw: st.DrawFn) -> Map:
    sides = st.one_of(st.sampled_from([4, 8]), st.integers(4, 20))
    width, height, bits = draw(sides), draw(sides), draw(st.integers(1, 4))
    if draw(st.booleans()):
        cells = draw(st.binary(min_size=width * height, max_size=width * height))
        return Map(width, height, bits, bytes(cell >> (8 - bits) for cell in cells))
    blob = ellipse(width, height, (draw(st.floats(0, 1)), draw(st.floats(0, 1))), 0.3)
    return Map(
        width,
        height,
        bits,
        (blob * draw(st.integers(0, (1 << bits) - 1))).astype(np.uint8).tobytes(),
    )


map_sets = st.dictionaries(st.integers(0, 14), single_maps(), min_size=1, max_size=4)


# Coding.


@given(map_sets)
def test_round_trip_and_agreement_with_the_specification(maps: dict[int, Map]) -> None:
    payload = encode_maps(maps)
    count = max(maps) + 1
    assert decode_maps(payload, count) == maps
    assert ScalarDecoder(payload, count).maps == plain(maps)


@given(st.binary(max_size=24), st.integers(0, 15))
def test_any_bytes_decode_as_specified_or_are_refused(payload: bytes, item_count: int) -> None:
    expected = outcome(lambda: ScalarDecoder(payload, item_count).maps)
    actual = outcome(lambda: plain(decode_maps(payload, item_count)))
    if actual is not NonCanonicalError or not isinstance(expected, dict):
        assert actual == expected


@pytest.mark.parametrize(("payload", "maps"), GOLDEN)
def test_golden_payloads(payload: str, maps: dict[int, Map]) -> None:
    assert encode_maps(maps).hex() == payload
    assert decode_maps(bytes.fromhex(payload), 15) == maps
    assert ScalarDecoder(bytes.fromhex(payload), 15).maps == plain(maps)


def test_three_maps_of_blobs_are_small() -> None:
    assert len(encode_maps(BLOBS)) <= 12


def test_counts_are_halved() -> None:
    """More cells of one kind than a context counts."""
    maps = {0: Map.from_array(np.zeros((64, 64), dtype=bool))}
    assert 64 * 64 * INCREMENT > 3 * COUNT_LIMIT
    payload = encode_maps(maps)
    assert len(payload) < 8
    assert ScalarDecoder(payload, 1).maps == plain(maps)


def test_all_items_with_the_largest_maps() -> None:
    rows, columns = np.mgrid[0:64, 0:64]
    maps = {i: Map.from_array((rows // 4 + columns // (4 + i)) % 16) for i in range(0, 15, 7)}
    assert decode_maps(encode_maps(maps), 15) == maps


# Refusals.


def test_maps_for_items_that_do_not_exist() -> None:
    payload = encode_maps(BLOBS)
    assert decode_maps(payload, 3) == BLOBS
    for item_count in (0, 1, 2):
        with pytest.raises(MalformedError, match=f"there are {item_count} items"):
            decode_maps(payload, item_count)


@pytest.mark.parametrize("payload", [b"", b"\0", b"\x01"])
def test_payloads_without_a_map(payload: bytes) -> None:
    with pytest.raises(MalformedError, match="holds none"):
        decode_maps(payload, 15)


@pytest.mark.parametrize("tail", [b"\0", b"\0\0\0", b"\x01"])
def test_longer_payloads_are_not_canonical(tail: bytes) -> None:
    with pytest.raises(NonCanonicalError, match="another"):
        decode_maps(encode_maps(BLOBS) + tail, 3)


def symbols_of(maps: Mapping[int, Map]) -> list[tuple[int, Any]]:
    """What the encoder writes for some maps."""
    decoder = RangeDecoder(encode_maps(maps))
    symbols: list[tuple[int, Any]] = []

    class Recorder(ScalarDecoder):
        def decode(self, frequencies: list[int]) -> int:
            table = np.array(frequencies, dtype=np.int64)
            symbols.append((decoder.decode(table), table))
            return symbols[-1][0]

    Recorder(b"", 15)
    return symbols


def encoded(symbols: list[tuple[int, Any]]) -> bytes:
    encoder = RangeEncoder()
    for symbol, frequencies in symbols:
        encoder.encode(symbol, frequencies)
    return encoder.finish()


def test_no_map_after_the_last_map() -> None:
    symbols = symbols_of(BLOBS)
    assert encoded(symbols) == encode_maps(BLOBS)
    payload = encoded([*symbols[:-1], (NONE, _ITEM), (END, _ITEM)])
    with pytest.raises(NonCanonicalError, match="after the last map"):
        decode_maps(payload, 15)
    payload = encoded([*symbols[:-1], *[(NONE, _ITEM)] * 12])
    with pytest.raises(NonCanonicalError, match="after the last map"):
        decode_maps(payload, 15)
    with pytest.raises(MalformedError, match="holds none"):
        decode_maps(encoded([(NONE, _ITEM)] * 15), 15)


def test_no_end_after_the_last_item() -> None:
    maps = {14: BLOBS[1]}
    symbols = symbols_of(maps)
    assert [symbol for symbol, _ in symbols[:15]] == [NONE] * 14 + [MAP]
    assert len(symbols) == 15 + 1 + 64
    assert decode_maps(encoded(symbols), 15) == maps


def test_shape_repeated_in_full() -> None:
    sides, bits = uniform(61), uniform(4)
    start = [(MAP, _ITEM), (0, _SAME_SHAPE), (4, sides), (4, sides), (0, bits)]
    with pytest.raises(NonCanonicalError, match="8x8x1"):
        decode_maps(encoded(start), 15)


def test_every_changed_byte_is_refused_or_decodes_canonically() -> None:
    data = encode_maps({0: BLOBS[0], 3: RAMP})
    for position in range(len(data)):
        for change in (0x01, 0x10, 0xFF):
            damaged = bytearray(data)
            damaged[position] ^= change
            try:
                maps = decode_maps(bytes(damaged), 4)
            except SemError:
                continue
            assert encode_maps(maps) == bytes(damaged)


def test_nothing_to_encode() -> None:
    with pytest.raises(MalformedError, match="leave the chunk out"):
        encode_maps({})


@pytest.mark.parametrize("index", [-1, 15])
def test_item_indices_beyond_the_limit(index: int) -> None:
    with pytest.raises(LimitError, match="item indices"):
        encode_maps({index: RAMP})


# Arrays.


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.uint16])
def test_arrays_both_ways(dtype: type[np.integer[Any]]) -> None:
    array = np.arange(4 * 5, dtype=dtype).reshape(4, 5) % 11
    grid = Map.from_array(array)
    assert (grid.width, grid.height, grid.bits) == (5, 4, 4)
    assert grid.array().dtype == np.uint8
    assert np.array_equal(grid.array(), array)


@pytest.mark.parametrize(
    ("value", "bits"), [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (8, 4), (15, 4)]
)
def test_fewest_bits(value: int, bits: int) -> None:
    assert Map.from_array(np.full((4, 4), value)).bits == bits


def test_bool_arrays() -> None:
    mask = ellipse(7, 9, (0.5, 0.5), 0.3)
    grid = Map.from_array(mask.tolist())
    assert grid.array().dtype == np.bool_
    assert np.array_equal(grid.array(), mask)


@pytest.mark.parametrize(
    ("array", "error"),
    [
        (np.zeros(16, dtype=int), MalformedError),
        (np.zeros((4, 4, 4), dtype=int), MalformedError),
        (np.zeros((4, 4)), MalformedError),
        (np.full((4, 4), "a"), MalformedError),
        (np.full((4, 4), 16), LimitError),
        (np.full((4, 4), -1), LimitError),
        (np.zeros((3, 8), dtype=bool), LimitError),
        (np.zeros((8, 65), dtype=bool), LimitError),
        (np.zeros((0, 8), dtype=bool), LimitError),
    ],
)
def test_arrays_that_are_no_map(array: Any, error: type[SemError]) -> None:
    with pytest.raises(error, match="map:"):
        Map.from_array(array)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((4, 4, 0, bytes(16)), "0 bits"),
        ((4, 4, 5, bytes(16)), "5 bits"),
        ((4, 4, 1, bytes(15)), "15 cells"),
        ((4, 4, 2, bytes([4] * 16)), "needs more than 2"),
    ],
)
def test_records_that_are_no_map(arguments: tuple[int, int, int, bytes], match: str) -> None:
    with pytest.raises(MalformedError, match=match):
        Map(*arguments)
