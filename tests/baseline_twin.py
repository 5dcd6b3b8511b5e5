"""A plain baseline renderer, one integer at a time, in the order of specification section 7.3."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Plane = Sequence[Sequence[int]]
Four = tuple[int, int, int, int]
Combine = Callable[[int, Sequence[int]], int]


# Weights.


def smooth_weights(t: int) -> Four:
    a0 = ((256 - t) ** 3 + 3072) // 6144
    a1 = (3 * t**3 - 1536 * t**2 + 67108864 + 3072) // 6144
    a3 = (t**3 + 3072) // 6144
    return a0, a1, 16384 - a0 - a1 - a3, a3


def sharp_weights(t: int) -> Four:
    c0 = (-t * (256 - t) ** 2 + 1024) // 2048
    c1 = (3 * t**3 - 1280 * t**2 + 33554432 + 1024) // 2048
    c3 = (-(t**2) * (256 - t) + 1024) // 2048
    return c0, c1, 16384 - c0 - c1 - c3, c3


# Position.


def place(c: int, size: int, pixel: int) -> tuple[Four, int]:
    """The four samples of a pixel, and its phase."""
    g = (256 * ((2 * pixel + 1) * c - size) + size) // (2 * size)
    i = g // 256
    near, left, right, far = (min(max(i + k, 0), c - 1) for k in (-1, 0, 1, 2))
    return (near, left, right, far), g - 256 * i


# Pixels.


def smooth(t: int, p: Sequence[int]) -> int:
    return sum(a * value for a, value in zip(smooth_weights(t), p, strict=True))


def sharp(t: int, p: Sequence[int]) -> int:
    total = sum(c * value for c, value in zip(sharp_weights(t), p, strict=True))
    assert abs(total) < 2**29
    return min(max(total, 16384 * min(p[1], p[2])), 16384 * max(p[1], p[2]))


def enlarged(s: Plane, size: tuple[int, int], f: Combine) -> list[list[int]]:
    width, height = size
    across = [place(len(s[0]), width, x) for x in range(width)]
    rows = [[(f(t, [row[i] for i in four]) + 128) >> 8 for four, t in across] for row in s]
    picture = []
    for y in range(height):
        four, t = place(len(s), height, y)
        picture.append([(f(t, [rows[i][x] for i in four]) + 2**19) >> 20 for x in range(width)])
    return picture


# Edges.


def map_samples(cells: Plane, bits: int) -> list[list[int]]:
    m = 2**bits - 1
    return [[(255 * v + (m >> 1)) // m for v in row] for row in cells]


def labels(maps: Sequence[Plane], size: tuple[int, int]) -> list[list[tuple[bool, ...]]]:
    large = [enlarged(plane, size, smooth) for plane in maps]
    return [
        [tuple(plane[y][x] >= 128 for plane in large) for x in range(size[0])]
        for y in range(size[1])
    ]


def render(
    canvas: tuple[int, int], planes: Sequence[Plane], maps: Sequence[Plane]
) -> list[list[list[int]]]:
    """The picture of the thumbnail's planes, three colours and perhaps alpha."""
    w, h = len(planes[0][0]), len(planes[0])
    plain = [enlarged(plane, canvas, sharp) for plane in planes]
    of_pixels, of_samples = labels(maps, canvas), labels(maps, (w, h))
    picture = []
    for y in range(canvas[1]):
        rows, t = place(h, canvas[1], y)
        down = list(zip(rows, smooth_weights(t), strict=True))
        line = []
        for x in range(canvas[0]):
            label = of_pixels[y][x]
            columns, t = place(w, canvas[0], x)
            across = list(zip(columns, smooth_weights(t), strict=True))
            around = [(i, k, a * b) for k, b in down for i, a in across]
            if all(of_samples[k][i] == label for i, k, _ in around):
                line.append([plane[y][x] for plane in plain])
                continue
            counted = [(i, k, 16 * e if of_samples[k][i] == label else e) for i, k, e in around]
            d = sum(e for _, _, e in counted)
            pixel = []
            for number, plane in enumerate(planes):
                n = sum(e * plane[k][i] for i, k, e in counted)
                m = sum(e * plane[k][i] for i, k, e in around)
                moved = plain[number][y][x] + (n + (d >> 1)) // d - ((m + 2**27) >> 28)
                values = [plane[k][i] for i, k, _ in around]
                pixel.append(min(max(moved, min(values)), max(values)))
            line.append(pixel)
        picture.append(line)
    return picture
