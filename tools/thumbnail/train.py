"""Train the thumbnail's network: `python -m tools.thumbnail.train FOLDER -o CHECKPOINT`.

FOLDER holds photographs. The learning rate falls to zero over the steps given; a run that is
interrupted goes on from the checkpoint, which is written every few minutes.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from refcodec.visual.colour import UNIT, planes_from_rgb
from tools.thumbnail.network import ThumbnailNetwork
from tools.thumbnail.pictures import Reduced, drawing

SIZES = ((64, 64), (64, 96), (96, 64), (48, 64), (40, 56), (56, 40), (80, 80))
BATCH = 14
LEARNING_RATE = 2e-3
WARM_UP, STEPS = 100, 12_000
# Binary logarithms of the steps, and squared steps a bit, as encoders use them.
STEP_LOGARITHMS = (4.2, 9.7)
EXCHANGES = (0.06, 0.13)
# Squared steps a bit in what is minimised.
EXCHANGE = 0.11
# Costs are divided by this power of themselves: with 1, all pictures would count the same.
COST_EXPONENT = 0.85
LEAST_COST = 50.0
# Of all pictures: photographs made grey; drawings, half of them grey.
GREY_SHARE, DRAWING_SHARE = 0.04, 0.06
LARGEST_GRADIENT = 20.0
SAVE_SECONDS = 240


def batch(pictures: Reduced, random_: random.Random) -> Tensor:
    """Pictures of one size, (BATCH, 3, height, width), in grey levels."""
    height, width = random_.choice(SIZES)
    crops = []
    for _ in range(BATCH):
        if random_.random() < DRAWING_SHARE:
            grey = random_.random() < 0.5
            planes = planes_from_rgb(drawing(random_, height, width, grey=grey)) / UNIT
        else:
            planes = varied(random_, pictures.crop(random_, height, width))
        crops.append(torch.from_numpy(planes.transpose(2, 0, 1)).float())
    return torch.stack(crops)


def varied(random_: random.Random, photograph: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Planes in grey levels, of another contrast and saturation."""
    contrast = random_.uniform(0.75, 1.15)
    colour = 0.0 if random_.random() < GREY_SHARE else random_.uniform(0.6, 1.25)
    return planes_from_rgb(photograph) / UNIT * [contrast, contrast * colour, contrast * colour]


def loss(network: ThumbnailNetwork, pictures: Tensor, random_: random.Random) -> Tensor:
    """Rate and distortion; what pictures of few bits cost counts more than their size says."""
    low, high = STEP_LOGARITHMS
    steps = torch.exp2(torch.rand(len(pictures)) * (high - low) + low)
    cost, _ = network(pictures, steps, random_.uniform(*EXCHANGES))
    total = cost.bits + (cost.detail_error + cost.polished_error) / (2 * EXCHANGE)
    return cast(Tensor, (total / total.detach().clamp(min=LEAST_COST) ** COST_EXPONENT).mean())


def train(folder: Path, checkpoint: Path, steps: int, seed: int) -> None:
    torch.manual_seed(seed)
    network = ThumbnailNetwork()
    optimiser = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    count = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        count = saved["count"]
    pictures = Reduced(folder)
    print(f"{len(pictures)} pictures, {sum(p.numel() for p in network.parameters())} weights")
    saved_at = time.monotonic()
    random_ = random.Random(f"{seed} {count}")
    while count < steps:
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * min(1, count / WARM_UP) * (1 - count / steps)
        value = loss(network, batch(pictures, random_), random_)
        optimiser.zero_grad()
        torch.autograd.backward(value)
        nn.utils.clip_grad_norm_(network.parameters(), LARGEST_GRADIENT)
        optimiser.step()
        count += 1
        if time.monotonic() - saved_at > SAVE_SECONDS or count == steps:
            save(checkpoint, network, optimiser, count)
            saved_at = time.monotonic()
            print(f"{count} steps, loss {value.item():.2f}", flush=True)


def save(
    checkpoint: Path,
    network: ThumbnailNetwork,
    optimiser: torch.optim.Optimizer,
    count: int,
) -> None:
    """Written whole or not at all."""
    part = checkpoint.with_suffix(".part")
    state = {
        "network": network.state_dict(),
        "optimiser": optimiser.state_dict(),
        "count": count,
    }
    torch.save(state, part)
    part.replace(checkpoint)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the thumbnail's network.")
    parser.add_argument("folder", type=Path, help="photographs (PNG or JPEG)")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the checkpoint")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"in all; default {STEPS}")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    train(arguments.folder, arguments.output, arguments.steps, arguments.seed)


if __name__ == "__main__":
    main()
