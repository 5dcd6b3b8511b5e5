"""The thumbnail encoder, and the tools that train and measure it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from refcodec.coding.range_coder import RangeEncoder
from refcodec.errors import LimitError, MalformedError
from refcodec.picture.load import load_picture
from refcodec.visual.symbols import uniform, writing
from refcodec.visual.thumbnail import Thumbnail
from tools.bench import thumbnail as bench
from tools.bench import thumbnail_peers

KODIM23 = Path(__file__).parent / "pictures" / "kodim23.png"


@pytest.mark.parametrize(("budget", "decibels"), [(24, 16.9), (64, 19.9), (128, 21.9), (256, 24.6)])
def test_quality_and_use_of_the_budget(budget: int, decibels: float) -> None:
    original = Image.open(KODIM23).reduce(8)
    thumbnail = Thumbnail.from_image(original, budget)
    assert budget - 3 <= len(thumbnail.data) <= budget
    assert bench.psnr(thumbnail.image(), original) > decibels
    assert Thumbnail.decode(thumbnail.data, (96, 64)) == thumbnail


@pytest.mark.parametrize("budget", [-1, 0, 1])
def test_budgets_too_small_for_anything(budget: int) -> None:
    with pytest.raises(LimitError, match="nothing fits"):
        Thumbnail.from_image(Image.open(KODIM23), budget)


@pytest.mark.parametrize("budget", [6, 9, 12, 15])
def test_small_budgets(budget: int) -> None:
    thumbnail = Thumbnail.from_image(Image.open(KODIM23), budget)
    assert 0 < len(thumbnail.data) <= budget
    red, green, blue = thumbnail.samples().reshape(-1, 3).mean(axis=0)
    assert red > green > blue


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "F"])
def test_modes(mode: str) -> None:
    image = Image.open(KODIM23).resize((32, 20)).convert(mode)
    thumbnail = Thumbnail.from_image(image, 40)
    expected = np.asarray(image.convert("RGB"), dtype=np.float64).mean()
    assert abs(thumbnail.samples().mean() - expected) < 6


@pytest.mark.parametrize("colours", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255)])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (5, 4)])
def test_plain_pictures(size: tuple[int, int], colours: tuple[int, int, int]) -> None:
    thumbnail = Thumbnail.from_image(Image.new("RGB", size, colours))
    assert len(thumbnail.data) < 100
    assert thumbnail.image().size == thumbnail.size
    assert np.abs(thumbnail.samples().astype(int) - colours).max() <= 3


def test_noise_and_full_budget() -> None:
    noise = np.random.default_rng(5).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    thumbnail = Thumbnail.from_image(Image.fromarray(noise), 5000)
    assert 3800 < len(thumbnail.data) <= 4096
    assert bench.psnr(thumbnail.image(), Image.fromarray(noise)) > 14


@pytest.mark.parametrize(
    ("size", "budget", "grid"),
    [
        ((20, 10), 64, (24, 12)),
        ((70, 50), 64, (64, 46)),
        ((300, 300), 40, (48, 48)),
        ((300, 300), 99, (64, 64)),
        ((300, 300), 100, (96, 96)),
        ((300, 300), 400, (128, 128)),
        ((100, 300), 400, (43, 128)),
    ],
)
def test_grid_of_a_picture(size: tuple[int, int], budget: int, grid: tuple[int, int]) -> None:
    image = Image.open(KODIM23).resize(size)
    assert Thumbnail.from_image(image, budget).size == grid


def test_a_thorough_search_finds_no_worse() -> None:
    original = Image.open(KODIM23).reduce(8)
    usual, best = (Thumbnail.from_image(original, 50, thorough=each) for each in (False, True))
    assert bench.psnr(best.image(), original) >= bench.psnr(usual.image(), original)
    assert len(best.data) <= 50


def test_canvas_of_a_picture_that_was_scaled_down() -> None:
    image = Image.open(KODIM23).resize((300, 199))
    thumbnail = Thumbnail.from_image(image, 40, canvas=(7680, 5120))
    assert thumbnail.canvas == (7680, 5120)
    assert thumbnail.image().size == (48, 32)


def test_thumbnails_are_values() -> None:
    thumbnail = Thumbnail.from_image(Image.new("RGB", (8, 8)), canvas=(8, 9))
    assert thumbnail == Thumbnail.decode(thumbnail.data, (8, 9))
    assert hash(thumbnail) == hash(Thumbnail(thumbnail.data, (8, 9)))


def test_modes_that_do_not_convert() -> None:
    with pytest.raises(MalformedError, match="mode La"):
        Thumbnail.from_image(Image.new("La", (8, 8)))


def test_pictures_without_pixels() -> None:
    with pytest.raises(LimitError):
        Thumbnail.from_image(Image.new("RGB", (0, 4)))
    with pytest.raises(MalformedError, match="no pixels"):
        Thumbnail.from_image(Image.new("RGB", (0, 4)), canvas=(4, 4))


def test_writing_returns_what_it_writes() -> None:
    assert writing(RangeEncoder())(3, uniform(7)) == 3


# Alpha.


def disc() -> Image.Image:
    """A red disc on a ground that is transparent, and black beneath."""
    image = Image.new("RGBA", (240, 160), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((60, 20, 180, 140), fill=(220, 60, 40, 255))
    return image


def test_alpha_is_kept() -> None:
    thumbnail = Thumbnail.from_image(disc(), 120)
    assert len(thumbnail.data) <= 120
    image = thumbnail.image()
    assert image.mode == "RGBA"
    assert image.getpixel((48, 32)) == pytest.approx((220, 60, 40, 255), abs=12)
    assert np.asarray(image)[3, 3, 3] < 12
    wanted = np.asarray(disc().getchannel("A").resize(image.size), float)
    assert np.abs(np.asarray(image.getchannel("A"), float) - wanted).mean() < 12


def test_an_opaque_alpha_channel_is_none() -> None:
    image = Image.open(KODIM23).resize((48, 32)).convert("RGBA")
    thumbnail = Thumbnail.from_image(image, 40)
    assert thumbnail.alpha() is None
    assert thumbnail.image().mode == "RGB"


def test_a_picture_that_is_transparent_everywhere() -> None:
    alpha = Thumbnail.from_image(Image.new("RGBA", (64, 64)), 60).alpha()
    assert alpha is not None
    assert alpha.max() < 8


def test_alpha_needs_bytes_too() -> None:
    with pytest.raises(LimitError, match="nothing fits 8 bytes"):
        Thumbnail.from_image(disc(), 8)


def test_a_loaded_picture_keeps_its_alpha() -> None:
    """Analysis sees the picture over white, the thumbnail what was drawn over it."""
    loaded = load_picture(disc())
    assert loaded.image.getpixel((0, 0)) == (255, 255, 255)
    whole = loaded.with_alpha()
    assert whole.getpixel((120, 80)) == (220, 60, 40, 255)
    assert np.asarray(whole)[0, 0, 3] == 0
    assert load_picture(Image.open(KODIM23)).with_alpha().mode == "RGB"


# The tools.


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder with a photograph."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    Image.open(KODIM23).resize((768, 512)).save(folder / "a.jpg", quality=92)
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_bench_prints_a_row_a_budget(
    photographs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(thumbnail_peers, "SIXTEENTHS", (8,))
    monkeypatch.setattr(thumbnail_peers, "JXL_EFFORT", 3)
    monkeypatch.setattr(sys, "argv", ["thumbnail", str(photographs)])
    monkeypatch.setattr(bench, "BUDGETS", (24, 256))
    bench.main()
    printed = capsys.readouterr().out
    quality, times = (line for line in printed.splitlines() if line.startswith("| 256 |"))
    ours, *peers = (float(cell.split()[0]) for cell in quality.split("|")[2:-1] if "-" not in cell)
    assert ours > max(peers) > 15
    assert len(times.split("|")) == 6
    for name in ("ThumbHash", "BlurHash"):
        (row,) = (line for line in printed.splitlines() if line.startswith(f"| {name} |"))
        *_, its, same_size, _ = row.split("|")
        assert float(its.split()[0]) < float(same_size.split()[0])
