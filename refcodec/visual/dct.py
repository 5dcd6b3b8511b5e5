"""The discrete cosine transform of a whole plane (specification section 3.4, step 4).

Coefficients are scaled by the basis whose functions have a mean square of 1, so that a
coefficient's error adds its square to the plane's mean squared error whatever the size.
The inverse is exact integer arithmetic, its cosines included.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

BASIS_BITS = 14
_ONE = 1 << 24
_PI = 52_707_179  # pi in units of 2**-24
_SQRT2 = 23_726_566  # the square root of 2 in units of 2**-24
_SERIES_TERMS = 7


def _cosine(numerator: int, size: int) -> int:
    """cos(pi * numerator / (2 * size)) in units of 2**-24, for 0 <= numerator <= size."""
    if numerator == size:
        return 0
    angle = (numerator * _PI + size) // (2 * size)
    square = (angle * angle + _ONE // 2) // _ONE
    value = _ONE
    for j in range(_SERIES_TERMS, 0, -1):
        value = _ONE - square * value // (_ONE * (2 * j) * (2 * j - 1))
    return value


def _basis_value(frequency: int, position: int, size: int) -> int:
    if frequency == 0:
        return 1 << BASIS_BITS
    turn = (2 * position + 1) * frequency % (4 * size)
    turn = min(turn, 4 * size - turn)
    cosine = _cosine(turn, size) if turn <= size else -_cosine(2 * size - turn, size)
    return (cosine * _SQRT2 + (1 << 33)) >> 34


@lru_cache(maxsize=256)
def basis(size: int) -> NDArray[np.int64]:
    """The (frequency, position) matrix of one axis, in units of 2**-14; read-only."""
    matrix = np.array(
        [[_basis_value(k, x, size) for x in range(size)] for k in range(size)], dtype=np.int64
    )
    matrix.flags.writeable = False
    return matrix


def inverse(coefficients: NDArray[np.int64]) -> NDArray[np.int64]:
    """(h, w) coefficients of at most 2**16 in magnitude to (h, w) samples, same units."""
    height, width = coefficients.shape
    half = 1 << (BASIS_BITS - 1)
    rows = (coefficients @ basis(width) + half) >> BASIS_BITS
    samples: NDArray[np.int64] = (basis(height).T @ rows + half) >> BASIS_BITS
    return samples


def forward(planes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., h, w) samples to (..., h, w) coefficients, in floating point: for encoders."""
    height, width = planes.shape[-2:]
    unit = float(1 << BASIS_BITS)
    vertical = basis(height) / (unit * height)
    horizontal = basis(width) / (unit * width)
    coefficients: NDArray[np.float64] = vertical @ planes @ horizontal.T
    return coefficients
