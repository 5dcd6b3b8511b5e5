"""CLIP in this process: similarities, and maps of where named things are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from refcodec.backends.clip import Clip, ClipLocator
from refcodec.backends.errors import BackendError, MissingExtraError
from refcodec.backends.model_names import CLIP
from refcodec.describers.interfaces import Locator
from refcodec.errors import LimitError, MalformedError
from refcodec.picture.load import load_picture
from refcodec.visual.maps import Map
from tests import tiny_models

Box = tuple[int, int, int, int]

# In eighths of the picture: left, top, right and bottom.
RED_BOX: Box = (1, 1, 3, 3)
BLUE_BOX: Box = (5, 5, 7, 7)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A CLIP that knows what is red, green, blue or grey."""
    return str(tiny_models.save_clip(tmp_path_factory.mktemp("clip"), steps=60))


def scene(size: tuple[int, int]) -> Image.Image:
    """A red and a blue rectangle on grey."""
    picture = Image.new("RGB", size, tiny_models.BACKGROUND)
    for name, box in (("red", RED_BOX), ("blue", BLUE_BOX)):
        left, top, right, bottom = (side * size[index % 2] // 8 for index, side in enumerate(box))
        picture.paste(tiny_models.COLOURS[name], (left, top, right, bottom))
    return picture


def cells(box: Box, margin: int = 0) -> NDArray[np.bool_]:
    """The cells of an 8 x 8 map within a box and a margin around it."""
    left, top, right, bottom = box
    inside = np.zeros((8, 8), np.bool_)
    inside[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin] = True
    return inside


def located(locator: Locator, picture: Image.Image, names: list[str]) -> list[Map]:
    maps = locator.locate(load_picture(picture), names)
    return [one for one in maps if isinstance(one, Map)]


@pytest.mark.parametrize("size", [(160, 160), (400, 300), (120, 240)])
def test_a_map_is_where_the_named_thing_is(taught: str, size: tuple[int, int]) -> None:
    found = located(ClipLocator(taught), scene(size), ["red", "blue"])
    assert len(found) == 2
    for one, box in zip(found, (RED_BOX, BLUE_BOX), strict=True):
        assert one.bits == 1
        array = one.array()
        assert array[cells(box)].all()
        assert not array[~cells(box, margin=2)].any()


def test_a_higher_threshold_leaves_fewer_cells(taught: str) -> None:
    low, high = (
        located(ClipLocator(taught, threshold=threshold), scene((160, 160)), ["red"])[0].array()
        for threshold in (0.35, 0.8)
    )
    assert 0 < high.sum() < low.sum()
    assert low[high].all()


@pytest.mark.parametrize("size", [(4, 4), (8, 8), (16, 12)])
def test_a_map_has_the_shape_asked_for_and_peaks_at_the_thing(
    taught: str, size: tuple[int, int]
) -> None:
    found = located(ClipLocator(taught, size, bits=2), scene((160, 160)), ["red"])[0]
    assert (found.width, found.height, found.bits) == (*size, 2)
    rows, columns = np.nonzero(found.array() == 3)
    assert rows.size
    assert abs((rows.mean() + 0.5) / size[1] - 0.25) < 0.15
    assert abs((columns.mean() + 0.5) / size[0] - 0.25) < 0.15


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (160, 160), (700, 2)])
def test_nothing_is_found_in_a_picture_of_one_colour(taught: str, size: tuple[int, int]) -> None:
    picture = load_picture(Image.new("RGB", size, tiny_models.COLOURS["red"]))
    assert ClipLocator(taught).locate(picture, ["red", "blue"]) == [None, None]


def test_no_name_needs_no_model(tmp_path: Path) -> None:
    picture = load_picture(scene((16, 16)))
    assert ClipLocator(str(tmp_path / "none")).locate(picture, []) == []


def test_impossible_shapes_are_refused_before_work() -> None:
    with pytest.raises(LimitError):
        ClipLocator("none", (3, 8))
    with pytest.raises(MalformedError):
        ClipLocator("none", bits=5)


