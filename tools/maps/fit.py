"""Fit the network of the maps' codec: `python -m tools.maps.fit FOLDER -o TABLES`.

FOLDER holds photographs (JPEG); TABLES is the JSON file to write. Files of three item maps are
made from the photographs, from random crops of them and from random shapes, turned and
mirrored at random; the cells of all of them, with what the codec knows of their surroundings,
train the network by stochastic gradient descent (Adam). The same folder and seed give the same
file on the same machine.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from refcodec.coding.range_coder import Frequencies
from refcodec.picture.item_maps import SALIENT
from refcodec.visual.map_model import (
    HIDDEN,
    INPUTS,
    LEVEL_BITS,
    Context,
    Network,
    Shape,
    code_cells,
)
from tools.maps.samples import PICTURE_KINDS, SHAPE_KINDS, Cells, picture_maps, shape_maps

Floats = NDArray[np.float32]

SMALL = ((12, 8), (8, 12), (12, 12), (16, 16), (16, 12), (10, 10), (6, 6))
LARGE = ((24, 24), (32, 32), (16, 24), (48, 48))
# Steps of the stored weights; an input of UNIT counts as 1 while training.
HIDDEN_SCALE = 32
OUTPUT_SCALE = 64
WEIGHT_MAX = 127
WORKING_SIDE = 512
EPOCHS = 10
BATCH = 2048
LEARNING_RATE = 0.004
# The bits of a file of larger maps count together as much as those of three of 8 x 8 cells.
FILE_BITS = 576


class Recorder(Network):
    """Takes down the inputs of every bit, and finds every bit as likely as not."""

    def __init__(self) -> None:
        self.inputs: list[NDArray[np.int8]] = []
        self.bits: list[int] = []

    def log_odds(self, inputs: NDArray[np.float64]) -> int:
        """Even odds, whatever the inputs."""
        self.inputs.append(inputs.astype(np.int8))
        return 0

    def code(self, bit: int, _: Frequencies) -> int:
        """Take down the bit."""
        self.bits.append(bit)
        return bit


File = tuple[list[Cells], int]


def random_crop(photograph: Image.Image, rng: random.Random) -> Image.Image:
    aspect = rng.uniform(0.6, 1.6)
    height = min(photograph.height, photograph.width / aspect) * rng.uniform(0.4, 1.0)
    width = height * aspect
    left, top = rng.uniform(0, photograph.width - width), rng.uniform(0, photograph.height - height)
    return photograph.crop((int(left), int(top), int(left + width), int(top + height)))


def random_shape(rng: random.Random) -> tuple[tuple[int, int], int]:
    """Size and bits a cell: mostly 8 x 8 of 1 bit; the large ones rarely have more bits."""
    drawn = rng.random()
    sizes = ((8, 8),) if drawn < 0.7 else SMALL if drawn < 0.88 else LARGE
    has_more_bits = rng.random() < (0.05 if sizes is LARGE else 0.18)
    return rng.choice(sizes), rng.randint(2, LEVEL_BITS) if has_more_bits else 1


def make_files(folder: Path, crops: int, rng: random.Random) -> list[File]:
    """Files from pictures, as many from shapes, and some of maps that have nothing in common."""
    files: list[File] = []
    for path in sorted(folder.glob("*.jpg")):
        with Image.open(path) as image:
            photograph = image.convert("RGB")
        photograph.thumbnail((WORKING_SIDE, WORKING_SIDE))
        for number in range(crops):
            picture = random_crop(photograph, rng) if number else photograph
            for kind in PICTURE_KINDS:
                size, bits = random_shape(rng)
                threshold = SALIENT if rng.random() < 0.5 else rng.uniform(0.15, 0.65)
                maps = picture_maps(kind, picture, size, threshold, bits)
                files += [(turned(maps, rng), bits) for _ in range(2)]
    from_pictures = len(files)
    for kind in SHAPE_KINDS:
        for _ in range(from_pictures // 4):
            size, bits = random_shape(rng)
            files.append((shape_maps(kind, rng, size, bits), bits))
    single = [maps for maps, bits in files if bits == 1]
    files += [
        ([rng.choice(rng.choice(single)) for _ in range(3)], 1) for _ in range(len(single) // 9)
    ]
    return files


def turned(maps: list[Cells], rng: random.Random) -> list[Cells]:
    """All maps of a file mirrored or transposed alike, and sometimes in another order."""
    step_x, step_y = rng.choice((1, -1)), rng.choice((1, -1))
    maps = [cells[::step_y, ::step_x] for cells in maps]
    if rng.random() < 0.5:
        maps = [cells.T for cells in maps]
    if rng.random() < 0.2:
        rng.shuffle(maps)
    return maps


def record(files: Sequence[File]) -> tuple[NDArray[np.int8], Floats, Floats]:
    """Inputs, bit and weight of every bit of all files."""
    inputs, bits, weights = [], [], []
    for maps, map_bits in files:
        recorder = Recorder()
        context = Context(recorder)
        for cells in maps:
            shape = Shape(cells.shape[1], cells.shape[0], map_bits)
            code_cells(recorder.code, cells.tobytes(), shape, context)
            context.earlier.append(cells.astype(np.intp) << (LEVEL_BITS - map_bits))
        count = len(recorder.bits)
        inputs.append(np.stack(recorder.inputs))
        bits.append(np.array(recorder.bits, np.float32))
        weights.append(np.full(count, min(1.0, FILE_BITS / count), np.float32))
    return np.concatenate(inputs), np.concatenate(bits), np.concatenate(weights)


def train(inputs: NDArray[np.int8], bits: Floats, weights: Floats, seed: int) -> list[Floats]:
    """Hidden weights (INPUTS, HIDDEN) and offsets, output weights and offset."""
    rng = np.random.default_rng(seed)
    values = [
        rng.normal(0, INPUTS**-0.5, (INPUTS, HIDDEN)).astype(np.float32),
        np.zeros(HIDDEN, np.float32),
        rng.normal(0, 0.3, HIDDEN).astype(np.float32),
        np.zeros(1, np.float32),
    ]
    limits = (WEIGHT_MAX / HIDDEN_SCALE, np.inf, WEIGHT_MAX / OUTPUT_SCALE, np.inf)
    means = [np.zeros_like(value) for value in values]
    squares = [np.zeros_like(value) for value in values]
    steps = EPOCHS * (len(bits) // BATCH)
    for step in range(steps):
        if step % (len(bits) // BATCH) == 0:
            order = rng.permutation(len(bits))
            first = 0
        chosen = order[first : first + BATCH]
        first += BATCH
        cost, slopes = slope(values, inputs[chosen], bits[chosen], weights[chosen])
        if step % 2000 == 0:
            print(f"step {step} of {steps}: {cost:.3f} bits a bit", flush=True)
        rate = LEARNING_RATE * (1 - step / steps)
        for index, new in enumerate(slopes):
            means[index] = 0.9 * means[index] + 0.1 * new
            squares[index] = 0.999 * squares[index] + 0.001 * new**2
            mean, square = (
                means[index] / (1 - 0.9 ** (step + 1)),
                squares[index] / (1 - 0.999 ** (step + 1)),
            )
            moved = values[index] - rate * mean / (np.sqrt(square) + 1e-8)
            values[index] = np.clip(moved, -limits[index], limits[index]).astype(np.float32)
    return values


def slope(
    values: list[Floats], inputs: NDArray[np.int8], bits: Floats, weights: Floats
) -> tuple[float, list[Floats]]:
    """Mean cost in bits, and the derivatives of the mean cost by each value."""
    hidden_weights, hidden_offset, output_weights, output_offset = values
    units = inputs.astype(np.float32) / 16
    hidden = np.maximum(units @ hidden_weights + hidden_offset, 0)
    log_odds = hidden @ output_weights + output_offset
    costs = np.logaddexp(0, np.where(bits > 0, -log_odds, log_odds)) / np.log(2)
    error = (1 / (1 + np.exp(-log_odds)) - bits) * weights / len(bits)
    back = error[:, None] * output_weights * (hidden > 0)
    slopes = [units.T @ back, back.sum(0), hidden.T @ error, error.sum(keepdims=True)]
    return float(np.average(costs, weights=weights)), slopes


def as_tables(values: list[Floats]) -> dict[str, Any]:
    """The values as the integers that are stored."""
    hidden, hidden_offset, output, output_offset = (value.astype(np.float64) for value in values)
    hidden_unit = 16 * HIDDEN_SCALE
    return {
        "hidden": np.rint(hidden.T * HIDDEN_SCALE).astype(int).tolist(),
        "hidden_offset": np.rint(hidden_offset * hidden_unit).astype(int).tolist(),
        "output": np.rint(output * OUTPUT_SCALE).astype(int).tolist(),
        "output_offset": round(float(output_offset[0]) * hidden_unit * OUTPUT_SCALE),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the network of the maps' codec.")
    parser.add_argument("folder", type=Path, help="photographs (*.jpg)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--crops", type=int, default=16, help="crops a photograph, the whole one too"
    )
    arguments = parser.parse_args()
    files = make_files(arguments.folder, arguments.crops, random.Random(arguments.seed))
    inputs, bits, weights = record(files)
    print(f"{len(files)} files, {len(bits)} bits", flush=True)
    tables = as_tables(train(inputs, bits, weights, arguments.seed))
    lines = ",\n".join(f' "{name}": {format_rows(value)}' for name, value in tables.items())
    arguments.output.write_text("{\n" + lines + "\n}\n", encoding="ascii")


def format_rows(value: Any) -> str:
    if not isinstance(value, list) or not isinstance(value[0], list):
        return json.dumps(value)
    return "[\n  " + ",\n  ".join(json.dumps(row) for row in value) + "\n ]"


if __name__ == "__main__":
    main()
