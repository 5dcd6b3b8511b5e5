"""Networks of other shapes, trained for a short while: `python -m tools.prior.compare CORPUS`.

Each is trained as tools.prior.train does it, on CORPUS/train, for so many steps, and its exact
form alone (nothing recalled) is measured on the first texts of each file of CORPUS/dev: cost
in bits per character, end of text included. The table shows how shapes compare while they
are young; a long run brings all of them far lower. Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from refcodec.coding.network_prior import NetworkPrior
from tools.bench.ablation import cost_per_character
from tools.prior.dataset import Dataset
from tools.prior.export import averaged_network, export, nothing_fitted

SHAPES: dict[str, dict[str, int]] = {
    "as shipped": {},
    "one block": {"blocks": 1, "width": 512, "recurrent": 768, "hidden": 1024},
    "three blocks": {"blocks": 3, "width": 320, "recurrent": 416, "hidden": 640},
    "hash tables of 4,096 rows": {"rows": 4096},
}


def trained(corpus: Path, work: Path, options: list[str]) -> tuple[NetworkPrior, float]:
    """A network's exact form, and millions of weights in its matrices.

    The segmented texts stay in `work` for the next network, the checkpoints do not.
    """
    for checkpoint in work.glob("*.pt"):
        checkpoint.unlink()
    command = [sys.executable, "-m", "tools.prior.train", str(corpus / "train"), "-o", str(work)]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL)
    network = averaged_network([work / "checkpoint.pt"])
    size = sum(matrix.numel() for matrix in [*network.matrices(), network.output.weight])
    data = export(network, Dataset.load(work / "dataset.npz"), nothing_fitted())
    return NetworkPrior(data), size / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--limit", type=int, default=60, help="texts a file at most")
    parser.add_argument(
        "--train-options", default="--compile", help="for tools.prior.train, in one word"
    )
    arguments = parser.parse_args()
    texts = {
        path.stem: path.read_text("utf-8").splitlines()[: arguments.limit]
        for path in sorted((arguments.corpus / "dev").glob("*.txt"))
    }
    print(f"| {arguments.steps} steps | million weights | " + " | ".join(texts) + " |")
    print("|---|---:|" + "---:|" * len(texts))
    with tempfile.TemporaryDirectory() as work:
        for name, shape in SHAPES.items():
            options = [word for field, size in shape.items() for word in (f"--{field}", str(size))]
            options += ["--steps", str(arguments.steps), *arguments.train_options.split()]
            prior, size = trained(arguments.corpus, Path(work), options)
            cells = [f"{cost_per_character(prior, lines):.3f}" for lines in texts.values()]
            print(f"| {name} | {size:.1f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
