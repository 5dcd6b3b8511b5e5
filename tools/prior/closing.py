"""The factors by which a text's end depends on the bits left (specification section 5.6).

They are fitted to held-out texts, each coded as the codec codes it: for the texts that had
so many bits left at a token, the expected numbers of ends and of full stops must be those
that came. New factors change how texts are coded, so this is done a few times.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from refcodec.coding.closing import (
    FACTOR_ROWS,
    LARGEST_FACTOR,
    ROWS_BELOW_NOTHING,
    ClosingEncoder,
    Factors,
    Step,
    factor_row,
)
from refcodec.coding.network_prior import NetworkPrior
from refcodec.coding.range_coder import TOTAL, RangeEncoder
from refcodec.coding.token_stream import walk

ROUNDS = 4
FITTING_ROUNDS = 300
# Observations added to every row, of equal probabilities and equal counts of all three.
UNKNOWN = 1.0

Array = NDArray[np.float64]


def coded_steps(prior: NetworkPrior, texts: Sequence[Sequence[int]]) -> list[list[Step]]:
    """What the coder sees of each text, given as its tokens without the end token."""
    steps: list[list[Step]] = [[] for _ in texts]
    for text, token, frequencies in walk(prior, texts, going_on=texts):
        steps[text].append(Step.of(token, frequencies))
    return steps


def fit_factors(texts: Sequence[Sequence[Step]]) -> NDArray[np.uint16]:
    """(FACTOR_ROWS, 3), from the steps of some texts."""
    factors = first_guess()
    for _ in range(ROUNDS):
        factors = np.array([fit_row(seen) for seen in observed(texts, as_rows(factors))])
    return factors


def first_guess() -> NDArray[np.uint16]:
    """Ends are likely where at most one byte is left, and unlikely where more are."""
    likely, unlikely = (LARGEST_FACTOR, 256, 256), (4, 256, 256)
    few = ROWS_BELOW_NOTHING + 4
    return np.array([likely] * few + [unlikely] * (FACTOR_ROWS - few), np.uint16)


def as_rows(factors: NDArray[np.uint16]) -> Factors:
    """Plain integers, as the coder takes them."""
    return [(end, stop, other) for end, stop, other in factors.tolist()]


def observed(texts: Sequence[Sequence[Step]], factors: Factors) -> list[list[Step]]:
    """For each row the steps that were coded with it, when each text had its own size."""
    rows: list[list[Step]] = [[] for _ in range(FACTOR_ROWS)]
    for text in texts:
        whole, encoder = ClosingEncoder(factors), RangeEncoder()
        for step in text:
            whole.encode(step)
        size = len(whole.finish())
        for step in text:
            row = factor_row(8 * size - encoder.used_bits)
            step.encode(encoder, factors[row])
            rows[row].append(step)
    return rows


def fit_row(steps: Sequence[Step]) -> NDArray[np.uint16]:
    """Factors of greatest likelihood for the choices of these steps (iterative scaling)."""
    shares = np.array(
        [(step.end, step.stop, TOTAL - step.end - step.stop) for step in steps]
    ).reshape(-1, 3)
    shares = np.concatenate([shares / TOTAL, np.full((1, 3), 1 / 3)])
    choices = np.bincount([step.choice for step in steps], minlength=3) + UNKNOWN / 3
    weights = np.r_[np.ones(len(steps)), UNKNOWN]
    factors: Array = np.ones(3)
    for _ in range(FITTING_ROUNDS):
        expected = shares * factors
        expected /= expected.sum(axis=1, keepdims=True)
        factors *= np.sqrt(choices / (weights @ expected))
    rounded = np.rint(factors / factors.max() * LARGEST_FACTOR)
    return np.array(np.maximum(rounded, 1), np.uint16)
