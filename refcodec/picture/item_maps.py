"""Maps of items from pictures: masks that somebody drew, and saliency for those without a model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from refcodec.picture.load import load_mask, load_picture
from refcodec.picture.saliency import saliency_map
from refcodec.visual.map_model import Shape
from refcodec.visual.maps import Map, check_shape

if TYPE_CHECKING:
    from refcodec.picture.load import LoadedPicture

    Picture = str | os.PathLike[str] | bytes | BinaryIO | Image.Image

Floats = NDArray[np.float64]

# MISC (arXiv 2402.16749) has an item where its CLIP similarity, 0 to 1 over the picture, is
# at least this; here saliency takes the place of similarity.
SALIENT: Final = 0.35


def map_from_mask(mask: Picture, size: tuple[int, int] = (8, 8), bits: int = 1) -> Map:
    """The map of (width, height) cells of a mask: a picture that is white where an item is.

    Of a picture with transparent places the opacity alone counts, so a cut-out is a mask too.
    A cell is the mean of its place, rounded to the 2^bits levels from nothing to all: with 1
    bit, set from a half on. Raises SemError for a picture that cannot be read or a size or bits
    that no map has.
    """
    check_shape(Shape(*size, bits))
    return _map(np.floor(_cells(load_mask(mask), size) / 255 * ((1 << bits) - 1) + 0.5), bits)


def map_from_saliency(picture: Picture, size: tuple[int, int] = (8, 8), bits: int = 1) -> Map:
    """The map of (width, height) cells of where a picture draws the eye (spectral residual).

    With 1 bit, a cell is set from SALIENT of the greatest one's saliency on; with more, the
    saliency is cut into 2^bits equal steps. Raises SemError as `map_from_mask` does.
    """
    return loaded_saliency(load_picture(picture), size, bits)


def loaded_saliency(picture: LoadedPicture, size: tuple[int, int], bits: int) -> Map:
    """`map_from_saliency` for a picture that has been loaded."""
    check_shape(Shape(*size, bits))
    return _map(quantised(reduced(saliency_map(picture.image), size), SALIENT, bits), bits)


def reduced(values: Floats, size: tuple[int, int]) -> Floats:
    """Values of 0 or more, box-filtered to (width, height) cells, the largest then 1."""
    cells = _cells(Image.fromarray(values.astype(np.float32)), size)
    peak = float(cells.max())
    return cells / peak if peak > 0 else cells


def quantised(values: Floats, threshold: float, bits: int) -> NDArray[np.uint8]:
    """Values 0 to 1 as cells of 1 bit, set from the threshold on, or as 2^bits equal steps."""
    if bits == 1:
        return (values >= threshold).astype(np.uint8)
    return np.minimum(values * (1 << bits), (1 << bits) - 1).astype(np.uint8)


def _cells(image: Image.Image, size: tuple[int, int]) -> Floats:
    return np.asarray(image.resize(size, Image.Resampling.BOX), np.float64)


def _map(cells: NDArray[np.float64] | NDArray[np.uint8], bits: int) -> Map:
    """All maps that are asked for with some bits have them, whatever their values."""
    height, width = cells.shape
    return Map(width, height, bits, cells.astype(np.uint8).tobytes())
