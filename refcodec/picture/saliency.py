"""Embedded describer: where the eye goes first, by the spectral residual method.

Hou and Zhang, "Saliency Detection: A Spectral Residual Approach", CVPR 2007: what an
amplitude spectrum holds beyond its own smooth course is what is unusual in the picture.
Here for lightness and both colour axes, each by its share in the picture's variance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from refcodec.picture.colours import srgb_to_lab
from refcodec.picture.flatten import fitted_size

Floats = NDArray[np.float64]

MAP_SIDE = 64
_MIN_SIDE = 8
_SMOOTHING = 2.5
_AVERAGE = 3
# Below this variance (CIELAB units squared) a channel is flat: rounding is all it holds.
_FLAT = 0.05


def saliency_map(image: Image.Image) -> Floats:
    """How salient each place of an image is: a 2-D array (height, width), 0 to 1.

    The longest side is MAP_SIDE; the largest value is 1, or all are 0 in a plain picture.
    """
    size = [max(_MIN_SIDE, side) for side in fitted_size(image.size, MAP_SIDE)]
    small = image.convert("RGB").resize((size[0], size[1]), Image.Resampling.BOX)
    return lab_saliency(srgb_to_lab(np.asarray(small)))


def lab_saliency(lab: Floats) -> Floats:
    """The same for CIELAB colours (height, width, 3), at their own resolution."""
    total = np.zeros(lab.shape[:2])
    for channel in np.moveaxis(lab, -1, 0):
        variance = float(channel.var())
        if variance > _FLAT:
            residual = _spectral_residual(channel)
            total += variance * residual / residual.mean()
    total = smooth(total, _SMOOTHING)
    # Smoothing goes through a transform, so an empty map is not exactly zero.
    total -= total.min()
    peak = float(total.max())
    return total / peak if peak > _FLAT else np.zeros_like(total)


def _spectral_residual(channel: Floats) -> Floats:
    """Squared magnitude of the picture rebuilt from its spectrum's residual."""
    spectrum = np.fft.fft2(channel)
    amplitude = np.abs(spectrum)
    log_amplitude = np.log(amplitude + 1e-6 * amplitude.max())
    residual = log_amplitude - _box_average(log_amplitude)
    rebuilt = np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))
    squared: Floats = np.abs(rebuilt) ** 2
    return squared


def _mirrored(channel: Floats) -> Floats:
    """The array and its mirror images, so that it repeats without a step at its borders."""
    wide = np.concatenate([channel, channel[:, ::-1]], axis=1)
    return np.concatenate([wide, wide[::-1]], axis=0)


def _box_average(values: Floats) -> Floats:
    """The mean over _AVERAGE by _AVERAGE neighbours, the array taken as periodic."""
    reach = range(-(_AVERAGE // 2), _AVERAGE // 2 + 1)
    rows = sum((np.roll(values, shift, axis=0) for shift in reach), np.zeros_like(values))
    both = sum((np.roll(rows, shift, axis=1) for shift in reach), np.zeros_like(values))
    return both / _AVERAGE**2


def smooth(values: Floats, sigma: float) -> Floats:
    """Gaussian blur of a 2-D array, standard deviation in samples, mirrored borders."""
    height, width = values.shape
    spectrum = np.fft.rfft2(_mirrored(values))
    rows = np.exp(-2.0 * (np.pi * sigma * np.fft.fftfreq(2 * height)) ** 2)
    columns = np.exp(-2.0 * (np.pi * sigma * np.fft.rfftfreq(2 * width)) ** 2)
    blurred = np.fft.irfft2(spectrum * rows[:, None] * columns, s=(2 * height, 2 * width))
    return np.asarray(blurred[:height, :width], np.float64)
