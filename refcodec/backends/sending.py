"""Pictures as they leave the machine: scaled, plain RGB, and nothing but their pixels.

Every file is encoded anew from the pixels alone, so no camera data, place, comment, colour
profile or preview goes with it. Transparent places are drawn over white.
"""

from __future__ import annotations

import base64
import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from refcodec.picture.flatten import fitted_size
from refcodec.picture.load import load_picture

if TYPE_CHECKING:
    from PIL.Image import Image

JPEG_QUALITY: Final = 90
_MASK_THRESHOLD: Final = 128


@dataclass(frozen=True)
class SentPicture:
    """A picture ready to be sent; its file is encoded when first asked for."""

    image: Image
    encoding: Literal["JPEG", "PNG"]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.image.size

    @property
    def media_type(self) -> str:
        """The MIME type of the file."""
        return f"image/{self.encoding.lower()}"

    @cached_property
    def data(self) -> bytes:
        """The file."""
        encoded = io.BytesIO()
        self.image.save(encoded, self.encoding, quality=JPEG_QUALITY)
        return encoded.getvalue()

    @cached_property
    def digest(self) -> str:
        """A digest of mode, size and pixels, in hexadecimal."""
        head = f"{self.image.mode} {self.image.width} {self.image.height} ".encode()
        return hashlib.sha256(head + self.image.tobytes()).hexdigest()

    def data_url(self) -> str:
        """The file as a `data:` URL."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode('ascii')}"


def to_look_at(image: Image, longest: int) -> SentPicture:
    """The picture as a JPEG file for a vision model, its longest side at most `longest`."""
    return SentPicture(_plain(image, longest), "JPEG")


def to_edit(image: Image, longest: int) -> SentPicture:
    """The picture as a lossless PNG file, its longest side at most `longest`."""
    return SentPicture(_plain(image, longest), "PNG")


def edit_mask(mask: Image, size: tuple[int, int]) -> SentPicture:
    """A mask (L, 255: may change) as services want it: RGBA, transparent where it may change.

    It is scaled to `size`, that of the picture it goes with.
    """
    from PIL import Image

    scaled = mask.convert("L").resize(size, Image.Resampling.BILINEAR)
    alpha = scaled.point([255] * _MASK_THRESHOLD + [0] * (256 - _MASK_THRESHOLD))
    whole = Image.new("RGBA", size)
    whole.putalpha(alpha)
    return SentPicture(whole, "PNG")


def _plain(image: Image, longest: int) -> Image:
    """RGB, upright, scaled down if need be, without metadata."""
    from PIL import Image

    plain = load_picture(image).image
    scaled = plain.resize(fitted_size(plain.size, longest), Image.Resampling.LANCZOS)
    scaled.info = {}
    return scaled
