"""The thumbnail's colour transform, YCoCg (specification section 3.4, step 5).

Luma, orange-blue and green-magenta differences. The way back needs additions only, and
the three axes are nearly orthogonal in RGB, so that an error in one plane costs about
the same wherever it falls.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRACTION_BITS = 8
MID_GREY = 128


def planes_from_rgb(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(h, w, 3) RGB to (3, h, w) planes Y - 128, Co, Cg, in grey levels."""
    red, green, blue = np.moveaxis(rgb.astype(np.float64), -1, 0)
    return np.stack(
        [
            (red + 2 * green + blue) / 4 - MID_GREY,
            (red - blue) / 2,
            (2 * green - red - blue) / 4,
        ]
    )


def rgb_from_planes(planes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """(3, h, w) planes in 1/256 grey level to (h, w, 3) RGB, exactly as specified."""
    luma, orange, green = planes
    luma = luma + (MID_GREY << FRACTION_BITS) + (1 << (FRACTION_BITS - 1))
    rgb = np.stack([luma + orange - green, luma + green, luma - orange - green], axis=-1)
    samples: NDArray[np.uint8] = np.clip(rgb >> FRACTION_BITS, 0, 255).astype(np.uint8)
    return samples
