"""A plain thumbnail decoder, step by step as in the specification, to hold ours against."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from refcodec.coding.range_coder import RangeDecoder
from refcodec.errors import MalformedError, NonCanonicalError

TABLES_FILE = Path(__file__).parent.parent / "spec" / "thumbnail-1.json"
TABLES: dict[str, Any] = json.loads(TABLES_FILE.read_text(encoding="ascii"))
ENDS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)


def scalar_cosine(k: int, n: int) -> int:
    if k == n:
        return 0
    x = (k * 52707179 + n) // (2 * n)
    y = (x * x + 2**23) // 2**24
    c = 2**24
    for j in (7, 6, 5, 4, 3, 2, 1):
        assert 0 <= y * c < 2**53
        c = 2**24 - y * c // (2**24 * (2 * j) * (2 * j - 1))
    return c


@cache
def scalar_basis(n: int, k: int, x: int) -> int:
    if k == 0:
        return 16384
    r = (2 * x + 1) * k % (4 * n)
    if r > 2 * n:
        r = 4 * n - r
    c = scalar_cosine(r, n) if r <= n else -scalar_cosine(2 * n - r, n)
    return (c * 23726566 + 2**33) // 2**34


class ScalarDecoder:
    """Steps 1 to 3: canvas and payload to levels, without the comparison of encodings."""

    def __init__(self, payload: bytes, canvas: tuple[int, int]) -> None:
        if not payload:
            raise MalformedError("empty")
        long, short = max(canvas), min(canvas)
        side = max(1, (128 * short + long) // (2 * long))
        self.w, self.h = (64, side) if canvas[0] >= canvas[1] else (side, 64)
        places = [(u, v) for v in range(self.h) for u in range(self.w)]
        places.sort(
            key=lambda place: ((place[0] * self.h) ** 2 + (place[1] * self.w) ** 2, place[1])
        )
        self.scan = places[:1024]
        self.coder = RangeDecoder(payload)
        self.levels: list[dict[tuple[int, int], int]] = [{}, {}, {}]
        self.q = self.row(TABLES["step"])
        ends = []
        for p in range(3):
            shift = self.q >> 1 if p == 0 else 0
            ends.append((self.row(TABLES["end"][p]) - shift) % 21)
        for p in range(3):
            self.plane(p, ends[p])

    def row(self, frequencies: list[int]) -> int:
        return self.coder.decode(np.array(frequencies, dtype=np.int64) * 256)

    def uniform(self, n: int) -> int:
        frequencies = [2**24 // n] * n
        frequencies[0] += 2**24 % n
        return self.coder.decode(np.array(frequencies, dtype=np.int64))

    def size(self, p: int) -> int:
        i = self.q + (1 if p == 1 else 0)
        return (64, 76, 91, 108)[i % 4] << (i >> 2)

    def plane(self, p: int, end: int) -> None:
        count = min(ENDS[end], len(self.scan))
        for n in range(count):
            if p == 0 and n == 0:
                m = 32768 // self.size(0)
                self.levels[p][0, 0] = self.uniform(2 * m + 1) - m
            else:
                self.levels[p][self.scan[n]] = self.other_level(p, n)
        last = [self.levels[p][place] for place in self.scan[ENDS[end - 1] : count]] if end else [1]
        if not any(last):
            raise NonCanonicalError("end class")

    def other_level(self, p: int, n: int) -> int:
        a = self.row(TABLES["magnitude"][self.context(p, n)])
        if a == 15:
            k = 0
            while self.uniform(2):
                k += 1
                if k > 9:
                    raise MalformedError("escape")
            x = 1
            for _ in range(k):
                x = 2 * x + self.uniform(2)
            a = 14 + x
        if a * self.size(p) > 65536:
            raise MalformedError("coefficient")
        return -a if a and self.uniform(2) else a

    def magnitude(self, p: int, u: int, v: int) -> int:
        return 0 if (u, v) == (0, 0) else abs(self.levels[p].get((u, v), 0))

    def context(self, p: int, n: int) -> int:
        log: list[int] = TABLES["log"]
        t: int
        if n == 0:
            bias, slope = TABLES["dc_weights"][p - 1]
            t = bias + slope * self.q
        else:
            u, v = self.scan[n]
            activity = (
                2 * self.magnitude(p, u - 1, v)
                + 2 * self.magnitude(p, u, v - 1)
                + self.magnitude(p, u - 2, v)
                + self.magnitude(p, u, v - 2)
            )
            luma = self.magnitude(0, u, v) if p > 0 else 0
            orange = self.magnitude(1, u, v) if p > 1 else 0
            frequency_class = len([end for end in ENDS[1:] if end <= n])
            w = TABLES["weights"][p]
            t = w[0] + w[1] * self.q + w[2] * frequency_class + w[3] * log[min(activity, 63)]
            t += w[4] * log[min(2 * luma, 63)] + w[5] * log[min(2 * orange, 63)]
        return min(max(t >> 10, 0), 23)

    def samples(self) -> list[tuple[int, int, int]]:
        """Steps 4 and 5: RGB of the samples row by row."""
        across = [[scalar_basis(self.w, u, x) for x in range(self.w)] for u in range(self.w)]
        down = [[scalar_basis(self.h, v, y) for y in range(self.h)] for v in range(self.h)]
        planes = []
        for p in range(3):
            rows: dict[int, list[int]] = {}
            for (u, v), level in self.levels[p].items():
                if level:
                    sums = rows.setdefault(v, [8192] * self.w)
                    for x in range(self.w):
                        sums[x] += level * self.size(p) * across[u][x]
            plane = [[8192] * self.w for _ in range(self.h)]
            for v, sums in rows.items():
                for y in range(self.h):
                    for x in range(self.w):
                        plane[y][x] += (sums[x] >> 14) * down[v][y]
            planes.append([value >> 14 for row in plane for value in row])
        picture = []
        for luma, orange, green in zip(*planes, strict=True):
            y = luma + 32768 + 128
            rgb = (y + orange - green, y + green, y - orange - green)
            picture.append(tuple(min(max(value >> 8, 0), 255) for value in rgb))
        return [(red, green, blue) for red, green, blue in picture]