def test_similarities_are_cosines_that_tell_colours_apart(taught: str) -> None:
    pictures = [Image.new("RGB", (20, 20), colour) for colour in tiny_models.COLOURS.values()]
    texts = [f"a photo of {name}" for name in tiny_models.COLOURS]
    cosines = Clip(taught).similarities(pictures * 20, texts)
    assert cosines.shape == (60, 3)
    assert np.abs(cosines).max() <= 1 + 1e-9
    assert (cosines.argmax(axis=1) == np.tile(np.arange(3), 20)).all()
    np.testing.assert_allclose(cosines[:3], cosines[-3:], atol=1e-6)


def test_pictures_and_words_that_are_too_long_are_fitted(taught: str) -> None:
    clip = Clip(taught)
    rows = clip.embed_texts(["red " * 200, "red " * 300])
    np.testing.assert_allclose(rows[0], rows[1])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1)
    opaque = Image.new("RGBA", (8, 8), (200, 40, 40, 255))
    np.testing.assert_allclose(
        clip.embed_images([opaque]), clip.embed_images([opaque.convert("RGB")])
    )


def test_it_is_known_which_texts_are_cut(taught: str) -> None:
    clip = Clip(taught)
    assert clip.max_tokens() == tiny_models.CLIP_MAX_TOKENS
    # Two tokens are the marks of beginning and end.
    most = tiny_models.CLIP_MAX_TOKENS - 2
    assert clip.reads_whole("red " * most)
    assert not clip.reads_whole("red " * (most + 1))


def test_the_scale_is_the_one_of_training(tmp_path: Path) -> None:
    clip = Clip(str(tiny_models.save_clip(tmp_path / "clip")))
    # What CLIP begins with: a temperature of 0.07.
    assert clip.logit_scale() == pytest.approx(1 / 0.07, rel=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (3, 7), (7, 3), (500, 1)])
def test_small_and_long_pictures_have_their_colour(taught: str, size: tuple[int, int]) -> None:
    pictures = [Image.new("RGB", sides, tiny_models.COLOURS["red"]) for sides in (size, (40, 40))]
    small, large = Clip(taught).embed_images(pictures)
    np.testing.assert_allclose(small, large, atol=1e-5)


def test_siglip_is_a_model_as_well(tmp_path: Path) -> None:
    folder = tiny_models.save_siglip(tmp_path / "siglip")
    found = located(ClipLocator(str(folder)), scene((160, 160)), ["red", "blue"])
    assert [(one.width, one.height) for one in found] == [(8, 8), (8, 8)]
    clip = Clip(str(folder))
    assert clip.reads_whole("red")
    assert not clip.reads_whole("red " * 100)
    assert clip.logit_scale() > 0


def test_the_environment_names_the_model_unless_it_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("REFCODEC_CLIP_MODEL", raising=False)
    assert ClipLocator().name == CLIP.default
    monkeypatch.setenv("REFCODEC_CLIP_MODEL", "some/other")
    assert ClipLocator().name == "some/other"
    assert ClipLocator("given/one").name == "given/one"


def test_a_model_that_compares_nothing_is_an_error(tmp_path: Path) -> None:
    folder = tiny_models.save_captioner(tmp_path / "captioner")
    with pytest.raises(BackendError, match=r"weights of \w+ are not in its files"):
        Clip(str(folder)).embed_texts(["red"])
    folder = tiny_models.save_chat_model(tmp_path / "chat")
    with pytest.raises(BackendError, match="does not compare pictures and texts"):
        Clip(str(folder)).embed_texts(["red"])


def test_a_missing_model_is_an_error(tmp_path: Path) -> None:
    picture = load_picture(scene((16, 16)))
    with pytest.raises(BackendError, match="no such folder"):
        ClipLocator(str(tmp_path / "none")).locate(picture, ["red"])
    with pytest.raises(BackendError, match="no such folder"):
        Clip(str(tmp_path / "none")).load()


def test_a_package_that_is_not_installed_is_named(
    taught: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"transformers is not installed; .*\[local\]"):
        Clip(taught).embed_texts(["red"])
