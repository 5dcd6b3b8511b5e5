"""The baseline rendering: a scalar twin written from the specification, golden files, edges."""

from __future__ import annotations

import hashlib
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image

import refcodec
from refcodec.errors import LimitError
from refcodec.limits import RENDER_MAX_PIXELS
from refcodec.visual.baseline import (
    catmull_rom_weights,
    render_baseline,
    spline_weights,
)
from refcodec.visual.levels import map_levels
from refcodec.visual.maps import Map
from tests import baseline_twin, strategies
from tests.commands import HOUSE, PICTURES
from tools.bench import rendering as bench

Samples = Any

# Pictures made once, by their digest, from the samples of `pattern`.
GOLDEN: list[tuple[tuple[int, int], tuple[int, int], str]] = [
    ((100, 70), (64, 43), "262ca2102c4f7426e9b1a0427523423436ad13178dabc22b3e026be3bd25027d"),
    ((64, 64), (64, 64), "01d543de34267a935b76f96dbf88d76cd2a580f2292fc03adb13ac30fd345bb3"),
    ((1, 1), (5, 9), "a194b01d54402a8d861292d87ddc96a2ed886242543c5486f442f184fbac7f06"),
    ((31, 200), (1, 64), "a38ca89bf92b8f3cc72d8df73eefeebb5df2a4afa2a61b1de59c1b97d3683663"),
    ((640, 480), (3, 2), "83c64936d90b264ba97cc782e79ca250650242a31adac8cfd9b7426a4e7f95ed"),
    ((1024, 1024), (64, 64), "0a8baa44b9bb1f2a34c67efd7d71216a2483cc80665c0456e80bc83763ac4ff2"),
]
HALF = np.repeat([[0, 0, 0, 0, 255, 255, 255, 255]], 8, axis=0).astype(np.uint8)


def pattern(width: int, height: int) -> Samples:
    """Samples that use the whole range, without any random numbers."""
    place = np.arange(width * height * 3, dtype=np.int64)
    return (place * place * 37 % 251 + place % 5).astype(np.uint8).reshape(height, width, 3)


def twin(canvas: tuple[int, int], samples: Samples, maps: list[Samples] | None = None) -> Any:
    planes = [samples[:, :, plane].tolist() for plane in range(samples.shape[2])]
    return baseline_twin.render(canvas, planes, [levels.tolist() for levels in maps or []])


sample_arrays = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda size: st_numpy.arrays(np.uint8, (*size, 3))
)
level_grids = st_numpy.arrays(
    np.uint8,
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    elements=st.sampled_from([0, 0, 85, 119, 136, 170, 255, 255]),
)
sides = st.integers(1, 14)


@given(sample_arrays, sides, sides)
def test_renderer_agrees_with_the_specification(samples: Samples, width: int, height: int) -> None:
    pixels = render_baseline((width, height), samples)
    assert pixels.dtype == np.uint8
    assert pixels.tolist() == twin((width, height), samples)


@given(sample_arrays, st.lists(level_grids, min_size=1, max_size=3), sides, sides)
def test_edges_agree_with_the_specification(
    samples: Samples, maps: list[Samples], width: int, height: int
) -> None:
    pixels = render_baseline((width, height), samples, maps=maps)
    assert pixels.tolist() == twin((width, height), samples, maps)


@given(sample_arrays, st.lists(level_grids, max_size=2), sides, sides)
def test_alpha_is_a_fourth_colour(
    samples: Samples, maps: list[Samples], width: int, height: int
) -> None:
    alpha = 255 - samples[:, :, 1]
    pixels = render_baseline((width, height), samples, alpha, maps)
    assert pixels.shape == (height, width, 4)
    assert pixels.tolist() == twin((width, height), np.dstack([samples, alpha]), maps)
    assert (pixels[:, :, :3] == render_baseline((width, height), samples, maps=maps)).all()


def test_renderer_agrees_with_the_specification_on_long_axes() -> None:
    samples = pattern(64, 2)
    for canvas in ((2999, 3), (3, 2999), (65535, 1)):
        pixels = render_baseline(canvas, samples, maps=[HALF])
        assert pixels.tolist() == twin(canvas, samples, [HALF])


