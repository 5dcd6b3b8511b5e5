"""The network of prior 1 (specification sections 6.2 to 6.7), in exact integers.

All values are integers, held in float64 where they meet elementwise and in float32 where
they meet a matrix. Every intermediate is below 2**53 and 2**24 respectively, so no sum or
product is ever rounded, in whatever order and on however many threads it is computed;
a division of such integers, rounded to float64, has the same floor as the exact quotient.

Arrays have the shape (length, texts, values): `length` tokens of each of some texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from refcodec.coding.prior import Tokens
from refcodec.coding.recall import LEVELS, WINDOW
from refcodec.coding.vocabulary import END
from refcodec.coding.weights import Block, Floats, Matrix, Weights

# Rows of the hash tables: (a earlier + b before + c token + d) mod rows; section 6.3.
HASHES: Final = (
    (0, 40503, 10007, 0),
    (0, 30011, 52361, 77),
    (48271, 16807, 69621, 0),
    (39373, 20011, 26699, 5),
)
STREAM_LIMIT: Final = 2**21
GATE_LIMIT: Final = 2048
VALUE_LIMIT: Final = 2**15 - 1
UNMIXED_LIMIT: Final = 2**18 - 1
HIDDEN_LIMIT: Final = 4095


@dataclass(frozen=True)
class RecurrentState:
    """What a recurrent part keeps of the tokens so far: (texts, recurrent) each."""

    states: Floats
    values: Floats


@dataclass(frozen=True)
class NetworkState:
    """What the prior keeps: up to 1,024 tokens (tokens, texts), and a state a block.

    Before the first token of a text there are end tokens, at least four in all.
    """

    history: Tokens
    blocks: tuple[RecurrentState, ...]

    def select(self, texts: NDArray[np.intp]) -> NetworkState:
        """The states of some of the texts, each as often as it is named."""
        return NetworkState(
            self.history[:, texts],
            tuple(
                RecurrentState(block.states[texts], block.values[texts]) for block in self.blocks
            ),
        )


def join_states(states: Sequence[NetworkState]) -> NetworkState:
    """The texts of all these states side by side."""
    by_block = zip(*(state.blocks for state in states), strict=True)
    longest = max(len(state.history) for state in states)
    histories = [
        np.pad(state.history, ((longest - len(state.history), 0), (0, 0)), constant_values=END)
        for state in states
    ]
    return NetworkState(
        np.concatenate(histories, axis=1),
        tuple(
            RecurrentState(
                np.concatenate([block.states for block in blocks]),
                np.concatenate([block.values for block in blocks]),
            )
            for blocks in by_block
        ),
    )


class Network:
    """Tokens to features, features to powers."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._shape = weights.shape

    def start(self, texts: int) -> NetworkState:
        """The state before any token: section 6.3."""
        zeros = np.zeros((texts, self._shape.recurrent))
        block = RecurrentState(zeros, zeros)
        return NetworkState(
            np.full((LEVELS, texts), END, np.int64), tuple(block for _ in self._weights.blocks)
        )

    def run(self, tokens: Tokens, state: NetworkState) -> tuple[Matrix, NetworkState]:
        """Features (length, texts, output) after each of `tokens` (length, texts)."""
        history = np.concatenate([state.history, tokens])
        x = self._embed(history[-len(tokens) - 2 :])
        after = []
        for block, before in zip(self._weights.blocks, state.blocks, strict=True):
            added, block_state = self._recurrent(block, x, before)
            after.append(block_state)
            x = _limited(x + added, STREAM_LIMIT)
            x = _limited(x + self._feed_forward(block, x), STREAM_LIMIT)
        projected = self._weights.projection(normalise(x, self._shape.width_gain))
        features = normalise(_limited(projected, STREAM_LIMIT), self._shape.output_gain)
        return features, NetworkState(history[-WINDOW:], tuple(after))

    def powers(self, sums: Matrix) -> Floats:
        """The w of section 6.7, (texts, vocabulary), from the sums of the output layer."""
        logits = self._weights.output.scaled(sums)
        distance = logits.max(axis=1, keepdims=True) - logits
        powers: Floats = np.take(self._weights.powers, distance.astype(np.intp), mode="clip")
        return powers

    def _embed(self, history: Tokens) -> Floats:
        """The residual stream for history[2:]: section 6.3."""
        earlier, before, tokens = history[:-2], history[1:-1], history[2:]
        scale = self._weights.embedding_scale[tokens][..., None]
        x = np.floor(self._weights.embedding[tokens] * scale + 0.5)
        rows = [
            table[(earlier * a + before * b + tokens * c + d) % self._shape.rows]
            for table, (a, b, c, d) in zip(self._weights.hashed, HASHES, strict=True)
        ]
        hashed = np.empty((*tokens.shape, len(HASHES), self._shape.row_width), np.float32)
        for table, (row, codebook) in enumerate(zip(rows, self._weights.codebooks, strict=True)):
            hashed[..., table, ::2] = codebook[row & 15]
            hashed[..., table, 1::2] = codebook[row >> 4]
        hashed = hashed.reshape(*tokens.shape, -1)
        return _limited(x + self._weights.hashed_inner(hashed), STREAM_LIMIT)

    def _recurrent(
        self, block: Block, x: Floats, before: RecurrentState
    ) -> tuple[Floats, RecurrentState]:
        """What a recurrent part adds: section 6.4."""
        inner = block.recurrent_inner(normalise(x, self._shape.width_gain))
        unmixed, keep_index, out_index = np.split(inner, 3, axis=-1)
        unmixed = _limited(unmixed, UNMIXED_LIMIT)
        shifted = np.concatenate([before.values[None], unmixed[:-1]])
        mixed = np.floor((shifted * block.mix[0] + unmixed * block.mix[1] + 2.0**11) * 2.0**-12)
        values = _limited(mixed, VALUE_LIMIT)
        keep = self._sigmoid(keep_index)
        # A state has 8 bits more of fraction than a value; 2**15 rounds to the nearest.
        added = (65536.0 - keep) * values * 256.0 + 2.0**15
        states = np.empty_like(added)
        state = before.states
        for step in range(len(states)):
            state = np.floor((keep[step] * state + added[step]) * 2.0**-16)
            states[step] = state
        out_index = np.clip(out_index, -GATE_LIMIT, GATE_LIMIT - 1)
        gated = np.floor(states * (out_index * self._sigmoid(out_index)) * 2.0**-30)
        added = block.recurrent_outer(normalise(gated, self._shape.recurrent_gain))
        return added, RecurrentState(state, unmixed[-1])

    def _feed_forward(self, block: Block, x: Floats) -> Floats:
        """What a feed-forward part adds: section 6.5."""
        inner = block.hidden_inner(normalise(x, self._shape.width_gain))
        hidden = np.clip(inner, 0.0, HIDDEN_LIMIT)
        squares = np.floor(hidden * hidden * 2.0**-4)
        return block.hidden_outer(normalise(squares, self._shape.hidden_gain))

    def _sigmoid(self, index: Floats) -> Floats:
        clipped = np.clip(index, -GATE_LIMIT, GATE_LIMIT - 1)
        return self._weights.sigmoid[(clipped + GATE_LIMIT).astype(np.intp)]


def normalise(x: Floats, gain: int) -> Matrix:
    """x gain / root of the sum of squares, to the nearest integer within +-127: section 6.2."""
    roots = np.sqrt(np.einsum("...i,...i->...", x, x))[..., None]
    roots = np.maximum(np.floor(roots), 1.0)
    quotients = np.floor((x * float(gain) + np.floor(roots * 0.5)) / roots)
    row: Matrix = np.clip(quotients, -127.0, 127.0).astype(np.float32)
    return row


def _limited(x: Floats, limit: int) -> Floats:
    return np.clip(x, -limit, limit)
