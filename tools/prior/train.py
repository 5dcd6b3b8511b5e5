"""Train the network of the prior: `python -m tools.prior.train FOLDER... -o WORK`.

Each FOLDER holds UTF-8 files, one text a line. The folder WORK receives the segmented texts
(dataset.npz) and, every few minutes, a checkpoint, from which an interrupted run goes on.
The learning rate is constant, then falls linearly to nought over the last part of the run;
that part draws the texts by their late weights. A run lasts so many minutes, or with --steps
so many steps wherever it runs. Uses a GPU where there is one. Checkpoints from the middle of
the run are kept beside the last one: tools.prior.export averages them, which does better on
new texts than any of them.
Needs the extra `train`.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tools.prior.corpus import read_texts
from tools.prior.dataset import Dataset, batches, build_dataset
from tools.prior.network import Network, Shape, compile_elementwise

SEED = 20261121
WARM_UP_STEPS = 100
REPORT_STEPS = 50
CHECKPOINT_SECONDS = 300
# The shares of a run after which a checkpoint is kept for the average.
KEPT_AFTER = (0.5, 0.7)
LOWEST_RATE = 0.01


@dataclass
class Progress:
    """How far a run has come."""

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0

    def left(self, options: argparse.Namespace) -> float:
        """The share of the run that is left."""
        if options.steps is not None:
            return 1.0 - self.step / float(options.steps)
        return 1.0 - self.seconds / (60 * float(options.minutes))


def optimisers(network: Network, learning_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices, AdamW for the rest."""
    matrices = network.matrices()
    of_muon = {id(parameter) for parameter in matrices}
    others = [parameter for parameter in network.parameters() if id(parameter) not in of_muon]
    return [
        torch.optim.Muon(
            matrices, lr=learning_rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(
            others, lr=2 * learning_rate, betas=(0.9, 0.98), eps=1e-10, weight_decay=0.02
        ),
    ]


def held_out_bits(network: Network, dataset: Dataset, limit: int) -> float:
    """Bits per byte on texts kept out of the training, in the arithmetic of training."""
    device = next(network.parameters()).device
    network.eval()
    nats, size = 0.0, 0
    chosen = np.flatnonzero(dataset.held_out)[:limit]
    texts = sorted(dataset.texts(chosen), key=len)
    lengths = np.array([len(spelling) for spelling in dataset.spellings])
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
        for first in range(0, len(texts), 32):
            inputs, targets = padded(texts[first : first + 32])
            features = network.features(torch.from_numpy(inputs).to(device)).float()
            logits = features @ network.output.weight.T + network.output_bias
            nats += torch.nn.functional.cross_entropy(
                logits.flatten(0, 1).float(),
                torch.from_numpy(targets).to(device).flatten(),
                ignore_index=-1,
                reduction="sum",
            ).item()
            size += sum(int(lengths[text].sum()) for text in texts[first : first + 32])
    network.train()
    return nats / math.log(2) / size


def padded(texts: list[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(inputs, targets) of shape (longest, texts); targets past a text's end are -1."""
    inputs = np.zeros((max(map(len, texts)), len(texts)), np.int64)
    targets = np.full_like(inputs, -1)
    for column, text in enumerate(texts):
        inputs[1 : len(text), column] = text[:-1]
        targets[: len(text), column] = text
    return inputs, targets


def train(network: Network, dataset: Dataset, work: Path, options: argparse.Namespace) -> Progress:
    """Train for the time given, from the checkpoint in `work` if there is one."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)
    optims = optimisers(network, options.learning_rate)
    progress = _resume(work, network, optims)
    first, before, saved_at = progress.step, progress.seconds, progress.seconds
    began = time.monotonic()
    smooth = 0.0
    late: bool | None = None
    while (left := progress.left(options)) > 0:
        warm = min(1.0, (progress.step + 1) / WARM_UP_STEPS)
        factor = warm * max(LOWEST_RATE, min(1.0, left / options.decay))
        if late is not (left < options.decay):
            late = left < options.decay
            rng = np.random.default_rng([SEED, progress.step])
            source = batches(dataset, rng, options.length, options.batch, late=late)
        inputs, targets = (torch.from_numpy(array).to(device) for array in next(source))
        with torch.autocast(device.type, torch.bfloat16):
            loss = network(inputs, targets)
        for optim in optims:
            optim.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optim in optims:
            for group in optim.param_groups:
                group["lr"] = group["initial_lr"] * factor
            optim.step()
        progress.step += 1
        progress.tokens += inputs.numel()
        progress.seconds = before + time.monotonic() - began
        smooth += (loss.item() - smooth) * max(0.02, 1 / (progress.step - first))
        if progress.step % REPORT_STEPS == 0:
            print(f"{progress.seconds:6.0f} s  step {progress.step}  loss {smooth:.4f}", flush=True)
        for number, share in enumerate(KEPT_AFTER, start=1):
            if left > 1.0 - share >= progress.left(options):
                _save(work, network, optims, progress, f"kept-{number}.pt")
        if progress.seconds - saved_at > CHECKPOINT_SECONDS:
            saved_at = progress.seconds
            _save(work, network, optims, progress)
            print(f"held out: {held_out_bits(network, dataset, 500):.4f} bits a byte", flush=True)
    _save(work, network, optims, progress)
    return progress


def _save(
    work: Path,
    network: Network,
    optims: list[torch.optim.Optimizer],
    progress: Progress,
    name: str = "checkpoint.pt",
) -> None:
    state = {
        "shape": dataclasses.asdict(network.shape),
        "network": network.state_dict(),
        "optimisers": [optim.state_dict() for optim in optims],
        "progress": dataclasses.asdict(progress),
    }
    partial = work / "checkpoint.part"
    torch.save(state, partial)
    partial.replace(work / name)


def _resume(work: Path, network: Network, optims: list[torch.optim.Optimizer]) -> Progress:
    for optim in optims:
        for group in optim.param_groups:
            group["initial_lr"] = group["lr"]
    path = work / "checkpoint.pt"
    if not path.exists():
        return Progress()
    state: dict[str, Any] = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    for optim, saved in zip(optims, state["optimisers"], strict=True):
        optim.load_state_dict(saved)
    return Progress(**state["progress"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("-o", "--work", type=Path, required=True)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=100.0)
    length.add_argument("--steps", type=int)
    parser.add_argument(
        "--decay", type=float, default=0.4, help="share of the run in which it falls"
    )
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument(
        "--drop",
        type=float,
        default=0.2,
        help="share of hashed rows left out; of units half as many",
    )
    parser.add_argument("--length", type=int, default=512, help="tokens a row")
    parser.add_argument("--batch", type=int, default=16, help="rows a step")
    parser.add_argument("--compile", action="store_true", help="fuse elementwise steps")
    for field in dataclasses.fields(Shape):
        option = "--" + field.name.replace("_", "-")
        parser.add_argument(option, type=int, default=field.default)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    shape = Shape(
        **{field.name: getattr(options, field.name) for field in dataclasses.fields(Shape)}
    )
    stored = options.work / "dataset.npz"
    if not stored.exists():
        build_dataset(read_texts(options.folders, SEED), shape.vocabulary).save(stored)
    dataset = Dataset.load(stored)
    if options.compile:
        compile_elementwise()
    torch.manual_seed(SEED)
    network = Network(shape, options.drop)
    progress = train(network, dataset, options.work, options)
    print(f"{progress.step} steps, {progress.tokens} tokens, {progress.seconds:.0f} s")
    print(f"held out: {held_out_bits(network, dataset, 10**9):.4f} bits a byte")


if __name__ == "__main__":
    main()
