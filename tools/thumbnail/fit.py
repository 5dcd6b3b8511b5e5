"""Fit thumbnail codec 1: `python -m tools.thumbnail.fit FOLDER -o TABLES`.

FOLDER holds photographs (JPEG); TABLES is the JSON file to write. The photographs and random
crops of them are quantised with the encoder's own choice of levels. The context weights are
those of a geometric distribution of greatest likelihood whose mean is log-linear in the
features; the table of a context is the histogram of what fell into it. Choice and fit are
repeated, as each depends on the other. The same folder and seed give the same file.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from refcodec.coding.range_coder import Frequencies, RangeDecoder
from refcodec.visual.symbols import reading
from refcodec.visual.thumbnail_model import (
    CONTEXTS,
    ENDS,
    ESCAPE,
    FREQUENCY_CLASS,
    LOG_MAX,
    PLANES,
    STEP_COUNT,
    WEIGHT_BITS,
    Levels,
    Model,
    code_picture,
    end_class,
    grid_size,
    step_size,
)
from refcodec.visual.thumbnail_search import Source, choose_levels, search

TABLE_TOTAL = 1 << 16
CONTEXTS_PER_OCTAVE = 3
# The context whose mean magnitude is 1.
UNIT_CONTEXT = 13
# Steps that budgets of some 16 to 300 bytes use, and exchange rates around the best.
STEPS = range(6, 19)
STEPS_PER_PICTURE = 5
EXCHANGES = (0.1, 0.2)
# Pseudo-counts given to the geometric distribution in each context's histogram.
PRIOR_COUNT = 20.0
BUDGETS = (16, 24, 36, 54, 80, 120, 180, 270)
ASPECTS = (1.0, 4 / 3, 3 / 2, 16 / 9, 3 / 4, 2 / 3)
ROUNDS = 3

Float = NDArray[np.float64]


class RecordingModel(Model):
    """A model that keeps the features of the context it was asked for last."""

    last: tuple[int, ...] = ()

    def dc_context(self, plane: int, step: int) -> int:
        """As the model, after noting the features."""
        self.last = (plane, 0, step, 0, 0, 0, 0)
        return super().dc_context(plane, step)

    def context(self, plane: int, step: int, n: int, around: tuple[int, int, int]) -> int:
        """As the model, after noting the features."""
        activity, luma, orange = around
        logs = tuple(self.log[min(a, LOG_MAX)] for a in (activity, 2 * luma, 2 * orange))
        self.last = (plane, 1, step, FREQUENCY_CLASS[n], *logs)
        return super().context(plane, step, n, around)


def integer_shares(weights: Float) -> list[int]:
    """Positive integers of sum 2**16 in about the proportions of `weights`."""
    shares = np.maximum(1, np.round(weights / weights.sum() * TABLE_TOTAL)).astype(int)
    shares[int(np.argmax(shares))] += TABLE_TOTAL - int(shares.sum())
    return [int(share) for share in shares]


def geometric(mean: float) -> Float:
    """Probabilities of 0..14 and of 15 or more."""
    ratio = mean / (1 + mean)
    probabilities = ratio ** np.arange(ESCAPE + 1.0) / (1 + mean)
    probabilities[ESCAPE] = ratio**ESCAPE
    return probabilities


def context_prior(context: int) -> Float:
    return geometric(2 ** ((context + 0.5 - UNIT_CONTEXT) / CONTEXTS_PER_OCTAVE))


def first_tables() -> dict[str, Any]:
    """A rough model to begin with."""
    unit = 1 << WEIGHT_BITS
    log = [round(16 * np.log2((a + 0.3) / 0.3)) for a in range(LOG_MAX + 1)]
    weights = [[24, -0.7, -0.8, 0.07, 0, 0], [16, -0.4, -0.8, 0.07, 0.04, 0]]
    weights.append([6, -0.1, -0.5, 0.06, 0.03, 0.08])
    return {
        "log": log,
        "weights": [[round(w * unit) for w in row] for row in weights],
        "dc_weights": [[30 * unit, round(-0.75 * unit)], [24 * unit, round(-0.6 * unit)]],
        "step": integer_shares(np.ones(STEP_COUNT)),
        "end": [integer_shares(np.ones(len(ENDS))) for _ in range(PLANES)],
        "magnitude": [integer_shares(context_prior(c)) for c in range(CONTEXTS)],
    }


def crops(folder: Path, count: int, rng: random.Random) -> Iterator[Source]:
    """Each photograph and `count` random crops of it, as coefficients in scan order."""
    for path in sorted(folder.glob("*.jpg")):
        photograph = Image.open(path).convert("RGB")
        yield picture(photograph)
        for _ in range(count):
            aspect = rng.choice(ASPECTS)
            height = min(photograph.height, photograph.width / aspect) * rng.uniform(0.4, 1.0)
            width = height * aspect
            left = rng.uniform(0, photograph.width - width)
            top = rng.uniform(0, photograph.height - height)
            box = tuple(round(x) for x in (left, top, left + width, top + height))
            crop = photograph.crop((box[0], box[1], box[2], box[3]))
            mirrored = rng.random() < 0.5
            yield picture(crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else crop)


def picture(image: Image.Image) -> Source:
    return Source.from_image(image, grid_size(image.size))


def record(levels: Levels, size: tuple[int, int], model: RecordingModel) -> list[tuple[int, ...]]:
    """Features and magnitude of every coefficient coded with a context."""
    rows: list[tuple[int, ...]] = []

    def code(symbol: int, frequencies: Frequencies) -> int:
        if len(frequencies) == ESCAPE + 1:
            rows.append((*model.last, symbol))
        return symbol

    code_picture(code, size, levels, model)
    return rows


def likeliest_weights(features: Float, magnitudes: Float) -> Float:
    """Weights of log(mean), by Newton's method with step control."""

    def cost(weights: Float) -> float:
        mean = np.exp(np.clip(features @ weights, -12, 6))
        return float(((magnitudes + 1) * np.log1p(mean) - magnitudes * np.log(mean)).mean())

    weights = np.zeros(features.shape[1])
    damping, best = 1e-4, cost(weights)
    for _ in range(100):
        mean = np.exp(np.clip(features @ weights, -12, 6))
        share = mean / (1 + mean)
        gradient = features.T @ ((magnitudes + 1) * share - magnitudes) / len(magnitudes)
        curvature = (magnitudes + 1) * share * (1 - share)
        hessian = (features * curvature[:, None]).T @ features / len(magnitudes)
        damped = hessian + np.diag(np.diag(hessian) * damping + 1e-9)
        candidate = weights - np.linalg.solve(damped, gradient)
        reached = cost(candidate)
        if reached >= best:
            damping *= 10
            continue
        weights, gain, best = candidate, best - reached, reached
        damping /= 3
        if gain < 1e-8:
            break
    return weights


