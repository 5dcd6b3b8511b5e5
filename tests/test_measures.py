"""PSNR, SSIM and MS-SSIM, against scikit-image and torchmetrics."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torchmetrics.image import MultiScaleStructuralSimilarityIndexMeasure

from refcodec.evaluation.measures import (
    MS_SSIM_MIN_SIDE,
    SSIM_MIN_SIDE,
    Pixels,
    ms_ssim,
    psnr,
    ssim,
)
from tests.commands import PICTURES

torch.set_num_threads(1)


def parrots(width: int, height: int) -> Pixels:
    with Image.open(PICTURES / "kodim23.png") as picture:
        return np.asarray(picture.convert("RGB").resize((width, height)))


def noisy(picture: Pixels, deviation: float) -> Pixels:
    noise = np.random.default_rng(7).normal(0, deviation, picture.shape)
    return np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(768, 512), (301, 277), (11, 11), (600, 12)])
@pytest.mark.parametrize("deviation", [3.0, 40.0])
def test_psnr_and_ssim_are_those_of_scikit_image(size: tuple[int, int], deviation: float) -> None:
    original = parrots(*size)
    changed = noisy(original, deviation)
    expected = structural_similarity(
        original,
        changed,
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(original, changed) == pytest.approx(expected, abs=1e-9)
    assert psnr(original, changed) == pytest.approx(peak_signal_noise_ratio(original, changed))


@pytest.mark.parametrize("size", [(384, 256), (177, 231)])
@pytest.mark.parametrize("deviation", [3.0, 40.0])
def test_ms_ssim_is_near_that_of_torchmetrics(size: tuple[int, int], deviation: float) -> None:
    original = parrots(*size)
    changed = noisy(original, deviation)
    metric = MultiScaleStructuralSimilarityIndexMeasure(data_range=255.0)
    tensors = [
        torch.from_numpy(picture.astype(np.float64)).permute(2, 0, 1)[None]
        for picture in (changed, original)
    ]
    # At the last scale torchmetrics counts the mirrored border as well, which is no picture.
    assert ms_ssim(original, changed) == pytest.approx(float(metric(*tensors)), abs=2e-3)


def test_equal_pictures_are_as_near_as_can_be() -> None:
    picture = parrots(200, 180)
    assert psnr(picture, picture) == math.inf
    assert ssim(picture, picture) == pytest.approx(1.0)
    assert ms_ssim(picture, picture) == pytest.approx(1.0)


def test_more_noise_is_further_away() -> None:
    original = parrots(240, 200)
    near, far = noisy(original, 5), noisy(original, 50)
    for measure in (psnr, ssim, ms_ssim):
        better, worse = measure(original, near), measure(original, far)
        assert better is not None
        assert worse is not None
        assert better > worse


def test_what_the_window_does_not_fit_is_not_measured() -> None:
    small = parrots(SSIM_MIN_SIDE - 1, 300)
    assert ssim(small, small) is None
    assert ms_ssim(small, small) is None
    medium = parrots(300, MS_SSIM_MIN_SIDE - 1)
    assert ssim(medium, medium) == pytest.approx(1.0)
    assert ms_ssim(medium, medium) is None
    just = parrots(MS_SSIM_MIN_SIDE, MS_SSIM_MIN_SIDE)
    assert ms_ssim(just, just) == pytest.approx(1.0)


def test_a_flat_picture_has_finite_measures() -> None:
    flat = np.full((200, 190, 3), 128, np.uint8)
    original = parrots(190, 200)
    assert 0 < psnr(original, flat) < 30
    similarity, multi_scale = ssim(original, flat), ms_ssim(original, flat)
    assert similarity is not None
    assert 0 < similarity < 1
    assert multi_scale is not None
    assert 0 <= multi_scale < 1


def test_a_negative_has_no_structure_in_common() -> None:
    original = parrots(200, 200)
    assert ms_ssim(original, 255 - original) == 0.0
