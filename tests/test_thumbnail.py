"""The thumbnail decoder: a twin written from the specification, golden payloads, refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refcodec.coding.range_coder import RangeDecoder, RangeEncoder
from refcodec.errors import (
    LimitError,
    MalformedError,
    NonCanonicalError,
    SemError,
    UnsupportedError,
)
from refcodec.visual import colour
from refcodec.visual.pyramid import SAMPLE_LIMIT, join, level_sizes, split
from refcodec.visual.thumbnail import Thumbnail
from refcodec.visual.thumbnail_network import ACTIVATION_LIMIT, CLASS_MAX, ONE
from refcodec.visual.thumbnail_payload import grid_size, step_shares
from refcodec.visual.thumbnail_symbols import (
    ESCAPE_MAX_BITS,
    TABLE_TOTAL,
    level_bits,
    read_level,
    table_bits,
    write_level,
)
from refcodec.visual.thumbnail_weights import Layer, default_weights, parse
from tests.golden_thumbnails import GOLDEN
from tests.thumbnail_payloads import random_payload
from tests.thumbnail_twin import WEIGHTS_FILE, ScalarDecoder

# Grids of one row or column, of two, and of a few, so that the twin has little to do.
canvases = st.sampled_from([(65535, 1), (1, 65535), (3, 200), (100, 11)])


def outcome(action: Callable[[], object]) -> object:
    """What an action returns, or the class of its error."""
    try:
        return action()
    except SemError as error:
        return type(error)


def decoded(payload: bytes, canvas: tuple[int, int]) -> tuple[list[Any], list[Any] | None]:
    thumbnail = Thumbnail.decode(payload, canvas)
    pixels = [tuple(pixel) for pixel in thumbnail.samples().reshape(-1, 3).tolist()]
    alpha = thumbnail.alpha()
    return pixels, None if alpha is None else alpha.ravel().tolist()


def twin_decoded(payload: bytes, canvas: tuple[int, int]) -> tuple[list[Any], list[Any] | None]:
    twin = ScalarDecoder(payload, canvas)
    return twin.pixels, twin.alpha


# The decoder.


@settings(max_examples=20)
@given(
    canvases,
    st.integers(0, 31),
    st.sampled_from([0.0, 0.3, 1.0, 4.0, 100.0]),
    st.integers(0, 999),
    st.booleans(),
)
def test_decoder_agrees_with_the_specification(
    canvas: tuple[int, int], step: int, spread: float, seed: int, alpha: bool
) -> None:
    payload = random_payload(canvas, 0, step, spread, seed, alpha=alpha)
    assert outcome(lambda: decoded(payload, canvas)) == outcome(
        lambda: twin_decoded(payload, canvas)
    )


@settings(max_examples=20)
@given(st.binary(min_size=1, max_size=30), canvases)
def test_any_bytes_decode_as_specified_or_are_refused(
    payload: bytes, canvas: tuple[int, int]
) -> None:
    expected = outcome(lambda: twin_decoded(payload, canvas))
    actual = outcome(lambda: decoded(payload, canvas))
    if actual is not NonCanonicalError or not isinstance(expected, tuple):
        assert actual == expected


@pytest.mark.parametrize(("payload", "canvas", "digest"), GOLDEN)
def test_golden_payloads(payload: str, canvas: tuple[int, int], digest: str) -> None:
    thumbnail = Thumbnail.decode(bytes.fromhex(payload), canvas)
    alpha = thumbnail.alpha()
    samples = thumbnail.samples().tobytes() + (b"" if alpha is None else alpha.tobytes())
    assert hashlib.sha256(samples).hexdigest() == digest


def test_a_photograph_as_the_twin_sees_it() -> None:
    payload, canvas, _ = GOLDEN[0]
    data = bytes.fromhex(payload)
    assert decoded(data, canvas) == twin_decoded(data, canvas)


@pytest.mark.parametrize(
    ("canvas", "side", "size"),
    [
        ((1024, 1024), 5, (128, 128)),
        ((1536, 1024), 4, (96, 64)),
        ((1024, 1536), 3, (43, 64)),
        ((640, 480), 7, (256, 192)),
        ((1, 1), 0, (24, 24)),
        ((65535, 1), 4, (96, 1)),
        ((1, 65535), 2, (1, 48)),
        ((128, 3), 3, (64, 2)),
    ],
)
def test_grid(canvas: tuple[int, int], side: int, size: tuple[int, int]) -> None:
    assert grid_size(canvas, side) == size
    payload = random_payload(canvas, side, 31, 0.0, 0)
    assert Thumbnail.decode(payload, canvas).size == size


@pytest.mark.parametrize("canvas", [(0, 5), (5, 0), (65536, 1), (1, 65536), (-1, 3)])
def test_canvas_beyond_the_limits(canvas: tuple[int, int]) -> None:
    with pytest.raises(LimitError, match="canvas"):
        Thumbnail.decode(b"\x80", canvas)


def test_size_limits() -> None:
    with pytest.raises(LimitError, match="4097 bytes"):
        Thumbnail.decode(bytes(4097), (64, 64))
    with pytest.raises(MalformedError, match="empty"):
        Thumbnail.decode(b"", (64, 64))
    with pytest.raises(MalformedError, match="empty"):
        Thumbnail(b"", (64, 64)).samples()


@pytest.mark.parametrize("tail", [b"\0", b"\0\0"])
def test_longer_payloads_are_not_canonical(tail: bytes) -> None:
    payload, canvas, _ = GOLDEN[0]
    with pytest.raises(NonCanonicalError, match="another"):
        Thumbnail.decode(bytes.fromhex(payload) + tail, canvas)


def test_every_prefix_and_flipped_bit_is_refused_or_decodes_canonically() -> None:
    payload, canvas, _ = GOLDEN[0]
    data = bytes.fromhex(payload)
    damaged = [data[:size] for size in range(len(data))]
    for position in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        damaged.append(bytes(flipped))
    results = [outcome(lambda: Thumbnail.decode(each, canvas)) for each in damaged]  # noqa: B023
    valid = [result for result in results if isinstance(result, Thumbnail)]
    assert valid
    assert all(result.data in damaged and result.data != data for result in valid)


def test_samples_cannot_be_changed() -> None:
    payload, canvas, _ = GOLDEN[0]
    with pytest.raises(ValueError, match="read-only"):
        Thumbnail(bytes.fromhex(payload), canvas).samples()[0, 0] = 0


# Symbols.


def coded(scale: int, level: int) -> bytes:
    encoder = RangeEncoder()
    write_level(encoder, default_weights().tables, scale, level)
    return encoder.finish()


@given(st.integers(0, CLASS_MAX), st.integers(-(1 << 12), 1 << 12))
def test_levels_in_any_class(scale: int, level: int) -> None:
    decoder = RangeDecoder(coded(scale, level))
    assert read_level(decoder, default_weights().tables, scale) == level


@given(st.integers(0, CLASS_MAX), st.integers(-400, 400))
def test_bits_of_a_level_are_what_it_costs(scale: int, level: int) -> None:
    encoder = RangeEncoder()
    before = encoder.used_bits
    for _ in range(64):
        write_level(encoder, default_weights().tables, scale, level)
    estimate = level_bits(table_bits(default_weights()), np.array([scale]), np.array([abs(level)]))
    assert abs((encoder.used_bits - before) / 64 - estimate[0]) < 0.05


def test_an_escape_that_is_too_long() -> None:
    encoder = RangeEncoder()
    ends = default_weights().tables[3]
    encoder.narrow(ends[14], ends[15] - ends[14], TABLE_TOTAL)
    for _ in range(ESCAPE_MAX_BITS + 1):
        encoder.narrow(1, 1, 2)
    with pytest.raises(MalformedError, match="more than 12 bits"):
        read_level(RangeDecoder(encoder.finish()), default_weights().tables, 3)


def test_a_level_that_is_too_great() -> None:
    encoder = RangeEncoder()
    encoder.narrow(0, 1, 16)
    encoder.narrow(0, 15, 16)
    shares = step_shares(0)
    encoder.narrow(sum(shares[:-1]), shares[-1], sum(shares))
    # The top sample of a grid of 24 by 1: class 30, step 10332.
    write_level(encoder, default_weights().tables, 30, 102)
    with pytest.raises(MalformedError, match="a level 102 of 10332/256"):
        Thumbnail.decode(encoder.finish(), (65535, 1))


# Weights.


def test_weights_are_those_that_the_number_is_bound_to() -> None:
    digest = hashlib.sha256(WEIGHTS_FILE.read_bytes()).hexdigest()
    assert digest == "2d4f83d78e597efa9111cd18f88ba2ca80b3582cec21c53bbc8d8d81c3715d97"


def test_tables_are_frequencies() -> None:
    for ends in default_weights().tables:
        assert ends[-1] == TABLE_TOTAL
        assert min(np.diff(ends, prepend=0)) >= 1


def test_sums_fit_32_bits() -> None:
    """The bound that the specification states, for the greatest inputs there can be."""
    weights = default_weights()
    around = [2 * SAMPLE_LIMIT // 32] * 24 + [SAMPLE_LIMIT // 64] * 3 + [512] * 3 + [2410, 256]
    known = ([SAMPLE_LIMIT // 32] * 9 + [512] * 9) * 9

    def check(layer: Layer, inputs: list[int]) -> None:
        sums = np.abs(layer.weights.T * 1024) @ np.array(inputs) + np.abs(layer.bias * 1024)
        assert sums.max() < 1 << 31

    check(weights.trunk[0], around)
    for layer in weights.trunk[1:]:
        check(layer, [ACTIVATION_LIMIT] * layer.weights.shape[0])
    for head in (*weights.phases, weights.polish):
        check(head.known, known)
        for layer in (head.hidden, head.outputs):
            check(layer, [ACTIVATION_LIMIT] * layer.weights.shape[0])


@pytest.mark.parametrize("change", [lambda data: b"X" + data[1:], lambda data: data[:-1]])
def test_other_files_are_not_weights(change: Callable[[bytes], bytes]) -> None:
    with pytest.raises(UnsupportedError, match="not a weights file"):
        parse(change(WEIGHTS_FILE.read_bytes()))


# Pyramid and colour.


@given(st.integers(1, 300), st.integers(1, 300))
def test_levels_halve(width: int, height: int) -> None:
    sizes = level_sizes((width, height))
    assert sizes[-1] == (1, 1)
    for finer, coarser in pairwise(sizes):
        assert coarser == (-(-finer[0] // 2), -(-finer[1] // 2))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99))
def test_join_undoes_split(width: int, height: int, seed: int) -> None:
    drawn = np.random.default_rng(seed).integers(-(1 << 15), 1 << 15, (height, width, 3))
    samples = drawn.astype(np.float64)
    coarse, details = split(samples)
    assert np.abs(join(coarse, details, (width, height)) - samples).max() <= 0.5


def test_colour_both_ways() -> None:
    rgb = np.random.default_rng(4).integers(0, 256, (9, 11, 3)).astype(np.uint8)
    assert np.array_equal(colour.rgb_from_planes(np.rint(colour.planes_from_rgb(rgb))), rgb)
    assert colour.UNIT == ONE


def test_planes_are_at_right_angles() -> None:
    """An error costs the same in whichever plane it falls."""
    planes = np.zeros((4, 1, 3))
    planes[1:, 0] = 20 * ONE * np.eye(3)
    grey, *moved = colour.rgb_from_planes(planes).astype(float).reshape(4, 3)
    for each in moved:
        assert abs(np.linalg.norm(each - grey) - 20) < 1.5