def integer_weights(weights: Float) -> list[int]:
    """Natural-logarithm weights in units of 2**-10 context."""
    scaled = weights / np.log(2) * CONTEXTS_PER_OCTAVE
    scaled[0] += UNIT_CONTEXT
    return [round(float(w) * (1 << WEIGHT_BITS)) for w in scaled]


def fit_contexts(tables: dict[str, Any], rows: list[tuple[int, ...]]) -> None:
    """Refit weights and magnitude tables in place."""
    data = np.array(rows, dtype=np.float64)
    plane, is_ac, magnitude = data[:, 0], data[:, 1] > 0, data[:, 7]
    features = np.column_stack([np.ones(len(data)), data[:, 2:7]])
    contexts = np.zeros(len(data), dtype=np.int64)
    weights, dc_weights = [], []
    for index in range(PLANES):
        mine, used = (plane == index) & is_ac, 4 + index
        row = integer_weights(likeliest_weights(features[mine][:, :used], magnitude[mine]))
        weights.append(row + [0] * (6 - used))
        contexts[mine] = features[mine][:, :used].astype(np.int64) @ row >> WEIGHT_BITS
    for index in range(1, PLANES):
        mine = (plane == index) & ~is_ac
        row = integer_weights(likeliest_weights(features[mine][:, :2], magnitude[mine]))
        dc_weights.append(row)
        contexts[mine] = features[mine][:, :2].astype(np.int64) @ row >> WEIGHT_BITS
    contexts = np.clip(contexts, 0, CONTEXTS - 1)
    tables["weights"], tables["dc_weights"] = weights, dc_weights
    tables["magnitude"] = []
    for context in range(CONTEXTS):
        seen = magnitude[contexts == context].astype(np.int64)
        counts = np.bincount(np.minimum(seen, ESCAPE), minlength=ESCAPE + 1)
        tables["magnitude"].append(integer_shares(counts + PRIOR_COUNT * context_prior(context)))