def test_all_strips_are_drawn_alike() -> None:
    """Edges in every strip of a canvas, and in the last, which has fewer rows."""
    samples, canvas = pattern(9, 7), (2100, 53)
    maps = [(pattern(6, 9)[:, :, 0] > 125).astype(np.uint8) * 255, HALF]
    assert render_baseline(canvas, samples, maps=maps).tolist() == twin(canvas, samples, maps)


@pytest.mark.parametrize(("canvas", "grid", "digest"), GOLDEN)
def test_golden_pictures(canvas: tuple[int, int], grid: tuple[int, int], digest: str) -> None:
    pixels = render_baseline(canvas, pattern(*grid))
    assert pixels.shape == (canvas[1], canvas[0], 3)
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == digest


@given(sample_arrays, st.lists(level_grids, max_size=2), st.integers(1, 40), st.integers(1, 40))
def test_no_overshoot(samples: Samples, maps: list[Samples], width: int, height: int) -> None:
    pixels = render_baseline((width, height), samples, maps=maps)
    assert pixels.min() >= samples.min()
    assert pixels.max() <= samples.max()


@given(sample_arrays, st.integers(1, 40), st.integers(1, 40))
def test_no_ringing(samples: Samples, width: int, height: int) -> None:
    """Between two samples of a row, and then down the columns, values do not leave their range."""
    pixels = render_baseline((width, samples.shape[0]), samples)
    left = np.floor((np.arange(width) + 0.5) * samples.shape[1] / width - 0.5).astype(int)
    near = [samples[:, np.clip(left + side, 0, samples.shape[1] - 1)] for side in (0, 1)]
    assert (pixels >= np.minimum(*near)).all()
    assert (pixels <= np.maximum(*near)).all()
    turned = render_baseline((samples.shape[1], height), samples)
    down = np.floor((np.arange(height) + 0.5) * samples.shape[0] / height - 0.5).astype(int)
    near = [samples[np.clip(down + side, 0, samples.shape[0] - 1)] for side in (0, 1)]
    assert (turned >= np.minimum(*near)).all()
    assert (turned <= np.maximum(*near)).all()


@given(sample_arrays)
def test_the_thumbnails_own_size_gives_its_samples(samples: Samples) -> None:
    assert (render_baseline((samples.shape[1], samples.shape[0]), samples) == samples).all()


@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
def test_plain_samples_give_a_plain_picture(level: int) -> None:
    samples = np.full((9, 64, 3), level, dtype=np.uint8)
    assert (render_baseline((333, 77), samples, maps=[HALF]) == level).all()


def test_ramp_stays_smooth() -> None:
    """Enlarged 16 times, a ramp of steps of 4 levels never jumps."""
    ramp = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None, :, None], 3, axis=2)
    row = render_baseline((1024, 1), ramp)[0, :, 0].astype(int)
    assert set(np.diff(row).tolist()) <= {0, 1}
    assert abs(int(row[512]) - 128) <= 2


def test_an_edge_of_a_map_is_sharp_and_the_rest_unchanged() -> None:
    samples = np.full((8, 8, 3), 20, dtype=np.uint8)
    samples[:, 4:] = 220
    soft = render_baseline((256, 256), samples)[:, :, 0].astype(int)
    sharp = render_baseline((256, 256), samples, maps=[HALF])[:, :, 0].astype(int)
    assert np.abs(np.diff(soft, axis=1)).max() < 10
    assert (sharp[:, :128] <= 32).all()
    assert (sharp[:, 128:] >= 208).all()
    # Two samples from the edge none of the other side has a part.
    assert (sharp[:, :56] == soft[:, :56]).all()
    assert (sharp[:, 200:] == soft[:, 200:]).all()


@pytest.mark.parametrize("level", [0, 127, 128, 255])
def test_a_map_without_an_edge_changes_nothing(level: int) -> None:
    samples = pattern(9, 7)
    even = np.full((4, 4), level, dtype=np.uint8)
    assert (render_baseline((90, 70), samples, maps=[even]) == twin((90, 70), samples)).all()


