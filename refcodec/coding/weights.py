"""The weights file of prior 1 (specification section 6.8): its arrays, by name.

Arrays follow one another in a fixed order, each from the next multiple of 64 bytes on.
Matrices become float32 here, so that products of them are exact (section 6.2); the large
look-up tables stay as they are in the file, of which only the rows that are used are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from refcodec.coding.closing import FACTOR_ROWS, Factors
from refcodec.coding.recall import LEVELS, LONGEST_MATCH, Level, Recall
from refcodec.errors import UnsupportedError

MAGIC: Final = b"SEMNET01"
ALIGNMENT: Final = 64
SCALE_BITS: Final = 20
HASH_TABLES: Final = 4
CODEBOOK_ENTRIES: Final = 16
SIGMOID_ENTRIES: Final = 4096
POWER_ENTRIES: Final = 256
HEADER_NUMBERS: Final = 13 + 2 * LEVELS

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Shape:
    """The header: sizes of all arrays and the gains of the normalisations."""

    vocabulary: int
    width: int
    recurrent: int
    hidden: int
    output: int
    blocks: int
    rows: int
    row_width: int
    width_gain: int
    recurrent_gain: int
    hidden_gain: int
    output_gain: int
    spelling_bytes: int
    contexts: tuple[int, ...]
    pairs: tuple[int, ...]

    @property
    def hashed_width(self) -> int:
        """The rows of all hash tables side by side."""
        return HASH_TABLES * self.row_width


@dataclass(frozen=True)
class Linear:
    """floor((W n scale + 2**19) / 2**20) + offset, for rows n of integers within +-127.

    The factor 2**-20 is in `scale` and the half in `offset`: both are exact in float64.
    """

    weights: Matrix
    scale: Floats
    offset: Floats

    def __call__(self, inputs: Matrix) -> Floats:
        """(..., inputs) to (..., outputs), all integers; section 6.2."""
        rows = inputs.reshape(-1, inputs.shape[-1])
        return self.scaled(self.sums(rows)).reshape(*inputs.shape[:-1], -1)

    def sums(self, rows: Matrix) -> Matrix:
        """The matrix product alone, (rows, inputs) to (rows, outputs)."""
        product: Matrix = rows @ self.weights.T
        return product

    def scaled(self, sums: Matrix) -> Floats:
        """The rest: scale, rounding and offset."""
        outputs = sums * self.scale
        outputs += self.offset
        return np.floor(outputs, out=outputs)


@dataclass(frozen=True)
class Block:
    """A recurrent and a feed-forward part."""

    recurrent_inner: Linear
    mix: Floats
    recurrent_outer: Linear
    hidden_inner: Linear
    hidden_outer: Linear


@dataclass(frozen=True)
class Weights:
    """All of the file."""

    shape: Shape
    spellings: list[bytes]
    costs: NDArray[np.uint16]
    factors: Factors
    sigmoid: Floats
    powers: Floats
    recall: Recall
    embedding: NDArray[np.int8]
    embedding_scale: Floats
    codebooks: Matrix
    hashed: NDArray[np.uint8]
    hashed_inner: Linear
    blocks: tuple[Block, ...]
    projection: Linear
    output: Linear


def array_layout(shape: Shape) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Name, type and dimensions of every array, in file order."""

    def linear(name: str, outputs: int, inputs: int) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        yield f"{name}.weights", "<i1", (outputs, inputs)
        yield f"{name}.scale", "<i4", (outputs,)
        yield f"{name}.offset", "<i4", (outputs,)

    yield "lengths", "<u1", (shape.vocabulary,)
    yield "spellings", "<u1", (shape.spelling_bytes,)
    yield "costs", "<u2", (shape.vocabulary,)
    yield "factors", "<u2", (FACTOR_ROWS, 3)
    yield "sigmoid", "<u2", (SIGMOID_ENTRIES,)
    yield "powers", "<u4", (POWER_ENTRIES,)
    yield "repeats", "<u1", (LONGEST_MATCH + 1,)
    for level, (contexts, pairs) in enumerate(zip(shape.contexts, shape.pairs, strict=True)):
        yield f"{level}.keys", "<u4", (contexts,)
        yield f"{level}.counts", "<u1", (contexts,)
        yield f"{level}.tokens", "<u2", (pairs,)
        yield f"{level}.weights", "<u1", (pairs,)
    yield "embedding.weights", "<i1", (shape.vocabulary, shape.width)
    yield "embedding.scale", "<i4", (shape.vocabulary,)
    yield "codebooks", "<i1", (HASH_TABLES, CODEBOOK_ENTRIES)
    yield "hashed", "<u1", (HASH_TABLES, shape.rows, shape.row_width // 2)
    yield from linear("hashed_inner", shape.width, shape.hashed_width)
    for block in range(shape.blocks):
        yield from linear(f"{block}.recurrent_inner", 3 * shape.recurrent, shape.width)
        yield f"{block}.mix", "<i4", (2, shape.recurrent)
        yield from linear(f"{block}.recurrent_outer", shape.width, shape.recurrent)
        yield from linear(f"{block}.hidden_inner", shape.hidden, shape.width)
        yield from linear(f"{block}.hidden_outer", shape.width, shape.hidden)
    yield from linear("projection", shape.output, shape.width)
    yield from linear("output", shape.vocabulary, shape.output)


def read_arrays(data: bytes | memoryview) -> tuple[Shape, dict[str, NDArray[Any]]]:
    """The header and the arrays as they lie in the file, not copied."""
    if bytes(data[: len(MAGIC)]) != MAGIC:
        raise UnsupportedError("prior: the weights file does not begin with SEMNET01")
    fields = np.frombuffer(data, "<u4", HEADER_NUMBERS, len(MAGIC)).tolist()
    sizes, levels = fields[: -2 * LEVELS], fields[-2 * LEVELS :]
    values = (*sizes, tuple(levels[::2]), tuple(levels[1::2]))
    named: dict[str, Any] = dict(zip(Shape.__dataclass_fields__, values, strict=True))
    shape = Shape(**named)
    arrays = {}
    offset = len(MAGIC) + 4 * HEADER_NUMBERS
    for name, kind, dimensions in array_layout(shape):
        offset += -offset % ALIGNMENT
        array = np.frombuffer(data, kind, int(np.prod(dimensions)), offset)
        arrays[name] = array.reshape(dimensions)
        offset += array.nbytes
    return shape, arrays


def write_arrays(shape: Shape, arrays: dict[str, NDArray[Any]]) -> bytes:
    """The weights file of these arrays; what `read_arrays` reads."""
    *sizes, contexts, pairs = vars(shape).values()
    levels = [number for level in zip(contexts, pairs, strict=True) for number in level]
    data = bytearray(MAGIC + np.array([*sizes, *levels], "<u4").tobytes())
    for name, kind, dimensions in array_layout(shape):
        data += bytes(-len(data) % ALIGNMENT)
        array = arrays[name]
        if array.shape != dimensions:
            raise ValueError(f"{name}: {array.shape}, the header says {dimensions}")
        data += array.astype(kind, casting="safe").tobytes()
    return bytes(data)


def read_weights(data: bytes | memoryview) -> Weights:
    """The weights, ready for use."""
    shape, arrays = read_arrays(data)

    def linear(name: str) -> Linear:
        return Linear(
            weights=arrays[f"{name}.weights"].astype(np.float32),
            scale=arrays[f"{name}.scale"] * 2.0**-SCALE_BITS,
            offset=arrays[f"{name}.offset"] + 0.5,
        )

    levels = tuple(
        Level(
            keys=arrays[f"{level}.keys"],
            first=np.concatenate([[0], np.cumsum(arrays[f"{level}.counts"], dtype=np.int64)]),
            tokens=arrays[f"{level}.tokens"],
            weights=arrays[f"{level}.weights"],
        )
        for level in range(LEVELS)
    )
    blocks = tuple(
        Block(
            linear(f"{block}.recurrent_inner"),
            arrays[f"{block}.mix"].astype(np.float64),
            linear(f"{block}.recurrent_outer"),
            linear(f"{block}.hidden_inner"),
            linear(f"{block}.hidden_outer"),
        )
        for block in range(shape.blocks)
    )
    ends = [0, *accumulate(arrays["lengths"].tolist())]
    joined = arrays["spellings"].tobytes()
    return Weights(
        shape=shape,
        spellings=[joined[start:end] for start, end in pairwise(ends)],
        costs=arrays["costs"],
        factors=[(end, stop, other) for end, stop, other in arrays["factors"].tolist()],
        sigmoid=arrays["sigmoid"].astype(np.float64),
        powers=power_table(arrays["powers"]),
        recall=Recall(tuple(arrays["repeats"].tolist()), levels),
        embedding=arrays["embedding.weights"],
        embedding_scale=arrays["embedding.scale"] * 2.0**-SCALE_BITS,
        codebooks=arrays["codebooks"].astype(np.float32),
        hashed=arrays["hashed"],
        hashed_inner=linear("hashed_inner"),
        blocks=blocks,
        projection=linear("projection"),
        output=linear("output"),
    )


def power_table(powers: NDArray[np.uint32]) -> Floats:
    """powers[d mod 256] >> (d div 256) for every d, up to the first that is 0 (section 6.7)."""
    octaves = 1 + int(powers.max()).bit_length()
    return (powers[None, :] >> np.arange(octaves)[:, None]).astype(np.float64).ravel()
