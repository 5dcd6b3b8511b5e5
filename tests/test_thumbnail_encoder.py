"""The thumbnail encoder, and the tools that fit and measure it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from refcodec.coding.range_coder import TOTAL, RangeEncoder
from refcodec.errors import LimitError, MalformedError
from refcodec.visual.symbols import uniform, writing
from refcodec.visual.thumbnail import Thumbnail
from refcodec.visual.thumbnail_model import Model
from tools.bench import thumbnail as bench
from tools.thumbnail import fit

KODIM23 = Path(__file__).parent / "pictures" / "kodim23.png"


@pytest.mark.parametrize(("budget", "decibels"), [(24, 17.0), (64, 19.9), (128, 21.9), (256, 23.8)])
def test_quality_and_use_of_the_budget(budget: int, decibels: float) -> None:
    original = Image.open(KODIM23).reduce(8)
    thumbnail = Thumbnail.from_image(original, budget)
    assert budget - 1 <= len(thumbnail.data) <= budget
    assert bench.psnr(thumbnail.image(), original) > decibels
    assert Thumbnail.decode(thumbnail.data, (96, 64)) == thumbnail


@pytest.mark.parametrize("budget", [-1, 0, 1, 2])
def test_budgets_too_small_for_anything(budget: int) -> None:
    with pytest.raises(LimitError, match="nothing fits"):
        Thumbnail.from_image(Image.open(KODIM23), budget)


@pytest.mark.parametrize("budget", range(3, 16))
def test_small_budgets(budget: int) -> None:
    thumbnail = Thumbnail.from_image(Image.open(KODIM23), budget)
    assert 0 < len(thumbnail.data) <= budget
    red, green, blue = thumbnail.samples().reshape(-1, 3).mean(axis=0)
    assert budget < 6 or red > green > blue


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
    assert len(thumbnail.data) < 16
    assert thumbnail.image().size == thumbnail.size
    assert np.abs(thumbnail.samples().astype(int) - colours).max() <= 2


def test_noise_and_full_budget() -> None:
    noise = np.random.default_rng(5).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    thumbnail = Thumbnail.from_image(Image.fromarray(noise), 5000)
    assert 1000 < len(thumbnail.data) <= 4096
    assert bench.psnr(thumbnail.image(), Image.fromarray(noise)) > 8


def test_canvas_of_a_picture_that_was_scaled_down() -> None:
    image = Image.open(KODIM23).resize((300, 199))
    thumbnail = Thumbnail.from_image(image, 40, canvas=(7680, 5120))
    assert thumbnail.canvas == (7680, 5120)
    assert thumbnail.image().size == (64, 43)


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


# The tools.


def test_fit_is_reproducible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "BUDGETS", (24,))
    monkeypatch.setattr(fit, "ROUNDS", 2)
    Image.open(KODIM23).resize((192, 128)).save(tmp_path / "a.jpg", quality=92)
    outputs = [tmp_path / "1.json", tmp_path / "2.json"]
    for output in outputs:
        arguments = ["fit", str(tmp_path), "-o", str(output), "--crops", "1"]
        monkeypatch.setattr(sys, "argv", arguments)
        fit.main()
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    model = Model(json.loads(outputs[0].read_text(encoding="ascii")))
    for row in (model.step, *model.end, *model.magnitude):
        assert int(row.sum()) == TOTAL
    # Of two contexts the higher has the greater magnitudes.
    means = [float((row / TOTAL) @ np.arange(16)) for row in model.magnitude]
    assert means[2] < means[12] < means[22]


def test_bench_prints_a_row_a_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.open(KODIM23).resize((192, 128)).save(tmp_path / "a.png")
    monkeypatch.setattr(bench, "PEER_SIXTEENTHS", (8,))
    monkeypatch.setattr(sys, "argv", ["thumbnail", str(tmp_path)])
    monkeypatch.setattr(bench, "BUDGETS", (24, 256))
    bench.main()
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| 256 |")]
    assert len(rows) == 2
    assert float(rows[0].split("|")[2]) > 20
