"""Item maps to fit and to measure with: three a file, from pictures and from random shapes.

The kinds from pictures stand in for what a model would find: saliency takes the place of an
item's similarity.
"""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from refcodec.picture.colours import srgb_to_lab
from refcodec.picture.flatten import fitted_size
from refcodec.picture.item_maps import quantised, reduced
from refcodec.picture.saliency import MAP_SIDE, lab_saliency

Floats = NDArray[np.float64]
Cells = NDArray[np.uint8]

ITEMS = 3
PICTURE_KINDS = ("regions", "channels", "thresholds")
SHAPE_KINDS = ("boxes", "ellipses")


def picture_maps(
    kind: str, picture: Image.Image, size: tuple[int, int], threshold: float, bits: int
) -> list[Cells]:
    """The three maps of a picture, by where its spectral residual is large.

    "regions": the connected region around the largest value, then around the largest value of
    what that leaves, and again. "channels": the saliency of each axis of CIELAB by itself.
    "thresholds": one map at three thresholds, each within the one before.
    """
    small = picture.convert("RGB").resize(fitted_size(picture.size, MAP_SIDE), Image.Resampling.BOX)
    lab = srgb_to_lab(np.asarray(small))
    if kind == "channels":
        alone = [lab_saliency(lab[..., axis : axis + 1]) for axis in range(3)]
        return [quantised(reduced(values, size), threshold, bits) for values in alone]
    values = reduced(lab_saliency(lab), size)
    if kind == "thresholds":
        steps = [threshold, (1 + 2 * threshold) / 3, (2 + threshold) / 3]
        return [
            quantised(np.clip(values + threshold - step, 0, 1), threshold, bits) for step in steps
        ]
    return [quantised(region, threshold, bits) for region in _regions(values, threshold)]


def _regions(values: Floats, threshold: float) -> list[Floats]:
    """Each region with its own values, its peak 1, and 0 elsewhere."""
    left = values.copy()
    regions = []
    for _ in range(ITEMS):
        peak = float(left.max())
        inside = _connected(left >= max(threshold * peak, 1e-9), int(left.argmax()))
        regions.append(np.where(inside, left / max(peak, 1e-9), 0.0))
        left[inside] = 0.0
    return regions


def _connected(mask: NDArray[np.bool_], start: int) -> NDArray[np.bool_]:
    """The part of a mask that is joined by sides to the cell of this flat index."""
    inside = np.zeros_like(mask)
    inside.flat[start] = mask.flat[start]
    while True:
        grown = np.pad(inside, 1)
        near = grown[1:-1, :-2] | grown[1:-1, 2:] | grown[:-2, 1:-1] | grown[2:, 1:-1]
        larger = mask & (inside | near)
        if np.array_equal(larger, inside):
            return inside
        inside = larger


def shape_maps(kind: str, rng: random.Random, size: tuple[int, int], bits: int) -> list[Cells]:
    """Three random boxes, or ellipses within them; a cell says how much of it is inside."""
    return [_shape(kind, rng, size, bits) for _ in range(ITEMS)]


def _shape(kind: str, rng: random.Random, size: tuple[int, int], bits: int) -> Cells:
    left, right = sorted(rng.sample(range(MAP_SIDE + 1), 2))
    top, bottom = sorted(rng.sample(range(MAP_SIDE + 1), 2))
    y, x = np.mgrid[0:MAP_SIDE, 0:MAP_SIDE] + 0.5
    if kind == "boxes":
        inside = (left < x) & (x < right) & (top < y) & (y < bottom)
    else:
        across = (2 * x - left - right) / (right - left)
        down = (2 * y - top - bottom) / (bottom - top)
        inside = across**2 + down**2 <= 1
    image = Image.fromarray(inside.astype(np.float32))
    cells = np.asarray(image.resize(size, Image.Resampling.BOX), np.float64)
    return np.floor(cells * ((1 << bits) - 1) + 0.5).astype(np.uint8)
