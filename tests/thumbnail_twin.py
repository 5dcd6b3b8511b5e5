"""A plain thumbnail decoder, one integer at a time as in section 3.4, to hold ours against.

Only the range decoder is shared with the package, and it has tests of its own.
"""

from __future__ import annotations

import operator
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from refcodec.coding.range_coder import RangeDecoder
from refcodec.errors import MalformedError

WEIGHTS_FILE = Path(__file__).parent.parent / "spec" / "thumbnail-1.bin"
W = 40
PHASES = (
    (0, (0,), 0),
    (0, (1,), 0),
    (0, (0,), 1),
    (0, (1,), 1),
    (0, (2,), None),
    (1, (0, 1, 2), None),
    (2, (0, 1, 2), None),
)
AROUND = [(-1, -1), (0, -1), (1, -1), (-1, 0), (0, 0), (1, 0), (-1, 1), (0, 1), (1, 1)]

Vector = list[int]
Position = tuple[int, int]


def clip(a: int, b: int, c: int) -> int:
    return min(max(a, b), c)


def act(vector: Vector) -> Vector:
    return [clip(a, 0, 8191) for a in vector]


@dataclass(frozen=True)
class Layer:
    weights: list[Vector]
    biases: Vector

    def __call__(self, inputs: Vector) -> Vector:
        outputs = []
        for weights, bias in zip(self.weights, self.biases, strict=True):
            assert len(weights) == len(inputs)
            total = bias + 512 + sum(map(operator.mul, weights, inputs))
            assert abs(total) < 2**31
            outputs.append(total >> 10)
        return outputs


@cache
def weights_file() -> tuple[list[Layer], list[Vector]]:
    """The layers in order, and the frequency tables."""
    data = WEIGHTS_FILE.read_bytes()
    assert data[:8] == b"SEMTHM01"
    place = 8
    heads = [(2 * len(details)) for _, details, _ in PHASES] + [12]
    shapes = [(W, 32), (W, 9 * W), (W, 9 * W)]
    for outputs in heads:
        shapes += [(W, 9 * 18), (W, W), (outputs, W)]
    layers = []
    for outputs, inputs in shapes:
        flat = struct.unpack_from(f"<{outputs * inputs}h", data, place)
        place += 2 * outputs * inputs
        biases = struct.unpack_from(f"<{outputs}i", data, place)
        place += 4 * outputs
        rows = [list(flat[o * inputs : (o + 1) * inputs]) for o in range(outputs)]
        layers.append(Layer(rows, list(biases)))
    frequencies = struct.unpack_from("<720H", data, place)
    assert place + 1440 == len(data)
    return layers, [list(frequencies[16 * row : 16 * row + 16]) for row in range(45)]


