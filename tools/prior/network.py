"""The network of the prior in floating point, as it is trained (exact form: specification 6.3).

Blocks and their order are those of the specification. Every input of a matrix is rounded to
the 255 values that the exact form has, so that training sees the rounding it will meet;
weights are rounded afterwards. Needs torch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from refcodec.coding.network import HASHES

# Steps to a root mean square at which inputs of a matrix are rounded; after squared units fewer,
# because a few of those are very large.
INPUT_STEPS = 32
HIDDEN_STEPS = 8
# The largest value that enters a state: the specification's 2^15 - 1 in units of 2^-12.
STATE_LIMIT = 8


@dataclass(frozen=True)
class Shape:
    """Widths of the network; `blocks` pairs of a recurrent and a feed-forward block."""

    vocabulary: int = 4096
    width: int = 384
    recurrent: int = 512
    hidden: int = 768
    output: int = 256
    blocks: int = 2
    rows: int = 65536
    row_width: int = 32


class LinearScan(torch.autograd.Function):
    """h[t] = keep[t] h[t-1] + add[t] along the first of three dimensions."""

    @staticmethod
    def forward(ctx: Any, keep: Tensor, add: Tensor) -> Tensor:
        """The states, of the shape of `add`."""
        states = torch.empty_like(add)
        states[0] = add[0]
        for step in range(1, len(keep)):
            torch.addcmul(add[step], keep[step], states[step - 1], out=states[step])
        ctx.save_for_backward(keep, states)
        return states

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        """The same recurrence, backwards in time."""
        keep, states = ctx.saved_tensors
        gradient = gradients[0].contiguous().clone()
        for step in range(len(keep) - 2, -1, -1):
            gradient[step].addcmul_(keep[step + 1], gradient[step + 1])
        keep_gradient = torch.empty_like(keep)
        keep_gradient[0] = 0
        torch.mul(gradient[1:], states[:-1], out=keep_gradient[1:])
        return keep_gradient, gradient


class CrossEntropy(torch.autograd.Function):
    """Mean cross entropy of a linear output layer, computed some positions at a time.

    The gradients are made in the forward pass, so that no array of positions by vocabulary
    is ever kept: on two cores memory traffic, not arithmetic, would set the pace.
    """

    POSITIONS = 1024

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, weights: Tensor, bias: Tensor, targets: Tensor) -> Tensor:
        """A scalar, in nats."""
        low = weights.to(inputs.dtype)
        input_gradient = torch.empty_like(inputs)
        weight_gradient, bias_gradient = torch.zeros_like(weights), torch.zeros_like(bias)
        loss = torch.zeros((), device=inputs.device)
        for first in range(0, len(targets), CrossEntropy.POSITIONS):
            part = slice(first, first + CrossEntropy.POSITIONS)
            logits = torch.mm(inputs[part], low.T).float().add_(bias)
            wanted = targets[part, None]
            loss += functional.cross_entropy(logits, targets[part], reduction="sum")
            gradient = torch.softmax(logits, dim=1)
            gradient.scatter_add_(1, wanted, gradient.new_full(wanted.shape, -1.0))
            bias_gradient += gradient.sum(0)
            gradient_low = gradient.to(inputs.dtype)
            input_gradient[part] = torch.mm(gradient_low, low)
            weight_gradient += torch.mm(gradient_low.T, inputs[part]).float()
        count = len(targets)
        ctx.save_for_backward(
            input_gradient.div_(count), weight_gradient.div_(count), bias_gradient.div_(count)
        )
        return loss / count

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """The gradients made before, scaled."""
        inputs, weights, bias = ctx.saved_tensors
        scale = gradients[0]
        return inputs * scale.to(inputs.dtype), weights * scale, bias * scale, None


# Whether `apply` is typed depends on the version of torch.
linear_scan: Any = LinearScan.apply
cross_entropy: Any = CrossEntropy.apply


def normalise(x: Tensor, steps: float) -> Tensor:
    """Divided by the root of the mean square, then rounded to 1/steps within +-127/steps."""
    x = x.float()
    y = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)
    y = (y * steps).clamp(-127, 127)
    return ((y + (y.round() - y).detach()) / steps).bfloat16()


def gates(y: Tensor, bias: Tensor, mix: Tensor, inside: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Keep factor, addition and output gate of a recurrent block; `inside` is 0 at text starts."""
    z, keep, out = y.float().chunk(3, -1)
    before = functional.pad(z, (0, 0, 0, 0, 1, 0))[:-1] * inside
    z = (before * mix[0] + z * mix[1]).clamp(-STATE_LIMIT, STATE_LIMIT)
    keep = torch.sigmoid(keep + bias)
    return keep * inside, (1 - keep) * z, functional.silu(out)


def squared_relu(x: Tensor) -> Tensor:
    """max(x, 0) squared."""
    return functional.relu(x).square()


def compile_elementwise() -> None:
    """Fuse the functions above; worth half a minute at the start of a long run."""
    global normalise, gates, squared_relu  # noqa: PLW0603
    normalise = torch.compile(normalise, dynamic=False)
    gates = torch.compile(gates, dynamic=False)
    squared_relu = torch.compile(squared_relu, dynamic=False)


