"""The thumbnail's pyramid of Haar details (specification section 3.4, steps 2 and 5).

Level 0 is the thumbnail itself, and each level has half the sides of the one before, rounded
up, down to a single sample. A sample of level k + 1 is the mean of the 2 x 2 samples of level
k that it stands for; three details for each colour say how these differ from it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COLOURS = 3
DETAILS = 3
SAMPLE_LIMIT = 1 << 17

Array = NDArray[np.float64]


def level_sizes(size: tuple[int, int]) -> list[tuple[int, int]]:
    """(width, height) of each level, from the thumbnail's own to (1, 1)."""
    sizes = [size]
    while sizes[-1] != (1, 1):
        width, height = sizes[-1]
        sizes.append(((width + 1) // 2, (height + 1) // 2))
    return sizes


def join(coarse: Array, details: Array, size: tuple[int, int]) -> Array:
    """The samples (h, w, 3) of a level from the coarser one and its details, in integers.

    `coarse` is (rows, columns, 3), `details` (rows * columns, 9): a colour's horizontal,
    vertical and diagonal detail, then the next colour's.
    """
    rows, columns, _ = coarse.shape
    width, height = size
    horizontal, vertical, diagonal = np.moveaxis(
        details.reshape(rows, columns, COLOURS, DETAILS), -1, 0
    )
    samples = np.empty((rows, 2, columns, 2, COLOURS))
    for y, sign_y in enumerate((1, -1)):
        for x, sign_x in enumerate((1, -1)):
            difference = sign_x * horizontal + sign_y * vertical + sign_x * sign_y * diagonal
            samples[:, y, :, x] = coarse + np.floor((difference + 1) / 2)
    whole = samples.reshape(2 * rows, 2 * columns, COLOURS)[:height, :width]
    return np.clip(whole, -SAMPLE_LIMIT, SAMPLE_LIMIT)


def split(samples: Array) -> tuple[Array, Array]:
    """The coarser level and the details of (h, w, 3) samples, unrounded: for encoders.

    Where a side is odd, its last row or column is taken twice.
    """
    height, width, _ = samples.shape
    padded = np.pad(samples, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    rows, columns = padded.shape[0] // 2, padded.shape[1] // 2
    (a, b), (c, d) = np.moveaxis(padded.reshape(rows, 2, columns, 2, COLOURS), (1, 3), (0, 1))
    details = np.stack([a - b + c - d, a + b - c - d, a - b - c + d], axis=-1) / 2
    return (a + b + c + d) / 4, details.reshape(rows * columns, COLOURS * DETAILS)
