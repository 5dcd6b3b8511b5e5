"""Weights files of small networks with random weights, for tests of exactness."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from refcodec.coding import weights as layout
from refcodec.coding.recall import KEY_FACTORS, LEVELS

VOCABULARY = 300
CONTEXTS = (40, 60, 60, 30)


def tiny_weights(seed: int, loudness: int) -> bytes:
    """A weights file; with more `loudness` more values run into their limits."""
    rng = np.random.default_rng([seed, loudness])
    spellings = [b"", *(bytes([byte]) for byte in range(256))]
    while len(spellings) < VOCABULARY:
        made = rng.choice(list(b"abc "), rng.integers(2, 5)).astype(np.uint8).tobytes()
        if made not in spellings:
            spellings.append(made)
    levels = [_level(rng, level) for level in range(LEVELS)]
    shape = layout.Shape(
        vocabulary=VOCABULARY,
        width=12,
        recurrent=20,
        hidden=28,
        output=16,
        blocks=2,
        rows=64,
        row_width=4,
        width_gain=int(rng.integers(20, 400)),
        recurrent_gain=int(rng.integers(20, 400)),
        hidden_gain=int(rng.integers(20, 400)),
        output_gain=int(rng.integers(20, 400)),
        spelling_bytes=sum(map(len, spellings)),
        contexts=tuple(len(level["keys"]) for level in levels),
        pairs=tuple(len(level["tokens"]) for level in levels),
    )
    arrays: dict[str, NDArray[Any]] = {
        "lengths": np.array([len(spelling) for spelling in spellings], np.uint8),
        "spellings": np.frombuffer(b"".join(spellings), np.uint8),
        "costs": rng.integers(1, 200, VOCABULARY).astype(np.uint16),
    }
    for number, level in enumerate(levels):
        arrays |= {f"{number}.{name}": array for name, array in level.items()}
    for name, kind, dimensions in layout.array_layout(shape):
        if name not in arrays:
            arrays[name] = _random(rng, name, dimensions, loudness).astype(kind)
    return layout.write_arrays(shape, arrays)


def _level(rng: np.random.Generator, level: int) -> dict[str, NDArray[Any]]:
    """Contexts of the last tokens that tests will meet: some few, and the end token."""
    few = rng.integers(0, 8, (CONTEXTS[level], level + 1))
    keys = (few * np.array(KEY_FACTORS[: level + 1])).sum(axis=1) & 0xFFFFFFFF
    keys = np.unique(keys).astype(np.uint32)
    counts = rng.integers(1, 4, len(keys)).astype(np.uint8)
    pairs = int(counts.sum())
    return {
        "keys": keys,
        "counts": counts,
        "tokens": rng.integers(0, VOCABULARY, pairs).astype(np.uint16),
        "weights": rng.integers(1, 86, pairs).astype(np.uint8),
    }


def _random(
    rng: np.random.Generator, name: str, dimensions: tuple[int, ...], loudness: int
) -> NDArray[np.int64]:
    match name.rpartition(".")[2]:
        case "factors":
            values = 2 ** rng.integers(0, 13, dimensions)
        case "sigmoid":
            values = np.sort(rng.integers(0, 1 << 16, dimensions))
        case "powers":
            values = np.sort(rng.integers(1 << 23, (1 << 24) + 1, dimensions))[::-1]
        case "hashed" | "repeats":
            values = rng.integers(0, 256, dimensions)
        case "weights" | "codebooks":
            values = rng.integers(-127, 128, dimensions)
        case "mix":
            values = rng.integers(-5000 * loudness, 5000 * loudness, dimensions)
        case "scale":
            values = rng.integers(0, 1 << 21, dimensions) * loudness
        case _:
            values = rng.integers(-1000 * loudness, 1000 * loudness, dimensions)
    return values