def linear(inputs: int, outputs: int, gain: float = 1.0) -> nn.Linear:
    """A matrix without bias, started so that it keeps the variance times gain squared."""
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=gain / math.sqrt(inputs))
    return layer


class Recurrent(nn.Module):
    """A gated linear recurrence."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.inner = linear(shape.width, 3 * shape.recurrent)
        self.outer = linear(shape.recurrent, shape.width, 0.3)
        self.bias = nn.Parameter(torch.linspace(-1.0, 4.0, shape.recurrent))
        self.mix = nn.Parameter(torch.tensor([[0.0], [1.0]]).repeat(1, shape.recurrent))

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        """What the block adds to the residual stream, (length, rows, width)."""
        keep, add, out = gates(self.inner(normalise(x, INPUT_STEPS)), self.bias, self.mix, inside)
        states: Tensor = linear_scan(keep, add)
        added: Tensor = self.outer(normalise(states * out, INPUT_STEPS))
        return added


class FeedForward(nn.Module):
    """One hidden layer of squared rectified units."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.inner = linear(shape.width, shape.hidden)
        self.outer = linear(shape.hidden, shape.width, 0.3)

    def forward(self, x: Tensor) -> Tensor:
        """What the block adds to the residual stream, (length, rows, width)."""
        hidden = squared_relu(self.inner(normalise(x, INPUT_STEPS)))
        added: Tensor = self.outer(normalise(hidden, HIDDEN_STEPS))
        return added


class Network(nn.Module):
    """Tokens to the input of the output layer, or to a loss."""

    def __init__(self, shape: Shape, drop: float) -> None:
        super().__init__()
        self.shape = shape
        self.drop = drop
        self.embedding = nn.Embedding(shape.vocabulary, shape.width)
        nn.init.normal_(self.embedding.weight, std=0.5)
        self.hashed = nn.Embedding(len(HASHES) * shape.rows, shape.row_width)
        nn.init.normal_(self.hashed.weight, std=0.3)
        self.hashed_in = linear(len(HASHES) * shape.row_width, shape.width)
        self.recurrent = nn.ModuleList(Recurrent(shape) for _ in range(shape.blocks))
        self.feed_forward = nn.ModuleList(FeedForward(shape) for _ in range(shape.blocks))
        self.projection = linear(shape.width, shape.output)
        self.output = nn.Embedding(shape.vocabulary, shape.output)
        nn.init.normal_(self.output.weight, std=0.02)
        self.output_bias = nn.Parameter(torch.zeros(shape.vocabulary))

    def matrices(self) -> list[nn.Parameter]:
        """The weights that Muon trains: all matrices between vectors of activations."""
        blocks = [*self.recurrent.modules(), *self.feed_forward.modules()]
        layers = [layer for layer in blocks if isinstance(layer, nn.Linear)]
        matrices = [layer.weight for layer in [*layers, self.hashed_in, self.projection]]
        return [matrix for matrix in matrices if isinstance(matrix, nn.Parameter)]

    def features(self, tokens: Tensor) -> Tensor:
        """The rounded inputs of the output layer, (length, rows, output)."""
        inside = (tokens != 0).float()[..., None]
        x = self.embedding(tokens) + self.hashed_in(self._hashed(tokens))
        for recurrent, feed_forward in zip(self.recurrent, self.feed_forward, strict=True):
            x = x + self._dropped(recurrent(x, inside))
            x = x + self._dropped(feed_forward(x))
        features: Tensor = self.projection(normalise(x, INPUT_STEPS))
        return normalise(self._dropped(features), INPUT_STEPS)

    def _dropped(self, x: Tensor) -> Tensor:
        """Half as many units as hashed rows left out in training, the same along a row of text.

        A mask that stays the same in time suits a recurrence (Gal and Ghahramani, 2016), and
        costs no time to draw.
        """
        if not (self.training and self.drop):
            return x
        kept = torch.rand(x.shape[1:], device=x.device) >= self.drop / 2
        return x * (kept / (1 - self.drop / 2)).to(x.dtype)

    def forward(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """The mean cross entropy in nats; both of shape (length, rows)."""
        features = self.features(tokens).reshape(-1, self.shape.output)
        loss: Tensor = cross_entropy(
            features, self.output.weight, self.output_bias, targets.reshape(-1)
        )
        return loss

    def _hashed(self, tokens: Tensor) -> Tensor:
        """The rows of the last two and three tokens, some of them left out in training."""
        inside = (tokens != 0).long()
        first = torch.zeros_like(tokens[:1])
        before = torch.cat([first, tokens[:-1]]) * inside
        earlier = torch.cat([first, before[:-1]]) * inside
        rows = [
            self.hashed(
                (earlier * a + before * b + tokens * c + d) % self.shape.rows
                + table * self.shape.rows
            )
            for table, (a, b, c, d) in enumerate(HASHES)
        ]
        hashed = torch.stack(rows, -2)
        if self.training and self.drop:
            kept = torch.rand(*tokens.shape, 2, 1, device=tokens.device) >= self.drop
            hashed = hashed * kept.repeat_interleave(2, dim=-2) / (1 - self.drop)
        return hashed.flatten(-2)
