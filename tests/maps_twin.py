"""A second decoder of maps, written from specification section 3.5, one integer at a time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from refcodec.coding.range_coder import RangeDecoder
from refcodec.errors import MalformedError, NonCanonicalError

TABLES_FILE = Path(__file__).parent.parent / "spec" / "maps-1.json"
ITEM_TABLES = {
    "first": (3, 18, 4, 7),
    0: (16, 8, 2, 6),
    1: (2, 27, 1, 2),
    2: (2, 27, 1, 2),
    3: (2, 2, 1, 27),
}
S = """
22 36 60 98 162 267 439 720 1179 1921 3108 4971 7812 11955 17625 24743 32768
40793 47911 53581 57724 60565 62428 63615 64357 64816 65097 65269 65374 65438 65476 65500 65514
"""
SIGMOID = [int(number) for number in S.split()]
PLANE_0 = [
    *((-1, 0), (-2, 0), (-3, 0)),
    *((-3, -1), (-2, -1), (-1, -1), (0, -1), (1, -1), (2, -1), (3, -1)),
    *((-2, -2), (-1, -2), (0, -2), (1, -2), (2, -2)),
    (0, -3),
]
PLANE_1 = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (1, -1), (-1, 1), (1, 1)]
PLANE_2 = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)]

Grid = dict[tuple[int, int], int]


class Earlier:
    """The levels of an earlier map or box of w x h cells."""

    def __init__(self, w: int, h: int, levels: Grid) -> None:
        self.w, self.h, self.levels = w, h, levels

    def at(self, x: int, y: int, w: int, h: int) -> int:
        return self.levels[(2 * x + 1) * self.w // (2 * w), (2 * y + 1) * self.h // (2 * h)]


class MapsTwin:
    """Decodes a payload into `found`: (w, h, bits, cells) or (left, top, right, bottom) by item.

    That the payload is the shortest is not tested.
    """

    def __init__(self, payload: bytes, item_count: int) -> None:
        self.coder = RangeDecoder(payload)
        self.tables = json.loads(TABLES_FILE.read_bytes())
        self.bias = {(k, pattern): 0 for k in range(1, 16) for pattern in range(16)}
        self.seen = dict(self.bias)
        self.earlier: list[Earlier] = []
        self.found: dict[int, tuple[int, int, int, int | bytes]] = {}
        shape = (8, 8, 1)
        before: int | str = "first"
        for i in range(item_count):
            before = a = self.decode([share * 2**19 for share in ITEM_TABLES[before]])
            if a == 3:
                left, right = self.interval()
                top, bottom = self.interval()
                self.found[i] = (left, top, right, bottom)
                self.earlier.append(
                    Earlier(
                        64,
                        64,
                        {
                            (x, y): 15 if left <= x < right and top <= y < bottom else 0
                            for x in range(64)
                            for y in range(64)
                        },
                    )
                )
            elif a:
                if a == 2:
                    new = (4 + self.uniform(61), 4 + self.uniform(61), 1 + self.uniform(4))
                    if new == shape:
                        raise NonCanonicalError("shape")
                    shape = new
                w, h, bits = shape
                cells = self.cells(w, h, bits)
                self.found[i] = (w, h, bits, bytes(cells[x, y] for y in range(h) for x in range(w)))
                levels = {place: cell * 2 ** (4 - bits) for place, cell in cells.items()}
                self.earlier.append(Earlier(w, h, levels))
        if not self.found:
            raise MalformedError("nothing")

    def decode(self, frequencies: list[int]) -> int:
        return self.coder.decode(np.array(frequencies, dtype=np.int64))

    def uniform(self, n: int) -> int:
        return self.decode([2**24 // n + 2**24 % n] + [2**24 // n] * (n - 1))

    def interval(self) -> tuple[int, int]:
        low = self.uniform(64)
        return low, 64 if low == 63 else low + 1 + self.uniform(64 - low)

    def cells(self, w: int, h: int, bits: int) -> Grid:
        cell: Grid = {}
        for y in range(h):
            for x in range(w):
                cell[x, y] = self.cell(x, y, (w, h, bits), cell)
        return cell

    def cell(self, x: int, y: int, shape: tuple[int, int, int], cell: Grid) -> int:
        bits = shape[2]
        value = 0
        for d in range(bits):
            k = 2**d + value
            inputs = self.inputs((x, y), (d, value), shape, cell)
            pattern = sum(
                weight for weight, i in ((1, 0), (2, 6), (4, 5), (8, 7)) if inputs[i] == 16
            )
            s = self.tables["output_offset"]
            for j in range(16):
                a = self.tables["hidden_offset"][j]
                for i in range(38):
                    a += self.tables["hidden"][j][i] * inputs[i]
                assert abs(a) < 2**17
                if a > 0:
                    s += self.tables["output"][j] * a
            assert abs(s) < 2**29
            p = self.probability(s + self.bias[k, pattern])
            b = self.decode([2**16 - p, p])
            r = 8 + 512 // (self.seen[k, pattern] + 16)
            t = self.bias[k, pattern] + ((b * 2**16 - p) * r) // 256
            self.bias[k, pattern] = min(max(t, -(2**18)), 2**18)
            self.seen[k, pattern] += 1
            value = 2 * value + b
        return value

    @staticmethod
    def probability(s: int) -> int:
        u = min(max(s // 128 + 2048, 0), 4095)
        i, r = u // 128, u % 128
        return (SIGMOID[i] * (128 - r) + SIGMOID[i + 1] * r) // 128

    def inputs(
        self,
        place: tuple[int, int],
        question: tuple[int, int],
        shape: tuple[int, int, int],
        cell: Grid,
    ) -> list[int]:
        x, y = place
        d, value = question
        w, h, bits = shape
        threshold = (2 * value + 1) * 2 ** (3 - d)

        def answer(plane: int, u: int, v: int) -> int:
            if not (0 <= u < w and 0 <= v < h) or len(self.earlier) < plane:
                return 0
            if plane == 0:
                level = cell[u, v] * 2 ** (4 - bits)
            elif plane == 1:
                level = self.earlier[-1].at(u, v, w, h)
            else:
                level = max(one.at(u, v, w, h) for one in self.earlier[:-1])
            return 16 if level >= threshold else -16

        answers = [
            answer(plane, x + across, y + down)
            for plane, places in enumerate((PLANE_0, PLANE_1, PLANE_2))
            for across, down in places
        ]
        o = sum(1 for known in cell.values() if known > 0)
        n = y * w + x
        across, down = 16 * (2 * x + 1) // w - 16, 16 * (2 * y + 1) // h - 16
        return [
            *answers,
            across,
            down,
            abs(across),
            abs(down),
            16 if o > 0 else -16,
            32 * o // n - 16 if n else 0,
            2 * (len(f"{w * h:b}") - 5),
            5 * d,
        ]