class ScalarDecoder:
    """Steps 1 to 6, without the comparison of encodings."""

    def __init__(self, payload: bytes, canvas: tuple[int, int]) -> None:
        if not payload:
            raise MalformedError("empty")
        self.coder = RangeDecoder(payload)
        self.layers, self.table = weights_file()
        side = self.shares([1, 1, 4, 3, 3, 2, 1, 1])
        longer = (24, 32, 48, 64, 96, 128, 192, 256)[side]
        usual = (18, 20, 22, 20, 17, 12, 10, 8)[side]
        self.step_shares = [max(1, 16 - 3 * abs(i - usual)) for i in range(32)]
        has_alpha = self.shares([15, 1])
        a, b = max(canvas), min(canvas)
        shorter = max(1, (2 * longer * b + a) // (2 * a))
        self.w, self.h = (longer, shorter) if canvas[0] >= canvas[1] else (shorter, longer)
        self.pixels = [self.colour(sample) for sample in self.picture(3)]
        self.alpha = [self.colour(sample)[0] for sample in self.picture(1)] if has_alpha else None

    def shares(self, frequencies: list[int]) -> int:
        return self.coder.decode(np.array(frequencies, dtype=np.int64))

    def bits(self, n: int) -> int:
        return self.shares([1] * 2**n) if n else 0

    def picture(self, colours: int) -> list[Vector]:
        """Step 2."""
        sizes = [(self.w, self.h)]
        while sizes[-1] != (1, 1):
            sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
        top = len(sizes) - 1
        self.q = self.shares(self.step_shares)
        self.colours = colours
        sample = [0, 0, 0]
        for c in range(colours):
            j = self.scale_class((384, -179, -179)[c] - self.log(top))
            sample[c] = clip(self.level(j, self.size(top)) * self.size(top), -131072, 131072)
        samples: dict[Position, Vector] = {(0, 0): sample}
        surprise: dict[Position, Vector] = {(0, 0): [0, 0, 0]}
        for k in range(top - 1, -1, -1):
            samples, surprise = self.finer(samples, surprise, sizes[k + 1], sizes[k], k)
        return [samples[x, y] for y in range(self.h) for x in range(self.w)]

    def size(self, k: int) -> int:
        return ((1536, 1827, 2172, 2583)[self.q % 4] << (self.q // 4)) >> k

    def log(self, k: int) -> int:
        return 64 * self.q - 362 - 256 * k

    def scale_class(self, a: int) -> int:
        return min((a + 932) >> 5, 124)

    def level(self, j: int, step: int) -> int:
        e = 0 if j < 45 else (j - 45) // 8 + 1
        m = self.shares(self.table[j - 8 * e])
        if m == 15:
            b = 0
            while self.bits(1):
                b += 1
                if b > 12:
                    raise MalformedError("escape")
            m = 14 + 2**b + self.bits(b)
        if e > 0:
            m = m * 2**e + self.bits(e)
        if m > 0 and self.bits(1):
            m = -m
        if abs(m) * step > 2**20:
            raise MalformedError("level")
        return m

    def trunk(
        self,
        samples: dict[Position, Vector],
        surprise: dict[Position, Vector],
        size: Position,
        k: int,
    ) -> dict[Position, Vector]:
        """Step 3."""
        first, second, third = self.layers[:3]

        def nearest(x: int, y: int) -> Position:
            return clip(x, 0, size[0] - 1), clip(y, 0, size[1] - 1)

        def around(vectors: dict[Position, Vector], x: int, y: int) -> Vector:
            return [value for dx, dy in AROUND for value in vectors[nearest(x + dx, y + dy)]]

        a = {}
        for (x, y), centre in samples.items():
            inputs = []
            for dx, dy in AROUND:
                if (dx, dy) != (0, 0):
                    neighbour = samples[nearest(x + dx, y + dy)]
                    inputs += [(neighbour[c] - centre[c] + 16) >> 5 for c in range(3)]
            inputs += [(value + 32) >> 6 for value in centre]
            inputs += [value * 128 for value in surprise[x, y]]
            inputs += [self.log(k), 256 // max(size)]
            a[x, y] = act(first(inputs))
        f = {(x, y): second(around(a, x, y)) for x, y in a}
        active = {place: act(vector) for place, vector in f.items()}
        return {(x, y): list(map(operator.add, f[x, y], third(around(active, x, y)))) for x, y in a}

    def finer(
        self,
        samples: dict[Position, Vector],
        surprise: dict[Position, Vector],
        size: Position,
        finer_size: Position,
        k: int,
    ) -> tuple[dict[Position, Vector], dict[Position, Vector]]:
        """Steps 4 and 5: level k from level k + 1."""
        trunk = self.trunk(samples, surprise, size, k)
        places = sorted(trunk, key=lambda place: (place[1], place[0]))
        details = {place: [0] * 9 for place in places}
        levels = {place: [0] * 9 for place in places}

        def head(number: int, chosen: list[Position]) -> dict[Position, Vector]:
            known, hidden, outputs = self.layers[3 + 3 * number : 6 + 3 * number]
            result = {}
            for x, y in chosen:
                inputs = []
                for dx, dy in AROUND:
                    place = x + dx, y + dy
                    if place in details:
                        inputs += [(value + 16) >> 5 for value in details[place]]
                        inputs += [clip(value, -2, 2) * 256 for value in levels[place]]
                    else:
                        inputs += [0] * 18
                u = act(list(map(operator.add, trunk[x, y], known(inputs))))
                result[x, y] = outputs(act(hidden(u)))
            return result

        step = self.size(k)
        for number, (c, which, parity) in enumerate(PHASES):
            if c >= self.colours:
                continue
            chosen = [(x, y) for x, y in places if parity is None or (x + y) % 2 == parity]
            for place, v in head(number, chosen).items():
                for t, i in enumerate(which):
                    mean = v[t] * 32
                    j = self.scale_class(v[len(which) + t] - 256)
                    n = self.level(j, step) if j >= 0 else 0
                    levels[place][3 * c + i] = n
                    details[place][3 * c + i] = clip(mean + n * step, -131072, 131072)
        coded = {place: (details[place], levels[place]) for place in places}
        return self.joined(samples, coded, head(7, places), finer_size, step)

    def joined(
        self,
        samples: dict[Position, Vector],
        coded: dict[Position, tuple[Vector, Vector]],
        corrections: dict[Position, Vector],
        size: Position,
        step: int,
    ) -> tuple[dict[Position, Vector], dict[Position, Vector]]:
        """Step 5."""
        r = min(step, 16384)
        finer: dict[Position, Vector] = {}
        surprise: dict[Position, Vector] = {}
        for (x, y), v in corrections.items():
            coarse = list(samples[x, y])
            d, levels = list(coded[x, y][0]), coded[x, y][1]
            for c in range(self.colours):
                coarse[c] += (v[4 * c] * r + 256) >> 9
                for i in range(3):
                    d[3 * c + i] += (v[4 * c + 1 + i] * r + 128) >> 8
            for dy in (0, 1):
                for dx in (0, 1):
                    place = 2 * x + dx, 2 * y + dy
                    if place[0] >= size[0] or place[1] >= size[1]:
                        continue
                    sx, sy = 1 - 2 * dx, 1 - 2 * dy
                    finer[place] = [
                        clip(
                            coarse[c]
                            + (
                                (sx * d[3 * c] + sy * d[3 * c + 1] + sx * sy * d[3 * c + 2] + 1)
                                >> 1
                            ),
                            -131072,
                            131072,
                        )
                        for c in range(3)
                    ]
                    surprise[place] = [
                        min(sum(abs(clip(n, -2, 2)) for n in levels[3 * c : 3 * c + 3]), 4)
                        for c in range(3)
                    ]
        return finer, surprise

    def colour(self, sample: Vector) -> tuple[int, int, int]:
        """Step 6."""
        y, u, v = sample
        red = 2365 * y + 2896 * u + 1672 * v
        green = 2365 * y - 3344 * v
        blue = 2365 * y - 2896 * u + 1672 * v
        assert max(map(abs, (red, green, blue))) < 2**30
        first, second, third = (clip((a + 134217728) >> 20, 0, 255) for a in (red, green, blue))
        return first, second, third
