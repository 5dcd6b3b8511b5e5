"""The thumbnail's network in floating point, as it is trained (specification section 3.4).

A picture is (pictures, 3, height, width) in grey levels, its step the one of level 0. The
levels are chosen as the encoder chooses them, so the network sees what it will see in use.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from refcodec.visual.pyramid import COLOURS, DETAILS
from refcodec.visual.thumbnail_weights import INPUTS, KNOWN, PHASES, WIDTH

ACTIVATION_LIMIT = 32.0
# Magnitude 0 takes in what lies within so many steps of the mean, in the Laplace
# distribution that gives the rates.
ZERO_HALF_WIDTH = 0.6
# Below this scale a level is 0 without a symbol.
SMALLEST_SCALE = 0.1
SCALE_FLOOR = 0.02


@dataclass(frozen=True)
class Cost:
    """Bits, and squared errors in squared steps, of each picture of a batch."""

    bits: Tensor
    detail_error: Tensor
    polished_error: Tensor


@dataclass(frozen=True)
class Rates:
    """Bits of a magnitude, by the scale of its distribution in steps."""

    zero: Tensor
    base: Tensor
    each: Tensor

    @classmethod
    def of(cls, scale: Tensor) -> Rates:
        """Laplace: the share within ZERO_HALF_WIDTH, then a geometric tail, and a sign."""
        outside = ZERO_HALF_WIDTH / scale
        each = 1 / (scale * math.log(2))
        step = -torch.expm1(-1 / scale)
        return cls(
            -torch.log2(-torch.expm1(-outside) + 1e-9),
            1 + outside / math.log(2) - torch.log2(step + 1e-9) - each,
            each,
        )

    def bits(self, magnitude: Tensor) -> Tensor:
        """Of whole magnitudes, and between them from 1 on."""
        return torch.where(magnitude == 0, self.zero, self.base + magnitude * self.each)


Padding = Literal["zeros", "replicate"]


def convolution(inputs: int, outputs: int, mode: Padding = "zeros") -> nn.Conv2d:
    """3 x 3, to the same size."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode=mode)


class Head(nn.Module):
    """From the trunk and what is known around a sample to some outputs."""

    def __init__(self, outputs: int, initial: float) -> None:
        super().__init__()
        self.known = convolution(KNOWN, WIDTH)
        self.hidden = nn.Conv2d(WIDTH, WIDTH, 1)
        self.outputs = nn.Conv2d(WIDTH, outputs, 1)
        with torch.no_grad():
            self.known.weight *= 0.5
            self.outputs.weight *= initial
            nn.init.zeros_(cast(Tensor, self.outputs.bias))

    def forward(self, trunk: Tensor, details: Tensor, levels: Tensor) -> Tensor:
        """(pictures, outputs, rows, columns)."""
        known = torch.cat([(details / 32).flatten(1, 2), levels.flatten(1, 2)], 1)
        hidden = activate(self.hidden(activate(trunk + self.known(known))))
        return cast(Tensor, self.outputs(hidden))


