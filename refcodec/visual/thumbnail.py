"""The thumbnail, codec number 1 (specification section 3.4): the class that callers use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from refcodec.errors import LimitError, MalformedError
from refcodec.limits import THUMBNAIL_MAX_BYTES
from refcodec.visual.thumbnail_payload import LONG_SIDES, Decoded, decode_payload, grid_size
from refcodec.visual.thumbnail_search import search
from refcodec.visual.thumbnail_weights import default_weights

# How long a thumbnail of fewer than so many bytes is.
_SIDES_BELOW = ((48, 48), (100, 64), (384, 96), (THUMBNAIL_MAX_BYTES + 1, 128))


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
        """Width and height of the sample grid, in the canvas's proportions."""
        height, width, _ = self.samples().shape
        return width, height

    def samples(self) -> NDArray[np.uint8]:
        """The decoded samples, (height, width, 3) RGB, read-only."""
        return self._decoded().rgb

    def alpha(self) -> NDArray[np.uint8] | None:
        """The decoded alpha, (height, width), 0 is transparent; None for an opaque picture."""
        return self._decoded().alpha

    def image(self) -> Image.Image:
        """The decoded samples as an RGB image, or RGBA where there is alpha."""
        decoded = self._decoded()
        if decoded.alpha is None:
            return Image.fromarray(decoded.rgb)
        return Image.fromarray(np.dstack([decoded.rgb, decoded.alpha]))

    def _decoded(self) -> Decoded:
        return _decode(self.data, self.canvas)

    @classmethod
    def decode(cls, data: bytes, canvas: tuple[int, int]) -> Thumbnail:
        """The thumbnail of a payload, after checking all of it; raises SemError classes."""
        thumbnail = cls(bytes(data), canvas)
        thumbnail._decoded()
        return thumbnail

    @classmethod
    def from_image(
        cls,
        image: Image.Image,
        max_bytes: int = 256,
        canvas: tuple[int, int] | None = None,
        *,
        thorough: bool = False,
    ) -> Thumbnail:
        """The best thumbnail of at most `max_bytes` bytes that the search finds.

        `canvas` is the picture's true width and height, by default the image's own.
        `thorough` searches for some seconds. LimitError when not even one colour fits, or when
        a side of the canvas is beyond the limits; MalformedError for an image without pixels
        or not convertible to RGB.
        """
        width, height = canvas or image.size
        budget = min(max_bytes, THUMBNAIL_MAX_BYTES)
        side = _side(max(image.size), budget)
        rgb, alpha = _prepared(image, grid_size((width, height), side))
        coded = search(rgb, alpha, side, default_weights(), budget, thorough=thorough)
        if coded is None:
            raise LimitError(f"thumbnail: nothing fits {max_bytes} bytes; allow a few more")
        return cls(coded.data, (width, height))


@lru_cache(maxsize=16)
def _decode(data: bytes, canvas: tuple[int, int]) -> Decoded:
    """The decoded payload, its arrays read-only."""
    decoded = decode_payload(data, canvas, default_weights())
    for array in (decoded.rgb, decoded.alpha):
        if array is not None:
            array.flags.writeable = False
    return decoded


def _side(longest: int, max_bytes: int) -> int:
    """The index of the long side for an image whose longest side this is."""
    wanted = next(side for below, side in _SIDES_BELOW if max_bytes < below)
    return max(0, sum(side <= min(wanted, longest) for side in LONG_SIDES) - 1)


def _prepared(
    image: Image.Image, size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """RGB samples (h, w, 3) and, of an image that is transparent anywhere, alpha (h, w)."""
    if 0 in image.size:
        raise MalformedError("thumbnail: the image has no pixels")
    try:
        rgba = image.convert("RGBA") if image.has_transparency_data else image.convert("RGB")
    except ValueError as error:
        raise MalformedError(
            f"thumbnail: an image of mode {image.mode} does not convert to RGB; convert it first"
        ) from error
    small = np.asarray(rgba.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))
    if rgba.mode == "RGB" or small[:, :, 3].min() == 255:
        return small[:, :, :3], None
    rgb, alpha = small[:, :, :3].copy(), small[:, :, 3].copy()
    # What colour lies under full transparency costs bytes and is never seen.
    hidden = alpha == 0
    visible = rgb[~hidden]
    rgb[hidden] = visible.mean(axis=0).astype(np.uint8) if len(visible) else 128
    return rgb, alpha
