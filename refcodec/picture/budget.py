"""Rates and sizes: how many bytes a file may have."""

from __future__ import annotations

from refcodec.limits import FILE_MAX_BYTES


def bytes_for_rate(micro_bits_per_pixel: float, canvas: tuple[int, int]) -> int:
    """The size of the largest file of at most this rate, and of any file.

    A rate that was computed from a size, and rounded, gives that size again.
    """
    return int(min(FILE_MAX_BYTES, micro_bits_per_pixel * canvas[0] * canvas[1] / 8e6 + 1e-6))
