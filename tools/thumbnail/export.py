"""Write thumbnail-1.bin: `python -m tools.thumbnail.export CHECKPOINT FOLDER -o FILE`.

The layers are the checkpoint's, rounded to integers. The frequency tables are histograms of
what the encoder codes of the photographs of FOLDER, joined with the Laplace distribution that
the network was trained with.
"""

from __future__ import annotations

import argparse
import math
import random
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from refcodec.visual.thumbnail_network import ONE, SCALE_OFFSET, SCALE_SHIFT
from refcodec.visual.thumbnail_search import Source, choose_levels
from refcodec.visual.thumbnail_symbols import CLASSES_AN_OCTAVE, ESCAPE, TABLE_TOTAL, low_bits
from refcodec.visual.thumbnail_weights import (
    MAGIC,
    SCALES,
    SYMBOLS,
    WEIGHT_BITS,
    Weights,
    layer_shapes,
    parse,
)
from tools.thumbnail.network import SCALE_FLOOR, ZERO_HALF_WIDTH
from tools.thumbnail.pictures import Reduced

STEPS = range(8, 31)
EXCHANGE = 0.1
PICTURES_A_STEP = 40
SIZE = (64, 64)
ROUNDS = 2
# How many symbols of a table the Laplace distribution stands for.
PRIOR_COUNT = 200.0


def layer_names() -> list[str]:
    """Names of the checkpoint's layers in the order of the file."""
    heads = [f"phases.{number}" for number in range((len(layer_shapes()) - 6) // 3)]
    parts = [f"{head}.{part}" for head in (*heads, "polish") for part in HEAD_PARTS]
    return ["first", "second", "third", *parts]


HEAD_PARTS = ("known", "hidden", "outputs")


def layer_bytes(state: dict[str, torch.Tensor]) -> bytes:
    """All layers: weights (outputs, neighbours, inputs), then biases."""
    parts = []
    for name, shape in zip(layer_names(), layer_shapes(), strict=True):
        weights = state[f"{name}.weight"].double().numpy()
        flat = weights.transpose(0, 2, 3, 1).reshape(shape) * (1 << WEIGHT_BITS)
        bias = state[f"{name}.bias"].double().numpy() * (ONE << WEIGHT_BITS)
        if np.abs(flat).max() >= 1 << 15:
            raise SystemExit(f"{name}: a weight does not fit 16 bits")
        parts += [np.rint(flat).astype("<i2").tobytes(), np.rint(bias).astype("<i4").tobytes()]
    return b"".join(parts)


def laplace() -> NDArray[np.float64]:
    """The probabilities that the network was trained with, (SCALES, SYMBOLS)."""
    rows = []
    for number in range(SCALES):
        middle = ((number + 0.5) * (1 << SCALE_SHIFT) - SCALE_OFFSET) / ONE
        scale = 2**middle + SCALE_FLOOR
        outside, ratio = math.exp(-ZERO_HALF_WIDTH / scale), math.exp(-1 / scale)
        tail = [outside * (1 - ratio) * ratio**n for n in range(ESCAPE - 1)]
        rows.append([1 - outside, *tail, outside * ratio ** (ESCAPE - 1)])
    return np.array(rows)


def frequencies(probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows of integers, at least 1, that sum to TABLE_TOTAL."""
    table = 1 + np.floor(probabilities * (TABLE_TOTAL - SYMBOLS)).astype(np.int64)
    table[np.arange(len(table)), table.argmax(axis=1)] += TABLE_TOTAL - table.sum(axis=1)
    return table


def file_bytes(layers: bytes, table: NDArray[np.int64]) -> bytes:
    return MAGIC + layers + table.astype("<u2").tobytes()


def histogram(weights: Weights, pictures: Reduced, random_: random.Random) -> NDArray[np.float64]:
    """How often the encoder codes each symbol, (SCALES, SYMBOLS)."""
    counts: Counter[tuple[int, int]] = Counter()
    for step in STEPS:
        for _ in range(PICTURES_A_STEP):
            source = Source.from_samples(np.ascontiguousarray(pictures.crop(random_, *SIZE)))
            levels = choose_levels(source, weights, step, EXCHANGE, {}).levels
            for scale, value in zip(levels.scales, levels.values, strict=True):
                low = low_bits(scale)
                counts[scale - CLASSES_AN_OCTAVE * low, min(abs(value) >> low, ESCAPE)] += 1
    table = np.zeros((SCALES, SYMBOLS))
    for place, count in counts.items():
        table[place] = count
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the weights file of thumbnail codec 1.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path, help="photographs (PNG or JPEG)")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    state = torch.load(arguments.checkpoint, weights_only=True)["network"]
    layers, pictures = layer_bytes(state), Reduced(arguments.folder)
    table = frequencies(laplace())
    for round_ in range(ROUNDS):
        weights = parse(file_bytes(layers, table))
        seen = histogram(weights, pictures, random.Random(round_)) + PRIOR_COUNT * laplace()
        table = frequencies(seen / seen.sum(axis=1, keepdims=True))
        print(f"round {round_ + 1}: {seen.sum():.0f} symbols")
    arguments.output.write_bytes(file_bytes(layers, table))


if __name__ == "__main__":
    main()
