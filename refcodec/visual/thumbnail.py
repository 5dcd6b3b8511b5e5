"""The thumbnail, codec number 1 (specification section 3.4).

A global discrete cosine transform of the whole picture, its coefficients range-coded
with fitted static tables, from low to high frequency. Decoding is exact in integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from refcodec.coding.range_coder import RangeDecoder
from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from refcodec.limits import THUMBNAIL_MAX_BYTES
from refcodec.visual import colour, dct
from refcodec.visual.symbols import reading
from refcodec.visual.thumbnail_model import (
    PLANES,
    STEP_OFFSETS,
    Levels,
    code_picture,
    default_model,
    grid_size,
    scan,
    step_size,
)
from refcodec.visual.thumbnail_search import Source, encode_levels, search


@dataclass(frozen=True)
class Thumbnail:
    """A coded thumbnail and the width and height of the canvas it belongs to.

    The constructor takes any bytes; `decode` is the one that validates them. All that
    reads the samples raises a SemError where the bytes are not a valid payload.
    """

    data: bytes
    canvas: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the sample grid: long side 64, in the canvas's proportions."""
        return grid_size(self.canvas)

    def samples(self) -> NDArray[np.uint8]:
        """The decoded samples, (height, width, 3) RGB."""
        return _samples(_decode_levels(self.data, self.size), self.size)

    def image(self) -> Image.Image:
        """The decoded samples as an RGB image of `size`."""
        return Image.fromarray(self.samples())

    @classmethod
    def decode(cls, data: bytes, canvas: tuple[int, int]) -> Thumbnail:
        """The thumbnail of a payload, after checking all of it; raises SemError classes."""
        thumbnail = cls(bytes(data), canvas)
        _decode_levels(thumbnail.data, thumbnail.size)
        return thumbnail

    @classmethod
    def from_image(
        cls, image: Image.Image, max_bytes: int = 256, canvas: tuple[int, int] | None = None
    ) -> Thumbnail:
        """The best thumbnail of at most `max_bytes` bytes that the search finds.

        `canvas` is the picture's true width and height, by default the image's own.
        LimitError when not even flat grey fits, or when a side of the canvas is beyond the
        limits; MalformedError for an image without pixels or not convertible to RGB.
        """
        width, height = canvas or image.size
        size = grid_size((width, height))
        source = Source.from_image(_rgb(image), size)
        data = search(source, default_model(), min(max_bytes, THUMBNAIL_MAX_BYTES))
        if data is None:
            raise LimitError(f"thumbnail: nothing fits {max_bytes} bytes; allow a few more")
        return cls(data, (width, height))


def _rgb(image: Image.Image) -> Image.Image:
    if 0 in image.size:
        raise MalformedError("thumbnail: the image has no pixels")
    try:
        return image.convert("RGB")
    except ValueError as error:
        raise MalformedError(
            f"thumbnail: an image of mode {image.mode} does not convert to RGB; convert it first"
        ) from error


def _decode_levels(data: bytes, size: tuple[int, int]) -> Levels:
    if len(data) > THUMBNAIL_MAX_BYTES:
        raise LimitError(f"thumbnail: {len(data)} bytes; the limit is {THUMBNAIL_MAX_BYTES}")
    if not data:
        raise MalformedError("thumbnail: the payload is empty; it has at least one byte")
    model = default_model()
    levels = code_picture(reading(RangeDecoder(data)), size, Levels(), model)
    if encode_levels(levels, size, model) != data:
        raise NonCanonicalError(
            "thumbnail: its symbols have another payload, the shortest, which alone is valid"
        )
    return levels


def _samples(levels: Levels, size: tuple[int, int]) -> NDArray[np.uint8]:
    width, height = size
    order = scan(width, height).order
    planes = []
    for plane in range(PLANES):
        coefficients = np.zeros(width * height, dtype=np.int64)
        coded = levels.planes[plane]
        unit = step_size(levels.step + STEP_OFFSETS[plane])
        coefficients[list(order[: len(coded)])] = np.array(coded, dtype=np.int64) * unit
        planes.append(dct.inverse(coefficients.reshape(height, width)))
    return colour.rgb_from_planes(np.stack(planes))
