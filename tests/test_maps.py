"""Maps: a scalar twin written from the specification, golden payloads, refusals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refcodec.coding.range_coder import Frequencies, RangeDecoder, RangeEncoder
from refcodec.errors import LimitError, MalformedError, NonCanonicalError, SemError
from refcodec.registry import lookup
from refcodec.visual.map_model import SIGMOID, probability
from refcodec.visual.maps import (
    BOX,
    FIRST,
    GRID,
    ITEM,
    NEW_GRID,
    NONE,
    Box,
    Map,
    decode_maps,
    encode_maps,
)
from refcodec.visual.symbols import uniform
from tests import strategies
from tests.maps_twin import SIGMOID as TWIN_SIGMOID
from tests.maps_twin import TABLES_FILE, MapsTwin

Places = Mapping[int, Map | Box]


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
BOXES = {0: Box(4, 10, 30, 50), 1: Box(63, 0, 64, 1), 2: Box(0, 0, 64, 64)}
BOTH: dict[int, Map | Box] = {0: BOXES[0], 2: BLOBS[1], 3: RAMP, 5: BOXES[2], 6: BLOBS[0]}
# Payloads written once: a file decodes for ever. Each with how many items the file has.
GOLDEN: list[tuple[str, int, Places]] = [
    ("66197f60f0ba02aac2b5", 3, BLOBS),
    ("048331b525bb0537205b5f08128b7d88", 5, {3: RAMP}),
    (
        "c77be8237e51ac05ffa52122ff676bfa408286bc92eb9855c1a99a1b2cea7053ff6017e2",
        15,
        {0: FULL, 1: BLOBS[2], 14: FULL},
    ),
    ("cbddf5c1a70d57764b", 3, BOXES),
    ("cbddf57e5559329811c5e3485608e407c87355e5e8d6253f6beba23a629736", 7, BOTH),
]


def plain(maps: Places) -> dict[int, tuple[int, int, int, int | bytes]]:
    """As the twin has them."""
    return {
        index: (
            (one.left, one.top, one.right, one.bottom)
            if isinstance(one, Box)
            else (one.width, one.height, one.bits, one.cells)
        )
        for index, one in maps.items()
    }


def outcome(action: Callable[[], object]) -> object:
    """What an action returns, or the class of its error."""
    try:
        return action()
    except SemError as error:
        return type(error)


# Strategies.


@st.composite
def single_maps(draw: st.DrawFn) -> Map:
    sides = st.one_of(st.sampled_from([4, 8]), st.integers(4, 12))
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


map_sets = st.dictionaries(
    st.integers(0, 14), st.one_of(single_maps(), strategies.boxes), min_size=1, max_size=4
)


# Coding.


@settings(max_examples=40)
@given(map_sets, st.integers(0, 3))
def test_round_trip_and_agreement_with_the_specification(maps: Places, more: int) -> None:
    count = min(15, max(maps) + 1 + more)
    payload = encode_maps(maps, count)
    assert decode_maps(payload, count) == maps
    assert MapsTwin(payload, count).found == plain(maps)


@given(st.binary(max_size=24), st.integers(0, 3))
def test_any_bytes_decode_as_specified_or_are_refused(payload: bytes, item_count: int) -> None:
    actual = outcome(lambda: plain(decode_maps(payload, item_count)))
    # Noise may announce maps of any size; the twin takes its time over large ones.
    if isinstance(actual, dict) or len(payload) < 6:
        expected = outcome(lambda: MapsTwin(payload, item_count).found)
        if actual is not NonCanonicalError or not isinstance(expected, dict):
            assert actual == expected


@pytest.mark.parametrize(("payload", "item_count", "maps"), GOLDEN)
def test_golden_payloads(payload: str, item_count: int, maps: Places) -> None:
    assert encode_maps(maps, item_count).hex() == payload
    assert decode_maps(bytes.fromhex(payload), item_count) == maps
    assert MapsTwin(bytes.fromhex(payload), item_count).found == plain(maps)


def test_the_logistic_function() -> None:
    assert list(SIGMOID) == TWIN_SIGMOID
    assert list(SIGMOID) == [round(2**16 / (1 + np.exp(8 - i / 2))) for i in range(33)]
    odds = range(-(1 << 19), 1 << 19, 97)
    chances = [probability(one) for one in odds]
    assert chances == sorted(chances)
    assert chances == [MapsTwin.probability(one) for one in odds]
    assert 0 < chances[0] < chances[-1] < 1 << 16


def test_the_weights_are_those_that_the_specification_names() -> None:
    digest = hashlib.sha256(TABLES_FILE.read_bytes()).hexdigest()
    assert digest == lookup("map-weights", 1).digest
    assert digest in TABLES_FILE.with_name("sem.md").read_text("utf-8")
    tables = json.loads(TABLES_FILE.read_bytes())
    weights = np.array([*tables["hidden"], [*tables["output"], *[0] * 22]])
    assert weights.shape == (17, 38)
    assert abs(weights).max() <= 127
    assert max(map(abs, [*tables["hidden_offset"], tables["output_offset"]])) < 2**15


def test_maps_cost_what_they_say() -> None:
    """Alike maps, and boxes, cost little; noise hardly more than its bits."""
    alone = len(encode_maps({0: BLOBS[0]}, 1))
    assert len(encode_maps(dict.fromkeys(range(3), BLOBS[0]), 3)) <= alone + 4
    assert len(encode_maps(BOXES, 3)) <= 9
    noise = np.random.default_rng(1).integers(0, 16, (64, 64))
    assert len(encode_maps({0: Map.from_array(noise)}, 1)) < 1.25 * 64 * 64 / 2


def test_maps_for_items_that_do_not_exist() -> None:
    with pytest.raises(MalformedError, match="holds none"):
        decode_maps(encode_maps(BLOBS, 3), 0)
    for index in (-1, 3, 15):
        with pytest.raises(LimitError, match="item indices"):
            encode_maps({index: RAMP}, 3)
    with pytest.raises(LimitError, match="item indices"):
        encode_maps({15: RAMP}, 16)


@pytest.mark.parametrize("payload", [b"", b"\0", b"\x01"])
def test_payloads_without_a_map(payload: bytes) -> None:
    with pytest.raises(MalformedError, match="holds none"):
        decode_maps(payload, 3)


@pytest.mark.parametrize("tail", [b"\0", b"\0\0\0", b"\x01"])
def test_longer_payloads_are_not_canonical(tail: bytes) -> None:
    with pytest.raises(NonCanonicalError, match="another"):
        decode_maps(encode_maps(BLOBS, 3) + tail, 3)


def encoded(symbols: list[tuple[int, Frequencies]]) -> bytes:
    encoder = RangeEncoder()
    for symbol, frequencies in symbols:
        encoder.encode(symbol, frequencies)
    return encoder.finish()


def test_symbols_of_items_and_boxes() -> None:
    """What the encoder writes, symbol by symbol."""
    box = {1: Box(63, 8, 64, 64), 2: Box(0, 1, 2, 3)}
    sides = [(63, uniform(64)), (8, uniform(64)), (55, uniform(56))]
    others = [(0, uniform(64)), (1, uniform(64)), (1, uniform(64)), (1, uniform(63))]
    symbols = [
        *[(NONE, ITEM[FIRST]), (BOX, ITEM[NONE]), *sides],
        *[(BOX, ITEM[BOX]), *others, (NONE, ITEM[BOX])],
    ]
    assert encode_maps(box, 4) == encoded(symbols)
    decoder = RangeDecoder(encode_maps({0: BLOBS[0], 1: RAMP}, 2))
    assert decoder.decode(ITEM[FIRST]) == GRID
    decoder = RangeDecoder(encode_maps({0: RAMP}, 2))
    assert [decoder.decode(table) for table in (ITEM[FIRST], uniform(61), uniform(61))] == [
        NEW_GRID,
        RAMP.width - 4,
        RAMP.height - 4,
    ]


def test_old_shape_as_a_new_one() -> None:
    sides, bits = uniform(61), uniform(4)
    start = [(NEW_GRID, ITEM[FIRST]), (4, sides), (4, sides), (0, bits)]
    with pytest.raises(NonCanonicalError, match="8x8x1"):
        decode_maps(encoded(start), 15)


@pytest.mark.parametrize("maps", [{0: BLOBS[0], 3: RAMP}, BOXES, {0: BOXES[0], 2: BLOBS[1]}])
def test_every_changed_bit_and_prefix_is_refused_or_decodes_canonically(maps: Places) -> None:
    count = max(maps) + 1
    data = encode_maps(maps, count)
    changed = [
        data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]
        for position in range(len(data))
        for bit in range(8)
    ]
    for damaged in (*changed, *(data[:size] for size in range(len(data)))):
        try:
            found = decode_maps(damaged, count)
        except SemError:
            continue
        assert found != maps
        assert encode_maps(found, count) == damaged


def test_nothing_to_encode() -> None:
    with pytest.raises(MalformedError, match="leave the chunk out"):
        encode_maps({}, 3)


# Boxes.


def test_box_arrays() -> None:
    drawn = Box(1, 2, 4, 64).array()
    assert drawn.shape == (64, 64)
    assert drawn.dtype == np.bool_
    assert drawn.sum() == 3 * 62
    assert drawn[2:, 1:4].all()


@pytest.mark.parametrize(
    "sides",
    [(0, 0, 0, 1), (0, 0, 65, 1), (-1, 0, 1, 1), (2, 0, 1, 1), (0, 3, 1, 3), (0, 0.5, 1, 1)],
)
def test_what_is_no_box(sides: tuple[int, int, int, int]) -> None:
    with pytest.raises(MalformedError, match="box:"):
        Box(*sides)


@pytest.mark.parametrize(
    ("fractions", "box"),
    [
        ((0, 0, 1, 1), Box(0, 0, 64, 64)),
        ((0.25, 0.5, 0.75, 0.51), Box(16, 32, 48, 33)),
        ((0.001, 0.999, 0.002, 1), Box(0, 63, 1, 64)),
        ((0.6249, 0.2, 0.6251, 0.3), Box(40, 13, 41, 19)),
    ],
)
def test_boxes_from_fractions(fractions: tuple[float, float, float, float], box: Box) -> None:
    assert Box.from_fractions(*fractions) == box


@pytest.mark.parametrize(
    "fractions", [(0.5, 0, 0.5, 1), (0, 0, 1.1, 1), (-0.1, 0, 1, 1), (0, 0, float("nan"), 1)]
)
def test_fractions_that_are_no_box(fractions: tuple[float, float, float, float]) -> None:
    with pytest.raises(MalformedError, match="box:"):
        Box.from_fractions(*fractions)


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