def test_a_strip_too_thin_for_a_sample_is_drawn_as_without_it() -> None:
    """No sample has the label of its pixels, so nothing moves them."""
    samples = pattern(4, 4)
    thin = np.zeros((64, 64), dtype=np.uint8)
    thin[:, 32] = 255
    plain = render_baseline((256, 256), samples)
    drawn = render_baseline((256, 256), samples, maps=[thin])
    assert (drawn[:, 128:132] == plain[:, 128:132]).all()


def test_weights() -> None:
    weights = spline_weights()
    assert weights.shape == (256, 4)
    assert (weights.sum(axis=1) == 1 << 14).all()
    assert weights.min() >= 0
    assert weights.tolist() == [list(baseline_twin.smooth_weights(t)) for t in range(256)]


def test_weights_of_interpolation() -> None:
    weights = catmull_rom_weights()
    assert weights.shape == (256, 4)
    assert (weights.sum(axis=1) == 1 << 14).all()
    assert weights[0].tolist() == [0, 1 << 14, 0, 0]
    assert weights[:, (0, 3)].max() == 0
    assert weights[:, (0, 3)].min() == -1214
    assert weights[:, (1, 2)].min() == 0
    # From right to left they are the same, but for the rounding.
    assert np.abs(weights[1:] - weights[:0:-1, ::-1]).max() <= 1
    assert weights.tolist() == [list(baseline_twin.sharp_weights(t)) for t in range(256)]


@given(strategies.maps)
def test_levels_of_maps(item_map: Map) -> None:
    cells = item_map.array().astype(int).tolist()
    assert map_levels(item_map).tolist() == baseline_twin.map_samples(cells, item_map.bits)


def test_levels_of_what_is_no_grid_of_cells() -> None:
    class Frame:
        def array(self) -> Any:
            return np.eye(64, dtype=np.bool_)

    assert (map_levels(Frame()) == 255 * np.eye(64)).all()


def test_without_samples_flat_grey() -> None:
    pixels = render_baseline((5, 3), None, maps=[HALF])
    assert pixels.shape == (3, 5, 3)
    assert (pixels == 128).all()


def test_documents_are_drawn_with_the_maps_of_their_items() -> None:
    with Image.open(HOUSE) as picture:
        thumbnail = refcodec.Thumbnail.from_image(picture, 60, canvas=(96, 80))
    half = Map.from_array(HALF > 0)
    graded = Map.from_array(np.arange(64).reshape(8, 8) // 8)
    items = tuple(refcodec.Item("thing", map=item_map) for item_map in (half, None, graded))
    document = refcodec.Document("x", (96, 80), items, thumbnail)
    drawn = refcodec.render(document)
    maps = [map_levels(half), map_levels(graded)]
    assert drawn.mode == "RGB"
    assert np.asarray(drawn).tolist() == twin((96, 80), thumbnail.samples(), maps)
    assert drawn != refcodec.render(refcodec.Document("x", (96, 80), (), thumbnail))


@pytest.mark.parametrize("canvas", [(65535, 65535), (8193, 8192), (0, 4), (4, 0), (65536, 1)])
def test_canvas_limits(canvas: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before memory is taken."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("memory was taken")

    assert RENDER_MAX_PIXELS == 8192 * 8192
    monkeypatch.setattr(np, "empty", refuse)
    with pytest.raises(LimitError, match="canvas"):
        render_baseline(canvas, pattern(4, 4))


def test_bench_prints_a_row_a_method(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rendering is near bicubic interpolation, and better than the coarser methods."""
    monkeypatch.setattr(sys, "argv", ["rendering", str(PICTURES)])
    bench.main()
    rows = [row.strip("| ").split(" | ") for row in capsys.readouterr().out.splitlines()]
    assert [row[0] for row in rows[2:]] == list(bench.METHODS)
    ours, nearest, bilinear, bicubic, _ = (float(row[1]) for row in rows[2:])
    assert nearest < bilinear < ours
    assert bicubic - ours < 0.1