class ThumbnailNetwork(nn.Module):
    """All layers; shared by all levels."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(INPUTS, WIDTH, 1)
        self.second = convolution(WIDTH, WIDTH, "replicate")
        self.third = convolution(WIDTH, WIDTH, "replicate")
        self.phases = nn.ModuleList(Head(2 * len(phase.details), 0.2) for phase in PHASES)
        self.polish = Head(COLOURS * (1 + DETAILS), 0.1)

    def forward(self, pictures: Tensor, steps: Tensor, exchange: float) -> tuple[Cost, Tensor]:
        """The cost of each picture at its step, and what it decodes to."""
        levels, details = [pictures], []
        while max(levels[-1].shape[2:]) > 1:
            coarse, detail = split(levels[-1])
            levels.append(coarse)
            details.append(detail)
        steps = steps.reshape(-1, 1, 1, 1)
        top_step = steps / 2 ** len(details)
        samples = torch.round(levels[-1] / top_step) * top_step
        surprise = torch.zeros_like(samples)
        zero = torch.zeros(len(pictures))
        cost = Cost(
            sum((torch.log2(range_ / top_step.flatten()) for range_ in (400, 100, 60)), zero),
            zero,
            zero,
        )
        for level in range(len(details) - 1, -1, -1):
            walk = Level(self, samples, surprise, steps / 2**level, exchange)
            walk.run(levels[level + 1], details[level])
            samples, surprise = walk.finer(*levels[level].shape[2:])
            cost = Cost(
                cost.bits + walk.bits,
                cost.detail_error + walk.detail_error,
                cost.polished_error + walk.polished_error,
            )
        return cost, samples

    def trunk(self, samples: Tensor, surprise: Tensor, steps: Tensor) -> Tensor:
        """What all heads start from, (pictures, WIDTH, rows, columns)."""
        pictures, _, rows, columns = samples.shape
        padded = functional.pad(samples, (1, 1, 1, 1), mode="replicate")
        around = [
            (padded[:, :, y : y + rows, x : x + columns] - samples) / 32
            for y in range(3)
            for x in range(3)
            if (y, x) != (1, 1)
        ]
        logarithm = (torch.log2(steps) - 4).expand(pictures, 1, rows, columns)
        size = torch.full_like(logarithm, 1 / max(rows, columns))
        inputs = torch.cat([*around, samples / 64, surprise / 2, logarithm, size], 1)
        trunk = self.second(activate(self.first(inputs)))
        return cast(Tensor, trunk + self.third(activate(trunk)))


class Level:
    """The coding of one level's details."""

    def __init__(
        self,
        network: ThumbnailNetwork,
        samples: Tensor,
        surprise: Tensor,
        steps: Tensor,
        exchange: float,
    ) -> None:
        self._network = network
        self._samples = samples
        self._steps = steps
        self._exchange = exchange
        self._trunk = network.trunk(samples, surprise, steps)
        pictures, _, rows, columns = samples.shape
        self._details = torch.zeros(pictures, COLOURS, DETAILS, rows, columns)
        self._levels = torch.zeros_like(self._details)
        self._parity = (torch.arange(rows)[:, None] + torch.arange(columns)) % 2
        self.bits = self.detail_error = self.polished_error = torch.zeros(pictures)

    def run(self, samples: Tensor, details: Tensor) -> None:
        """Code `details`, then polish them and the coarser samples towards the true ones."""
        for phase, head in zip(PHASES, self._network.phases, strict=True):
            outputs = head(self._trunk, self._details, self._levels)
            means, logarithms = (outputs).split(len(phase.details), 1)
            scales = torch.exp2((logarithms - 1).clamp(-6, 7)) + SCALE_FLOOR
            mask = (
                torch.ones_like(self._parity)
                if phase.parity is None
                else (self._parity == phase.parity)
            )
            wanted = details[:, phase.colour, list(phase.details)]
            distances = (wanted - 32 * means) / self._steps
            rates = Rates.of(scales)
            levels = self._choose(distances.detach(), rates, scales)
            sizes = torch.where(levels == 0, levels, distances).abs()
            bits = torch.where(levels == 0, rates.zero, rates.bits(sizes.clamp(min=0.5)))
            self.bits = self.bits + (bits * mask).sum((1, 2, 3))
            self.detail_error = self.detail_error + (((distances - levels) ** 2) * mask).sum(
                (1, 2, 3)
            )
            coded = (32 * means + levels * self._steps).detach() * mask
            place = (slice(None), phase.colour, list(phase.details))
            # New tensors each time: earlier ones are needed for the gradient.
            self._details, self._levels = self._details.clone(), self._levels.clone()
            self._details[place] += coded
            self._levels[place] += (levels * mask).clamp(-2, 2)
        self._polish(samples, details)

    @torch.no_grad()
    def _choose(self, distances: Tensor, rates: Rates, scales: Tensor) -> Tensor:
        sizes = distances.abs()
        nearest = torch.floor(sizes + 0.5)
        best, least = nearest, torch.full_like(sizes, math.inf)
        for magnitude in (nearest, (nearest - 1).clamp(min=0), torch.zeros_like(nearest)):
            cost = (sizes - magnitude) ** 2 + self._exchange * rates.bits(magnitude)
            best = torch.where(cost < least, magnitude, best)
            least = torch.minimum(cost, least)
        return torch.sign(distances) * torch.where(scales < SMALLEST_SCALE, 0.0, best)

    def _polish(self, samples: Tensor, details: Tensor) -> None:
        outputs = self._network.polish(self._trunk, self._details, self._levels)
        corrections = outputs * self._steps.clamp(max=64)
        corrections = corrections.unflatten(1, (COLOURS, 1 + DETAILS))
        coarse = corrections[:, :, 0] - 2 * (samples - self._samples)
        finer = corrections[:, :, 1:] + self._details - details
        self.polished_error = ((coarse / self._steps) ** 2).sum((1, 2, 3)) + (
            (finer / self._steps[:, :, None]) ** 2
        ).sum((1, 2, 3, 4))
        self._samples = (self._samples + corrections[:, :, 0] / 2).detach()
        self._details = (self._details + corrections[:, :, 1:]).detach()

    def finer(self, height: int, width: int) -> tuple[Tensor, Tensor]:
        """The finer level's samples and surprise."""
        surprise = self._levels.abs().sum(2).clamp(max=4)
        surprise = surprise.repeat_interleave(2, 2).repeat_interleave(2, 3)
        samples = join(self._samples, self._details)
        return samples[:, :, :height, :width], surprise[:, :, :height, :width]


def activate(values: Tensor) -> Tensor:
    """Within 0 and ACTIVATION_LIMIT."""
    return values.clamp(0, ACTIVATION_LIMIT)


def split(samples: Tensor) -> tuple[Tensor, Tensor]:
    """As `refcodec.visual.pyramid.split`, for (pictures, 3, height, width)."""
    height, width = samples.shape[2:]
    padded = functional.pad(samples, (0, width % 2, 0, height % 2), mode="replicate")
    a, b = padded[:, :, ::2, ::2], padded[:, :, ::2, 1::2]
    c, d = padded[:, :, 1::2, ::2], padded[:, :, 1::2, 1::2]
    details = torch.stack([a - b + c - d, a + b - c - d, a - b - c + d], 2) / 2
    return (a + b + c + d) / 4, details


def join(coarse: Tensor, details: Tensor) -> Tensor:
    """As `refcodec.visual.pyramid.join`, before the cut to size."""
    horizontal, vertical, diagonal = details.unbind(2)
    upper = [coarse + (s * horizontal + vertical + s * diagonal) / 2 for s in (1, -1)]
    lower = [coarse + (s * horizontal - vertical - s * diagonal) / 2 for s in (1, -1)]
    rows = [torch.stack(row, -1).flatten(-2) for row in (upper, lower)]
    return torch.stack(rows, -2).flatten(-3, -2)
