"""A trained network to a weights file: `python -m tools.prior.export WORK -o WEIGHTS`.

WORK is the folder of tools.prior.train; its checkpoints are averaged. Every row of a matrix
is rounded to 255 values with a scale of its own, chosen for the least square error; n-grams
of the same texts fill the rest of the file; held-out texts tell how far to trust what is
recalled, and how a text's end depends on the bits left. Prints the digest, and the bits a
byte of some held-out texts in the arithmetic of training, in the exact one, and with what is
recalled.
"""

from __future__ import annotations

import argparse
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from refcodec.coding import weights as layout
from refcodec.coding.network_prior import NetworkPrior
from refcodec.coding.range_coder import TOTAL
from refcodec.coding.recall import LEVELS, LONGEST_MATCH
from refcodec.coding.token_stream import token_frequencies_many
from tools.prior import closing, ngrams
from tools.prior.dataset import Dataset
from tools.prior.network import HIDDEN_STEPS, INPUT_STEPS, Network, Shape
from tools.prior.train import held_out_bits

# One unit of each kind of value, as the specification has it.
STREAM_UNIT = 2.0**-12
VALUE_UNIT = 2.0**-12
GATE_UNIT = 2.0**-7
HIDDEN_UNIT = 2.0**-7
LOGIT_UNIT = math.log(2) / 256
LLOYD_ROUNDS = 200

Array = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]
State = dict[str, Array]


@dataclass(frozen=True)
class Rounded:
    """A matrix of integers within +-127 and the real factor of each row."""

    integers: NDArray[np.int8]
    factors: Array


def round_rows(matrix: Array) -> Rounded:
    """Each row at the scale of least square error among some that cut its largest values."""
    largest = np.maximum(np.abs(matrix).max(axis=1), 1e-9)
    best_error = np.full(len(matrix), np.inf)
    factors = np.empty(len(matrix))
    for cut in np.linspace(0.6, 1.0, 17):
        candidate = cut * largest / 127
        rounded = np.clip(np.rint(matrix / candidate[:, None]), -127, 127)
        error = np.square(rounded * candidate[:, None] - matrix).sum(axis=1)
        better = error < best_error
        best_error[better], factors[better] = error[better], candidate[better]
    integers = np.clip(np.rint(matrix / factors[:, None]), -127, 127).astype(np.int8)
    return Rounded(integers, factors)


def fixed(values: Array) -> NDArray[np.int32]:
    """To the nearest integer, which must fit the file."""
    rounded = np.rint(values)
    if np.abs(rounded).max() >= 2**28:
        raise ValueError(f"a factor of {np.abs(rounded).max()} does not fit the weights file")
    return rounded.astype(np.int32)


def linear(
    name: str,
    matrix: Array,
    input_unit: float,
    output_unit: float | Array,
    offset: Array | None = None,
) -> Arrays:
    """A matrix whose inputs and outputs are integers of these units; offset in real units."""
    rounded = round_rows(matrix)
    units = np.broadcast_to(output_unit, len(matrix))
    offset = np.zeros(len(matrix)) if offset is None else offset
    factors = rounded.factors * input_unit / units
    return {
        f"{name}.weights": rounded.integers,
        f"{name}.scale": fixed(factors * 2**layout.SCALE_BITS),
        f"{name}.offset": fixed(offset / units),
    }


@dataclass(frozen=True)
class Gain:
    """The integer gain of a normalisation, and the exact unit of what it gives."""

    integer: int
    unit: float

    @classmethod
    def of(cls, steps: int, width: int) -> Gain:
        """For so many steps to the root mean square of so many values."""
        integer = round(steps * math.sqrt(width))
        return cls(integer, math.sqrt(width) / integer)


@dataclass(frozen=True)
class Gains:
    """The gains of all normalisations."""

    width: Gain
    recurrent: Gain
    hidden: Gain
    output: Gain

    @classmethod
    def of(cls, shape: Shape) -> Gains:
        """The gains of a network of this shape."""
        return cls(
            Gain.of(INPUT_STEPS, shape.width),
            Gain.of(INPUT_STEPS, shape.recurrent),
            Gain.of(HIDDEN_STEPS, shape.hidden),
            Gain.of(INPUT_STEPS, shape.output),
        )


def export(network: Network, dataset: Dataset, fitted: Arrays) -> bytes:
    """The weights file of a network and of what is fitted to its frequencies."""
    shape, gains = network.shape, Gains.of(network.shape)
    state = {name: tensor.double().numpy() for name, tensor in network.state_dict().items()}
    arrays = vocabulary_arrays(dataset) | function_tables() | fitted
    arrays |= input_arrays(state, shape)
    for block in range(shape.blocks):
        arrays |= recurrent_arrays(state, block, gains)
        arrays |= feed_forward_arrays(state, block, gains)
    arrays |= output_arrays(state, gains)
    header = layout.Shape(
        **vars(shape),
        width_gain=gains.width.integer,
        recurrent_gain=gains.recurrent.integer,
        hidden_gain=gains.hidden.integer,
        output_gain=gains.output.integer,
        spelling_bytes=len(arrays["spellings"]),
        contexts=tuple(len(arrays[f"{level}.keys"]) for level in range(LEVELS)),
        pairs=tuple(len(arrays[f"{level}.tokens"]) for level in range(LEVELS)),
    )
    return layout.write_arrays(header, arrays)


