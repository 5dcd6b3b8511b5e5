"""Prior 1 in plain integers, one at a time, as section 6 of the specification writes it.

Nothing here is shared with the package. The tests hold the fast implementation to this one,
and the digest vectors of section 6.9 are made with it.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Vector = list[int]


def limit(value: int, most: int) -> int:
    return max(-most, min(most, value))


@dataclass
class Linear:
    """Section 6.2."""

    weights: list[Sequence[int]]
    scale: Sequence[int]
    offset: Sequence[int]

    def __call__(self, row: Vector) -> Vector:
        """The layer's outputs for a row."""
        assert len(row) <= 1040
        assert all(-127 <= value <= 127 for value in row)
        result = []
        for weights, scale, offset in zip(self.weights, self.scale, self.offset, strict=True):
            total = sum(map(operator.mul, weights, row))
            assert abs(total) < 2**24
            assert abs(total * scale) < 2**52
            result.append((total * scale + 2**19) // 2**20 + offset)
        return result


def normalise(x: Vector, gain: int) -> Vector:
    """Section 6.2."""
    squares = sum(value * value for value in x)
    assert squares <= 2**51
    root = math.isqrt(squares) or 1
    return [limit((value * gain + root // 2) // root, 127) for value in x]


@dataclass
class Block:
    """The layers of sections 6.4 and 6.5."""

    recurrent_inner: Linear
    mix: list[Sequence[int]]
    recurrent_outer: Linear
    hidden_inner: Linear
    hidden_outer: Linear


class WeightsFile:
    """Section 6.8."""

    def __init__(self, data: bytes) -> None:
        assert data[:8] == b"SEMNET01"
        numbers = struct.unpack_from("<21I", data, 8)
        self._data = memoryview(data)
        self._offset = 8 + 4 * len(numbers)
        self.V, self.D, self.R, self.H, self.P, self.B, self.N, self.W = numbers[:8]
        self.gain_D, self.gain_R, self.gain_H, self.gain_P = numbers[8:12]
        self.lengths = self.take("B", self.V)
        self.spellings = self.take("B", numbers[12])
        self.costs = self.take("H", self.V)
        self.factors = self.rows("H", 32, 3)
        self.sigmoid = self.take("H", 4096)
        self.powers = self.take("I", 256)
        self.repeats = self.take("B", 17)
        self.levels = [self._level(*numbers[13 + 2 * n : 15 + 2 * n]) for n in range(4)]
        self.embedding = self.rows("b", self.V, self.D)
        self.embedding_scale = self.take("i", self.V)
        self.codebooks = self.rows("b", 4, 16)
        hashed = self.rows("B", 4 * self.N, self.W // 2)
        self.hashed = [hashed[table * self.N : (table + 1) * self.N] for table in range(4)]
        self.hashed_inner = self.linear(self.D, 4 * self.W)
        self.blocks = [self._block() for _ in range(self.B)]
        self.projection = self.linear(self.P, self.D)
        self.output = self.linear(self.V, self.P)
        assert self._offset == len(data)

    def take(self, kind: Literal["b", "B", "H", "i", "I"], count: int) -> Any:
        """An array, from the next multiple of 64 bytes on."""
        start = -(-self._offset // 64) * 64
        assert not any(self._data[self._offset : start])
        self._offset = start + struct.calcsize(kind) * count
        return self._data[start : self._offset].cast(kind)

    def rows(
        self, kind: Literal["b", "B", "H", "i"], count: int, width: int
    ) -> list[Sequence[int]]:
        """An array of two dimensions, as its rows."""
        flat = self.take(kind, count * width)
        return [flat[row * width : (row + 1) * width] for row in range(count)]

    def linear(self, outputs: int, inputs: int) -> Linear:
        """The three arrays of a linear layer."""
        return Linear(
            self.rows("b", outputs, inputs), self.take("i", outputs), self.take("i", outputs)
        )

    def _level(self, contexts: int, pairs: int) -> dict[int, list[tuple[int, int]]]:
        keys, counts = self.take("I", contexts).tolist(), self.take("B", contexts)
        tokens, weights = self.take("H", pairs), self.take("B", pairs)
        assert keys == sorted(set(keys))
        level = {}
        first = 0
        for key, count in zip(keys, counts, strict=True):
            run = slice(first, first + count)
            assert count
            assert sum(weights[run]) < 2**8
            level[key] = list(zip(tokens[run], weights[run], strict=True))
            first += count
        assert first == pairs
        return level

    def _block(self) -> Block:
        return Block(
            self.linear(3 * self.R, self.D),
            self.rows("i", 2, self.R),
            self.linear(self.D, self.R),
            self.linear(self.H, self.D),
            self.linear(self.D, self.H),
        )


class Reference:
    """The state of one text; `steps` are the vectors of section 6.9 for the latest token."""

    def __init__(self, weights: WeightsFile) -> None:
        self._weights = weights
        self._entered: list[int] = []
        self._h = [[0] * weights.R for _ in range(weights.B)]
        self._u = [[0] * weights.R for _ in range(weights.B)]
        self.steps: list[Vector] = []

    def enter(self, token: int) -> Vector:
        """The frequency table after one more token; the end token enters before a text."""
        self._entered.append(token)
        self.steps = []
        x = self._step(self._input())
        for block in range(self._weights.B):
            x = self._add(x, self._recurrent(block, x))
            x = self._add(x, self._feed_forward(block, x))
        return self._table(x)

    def _step(self, vector: Vector) -> Vector:
        self.steps.append(vector)
        return vector

    def _add(self, x: Vector, added: Vector) -> Vector:
        return self._step([limit(a + b, 2**21) for a, b in zip(x, added, strict=True)])

    def _input(self) -> Vector:
        """Section 6.3."""
        w = self._weights
        t, t1, t2, _ = self._last()
        scale = w.embedding_scale[t]
        e = [(value * scale + 2**19) // 2**20 for value in w.embedding[t]]
        rows = [
            w.hashed[0][(40503 * t1 + 10007 * t) % w.N],
            w.hashed[1][(30011 * t1 + 52361 * t + 77) % w.N],
            w.hashed[2][(48271 * t2 + 16807 * t1 + 69621 * t) % w.N],
            w.hashed[3][(39373 * t2 + 20011 * t1 + 26699 * t + 5) % w.N],
        ]
        n = [
            codebook[nibble]
            for codebook, row in zip(w.codebooks, rows, strict=True)
            for byte in row
            for nibble in (byte % 16, byte // 16)
        ]
        return [limit(a + b, 2**21) for a, b in zip(e, w.hashed_inner(n), strict=True)]

    def _recurrent(self, number: int, x: Vector) -> Vector:
        """Section 6.4."""
        w = self._weights
        block = w.blocks[number]
        y = self._step(block.recurrent_inner(normalise(x, w.gain_D)))
        h, u = self._h[number], self._u[number]
        o = []
        for i in range(w.R):
            v = limit(y[i], 2**18 - 1)
            mixed = block.mix[0][i] * u[i] + block.mix[1][i] * v + 2**11
            assert abs(mixed) < 2**47
            m = limit(mixed // 2**12, 2**15 - 1)
            u[i] = v
            f = w.sigmoid[gate_index(y[w.R + i]) + 2048]
            h[i] = (f * h[i] + (2**16 - f) * m * 2**8 + 2**15) // 2**16
            assert abs(h[i]) <= 2**23
            g = gate_index(y[2 * w.R + i])
            o.append(h[i] * (g * w.sigmoid[g + 2048]) // 2**30)
        self._step(list(h))
        return block.recurrent_outer(normalise(self._step(o), w.gain_R))

    def _feed_forward(self, number: int, x: Vector) -> Vector:
        """Section 6.5."""
        w = self._weights
        block = w.blocks[number]
        y = self._step(block.hidden_inner(normalise(x, w.gain_D)))
        s = self._step([max(0, min(4095, value)) ** 2 // 2**4 for value in y])
        return block.hidden_outer(normalise(s, w.gain_H))

    def _last(self) -> Vector:
        """The last four tokens, the latest first; before a text there are end tokens."""
        return [*self._entered[:-5:-1], 0, 0, 0][:4]

    def _repeat(self) -> tuple[int, int]:
        """Section 6.6: the length of the longest match and the token that followed it."""
        e = self._entered[-1024:]
        m = len(e) - 1
        longest, following = 0, 0
        for j in range(m):
            length = 0
            while length < min(16, j + 1) and e[j - length] == e[m - length]:
                length += 1
            if length and length >= longest:
                longest, following = length, e[j + 1]
        return longest, following

    def _recall(self) -> tuple[Vector, int]:
        """Section 6.6."""
        w = self._weights
        factors = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)
        added = [0] * w.V
        share = 2**16 - math.ceil(w.V / 2**8)
        length, token = self._repeat()
        if length:
            added[token] += w.repeats[length] * share
            share = share * (2**8 - w.repeats[length]) // 2**8
        for n in (4, 3, 2, 1):
            key = sum(t * factor for t, factor in zip(self._last()[:n], factors, strict=False))
            pairs = w.levels[n - 1].get(key % 2**32)
            if pairs is not None:
                for token, weight in pairs:
                    added[token] += weight * share
                share = share * (2**8 - sum(weight for _, weight in pairs)) // 2**8
            assert sum(added) + 2**8 * share <= 2**24 - w.V
        return added, share

    def _table(self, x: Vector) -> Vector:
        """Section 6.7."""
        w = self._weights
        p = w.projection(normalise(x, w.gain_D))
        q = self._step(normalise([limit(value, 2**21) for value in p], w.gain_P))
        logits = self._step(w.output(q))
        largest = max(logits)
        powers = []
        for logit in logits:
            d = largest - logit
            powers.append(w.powers[d % 256] // 2 ** (d // 256))
        total = sum(powers)
        added, share = self._recall()
        self._step([*added, share])
        f = [
            power * 2**8 * share // total + extra + 1
            for power, extra in zip(powers, added, strict=True)
        ]
        remainder = 2**24 - sum(f)
        assert remainder >= 0
        f[f.index(max(f))] += remainder
        return f


def gate_index(value: int) -> int:
    return max(-2048, min(2047, value))
