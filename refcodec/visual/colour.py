"""The thumbnail's colour planes (specification section 3.4, step 6).

Luma, red against blue, and green against both, along three axes at right angles in RGB, so
that an error in a plane costs the same wherever it falls.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Units of a sample in one grey level.
UNIT = 256
# 1 / sqrt(3), 1 / sqrt(2), 1 / sqrt(6) and 2 / sqrt(6) in units of 2**-12.
LUMA, RED_BLUE, GREEN, GREEN_TWICE = 2365, 2896, 1672, 3344
_SHIFT_BITS = 20
_MID_GREY = 255 << (_SHIFT_BITS - 1)

Array = NDArray[np.float64]


def planes_from_rgb(rgb: NDArray[np.uint8]) -> Array:
    """(h, w, 3) RGB to (h, w, 3) planes in 1/256 grey level, not rounded."""
    red, green, blue = np.moveaxis(rgb.astype(np.float64) - 127.5, -1, 0)
    planes = [
        (red + green + blue) / 3**0.5,
        (red - blue) / 2**0.5,
        (red - 2 * green + blue) / 6**0.5,
    ]
    return UNIT * np.stack(planes, axis=-1)


def rgb_from_planes(planes: Array) -> NDArray[np.uint8]:
    """(h, w, 3) planes of integers in 1/256 grey level to (h, w, 3) RGB, exactly as specified."""
    luma, red_blue, green = np.moveaxis(planes.astype(np.int64), -1, 0)
    grey = LUMA * luma + _MID_GREY + (1 << (_SHIFT_BITS - 1))
    rgb = np.stack(
        [
            grey + RED_BLUE * red_blue + GREEN * green,
            grey - GREEN_TWICE * green,
            grey - RED_BLUE * red_blue + GREEN * green,
        ],
        axis=-1,
    )
    samples: NDArray[np.uint8] = np.clip(rgb >> _SHIFT_BITS, 0, 255).astype(np.uint8)
    return samples
