"""Requests to meet a budget: `python -m tools.bench.requests DESCRIPTIONS...`.

A scripted describer stands for a model: of each picture it knows one of the DESCRIPTIONS (text
files, one a line), and when asked for a number of words it says that many from the
beginning, give or take up to 30 %, each time with other words left out, one in eight, because
no model says a thing twice in the same way. For each budget of a ladder, over the first 200
that are long enough, and for 1 and 4 candidates a request, printed: how many requests were made
(3 at most), how often the file is within 5 % below the budget, how full it is, how often its
description had to be cut, and how often the budget was exceeded. Five per cent of 13 bytes are
none: there "within" means to the byte.

Then, with the real client and a service on this machine: how many requests a second run makes
whose answers the first one has left in the cache; and which packages of models and services
importing refcodec and running semcat load.
"""

from __future__ import annotations

import argparse
import ast
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from tempfile import NamedTemporaryFile, TemporaryDirectory

from PIL import Image

import refcodec
from refcodec.backends.settings import ServiceSettings
from refcodec.describers.interfaces import Description, Wish
from refcodec.picture.backends import Backends, ModelOptions
from refcodec.picture.encoding import Encoded, PictureEncoder, Plan
from refcodec.picture.load import LoadedPicture, load_picture
from tests.openai_server import running_server

CANVAS = (1024, 1024)
SLACK = 0.95
LOOSENESS = 0.3
LEFT_OUT = 1 / 8
CACHED_BUDGET = 40
HEAVY = ("openai", "httpx", "torch", "transformers", "diffusers", "torchmetrics")


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


def run(known: Sequence[str], budget: int, candidates: int) -> list[Encoded]:
    """The file of each description, and what it took."""
    picture = load_picture(Image.new("RGB", CANVAS))
    describers = [LooseDescriber(text, random.Random(number)) for number, text in enumerate(known)]
    return [
        PictureEncoder(picture, Plan(describer=describer, candidates=candidates)).encode(budget)
        for describer in describers
    ]


def cached_requests() -> tuple[int, int]:
    """Requests of a run of the describer behind a service, and of the same run again."""
    picture = load_picture(Image.effect_noise((64, 64), 50).convert("RGB"))
    counts = []
    with running_server() as server, TemporaryDirectory() as folder:
        for _run in range(2):
            options = ModelOptions(
                service=ServiceSettings(base_url=server.url), cache_folder=Path(folder)
            )
            before = len(server.requests)
            plan = Plan(describer=Backends(options).describer("openai"))
            PictureEncoder(picture, plan).encode(CACHED_BUDGET)
            counts.append(len(server.requests) - before)
    return counts[0], counts[1]


def loaded_packages(statement: str) -> list[str]:
    """Which of HEAVY a new process has loaded after a statement."""
    code = f"import sys\n{statement}\nprint([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return list(ast.literal_eval(done.stdout.splitlines()[-1]))


def print_rest() -> None:
    """Requests of a cached run, and what is loaded without need."""
    first, again = cached_requests()
    with NamedTemporaryFile(suffix=".sem") as file:
        file.write(refcodec.dumps(refcodec.Document(text="A red bus.", canvas=CANVAS)))
        file.flush()
        semcat = (
            f"sys.argv = ['semcat', {file.name!r}]\n"
            "from refcodec.commands.semcat import main\nmain()"
        )
        loaded = {
            "importing refcodec": loaded_packages("import refcodec"),
            "running semcat": loaded_packages(semcat),
        }
    print("\n| what | target | measured |")
    print("|---|---:|---:|")
    print(f"| requests of a run, and of the same run again | -, 0 | {first}, {again} |")
    for what, names in loaded.items():
        print(f"| model and service packages that {what} loads | none | {names or 'none'} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("descriptions", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--budgets", type=int, nargs="+", default=[13, 26, 52, 105])
    parser.add_argument("--candidates", type=int, nargs="+", default=[1, 4])
    arguments = parser.parse_args()
    texts = [
        line for path in arguments.descriptions for line in path.read_text("utf-8").splitlines()
    ]
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
                f"| {mean(encoded.requests for encoded in outcomes):.2f} "
                f"| {mean(len(encoded.data) >= SLACK * budget for encoded in outcomes):.1%} "
                f"| {mean(len(encoded.data) / budget for encoded in outcomes):.1%} "
                f"| {mean(bool(encoded.notes) for encoded in outcomes):.1%} "
                f"| {sum(len(encoded.data) > budget for encoded in outcomes)} |"
            )
    print_rest()


if __name__ == "__main__":
    main()
