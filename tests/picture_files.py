"""Small pictures and their files, for the tests of loading."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

from refcodec.picture.load import LoadedPicture

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, format_name: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()


def corners(picture: LoadedPicture) -> list[tuple[int, ...]]:
    """The pixels at top left, top right, bottom left and bottom right."""
    image = picture.image
    right, bottom = image.width - 1, image.height - 1
    pixels = [image.getpixel(at) for at in ((0, 0), (right, 0), (0, bottom), (right, bottom))]
    return [pixel for pixel in pixels if isinstance(pixel, tuple)]


def quarters(size: int = 16) -> Image.Image:
    """Red, green / blue, white; twice as wide as high."""
    image = Image.new("RGB", (2 * size, size), WHITE)
    image.paste(RED, (0, 0, size, size // 2))
    image.paste(GREEN, (size, 0, 2 * size, size // 2))
    image.paste(BLUE, (0, size // 2, size, size))
    return image
