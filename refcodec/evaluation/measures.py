"""How near a reconstruction is to its original, in numpy: PSNR, SSIM and MS-SSIM.

All take two 8-bit RGB pictures of the same size, as arrays (height, width, 3), and treat the
three channels R, G and B alike, as the literature on learned compression does; Wang et al.
worked on grey pictures.

- PSNR: 10 log10(255**2 / mean squared error), the mean over all samples of all channels.
- SSIM: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
  structural similarity", 2004. The window is a Gaussian of 11 x 11 pixels with a standard
  deviation of 1.5, only where it fits the picture; K1 is 0.01, K2 0.03, L 255; the mean over
  places and channels.
- MS-SSIM: Wang, Simoncelli and Bovik, "Multiscale structural similarity for image quality
  assessment", 2003. Five scales, each of half the sides of the one before (means of 2 x 2
  pixels), the terms of each averaged over places and channels, those below 0 taken as 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

PEAK = 255.0
WINDOW_SIDE = 11
WINDOW_SIGMA = 1.5
K1, K2 = 0.01, 0.03
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SSIM_MIN_SIDE = WINDOW_SIDE
# The window must fit the smallest of the five scales.
MS_SSIM_MIN_SIDE = WINDOW_SIDE << (len(SCALE_WEIGHTS) - 1)
# Rows that are worked on together, which bounds the memory.
_BAND_ROWS = 256


def psnr(original: Pixels, reconstruction: Pixels) -> float:
    """The peak signal-to-noise ratio in dB; infinite for equal pictures."""
    difference = original.astype(np.int32) - reconstruction
    error = float(np.mean(difference * difference, dtype=np.float64))
    return 10 * math.log10(PEAK**2 / error) if error else math.inf


def ssim(original: Pixels, reconstruction: Pixels) -> float | None:
    """The structural similarity, 1 for equal pictures; None if a side is below SSIM_MIN_SIDE."""
    if min(original.shape[:2]) < SSIM_MIN_SIDE:
        return None
    similarity, _ = _mean_terms(original.astype(np.float64), reconstruction.astype(np.float64))
    return similarity


def ms_ssim(original: Pixels, reconstruction: Pixels) -> float | None:
    """The multi-scale structural similarity, 0 to 1; None if a side is below MS_SSIM_MIN_SIDE.

    With fewer scales it would be another measure, whose values could not be compared.
    """
    if min(original.shape[:2]) < MS_SSIM_MIN_SIDE:
        return None
    one, other = original.astype(np.float64), reconstruction.astype(np.float64)
    product = 1.0
    for scale, weight in enumerate(SCALE_WEIGHTS):
        if scale:
            one, other = _halved(one), _halved(other)
        similarity, contrast = _mean_terms(one, other)
        is_last = scale == len(SCALE_WEIGHTS) - 1
        product *= max(0.0, similarity if is_last else contrast) ** weight
    return product


def _halved(picture: Floats) -> Floats:
    """Half the sides, a last odd row or column left out."""
    height, width, channels = picture.shape
    even = picture[: height // 2 * 2, : width // 2 * 2]
    halves: Floats = even.reshape(height // 2, 2, width // 2, 2, channels).mean(axis=(1, 3))
    return halves


def _mean_terms(one: Floats, other: Floats) -> tuple[float, float]:
    """The mean of SSIM, and of its contrast and structure terms alone."""
    similarity = contrast = 0.0
    for band_one, band_other in _bands(one, other):
        band_similarity, band_contrast = _terms(band_one, band_other)
        similarity += float(band_similarity.sum())
        contrast += float(band_contrast.sum())
    height, width, channels = one.shape
    count = (height - WINDOW_SIDE + 1) * (width - WINDOW_SIDE + 1) * channels
    return similarity / count, contrast / count


def _bands(one: Floats, other: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Each channel in bands of rows that overlap, so that every place is in one of them."""
    overlap = WINDOW_SIDE - 1
    for channel in range(one.shape[2]):
        for top in range(0, one.shape[0] - overlap, _BAND_ROWS):
            rows = slice(top, top + _BAND_ROWS + overlap)
            yield one[rows, :, channel], other[rows, :, channel]


def _terms(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """SSIM, and its contrast and structure terms alone, at each place that the window fits."""
    c1, c2 = (K1 * PEAK) ** 2, (K2 * PEAK) ** 2
    mean_one, mean_other = _windowed(one), _windowed(other)
    variances = _windowed(one * one) + _windowed(other * other) - mean_one**2 - mean_other**2
    covariance = _windowed(one * other) - mean_one * mean_other
    contrast = (2 * covariance + c2) / (variances + c2)
    luminance = (2 * mean_one * mean_other + c1) / (mean_one**2 + mean_other**2 + c1)
    return luminance * contrast, contrast


def _windowed(plane: Floats) -> Floats:
    """The Gaussian-weighted means of the windows that fit: sides less WINDOW_SIDE - 1."""
    offsets = np.arange(WINDOW_SIDE) - WINDOW_SIDE // 2
    weights = np.exp(-(offsets**2) / (2 * WINDOW_SIGMA**2))
    weights /= weights.sum()
    height, width = (side - WINDOW_SIDE + 1 for side in plane.shape)
    columns = np.zeros((height, plane.shape[1]))
    means = np.zeros((height, width))
    for start, weight in enumerate(weights):
        columns += weight * plane[start : start + height]
    for start, weight in enumerate(weights):
        means += weight * columns[:, start : start + width]
    return means
