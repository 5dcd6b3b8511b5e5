"""A plain baseline renderer, one integer at a time, in the order of specification section 7.3."""

from __future__ import annotations

from collections.abc import Sequence

Plane = Sequence[Sequence[int]]


# Weights.


def weights(t: int) -> tuple[int, int, int, int]:
    a0 = ((256 - t) ** 3 + 3072) // 6144
    a1 = (3 * t**3 - 1536 * t**2 + 67108864 + 3072) // 6144
    a3 = (t**3 + 3072) // 6144
    return a0, a1, 16384 - a0 - a1 - a3, a3


# Position.


def taps(c: int, size: int, pixel: int) -> list[tuple[int, int]]:
    """The four samples of a pixel, each with its weight."""
    g = (256 * ((2 * pixel + 1) * c - size) + size) // (2 * size)
    i = g // 256
    places = [min(max(i + k, 0), c - 1) for k in (-1, 0, 1, 2)]
    return list(zip(places, weights(g - 256 * i), strict=True))


# Pixels.


def enlarged(s: Plane, size: tuple[int, int]) -> list[list[int]]:
    width, height = size
    across = [taps(len(s[0]), width, x) for x in range(width)]
    rows = [[(sum(a * row[i] for i, a in four) + 128) >> 8 for four in across] for row in s]
    picture = []
    for y in range(height):
        down = taps(len(s), height, y)
        picture.append([(sum(b * rows[i][x] for i, b in down) + 2**19) >> 20 for x in range(width)])
    return picture


# Edges.


def map_samples(cells: Plane, bits: int) -> list[list[int]]:
    m = 2**bits - 1
    return [[(255 * v + (m >> 1)) // m for v in row] for row in cells]


def labels(maps: Sequence[Plane], size: tuple[int, int]) -> list[list[tuple[bool, ...]]]:
    large = [enlarged(plane, size) for plane in maps]
    return [
        [tuple(plane[y][x] >= 128 for plane in large) for x in range(size[0])]
        for y in range(size[1])
    ]


def render(
    canvas: tuple[int, int], planes: Sequence[Plane], maps: Sequence[Plane]
) -> list[list[list[int]]]:
    """The picture of the thumbnail's planes, three colours and perhaps alpha."""
    w, h = len(planes[0][0]), len(planes[0])
    smooth = [enlarged(plane, canvas) for plane in planes]
    of_pixels, of_samples = labels(maps, canvas), labels(maps, (w, h))
    picture = []
    for y in range(canvas[1]):
        down = taps(h, canvas[1], y)
        line = []
        for x in range(canvas[0]):
            label = of_pixels[y][x]
            around = [(i, k, a * b) for k, b in down for i, a in taps(w, canvas[0], x)]
            if all(of_samples[k][i] == label for i, k, _ in around):
                line.append([plane[y][x] for plane in smooth])
                continue
            counted = [(i, k, 16 * e if of_samples[k][i] == label else e) for i, k, e in around]
            d = sum(e for _, _, e in counted)
            sums = [sum(e * plane[k][i] for i, k, e in counted) for plane in planes]
            line.append([(n + (d >> 1)) // d for n in sums])
        picture.append(line)
    return picture
