"""Requests to meet a budget: `python -m tools.bench.requests DESCRIPTIONS`.

A scripted describer stands for a model: of each picture it knows one of the DESCRIPTIONS (a
text file, one a line), and when asked for a number of words it says that many from the
beginning, give or take up to 30 %, each time with other words left out, one in eight, because
no model says a thing twice in the same way. For each budget of a ladder, over the first 200
that are long enough, and for 1 and 4 candidates a request, printed: how many requests were made
(3 at most), how often the file is within 5 % below the budget, how full it is, how often its
description had to be cut, and how often the budget was exceeded. Five per cent of 13 bytes are
none: there "within" means to the byte.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from PIL import Image

import refcodec
from refcodec.describers.budgeted import Aim, Measured, Pool, describe_within
from refcodec.describers.interfaces import Description, Wish
from refcodec.picture.load import LoadedPicture, load_picture

CANVAS = (1024, 1024)
SLACK = 0.95
LOOSENESS = 0.3
LEFT_OUT = 1 / 8


@dataclass
class LooseDescriber:
    """Says the first words of what it knows: about as many as it is asked for, but for a few."""

    known: str
    random: random.Random
    number: int = 0
    template_number: int = 0
    obeys_wishes: bool = True

    def describe(self, _: LoadedPicture, wish: Wish) -> list[Description]:
        """As many descriptions as are wished for, each of another length."""
        words = self.known.split()
        texts = []
        for _candidate in range(wish.candidates):
            factor = self.random.uniform(1 - LOOSENESS, 1 + LOOSENESS)
            count = max(1, round((wish.words or len(words)) * factor))
            said = [word for word in words if self.random.random() >= LEFT_OUT][:count]
            texts.append(" ".join(said).rstrip(",;:.") + ".")
        return [Description(text) for text in texts]


def file_sizes(descriptions: Sequence[Description]) -> list[int]:
    """What the files of descriptions without items have, in bytes."""
    documents = [refcodec.Document(text=one.text, canvas=CANVAS) for one in descriptions]
    return [len(data) for data in refcodec.dumps_many(documents)]


def run(known: Sequence[str], budget: int, candidates: int) -> list[tuple[Measured, Pool]]:
    """Outcome and pool for each description."""
    picture = load_picture(Image.new("RGB", (8, 8)))
    aim = Aim(budget, math.ceil(SLACK * budget), candidates=candidates)
    return [
        describe_within(
            picture, LooseDescriber(text, random.Random(number)), Wish(), aim, measure=file_sizes
        )
        for number, text in enumerate(known)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("descriptions", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--budgets", type=int, nargs="+", default=[13, 26, 52, 105])
    parser.add_argument("--candidates", type=int, nargs="+", default=[1, 4])
    arguments = parser.parse_args()
    texts = arguments.descriptions.read_text("utf-8").splitlines()
    sizes = file_sizes([Description(text) for text in texts])
    print("| bytes | candidates | pictures | requests | within 5 % | fill | cut | exceeded |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for budget in arguments.budgets:
        long_enough = [
            text
            for text, size_bytes in zip(texts, sizes, strict=True)
            if size_bytes > (1 + LOOSENESS) * budget
        ]
        for candidates in arguments.candidates:
            outcomes = run(long_enough[: arguments.count], budget, candidates)
            print(
                f"| {budget} | {candidates} | {len(outcomes)} "
                f"| {mean(pool.requests for _, pool in outcomes):.2f} "
                f"| {mean(found.size_bytes >= SLACK * budget for found, _ in outcomes):.1%} "
                f"| {mean(found.size_bytes / budget for found, _ in outcomes):.1%} "
                f"| {mean(found.is_cut for found, _ in outcomes):.1%} "
                f"| {sum(found.size_bytes > budget for found, _ in outcomes)} |"
            )


if __name__ == "__main__":
    main()
