"""The tools that train and export the thumbnail's network, on one photograph."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from refcodec.visual.colour import UNIT, planes_from_rgb
from refcodec.visual.pyramid import join, split
from refcodec.visual.thumbnail_network import step_size
from refcodec.visual.thumbnail_payload import Symbols, encode_symbols
from refcodec.visual.thumbnail_search import Source, choose_levels
from refcodec.visual.thumbnail_symbols import TABLE_TOTAL
from refcodec.visual.thumbnail_weights import parse
from tools.thumbnail import export, network, train
from tools.thumbnail.pictures import Reduced, drawing

KODIM23 = Path(__file__).parent / "pictures" / "kodim23.png"


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographs")
    Image.open(KODIM23).resize((240, 160)).save(folder / "a.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["tool", *map(str, arguments)])
    (train if "--steps" in arguments else export).main()


def test_train_resume_and_export(
    photographs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is exported codes as the trained network expects, and better the longer it learnt."""
    monkeypatch.setattr(train, "SIZES", ((40, 56), (48, 64)))
    monkeypatch.setattr(train, "BATCH", 4)
    monkeypatch.setattr(train, "WARM_UP", 2)
    monkeypatch.setattr(export, "STEPS", range(14, 18))
    monkeypatch.setattr(export, "PICTURES_A_STEP", 1)
    checkpoint, weights_file = tmp_path / "checkpoint", tmp_path / "weights.bin"
    source = Source.from_samples(np.asarray(Image.open(KODIM23).resize((48, 32))))
    sizes = []
    for steps in (2, 120):
        run(monkeypatch, photographs, "-o", checkpoint, "--steps", steps)
        run(monkeypatch, checkpoint, photographs, "-o", weights_file)
        weights = parse(weights_file.read_bytes())
        levels = choose_levels(source, weights, 14, 0.1, {}).levels
        sizes.append(len(encode_symbols(Symbols(4, levels), weights)))
    assert sizes[1] < 0.9 * sizes[0]
    saved = torch.load(checkpoint, weights_only=True)
    printed = [line for line in capsys.readouterr().out.splitlines() if " steps, loss" in line]
    assert [line.split()[0] for line in printed] == ["2", "120"]
    assert saved["count"] == 120

    trained = network.ThumbnailNetwork()
    trained.load_state_dict(saved["network"])
    planes = torch.from_numpy(planes_from_rgb(source.rgb).transpose(2, 0, 1) / UNIT).float()
    with torch.no_grad():
        cost, _ = trained(planes[None], torch.tensor([step_size(14, 0) / UNIT]), 0.1)
    assert cost.bits.item() == pytest.approx(8 * sizes[1], rel=0.1)


def test_the_trained_pyramid_is_the_decoders() -> None:
    samples = np.random.default_rng(1).normal(size=(5, 7, 3)) * 3000
    coarse, details = split(samples)
    tensor = torch.from_numpy(samples.transpose(2, 0, 1))[None]
    trained_coarse, trained_details = network.split(tensor)
    assert np.allclose(trained_coarse[0].permute(1, 2, 0), coarse)
    assert np.allclose(trained_details[0].permute(2, 3, 0, 1).reshape(-1, 9), details)
    joined = network.join(trained_coarse, trained_details)[0].permute(1, 2, 0)[:5, :7]
    assert np.allclose(joined, samples)
    assert np.abs(join(coarse, details, (7, 5)) - samples).max() <= 0.5


def test_frequencies_sum_to_the_total() -> None:
    table = export.frequencies(export.laplace())
    assert (table.sum(axis=1) == TABLE_TOTAL).all()
    assert table.min() >= 1
    assert (np.diff(table[:, 0]) <= 0).all()


def test_a_weight_that_does_not_fit() -> None:
    state = network.ThumbnailNetwork().state_dict()
    state["third.weight"][0, 0, 0, 0] = 32
    with pytest.raises(SystemExit, match="third: a weight does not fit"):
        export.layer_bytes(state)


def test_pictures_of_the_training(photographs: Path) -> None:
    pictures = Reduced(photographs)
    assert len(pictures) > 3
    crop = pictures.crop(random.Random(3), 30, 20)
    assert crop.shape == (30, 20, 3)
    grey = drawing(random.Random(1), 40, 30, grey=True)
    assert grey.shape == (40, 30, 3)
    assert np.ptp(grey, axis=2).max() == 0
    colours = [drawing(random.Random(seed), 16, 16, grey=False) for seed in range(5)]
    assert any(np.ptp(each, axis=2).max() > 0 for each in colours)