def smoothed_shares(symbols: list[int], count: int) -> list[int]:
    """Histogram, spread to the neighbours, no symbol without a share."""
    counts = np.bincount(symbols, minlength=count).astype(np.float64)
    return integer_shares(np.convolve(counts, (0.5, 1.0, 0.5), mode="same") + 2.0)


def fit_header(tables: dict[str, Any], pictures: list[Source], rng: random.Random) -> None:
    """Refit the step and end tables in place, to what the search chooses at all budgets."""
    model = Model(tables)
    steps: list[int] = []
    ends: list[list[int]] = [[], [], []]
    for source in pictures:
        for budget in BUDGETS:
            data = search(source, model, round(budget * rng.uniform(0.8, 1.25)))
            levels = decoded(data or b"", source.size, model)
            steps.append(levels.step)
            for plane, coded in enumerate(levels.planes):
                shift = levels.step >> 1 if plane == 0 else 0
                ends[plane].append((end_class(len(coded)) + shift) % len(ENDS))
    tables["step"] = smoothed_shares(steps, STEP_COUNT)
    tables["end"] = [smoothed_shares(symbols, len(ENDS)) for symbols in ends]


def decoded(data: bytes, size: tuple[int, int], model: Model) -> Levels:
    return code_picture(reading(RangeDecoder(data)), size, Levels(), model)


def fit(folder: Path, seed: int, crop_count: int) -> dict[str, Any]:
    """All tables, from nothing."""
    rng = random.Random(seed)
    pictures = list(crops(folder, crop_count, rng))
    tables = first_tables()
    for round_number in range(1, ROUNDS + 1):
        model = RecordingModel(tables)
        rows: list[tuple[int, ...]] = []
        for source in pictures:
            for step in rng.sample(STEPS, STEPS_PER_PICTURE):
                exchange = rng.uniform(*EXCHANGES) * (step_size(step) / 256) ** 2
                levels, _ = choose_levels(source, model, step, exchange)
                rows += record(levels, source.size, model)
        fit_contexts(tables, rows)
        if round_number < ROUNDS:
            fit_header(tables, rng.sample(pictures, min(len(pictures), 60)), rng)
        print(f"round {round_number}: {len(rows)} coefficients", flush=True)
    return tables


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the thumbnail codec's static tables.")
    parser.add_argument("folder", type=Path, help="photographs (*.jpg)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--crops", type=int, default=5, help="random crops a photograph")
    arguments = parser.parse_args()
    tables = fit(arguments.folder, arguments.seed, arguments.crops)
    lines = ",\n".join(f' "{name}": {format_rows(value)}' for name, value in tables.items())
    arguments.output.write_text("{\n" + lines + "\n}\n", encoding="ascii")


def format_rows(value: list[Any]) -> str:
    if not isinstance(value[0], list):
        return json.dumps(value)
    return "[\n  " + ",\n  ".join(json.dumps(row) for row in value) + "\n ]"


if __name__ == "__main__":
    main()
