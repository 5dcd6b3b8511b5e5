"""What each part of prior 1 is worth: `python -m tools.bench.ablation CORPUS [--limit N]`.

Takes parts out of the shipped weights file and prints the prior's own cost of the texts in
CORPUS/dev, in bits per character, end of text included and the coder's overhead not; then the
size of the payloads, with and without the knowledge that a payload's size gives of its end.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refcodec.coding import weights as layout
from refcodec.coding.network_prior import NetworkPrior
from refcodec.coding.recall import LEVELS
from refcodec.coding.segmentation import fast_segmentation
from refcodec.coding.token_stream import cost_bits_many, encode_tokens_many

Parts = tuple[layout.Shape, dict[str, NDArray[Any]]]
Measure = Callable[[NetworkPrior, list[str]], float]


def without_repeats(parts: Parts) -> Parts:
    """The text's own earlier words are not recalled."""
    shape, arrays = parts
    return shape, arrays | {"repeats": np.zeros_like(arrays["repeats"])}


def without_n_grams(parts: Parts) -> Parts:
    """No contexts of the fitted texts are recalled."""
    shape, arrays = parts
    emptied = {
        f"{level}.{name}": arrays[f"{level}.{name}"][:0]
        for level in range(LEVELS)
        for name in ("keys", "counts", "tokens", "weights")
    }
    nothing = (0,) * LEVELS
    return replace(shape, contexts=nothing, pairs=nothing), arrays | emptied


def without_hashing(parts: Parts) -> Parts:
    """The network sees no rows of the last two and three tokens."""
    shape, arrays = parts
    return shape, arrays | {"codebooks": np.zeros_like(arrays["codebooks"])}


def without_closing(parts: Parts) -> Parts:
    """The bits that are left make no difference."""
    shape, arrays = parts
    return shape, arrays | {"factors": np.ones_like(arrays["factors"])}


def cost_per_character(prior: NetworkPrior, lines: list[str]) -> float:
    """The mean cost of the texts."""
    texts = [fast_segmentation(prior, line.encode()) for line in lines]
    return sum(cost_bits_many(prior, texts)) / sum(map(len, lines))


def payload_per_character(prior: NetworkPrior, lines: list[str]) -> float:
    """The mean size of the payloads, in bits."""
    texts = [fast_segmentation(prior, line.encode()) for line in lines]
    payloads = encode_tokens_many(prior, texts, [None] * len(texts))
    return sum(8 * len(payload or b"") for payload in payloads) / sum(map(len, lines))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--limit", type=int, default=1_000_000, help="texts a file at most")
    arguments = parser.parse_args()
    data = resources.files("refcodec").joinpath("data", "prior-1.bin").read_bytes()
    shipped = layout.read_arrays(data)
    alone = without_n_grams(without_repeats(shipped))
    rows: list[tuple[str, Parts, Measure]] = [
        ("prior 1", shipped, cost_per_character),
        ("without repeats", without_repeats(shipped), cost_per_character),
        ("without n-grams", without_n_grams(shipped), cost_per_character),
        ("network alone", alone, cost_per_character),
        ("network alone, its hash tables empty", without_hashing(alone), cost_per_character),
        ("payload", shipped, payload_per_character),
        ("payload, if its size told nothing", without_closing(shipped), payload_per_character),
    ]
    texts = {
        path.stem: path.read_text("utf-8").splitlines()[: arguments.limit]
        for path in sorted((arguments.corpus / "dev").glob("*.txt"))
    }
    print("| bits per character | " + " | ".join(texts) + " |")
    print("|---|" + "---:|" * len(texts))
    for name, parts, measure in rows:
        prior = NetworkPrior(layout.write_arrays(*parts))
        cells = [f"{measure(prior, lines):.3f}" for lines in texts.values()]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
