"""ThumbHash of opaque pictures, by its published algorithm (Evan Wallace, 2023), as a peer.

Luma, yellow-blue and red-green are cosine series of a triangle of frequencies, each
coefficient in 4 bits, after a header of 5 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 5
LUMA_LIMIT, CHROMA_LIMIT = 7, 3
# The decoder's boost of colour.
SATURATION = 1.25

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Channel:
    """Quantised: the mean, the greatest coefficient, the coefficients as shares of it."""

    mean: float
    scale: float
    coefficients: list[float]


def frequencies(columns: int, rows: int) -> list[tuple[int, int]]:
    """The triangle of (across, down), without (0, 0), in the order of the file."""
    return [
        (x, y)
        for y in range(rows)
        for x in range(columns)
        if (x or y) and x * rows < columns * (rows - y)
    ]


def cosines(size: int, frequency: int) -> Array:
    return np.asarray(np.cos(np.pi / size * frequency * (np.arange(size) + 0.5)))


def quantised(
    plane: Array, columns: int, rows: int, mean_steps: float, scale_steps: float
) -> Channel:
    """A channel of (h, w) samples; the mean is in 1 / mean_steps, the scale in 1 / scale_steps."""
    height, width = plane.shape
    exact = [
        float(np.mean(plane * np.outer(cosines(height, y), cosines(width, x))))
        for x, y in frequencies(columns, rows)
    ]
    scale = max(map(abs, exact))
    shares = [0.5 + 0.5 * value / scale if scale else 0.5 for value in exact]
    return Channel(
        round(float(plane.mean()) * mean_steps) / mean_steps,
        round(scale * scale_steps) / scale_steps,
        [round(15 * share) / 7.5 - 1 for share in shares],
    )


def rebuilt(
    channel: Channel, columns: int, rows: int, size: tuple[int, int], boost: float
) -> Array:
    """(h, w) samples."""
    width, height = size
    plane = np.full((height, width), channel.mean)
    for (x, y), share in zip(frequencies(columns, rows), channel.coefficients, strict=True):
        # Twice for all: as published, although those both across and down would need 4.
        factor = 2 * boost * channel.scale * share
        plane += factor * np.outer(cosines(height, y), cosines(width, x))
    return plane


def coded(rgb: NDArray[np.uint8]) -> tuple[int, NDArray[np.uint8]]:
    """The bytes that the hash of (h, w, 3) samples has, and the samples it stands for."""
    height, width, _ = rgb.shape
    red, green, blue = np.moveaxis(rgb / 255, -1, 0)
    columns, rows = (
        max(3, round(LUMA_LIMIT * side / max(width, height))) for side in (width, height)
    )
    luma = quantised((red + green + blue) / 3, columns, rows, 63, 31)
    yellow = quantised((red + green) / 2 - blue, CHROMA_LIMIT, CHROMA_LIMIT, 31.5, 63)
    scarlet = quantised(red - green, CHROMA_LIMIT, CHROMA_LIMIT, 31.5, 63)
    count = sum(len(channel.coefficients) for channel in (luma, yellow, scarlet))
    size = width, height
    grey = rebuilt(luma, columns, rows, size, 1)
    p, q = (
        rebuilt(channel, CHROMA_LIMIT, CHROMA_LIMIT, size, SATURATION)
        for channel in (yellow, scarlet)
    )
    decoded_blue = grey - 2 / 3 * p
    decoded_red = (3 * grey - decoded_blue + q) / 2
    samples = np.stack([decoded_red, decoded_red - q, decoded_blue], axis=-1)
    return HEADER_BYTES + (count + 1) // 2, np.rint(255 * np.clip(samples, 0, 1)).astype(np.uint8)
