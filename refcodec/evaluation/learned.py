"""Measures that trained models make, through torchmetrics and CLIP (extra [metrics]).

Each model is loaded when one of its measures is asked for, and only then. Weights that are not
on the disk yet are downloaded by the packages: torchvision's (LPIPS, DISTS), torch-fidelity's
(FID), those of ARNIQA's authors, and CLIP's from the Hugging Face Hub.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from refcodec.backends.clip import Clip
from refcodec.backends.errors import BackendError
from refcodec.backends.in_process import PACKAGES, choose_device, require_packages
from refcodec.evaluation.catalogue import ARNIQA_DATASETS, LPIPS_NETS
from refcodec.evaluation.clip import ClipEmbeddings, cosine
from refcodec.evaluation.frechet import Features, FrechetDistance

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

_INCEPTION_FEATURES = 2048


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Which models to use; `fid_weights` is a file of torch-fidelity's Inception weights.

    `clip` None is the model that `refcodec.backends.model_names` has; `device` is torch's name of
    one, or "auto": an accelerator if there is one.
    """

    clip: str | None = None
    lpips_net: str = LPIPS_NETS[0]
    arniqa_dataset: str = ARNIQA_DATASETS[0]
    fid_weights: str | None = None
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: RGB pictures of the same size, and descriptions.

    `description` is the file's, `other_description` one to compare it with.
    """

    original: Image
    reconstruction: Image
    description: str
    other_description: str | None = None


Scorer = Callable[[Subject], float | None]


@dataclass(frozen=True, slots=True)
class LearnedMeasures:
    """The measures that were asked for, by name, and the CLIP model if it was needed.

    A scorer returns None where what it compares is not there, and raises BackendError for
    pictures that its model does not take.
    """

    scorers: dict[str, Scorer]
    distances: dict[str, FrechetDistance]
    clip: Clip | None = None


def load_measures(names: Collection[str], options: ModelOptions) -> LearnedMeasures:
    """Load the models of measures by their names in the catalogue.

    Raises MissingExtraError without a package that they need, BackendError where a model
    cannot be loaded.
    """
    if not names:
        return LearnedMeasures({}, {})
    also = dict.fromkeys(_ALSO_NEEDED[name] for name in sorted(names) if name in _ALSO_NEEDED)
    require_packages((*PACKAGES, "torchmetrics", *also), "metrics")
    device = choose_device(options.device)
    clip = None
    scorers: dict[str, Scorer] = {}
    distances: dict[str, FrechetDistance] = {}
    if any("clip" in name for name in names):
        clip = Clip(options.clip, device)
        clip.load()
        embeddings = ClipEmbeddings(clip)
        of_clip = _clip_scorers(embeddings)
        scorers |= {name: scorer for name, scorer in of_clip.items() if name in names}
        if "fid-clip" in names:
            distances["fid-clip"] = FrechetDistance(embeddings.embed_picture)
    for name, (module, class_name) in _METRICS.items():
        if name in names:
            keywords = _keywords(name, options)
            scorers[name] = _metric_scorer(name, module, class_name, keywords, device)
    if "fid" in names:
        distances["fid"] = FrechetDistance(_inception(options, device))
    guarded = {name: _guarded(name, scorer) for name, scorer in scorers.items()}
    return LearnedMeasures(guarded, distances, clip)


def _guarded(name: str, scorer: Scorer) -> Scorer:
    """The scorer, with what its packages raise over pictures and memory as BackendError."""

    def score(subject: Subject) -> float | None:
        try:
            return scorer(subject)
        except (RuntimeError, ValueError) as error:
            raise BackendError(f"{name} cannot be measured: {error}") from error

    return score


def _clip_scorers(clip: ClipEmbeddings) -> dict[str, Scorer]:
    def pictures(subject: Subject) -> float:
        original = clip.embed_picture(subject.original)
        return cosine(original, clip.embed_picture(subject.reconstruction))

    def text(subject: Subject) -> float:
        description = clip.embed_text(subject.description)
        return cosine(clip.embed_picture(subject.reconstruction), description)

    def texts(subject: Subject) -> float | None:
        if subject.other_description is None:
            return None
        other = clip.embed_text(subject.other_description)
        return cosine(clip.embed_text(subject.description), other)

    def quality(subject: Subject) -> float:
        return clip.quality(subject.reconstruction)

    return {"clip": pictures, "clip-text": text, "clip-texts": texts, "clip-iqa": quality}


# By the measure's name: the module of torchmetrics and the class.
_METRICS = {
    "lpips": ("torchmetrics.image.lpip", "LearnedPerceptualImagePatchSimilarity"),
    # The metric itself would load the network again for every picture.
    "dists": ("torchmetrics.functional.image.dists", "DISTSNetwork"),
    "vif": ("torchmetrics.image.vif", "VisualInformationFidelity"),
    "arniqa": ("torchmetrics.image.arniqa", "ARNIQA"),
}
# The packages that torchmetrics does not bring, and loads only for some measures.
_ALSO_NEEDED = {
    "lpips": "torchvision",
    "dists": "torchvision",
    "arniqa": "torchvision",
    "fid": "torch_fidelity",
}
# How many of reconstruction and original they look at.
_PICTURE_COUNTS = {"arniqa": 1}


def _keywords(name: str, options: ModelOptions) -> dict[str, Any]:
    """What the constructor of the metric is given; pictures have samples 0 to 1."""
    return {
        "lpips": {"net_type": options.lpips_net, "normalize": True},
        "arniqa": {"regressor_dataset": options.arniqa_dataset, "normalize": True},
    }.get(name, {})


def _metric_scorer(
    name: str, module: str, class_name: str, keywords: dict[str, Any], device: str
) -> Scorer:
    metric = _made(name, lambda: _class_of(module, class_name)(**keywords).to(device))

    def score(subject: Subject) -> float:
        import torch

        pictures = (subject.reconstruction, subject.original)[: _PICTURE_COUNTS.get(name, 2)]
        if hasattr(metric, "reset"):
            # A metric keeps the scores of all pictures for their mean.
            metric.reset()
        with torch.inference_mode():
            return float(metric(*(_samples(each).to(device).float() / 255 for each in pictures)))

    return score


def _inception(options: ModelOptions, device: str) -> Features:
    """The Inception v3 features of a picture, (1, 2048), as torchmetrics' FID takes them."""

    def load() -> Any:
        make = _class_of("torchmetrics.image.fid", "FrechetInceptionDistance")
        weights = {"feature_extractor_weights_path": options.fid_weights}
        return make(_INCEPTION_FEATURES, **weights).inception.to(device)

    return picture_features(_made("fid", load), device)


def picture_features(network: Any, device: str) -> Features:
    """What a torch module makes of one picture, 8-bit samples of shape (1, 3, height, width)."""

    def features(picture: Image) -> NDArray[np.float64]:
        import torch

        samples = _samples(picture).to(device)
        with torch.inference_mode():
            vector: NDArray[np.float64] = network(samples).cpu().double().numpy()
        return vector

    return features


def _class_of(module: str, class_name: str) -> Any:
    return getattr(importlib.import_module(module), class_name)


def _made(name: str, make: Callable[[], Any]) -> Any:
    """A metric with its weights; BackendError for whatever its package raises without them."""
    try:
        return make()
    except Exception as error:
        raise BackendError(f"{name}: its weights cannot be loaded: {error}") from error


def _samples(picture: Image) -> Tensor:
    """An RGB picture as 8-bit samples of shape (1, 3, height, width)."""
    import torch

    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