def vocabulary_arrays(dataset: Dataset) -> Arrays:
    """Spellings and costs."""
    return {
        "lengths": np.array([len(spelling) for spelling in dataset.spellings], np.uint8),
        "spellings": np.frombuffer(b"".join(dataset.spellings), np.uint8),
        "costs": dataset.costs.astype(np.uint16),
    }


def function_tables() -> Arrays:
    """The sigmoid and the powers of two."""
    indices = np.arange(layout.SIGMOID_ENTRIES) - layout.SIGMOID_ENTRIES // 2
    sigmoid = 65536 / (1 + np.exp(-indices * GATE_UNIT))
    powers = 2.0 ** (24 - np.arange(layout.POWER_ENTRIES) / layout.POWER_ENTRIES)
    return {
        "sigmoid": np.minimum(np.rint(sigmoid), 65535).astype(np.uint16),
        "powers": np.rint(powers).astype(np.uint32),
    }


def input_arrays(state: State, shape: Shape) -> Arrays:
    """Embedding, hash tables and the matrix that reads them."""
    embedding = round_rows(state["embedding.weight"])
    hashed, columns = _hashed(state["hashed.weight"], shape)
    return {
        "embedding.weights": embedding.integers,
        "embedding.scale": fixed(embedding.factors / STREAM_UNIT * 2**layout.SCALE_BITS),
        **hashed,
        **linear("hashed_inner", state["hashed_in.weight"] * columns, 1.0, STREAM_UNIT),
    }


def recurrent_arrays(state: State, block: int, gains: Gains) -> Arrays:
    """The recurrent part of a block."""
    inner, outer, bias, mix = (
        state[f"recurrent.{block}.{name}"]
        for name in ("inner.weight", "outer.weight", "bias", "mix")
    )
    units = np.repeat([VALUE_UNIT, GATE_UNIT, GATE_UNIT], len(bias))
    offset = np.concatenate([np.zeros(len(bias)), bias, np.zeros(len(bias))])
    return {
        **linear(f"{block}.recurrent_inner", inner, gains.width.unit, units, offset),
        f"{block}.mix": fixed(mix * 2**12),
        **linear(f"{block}.recurrent_outer", outer, gains.recurrent.unit, STREAM_UNIT),
    }


def feed_forward_arrays(state: State, block: int, gains: Gains) -> Arrays:
    """The feed-forward part of a block."""
    inner, outer = (state[f"feed_forward.{block}.{name}.weight"] for name in ("inner", "outer"))
    return {
        **linear(f"{block}.hidden_inner", inner, gains.width.unit, HIDDEN_UNIT),
        **linear(f"{block}.hidden_outer", outer, gains.hidden.unit, STREAM_UNIT),
    }


def output_arrays(state: State, gains: Gains) -> Arrays:
    """Projection and output layer."""
    output, bias = state["output.weight"], state["output_bias"]
    return {
        **linear("projection", state["projection.weight"], gains.width.unit, VALUE_UNIT),
        **linear("output", output, gains.output.unit, LOGIT_UNIT, bias),
    }


def _hashed(table: Array, shape: Shape) -> tuple[Arrays, Array]:
    """The hash tables, two values a byte, and the factor of each column of their matrix."""
    tables = table.reshape(layout.HASH_TABLES, shape.rows, shape.row_width)
    nibbles = np.empty(tables.shape, np.uint8)
    codebooks = np.empty((layout.HASH_TABLES, layout.CODEBOOK_ENTRIES), np.int8)
    factors = np.empty(layout.HASH_TABLES)
    for number, values in enumerate(tables):
        levels = least_squares_levels(values.ravel())
        factors[number] = np.abs(levels).max() / 127
        codebooks[number] = np.rint(levels / factors[number])
        middles = (levels[1:] + levels[:-1]) / 2
        nibbles[number] = np.searchsorted(middles, values)
    packed = (nibbles[..., ::2] | nibbles[..., 1::2] << 4).astype(np.uint8)
    return {"codebooks": codebooks, "hashed": packed}, np.repeat(factors, shape.row_width)


def least_squares_levels(values: Array) -> Array:
    """Sixteen ascending levels of about the least square error (Lloyd's iteration)."""
    counts, edges = np.histogram(values, bins=4096)
    centres = (edges[1:] + edges[:-1]) / 2
    known = counts > 0
    counts, centres = counts[known], centres[known]
    share = (np.cumsum(counts) - counts / 2) / counts.sum()
    wanted = (np.arange(layout.CODEBOOK_ENTRIES) + 0.5) / layout.CODEBOOK_ENTRIES
    levels: Array = np.interp(wanted, share, centres)
    for _ in range(LLOYD_ROUNDS):
        cells = np.searchsorted((levels[1:] + levels[:-1]) / 2, centres)
        mass = np.bincount(cells, counts, layout.CODEBOOK_ENTRIES)
        sums = np.bincount(cells, counts * centres, layout.CODEBOOK_ENTRIES)
        means: Array = np.where(mass > 0, sums / np.maximum(mass, 1), levels)
        levels = np.sort(means)
    return levels


