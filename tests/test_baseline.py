"""The baseline rendering: a scalar twin written from the specification, golden files, edges."""

from __future__ import annotations

import hashlib
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
from refcodec.visual.baseline import render_baseline, spline_weights
from refcodec.visual.levels import map_levels
from refcodec.visual.maps import Map
from tests import baseline_twin, strategies
from tests.commands import HOUSE

Samples = Any

# Pictures made once, by their digest, from the samples of `pattern`.
GOLDEN: list[tuple[tuple[int, int], tuple[int, int], str]] = [
    ((100, 70), (64, 43), "f76979a6092d5e5f7d48eba33a0b96426c66d6caba7d8bcefb66b7df45d493e2"),
    ((64, 64), (64, 64), "ffe3918efa77171b5840d9309cbe37e938e99d6bcc2b8e558bfe35bdc5cedac1"),
    ((1, 1), (5, 9), "b9dda2f8d4657aa944a58ea761df55167374e821dbc728843be0b47d8985b5dc"),
    ((31, 200), (1, 64), "1dc06e1be38e63819ffaf96eba7587e6cc6ef82f337384bf0e9eed633b0064a0"),
    ((640, 480), (3, 2), "013af58e35f90b24b1234c567039621c21355a4cb420c33eb345b6daadeee0ab"),
    ((1024, 1024), (64, 64), "77bdc90f20285468cf00716e3359b552f08c196a75ee4af1761196a015365987"),
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
    """No sample has the label of its pixels, so all of them count alike."""
    samples = pattern(4, 4)
    thin = np.zeros((64, 64), dtype=np.uint8)
    thin[:, 32] = 255
    plain = render_baseline((256, 256), samples).astype(int)
    drawn = render_baseline((256, 256), samples, maps=[thin]).astype(int)
    assert np.abs(drawn[:, 128:132] - plain[:, 128:132]).max() <= 1


def test_weights() -> None:
    weights = spline_weights()
    assert weights.shape == (256, 4)
    assert (weights.sum(axis=1) == 1 << 14).all()
    assert weights.min() >= 0
    assert weights.tolist() == [list(baseline_twin.weights(t)) for t in range(256)]


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
