"""Pictures for the thumbnail's training: photographs reduced to its sizes, and drawn shapes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

REDUCTIONS = (2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 13)
SHORTEST_SIDE = 24
# Shapes are drawn so many times larger than they are used.
OVERSAMPLING = 4
MOST_SHAPES = 4
SUFFIXES = {".png", ".jpg", ".jpeg"}


def photographs(folder: Path) -> Iterator[Image.Image]:
    """The folder's pictures in the order of their names, as RGB."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES:
            with Image.open(path) as image:
                yield image.convert("RGB")


class Reduced:
    """The photographs at many reductions, the smaller ones drawn more often."""

    def __init__(self, folder: Path) -> None:
        self._pictures: list[NDArray[np.uint8]] = []
        self._weights: list[float] = []
        for photograph in photographs(folder):
            for reduction in REDUCTIONS:
                size = round(photograph.width / reduction), round(photograph.height / reduction)
                if min(size) >= SHORTEST_SIDE:
                    small = photograph.resize(size, Image.Resampling.BOX)
                    self._pictures.append(np.asarray(small))
                    self._weights.append(reduction**0.7)

    def __len__(self) -> int:
        return len(self._pictures)

    def crop(self, random_: random.Random, height: int, width: int) -> NDArray[np.uint8]:
        """A random part of a random picture, perhaps transposed or mirrored."""
        while True:
            (picture,) = random_.choices(self._pictures, self._weights)
            if random_.random() < 0.5:
                picture = picture.transpose(1, 0, 2)
            if picture.shape[0] >= height and picture.shape[1] >= width:
                break
        y = random_.randrange(picture.shape[0] - height + 1)
        x = random_.randrange(picture.shape[1] - width + 1)
        part = picture[y : y + height, x : x + width]
        if random_.random() < 0.5:
            part = part[:, ::-1]
        return part[::-1] if random_.random() < 0.2 else part


def drawing(random_: random.Random, height: int, width: int, *, grey: bool) -> NDArray[np.uint8]:
    """Some shapes on a plain ground, as in logos; if `grey` white on black, as alpha often is."""

    def colour() -> tuple[int, ...]:
        if random_.random() < 0.3:
            return tuple(random_.choices((0, 255), k=3))
        return tuple(random_.randrange(256) for _ in range(3))

    size = OVERSAMPLING * width, OVERSAMPLING * height
    image = Image.new("RGB", size, (0, 0, 0) if grey else colour())
    draw = ImageDraw.Draw(image)
    for _ in range(random_.randrange(MOST_SHAPES + 1)):
        ink = (255, 255, 255) if grey else colour()
        points = [tuple(random_.randrange(-side // 8, side) for side in size) for _ in range(5)]
        (left, top), (right, bottom) = points[:2]
        box = (min(left, right), min(top, bottom), max(left, right), max(top, bottom))
        shape = random_.choice((draw.ellipse, draw.rectangle, draw.polygon))
        shape(points if shape == draw.polygon else box, fill=ink)
    return np.asarray(image.reduce(OVERSAMPLING))