def nothing_fitted() -> Arrays:
    """Repeats without weight, levels without any context, and a guess at the factors."""
    kinds = {"keys": np.uint32, "counts": np.uint8, "tokens": np.uint16, "weights": np.uint8}
    levels = {
        f"{level}.{name}": np.zeros(0, kind)
        for level in range(LEVELS)
        for name, kind in kinds.items()
    }
    repeats = np.zeros(LONGEST_MATCH + 1, np.uint8)
    return levels | {"repeats": repeats, "factors": closing.first_guess()}


def token_probabilities(prior: NetworkPrior, texts: list[NDArray[np.int64]]) -> Array:
    """The exact probability of every token of the texts, end tokens included, in order."""
    own = token_frequencies_many(prior, [text[:-1].tolist() for text in texts])
    return np.concatenate([np.array(frequencies) for frequencies in own]) / TOTAL


def fit_recall(bare: NetworkPrior, dataset: Dataset, options: argparse.Namespace) -> Arrays:
    """Count, prune, and trust as far as held-out texts say, in the bytes that are left."""
    size = np.uint64(len(dataset.spellings))
    levels = ngrams.prune(ngrams.count(dataset), options.budget)
    texts = dataset.texts(np.flatnonzero(dataset.held_out)[: options.texts])
    stream = np.concatenate(texts).astype(np.uint64)
    seen = [ngrams.look_up(counts, stream, length, size) for length, counts in enumerate(levels, 1)]
    network = token_probabilities(bare, texts)
    trusts = options.caution * ngrams.fit_trust(network, seen)
    repeats = ngrams.fit_repeats(ngrams.mix(network, seen, trusts), texts)
    return ngrams.arrays(levels, trusts, int(size)) | {"repeats": repeats}


def fit_closing(prior: NetworkPrior, dataset: Dataset, limit: int) -> Arrays:
    """The factors for texts like those that users write: not sentences about kinds of things."""
    chosen = np.flatnonzero(dataset.held_out & (dataset.styles > 0))[:limit]
    texts = [text[:-1].tolist() for text in dataset.texts(chosen)]
    return {"factors": closing.fit_factors(closing.coded_steps(prior, texts))}


def averaged_network(paths: list[Path], temper: float = 1.0) -> Network:
    """The mean of the weights of all checkpoints, the last one counted thrice; logits tempered."""
    last = paths[-1]
    checkpoints = [torch.load(path, weights_only=True) for path in [*paths, last, last]]
    network = Network(Shape(**checkpoints[0]["shape"]), drop=0.0)
    states = [checkpoint["network"] for checkpoint in checkpoints]
    network.load_state_dict(
        {name: sum(state[name] for state in states) / len(states) for name in states[0]}
    )
    with torch.no_grad():
        network.output.weight.mul_(temper)
        network.output_bias.mul_(temper)
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=3000, help="held-out texts to fit trust on")
    parser.add_argument(
        "--closing-texts", type=int, default=2000, help="held-out texts to fit factors on"
    )
    parser.add_argument("--budget", type=int, default=7_770_000, help="bytes for n-grams")
    parser.add_argument(
        "--caution",
        type=float,
        default=0.7,
        help="factor on the trust in n-grams: held-out texts are closer to the training texts "
        "than new ones will be",
    )
    parser.add_argument(
        "--temper",
        type=float,
        default=0.87,
        help="factor on the network's logits, for the same reason: it is too sure of new texts",
    )
    options = parser.parse_args()
    dataset = Dataset.load(options.work / "dataset.npz")
    paths = [*sorted(options.work.glob("kept-*.pt")), options.work / "checkpoint.pt"]
    for path in paths:
        bits = held_out_bits(averaged_network([path]), dataset, 500)
        print(f"held out, {path.name} alone: {bits:.4f}")
    network = averaged_network(paths, options.temper)
    bare = NetworkPrior(export(network, dataset, nothing_fitted()))
    texts = dataset.texts(np.flatnonzero(dataset.held_out)[:500])
    size = sum(len(bare.vocabulary.spell(text[:-1].tolist())) for text in texts)
    print(f"held out: {held_out_bits(network, dataset, 500):.4f} bits a byte as trained")
    exact = -np.log2(token_probabilities(bare, texts)).sum() / size
    print(f"held out: {exact:.4f} bits a byte in exact arithmetic")
    fitted = nothing_fitted() | fit_recall(bare, dataset, options)
    recalling = NetworkPrior(export(network, dataset, fitted))
    exact = -np.log2(token_probabilities(recalling, texts)).sum() / size
    print(f"held out: {exact:.4f} bits a byte with what is recalled")
    data = export(network, dataset, fitted | fit_closing(recalling, dataset, options.closing_texts))
    options.output.write_bytes(data)
    print(f"{options.output}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
