"""Presets from picture to file to picture, through models in this process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

import refcodec
from refcodec import Map
from tests.commands import HOUSE, run
from tests.tiny_diffusion import save_stable_diffusion
from tests.tiny_models import save_chat_model, save_clip

CAPTION = "A red house under a blue sky."
DRAWING = ["--steps", 2, "--work-side", 64, "--device", "cpu", "-f", "--generator", "diffusers"]


@pytest.fixture(scope="module")
def diffusion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny diffusion pipeline with random weights."""
    return save_stable_diffusion(tmp_path_factory.mktemp("diffusion"))


def draw(sem: Path, diffusion: Path, size: tuple[int, int]) -> None:
    png = sem.with_suffix(".png")
    done = run("semdec", sem, "-o", png, *DRAWING, "--image-model", diffusion)
    assert done.returncode == 0, done.stderr
    with Image.open(png) as picture:
        assert picture.size == size
        assert "trainedAlgorithmicMedia" in picture.info["XML:com.adobe.xmp"]
        assert str(diffusion.parent) not in str(picture.info)


@pytest.mark.parametrize(
    ("preset", "has_thumbnail"), [("text", False), ("raster", False), ("raster+thumbnail", True)]
)
def test_texts_and_thumbnails(
    preset: str,
    has_thumbnail: bool,
    small_picture: Path,
    diffusion: Path,
    tmp_path: Path,
) -> None:
    model, sem = save_chat_model(tmp_path / "model", [CAPTION]), tmp_path / "x.sem"
    options = ["--describer", "transformers", "--model", model, "--device", "cpu"]
    done = run("semenc", small_picture, "-o", sem, "--preset", preset, *options)
    assert done.returncode == 0, done.stderr
    document = refcodec.loads(sem.read_bytes())
    assert document.text == CAPTION
    assert (document.thumbnail is not None) == has_thumbnail
    draw(sem, diffusion, (96, 64))


def test_items_are_found_by_clip_and_drawn_in_their_places(
    small_picture: Path, diffusion: Path, tmp_path: Path
) -> None:
    items = [{"name": "red square", "detail": "big"}, {"name": "blue circle", "detail": ""}]
    answer = json.dumps({"items": items, "overall": CAPTION})
    model = save_chat_model(tmp_path / "model", [answer])
    clip, sem = save_clip(tmp_path / "clip"), tmp_path / "x.sem"
    options = ["--describer", "transformers", "--model", model, "--clip-model", clip]
    done = run(
        "semenc", small_picture, "-o", sem, "--preset", "items", *options, "--max-bytes", 120
    )
    assert done.returncode == 0, done.stderr
    assert sem.stat().st_size <= 120
    document = refcodec.loads(sem.read_bytes())
    assert [item.name for item in document.items] == ["red square", "blue circle"]
    assert any(isinstance(item.map, Map) for item in document.items)
    assert document.thumbnail is not None
    draw(sem, diffusion, (96, 64))


def test_a_describer_that_cannot_be_loaded(tmp_path: Path) -> None:
    options = ["--describer", "transformers", "--model", tmp_path / "nothing"]
    done = run("semenc", HOUSE, "-o", tmp_path / "x.sem", *options)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
