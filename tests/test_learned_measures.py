"""CLIP, Fréchet distance and the measures of torchmetrics, by real classes with small weights."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torchmetrics.functional.image import visual_information_fidelity

from refcodec.backends.clip import Clip
from refcodec.backends.errors import BackendError, MissingExtraError
from refcodec.backends.model_names import CLIP
from refcodec.evaluation.clip import ClipEmbeddings, cosine
from refcodec.evaluation.frechet import FrechetDistance
from refcodec.evaluation.learned import (
    ModelOptions,
    Subject,
    load_measures,
    picture_features,
)
from tests.commands import PICTURES
from tests.tiny_models import CLIP_DIMENSIONS, save_clip

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("clip"), more_words=("good", "bad"))


@pytest.fixture(scope="module")
def clip(clip_folder: Path) -> ClipEmbeddings:
    return ClipEmbeddings(Clip(str(clip_folder), "cpu"))


def opened(name: str, size: tuple[int, int] = (96, 64)) -> Image.Image:
    with Image.open(PICTURES / name) as picture:
        return picture.convert("RGB").resize(size)


SUBJECT = Subject(opened("kodim23.png"), opened("house.jpg"), "a house", "two birds")


def test_clip_measures_are_cosines_of_embeddings(clip_folder: Path, clip: ClipEmbeddings) -> None:
    names = {"clip", "clip-text", "clip-texts", "clip-iqa"}
    measures = load_measures(names, ModelOptions(clip=str(clip_folder)))
    assert measures.scorers.keys() == names
    original = clip.embed_picture(SUBJECT.original)
    drawn = clip.embed_picture(SUBJECT.reconstruction)
    said, other = clip.embed_text("a house"), clip.embed_text("two birds")
    scores = {name: scorer(SUBJECT) for name, scorer in measures.scorers.items()}
    assert scores == {
        "clip": pytest.approx(cosine(original, drawn)),
        "clip-text": pytest.approx(cosine(drawn, said)),
        "clip-texts": pytest.approx(cosine(said, other)),
        "clip-iqa": pytest.approx(clip.quality(SUBJECT.reconstruction)),
    }
    alone = Subject(SUBJECT.original, SUBJECT.original, "a house")
    assert measures.scorers["clip"](alone) == pytest.approx(1.0)
    assert measures.scorers["clip-texts"](alone) is None


def test_embeddings_are_those_of_the_model(clip_folder: Path, clip: ClipEmbeddings) -> None:
    from transformers import CLIPImageProcessorPil, CLIPModel

    model = CLIPModel.from_pretrained(clip_folder).eval()
    pixels = CLIPImageProcessorPil.from_pretrained(clip_folder)(
        images=SUBJECT.original, return_tensors="pt"
    )["pixel_values"]
    with torch.inference_mode():
        expected = model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)
    embedding = clip.embed_picture(SUBJECT.original)
    assert embedding.shape == (1, CLIP_DIMENSIONS)
    unit = (expected / expected.norm()).double().numpy()
    np.testing.assert_allclose(embedding, unit, atol=1e-5)


def test_clip_quality_is_a_share_of_good_and_bad(clip: ClipEmbeddings) -> None:
    picture = clip.embed_picture(SUBJECT.original)
    likeness = [cosine(picture, clip.embed_text(f"{word} photo.")) for word in ("Good", "Bad")]
    # 1 / 0.07 is the scale of logits that a CLIP model begins with.
    good, bad = np.exp(np.array(likeness) / 0.07)
    assert abs(good - bad) > 0.01 * good
    assert clip.quality(SUBJECT.original) == pytest.approx(good / (good + bad), abs=1e-4)


def test_the_embedding_of_a_picture_is_kept(clip: ClipEmbeddings) -> None:
    first = clip.embed_picture(SUBJECT.original)
    assert clip.embed_picture(SUBJECT.original.copy()) is first
    assert np.abs(clip.embed_picture(SUBJECT.reconstruction) - first).max() > 1e-6
    # The same samples, in another shape.
    width, height = SUBJECT.original.size
    reshaped = Image.frombytes("RGB", (height, width), SUBJECT.original.tobytes())
    assert np.abs(clip.embed_picture(reshaped) - first).max() > 1e-6


def test_clip_is_named_by_the_environment(
    clip_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CLIP.variable, str(clip_folder))
    clip = load_measures({"clip-iqa"}, ModelOptions()).clip
    assert clip is not None
    assert clip.name == str(clip_folder)


def test_a_clip_model_that_is_not_there_is_an_error_at_once(tmp_path: Path) -> None:
    for name, says in (("empty", "cannot be loaded"), ("none", "no such folder")):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(BackendError, match=rf"{name}: .*{says}"):
            load_measures({"clip"}, ModelOptions(clip=str(tmp_path / name)))


def test_a_measure_of_torchmetrics_gives_its_value_for_each_picture() -> None:
    scorer = load_measures({"vif"}, ModelOptions()).scorers["vif"]
    blurred = SUBJECT.original.resize((24, 16)).resize((96, 64))
    tensors = [
        torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255
        for picture in (blurred, SUBJECT.original)
    ]
    expected = float(visual_information_fidelity(*tensors))
    assert 0 < expected < 1
    changed = Subject(SUBJECT.original, blurred, "")
    assert scorer(changed) == pytest.approx(expected)
    assert scorer(Subject(SUBJECT.original, SUBJECT.original, "")) == pytest.approx(1.0, abs=1e-3)
    assert scorer(changed) == pytest.approx(expected)


def test_pictures_that_a_model_does_not_take_are_an_error() -> None:
    scorer = load_measures({"vif"}, ModelOptions()).scorers["vif"]
    tiny = Image.new("RGB", (8, 8))
    with pytest.raises(BackendError, match="vif cannot be measured"):
        scorer(Subject(tiny, tiny, ""))


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("lpips", "torchvision"),
        ("dists", "torchvision"),
        ("arniqa", "torchvision"),
        ("fid", "torch_fidelity"),
        ("vif", "torch"),
        ("vif", "torchmetrics"),
        ("clip", "accelerate"),
        ("clip", "transformers"),
        ("fid-clip", "torchmetrics"),
    ],
)
def test_a_missing_package_is_named(
    name: str, package: str, clip_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package} is not .*refcodec\[metrics\]"):
        load_measures({name}, ModelOptions(clip=str(clip_folder)))


def test_a_device_that_is_not_there_is_an_error() -> None:
    with pytest.raises(BackendError, match="'nonsense'"):
        load_measures({"vif"}, ModelOptions(device="nonsense"))


def test_weights_that_cannot_be_loaded_are_an_error(tmp_path: Path) -> None:
    from refcodec.evaluation.learned import _inception, _made

    (tmp_path / "wrong.pth").write_bytes(b"these are no weights")
    # As the constructors of LPIPS, DISTS and FID load theirs.
    for name, says in (("none.pth", r".*none\.pth"), ("wrong.pth", "")):
        with pytest.raises(BackendError, match=rf"^lpips: its weights cannot be loaded: {says}"):
            _made("lpips", partial(torch.load, tmp_path / name))
    with pytest.raises(BackendError, match=r"^fid: its weights cannot be loaded: "):
        _inception(ModelOptions(fid_weights=str(tmp_path / "wrong.pth")), "cpu")


def test_nothing_is_loaded_for_no_measures() -> None:
    measures = load_measures(frozenset(), ModelOptions(device="nonsense"))
    assert not measures.scorers
    assert not measures.distances


class SmallExtractor(torch.nn.Module):
    """Means of the channels and of their halves: six features of a picture."""

    def forward(self, samples: torch.Tensor) -> torch.Tensor:
        assert samples.dtype is torch.uint8
        halves = [half.float().mean(dim=(2, 3)) for half in samples.chunk(2, dim=3)]
        return torch.cat(halves, dim=1)


def random_pictures(count: int, seed: int, brightness: int) -> list[Image.Image]:
    generator = np.random.default_rng(seed)
    samples = generator.integers(0, 120, (count, 4, 4, 3)) + brightness
    return [Image.fromarray(each.astype(np.uint8)) for each in samples]


def features_of(pictures: list[Image.Image]) -> NDArray[np.float64]:
    halves = [np.split(np.asarray(picture, np.float64), 2, axis=1) for picture in pictures]
    return np.array([np.concatenate([half.mean(axis=(0, 1)) for half in pair]) for pair in halves])


def test_frechet_distance_is_that_of_the_formula() -> None:
    wanted, got = random_pictures(30, 1, 0), random_pictures(30, 2, 60)
    distance = FrechetDistance(picture_features(SmallExtractor(), "cpu"))
    for original, reconstruction in zip(wanted, got, strict=True):
        distance.add("far", original, reconstruction)
        distance.add("same", original, original)
    one, other = features_of(wanted), features_of(got)
    values, vectors = np.linalg.eigh(np.cov(one.T))
    root = vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T
    between = np.linalg.eigvalsh(root @ np.cov(other.T) @ root)
    expected = ((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum()
    expected += values.sum() + np.trace(np.cov(other.T)) - 2 * np.sqrt(np.maximum(between, 0)).sum()
    assert distance.count("far") == 30
    assert distance.value("far") == pytest.approx(expected, rel=1e-4)
    assert distance.value("same") == pytest.approx(0.0, abs=1e-3)


def test_frechet_distance_takes_two_pictures() -> None:
    distance = FrechetDistance(picture_features(SmallExtractor(), "cpu"))
    assert distance.value("none") is None
    picture = random_pictures(1, 1, 0)[0]
    distance.add("one", picture, picture)
    assert distance.value("one") is None


def test_frechet_distance_of_pictures_that_a_network_does_not_take() -> None:
    distance = FrechetDistance(picture_features(torch.nn.Conv2d(1, 1, 3), "cpu"))
    picture = random_pictures(1, 1, 0)[0]
    with pytest.raises(BackendError, match="features of a picture"):
        distance.add("any", picture, picture)


def test_frechet_distance_in_clip_features(clip_folder: Path) -> None:
    measures = load_measures({"fid-clip"}, ModelOptions(clip=str(clip_folder)))
    distance = measures.distances["fid-clip"]
    for original in random_pictures(6, 3, 0):
        distance.add("a", original, original)
        distance.add("b", original, original.rotate(90).resize((2, 2)))
    same, other = distance.value("a"), distance.value("b")
    assert same == pytest.approx(0.0, abs=1e-6)
    assert other is not None
    assert other > 1e-6
