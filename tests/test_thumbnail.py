"""The thumbnail decoder: a twin written from the specification, golden files, refusals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from refcodec.coding.range_coder import TOTAL, RangeEncoder
from refcodec.errors import LimitError, MalformedError, NonCanonicalError, SemError
from refcodec.visual import colour, dct
from refcodec.visual.symbols import uniform
from refcodec.visual.thumbnail import Thumbnail
from refcodec.visual.thumbnail_model import (
    ENDS,
    LUMA_DC_MAX,
    Levels,
    Model,
    code_picture,
    default_model,
    end_class,
    scan,
    step_size,
)
from refcodec.visual.thumbnail_search import encode_levels
from tests.thumbnail_twin import TABLES_FILE, ScalarDecoder, scalar_basis

KODIM23 = Path(__file__).parent / "pictures" / "kodim23.png"

# Payloads written once, with the digest of their samples: a file decodes for ever.
GOLDEN: list[tuple[str, tuple[int, int], str]] = [
    (
        "c16f93a93bf57215fafbf07e55e68c7e26e9169287226d08",
        (768, 512),
        "23bcbac3e6b44bf1b475c0f4bd2beee41e8326ffb0fff61e6111b04c4403a8c5",
    ),
    (
        (
            "74bd14e21edb1f65bb9debbbef91e3755fdcdb0855fb7b26a0aa491623ce6ac8e3eca55f75f3a964"
            "ad8b047de32b17dee64253814c81e326e319c4daf80772a8a6202e86034819844f9c1a13f1594b41"
            "b4cf94be21ef5d4420c816ad3070b9c3d99794f4"
        ),
        (768, 512),
        "d299e66cd8e8cb6f53f28a1cf10ccd1a80bf213b6e6436e4245c2f8344d85669",
    ),
    (
        (
            "a19f1564fc4cc4c623b6232e31483c168ca8c016160e4dd73c77f3e05cd7159eb2c1c0f121cedc39"
            "fed6629499ad528854105eb94e6eff18e981753d"
        ),
        (512, 768),
        "e198b837147e446533d93f2c5f372d95902e2ff30764a1dcdc86f092336ab532",
    ),
    (
        (
            "2ef90d31e7a25f8dbc8518aa40c9158f46f3f5212db640007ad3becf117dd14f8bf431cedc7078c9"
            "def5ba44a0e45f4198f72d77231bf54cee428c0217543ae821e416c8d7ef175080c680f7d312cbf3"
            "9b8b65628d657e6f76f0e0bcd99ae1672000139efd29a1b30486fde8edbdd882f2a0f6c4bd084c43"
            "4135b45132814174afc91522d0b31c73e4de92dd76d767122f0f2325040250b1f509de767a5c8078"
            "f6d2879105ea4aa0eaa7caf2380c65ec279a46e8d9bbeca2cd027e141e9a84239308df5a4396e977"
            "bff1be460de4840f7d40c0a11c377ad20a414106c15d85caa2d94501c901c60af3f015a4444d8f9d"
            "217ec9709ecaa870cf64789f276acc20"
        ),
        (1024, 1024),
        "7168a1252402b021ff6713c804b73c78cd13cc09294f8fa68c3d458306f7f5a8",
    ),
    (
        "965eb3d11de2ace1e54a245400920556e4b2782a",
        (1000, 1),
        "4859df08f6b0a915c6fe661ffb899a55b284bc2482b24fab7ef026fe7670eed7",
    ),
    ("fdf098d3", (1024, 1024), "2a22835eb848efcef00fc936d9a21838752b7cd3a3ff6d9dbefa88b21cc84e5b"),
    (
        "03fe450e8dae14f8943e58e6d1d880f4a09dc4",
        (500, 500),
        "38f4aae89e2fd4790bdeccdf58fac4312a53852f19477f7ee7074768eb756441",
    ),
    (
        "ffec5c4fb6177fe2aa",
        (1536, 1024),
        "e35ebb0ee529d7188613189fb3079634aac61afbffbaaa0c094fe6e1db7c1406",
    ),
]


def outcome(action: Callable[[], object]) -> object:
    """What an action returns, or the class of its error."""
    try:
        return action()
    except SemError as error:
        return type(error)


def as_tuples(samples: np.ndarray[Any, Any]) -> list[tuple[int, ...]]:
    return [tuple(pixel) for pixel in samples.reshape(-1, 3).tolist()]


def samples_digest(thumbnail: Thumbnail) -> str:
    return hashlib.sha256(thumbnail.samples().tobytes()).hexdigest()


# Strategies.

canvases = st.sampled_from(
    [(1024, 1024), (7, 7), (16, 9), (3, 200), (65535, 1), (1, 65535), (100, 11)]
)


@st.composite
def pictures(draw: st.DrawFn) -> tuple[tuple[int, int], Levels]:
    """A canvas and levels that are legal on it."""
    canvas = draw(canvases)
    step = draw(st.integers(0, 31))
    size = Thumbnail(b"", canvas).size
    magnitudes = st.one_of(st.integers(0, 2), st.integers(0, 20), st.integers(0, 65536))
    planes = []
    for plane in range(3):
        unit = step_size(step + (plane == 1))
        count = draw(st.integers(0, min(len(scan(*size).order), 40)))
        signs = draw(st.lists(st.booleans(), min_size=count, max_size=count))
        drawn = draw(st.lists(magnitudes, min_size=count, max_size=count))
        limit = 65536 // unit
        coded = [-min(m, limit) if s else min(m, limit) for s, m in zip(signs, drawn, strict=True)]
        if coded and plane == 0:
            largest = LUMA_DC_MAX // unit
            coded[0] = min(max(coded[0], -largest), largest)
        while coded and coded[-1] == 0:
            coded.pop()
        planes.append(coded)
    return canvas, Levels(step, planes)


# The decoder.


@given(pictures())
def test_decoder_agrees_with_the_specification(drawn: tuple[tuple[int, int], Levels]) -> None:
    canvas, levels = drawn
    payload = encode_levels(levels, Thumbnail(b"", canvas).size, default_model())
    expected = outcome(lambda: ScalarDecoder(payload, canvas).samples())
    assert outcome(lambda: as_tuples(Thumbnail.decode(payload, canvas).samples())) == expected
    assert isinstance(expected, list) or not payload


@given(st.binary(min_size=1, max_size=40), canvases)
def test_any_bytes_decode_as_specified_or_are_refused(
    payload: bytes, canvas: tuple[int, int]
) -> None:
    expected = outcome(lambda: ScalarDecoder(payload, canvas).samples())
    actual = outcome(lambda: as_tuples(Thumbnail.decode(payload, canvas).samples()))
    if actual is not NonCanonicalError or not isinstance(expected, list):
        assert actual == expected


@pytest.mark.parametrize(("payload", "canvas", "digest"), GOLDEN)
def test_golden_payloads(payload: str, canvas: tuple[int, int], digest: str) -> None:
    thumbnail = Thumbnail.decode(bytes.fromhex(payload), canvas)
    assert samples_digest(thumbnail) == digest
    assert as_tuples(thumbnail.samples()) == ScalarDecoder(thumbnail.data, canvas).samples()


def test_tables_are_those_that_the_number_is_bound_to() -> None:
    digest = hashlib.sha256(TABLES_FILE.read_bytes()).hexdigest()
    assert digest == "4e383011dc6030c30ff370652905f8fcab1a5a7be137f0bd1ef6c87378806d20"


def test_tables_are_frequencies() -> None:
    model = default_model()
    for row in (model.step, *model.end, *model.magnitude, uniform(2), uniform(61), uniform(1025)):
        assert int(row.sum()) == TOTAL
        assert int(row.min()) >= 1
    assert (len(model.step), len(model.end), len(model.magnitude)) == (32, 3, 24)
    assert {len(row) for row in model.end} == {21}
    assert {len(row) for row in model.magnitude} == {16}
    assert len(model.log) == 64
    assert model.log[0] == 0


@pytest.mark.parametrize(
    ("canvas", "size"),
    [
        ((1024, 1024), (64, 64)),
        ((1536, 1024), (64, 43)),
        ((1024, 1536), (43, 64)),
        ((640, 480), (64, 48)),
        ((1, 1), (64, 64)),
        ((65535, 1), (64, 1)),
        ((1, 65535), (1, 64)),
        ((128, 3), (64, 2)),
        ((128, 1), (64, 1)),
    ],
)
def test_grid(canvas: tuple[int, int], size: tuple[int, int]) -> None:
    assert Thumbnail(b"\x80", canvas).size == size


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


@pytest.mark.parametrize("tail", [b"\0", b"\0\0", b"\x01"])
def test_longer_payloads_are_not_canonical(tail: bytes) -> None:
    data = Thumbnail.from_image(Image.open(KODIM23), 30).data
    with pytest.raises(NonCanonicalError, match="another"):
        Thumbnail.decode(data + tail, (768, 512))


def encoded_symbols(symbols: list[tuple[int, Any]]) -> bytes:
    encoder = RangeEncoder()
    for symbol, frequencies in symbols:
        encoder.encode(symbol, frequencies)
    return encoder.finish()


def header(model: Model, step: int, ends: tuple[int, int, int]) -> list[tuple[int, Any]]:
    luma = (ends[0] + (step >> 1)) % len(ENDS)
    return [(step, model.step), *zip((luma, *ends[1:]), model.end, strict=True)]


def test_end_class_greater_than_needed() -> None:
    model = default_model()
    mean = (LUMA_DC_MAX // step_size(12), uniform(2 * (LUMA_DC_MAX // step_size(12)) + 1))
    for ends, symbols in (((1, 0, 0), [mean]), ((0, 1, 0), [(0, model.magnitude[_dc(12)])])):
        payload = encoded_symbols([*header(model, 12, ends), *symbols])
        with pytest.raises(NonCanonicalError, match="end class 1"):
            Thumbnail.decode(payload, (64, 64))


def _dc(step: int) -> int:
    return default_model().dc_context(1, step)


def test_end_class_beyond_a_small_grid() -> None:
    """A grid of 64 coefficients: class 13 ends at 96, and no level can lie beyond 64."""
    model = default_model()
    mean = (LUMA_DC_MAX // step_size(30) + 1, uniform(2 * (LUMA_DC_MAX // step_size(30)) + 1))
    levels = Levels(30, [[1] * 64, [], []])
    assert Thumbnail.decode(encode_levels(levels, (64, 1), model), (640, 1)).size == (64, 1)
    symbols: list[tuple[int, Any]] = []

    def code(symbol: int, frequencies: Any) -> int:
        symbols.append((symbol, frequencies))
        return symbol

    code_picture(code, (64, 1), levels, model)
    symbols[1] = ((13 + 15) % 21, model.end[0])
    assert symbols[4] == (mean[0], symbols[4][1])
    with pytest.raises(NonCanonicalError, match="end class 13"):
        Thumbnail.decode(encoded_symbols(symbols), (640, 1))


@pytest.mark.parametrize(("ones", "match"), [(10, "more than 9 bits"), (9, "grey levels")])
def test_magnitudes_beyond_the_limit(ones: int, match: str) -> None:
    model = default_model()
    escape = (15, model.magnitude[_dc(12)])
    bits = [(1, uniform(2))] * ones + [(0, uniform(2))] * (10 if ones == 9 else 0)
    payload = encoded_symbols([*header(model, 12, (0, 1, 0)), escape, *bits])
    with pytest.raises(MalformedError, match=match):
        Thumbnail.decode(payload, (64, 64))


def test_greatest_magnitude() -> None:
    """Every plane full of the greatest legal coefficients still decodes."""
    size, model = (64, 64), default_model()
    luma = [(-1) ** n * (65536 // step_size(20)) for n in range(1024)]
    luma[0] = LUMA_DC_MAX // step_size(20)
    other = [65536 // step_size(21)] * 40
    payload = encode_levels(Levels(20, [luma, other, []]), size, model)
    decoded = ScalarDecoder(payload, size)
    planes = np.zeros((64, 64), dtype=np.int64)
    for (u, v), level in decoded.levels[0].items():
        planes[v, u] = level * decoded.size(0)
    assert np.abs(planes).max() <= 1 << 16
    assert len(payload) <= 4096
    assert as_tuples(Thumbnail.decode(payload, size).samples()) == decoded.samples()


def test_every_changed_byte_is_refused_or_decodes_canonically() -> None:
    data = Thumbnail.from_image(Image.open(KODIM23), 24).data
    valid = 0
    for position in range(len(data)):
        for change in (0x01, 0x10, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[position] ^= change
            try:
                thumbnail = Thumbnail.decode(bytes(damaged), (768, 512))
            except SemError:
                continue
            valid += 1
            assert thumbnail.samples().shape == (43, 64, 3)
    assert valid > 0


# Transform and colour.


@pytest.mark.parametrize("n", range(1, 65))
def test_basis_is_the_cosine_transform(n: int) -> None:
    frequency, position = np.arange(n)[:, None], np.arange(n)
    exact = np.sqrt(2) * np.cos(np.pi * (2 * position + 1) * frequency / (2 * n))
    exact[0] = 1
    assert np.abs(dct.basis(n) - exact * (1 << dct.BASIS_BITS)).max() < 0.51
    assert np.abs(dct.basis(n)).max() <= 23170
    assert dct.basis(n).tolist() == [[scalar_basis(n, k, x) for x in range(n)] for k in range(n)]


def test_inverse_undoes_forward() -> None:
    planes = np.random.default_rng(3).integers(-120, 120, (3, 17, 40)).astype(np.float64)
    coefficients = np.round(dct.forward(planes) * 256).astype(np.int64)
    for plane, coded in zip(planes, coefficients, strict=True):
        assert np.abs(dct.inverse(coded) / 256 - plane).max() < 0.2


def test_colour_both_ways() -> None:
    rgb = np.random.default_rng(4).integers(0, 256, (9, 11, 3)).astype(np.uint8)
    planes = np.round(colour.planes_from_rgb(rgb) * 256).astype(np.int64)
    assert np.array_equal(colour.rgb_from_planes(planes), rgb)


def test_scan_goes_from_low_to_high_frequency() -> None:
    order = scan(64, 43).order
    assert order[:6] == (0, 1, 64, 65, 2, 66)
    keys = [Fraction(place % 64, 64) ** 2 + Fraction(place // 64, 43) ** 2 for place in order]
    assert keys == sorted(keys)
    assert len(order) == len(set(order)) == 1024
    assert scan(64, 64).order[1:3] == (1, 64)
    assert len(scan(1, 64).order) == 64


@given(st.integers(0, 1024))
def test_end_class_holds_the_count(count: int) -> None:
    end = end_class(count)
    assert ENDS[end] >= count
    assert end == 0 or ENDS[end - 1] < count
