"""The thumbnail's network and the walk over its pyramid (specification section 3.4, steps 2 to 5).

From what is already decoded the network predicts each detail: a mean, and a scale that
chooses the frequency table. Encoder and decoder run the same walk and differ in the `Coder`
they hand in. All values are integers held in float64, below 2**53 and so exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from refcodec.visual.pyramid import COLOURS, DETAILS, SAMPLE_LIMIT, Array, join, level_sizes
from refcodec.visual.thumbnail_weights import PHASES, Head, Layer, Weights

# Layers' inputs and outputs are in units of 2**-8, samples in 2**-8 grey level.
ONE = 256
ACTIVATION_LIMIT = 32 * ONE - 1
MEAN_SCALE = 32
SURPRISE_LIMIT = 4
LEVEL_LIMIT = 2
POLISH_STEP_LIMIT = 64 * ONE
# Scale classes: eight an octave, the first from 2**-3.64 steps on.
SCALE_BIAS, SCALE_SHIFT, SCALE_OFFSET = -ONE, 5, 932
CLASS_MAX = 45 + 8 * 10 - 1
# Logarithms of the top sample's scales, less that of the step, which counts from 16.
TOP_SCALES = (384, -179, -179)

STEP_COUNT = 32
# Neighbourhoods worked on at a time, so that they stay in the processor's cache.
_BLOCK = 512
Integers = NDArray[np.int64]


def step_size(index: int, level: int) -> int:
    """A level's quantiser step in 2**-8 grey level: four an octave, at level 0 from 6 to 1291."""
    return ((1536, 1827, 2172, 2583)[index & 3] << (index >> 2)) >> level


def step_logarithm(index: int, level: int) -> int:
    """Its binary logarithm, counted from 16 grey levels, in units of 2**-8."""
    return 64 * index - 362 - 256 * level


@dataclass(frozen=True)
class Place:
    """Which numbers of a picture: a level (of the top sample, one too many), samples, columns."""

    level: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]


# From the place, the means and scale classes there, (rows, columns) each, and the step: the
# levels there. A class below 0 has the level 0 and no symbol.
Coder = Callable[[Place, Array, Integers, int], Array]


@lru_cache(maxsize=64)
def neighbourhoods(width: int, height: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices (samples, 9) of each sample's 3 x 3 neighbours, row by row.

    Beyond an edge stands its outermost sample in the first array, in the second an index one
    past the last sample.
    """
    y, x = (axis.ravel()[:, None] for axis in np.mgrid[:height, :width])
    rows = y + np.repeat([-1, 0, 1], 3)
    columns = x + np.tile([-1, 0, 1], 3)
    nearest = np.clip(rows, 0, height - 1) * width + np.clip(columns, 0, width - 1)
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return nearest, np.where(inside, nearest, width * height)


@lru_cache(maxsize=64)
def parity_rows(width: int, height: int, parity: int | None) -> NDArray[np.intp]:
    """The samples of a phase."""
    y, x = (axis.ravel() for axis in np.mgrid[:height, :width])
    if parity is None:
        return np.arange(width * height)
    return np.flatnonzero((x + y) % 2 == parity)


def activate(values: Array) -> Array:
    """Values brought into 0..8191."""
    return np.clip(values, 0, ACTIVATION_LIMIT)


def divided(values: Array, divisor: int) -> Array:
    """To the nearest integer, halves upwards."""
    return np.floor((values + divisor // 2) / divisor)


def convolved(layer: Layer, vectors: Array, neighbours: NDArray[np.intp]) -> Array:
    """A layer over neighbourhoods: `neighbours` is (rows, 9) indices of `vectors`."""
    outputs = np.empty((len(neighbours), layer.weights.shape[1]))
    for start in range(0, len(neighbours), _BLOCK):
        part = neighbours[start : start + _BLOCK]
        outputs[start : start + _BLOCK] = layer(vectors[part].reshape(len(part), -1))
    return outputs


def decode_picture(
    weights: Weights, size: tuple[int, int], step: int, colours: int, coder: Coder
) -> Array:
    """The samples (h, w, 3) of a picture of 3 colours, or of luma alone."""
    sizes = level_sizes(size)
    top = len(sizes) - 1
    samples: Array = _top_sample(top, step, colours, coder)
    surprise: Array = np.zeros((1, 1, COLOURS))
    for level in range(top - 1, -1, -1):
        walk = LevelWalk(weights, samples, surprise, step, level)
        walk.code_details(colours, coder)
        coarse, details = walk.polished(colours)
        width, height = sizes[level]
        samples = join(coarse, details, (width, height))
        surprise = walk.surprise().repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return samples


def _top_sample(top: int, step: int, colours: int, coder: Coder) -> Array:
    scales = np.array(TOP_SCALES[:colours]) - step_logarithm(step, top)
    place = Place(top, np.arange(1), np.arange(colours))
    size = step_size(step, top)
    levels = coder(place, np.zeros((1, colours)), scale_class(scales[None]), size)
    sample = np.zeros((1, 1, COLOURS))
    sample[0, 0, :colours] = np.clip(levels * size, -SAMPLE_LIMIT, SAMPLE_LIMIT)
    return sample


def scale_class(logarithms: NDArray[np.int64]) -> Integers:
    """The class of a scale's binary logarithm, in units of 2**-8 and in steps."""
    classes: Integers = np.minimum((logarithms + SCALE_OFFSET) >> SCALE_SHIFT, CLASS_MAX)
    return classes


class LevelWalk:
    """The details of one level, phase by phase."""

    def __init__(
        self, weights: Weights, coarse: Array, surprise: Array, step: int, level: int
    ) -> None:
        self._weights = weights
        self._level = level
        self._step = step_size(step, level)
        self._coarse = coarse
        self._shape = coarse.shape[1], coarse.shape[0]
        count = coarse.shape[0] * coarse.shape[1]
        self._details = np.zeros((count, COLOURS * DETAILS))
        # What heads see: details, then levels, and a last row for all that is outside.
        self._known = np.zeros((count + 1, 2 * COLOURS * DETAILS))
        self._levels = np.zeros((count, COLOURS * DETAILS))
        self._trunk = self._run_trunk(surprise.reshape(count, COLOURS), step)

    def _run_trunk(self, surprise: Array, step: int) -> Array:
        nearest, _ = neighbourhoods(*self._shape)
        samples = self._coarse.reshape(-1, COLOURS)
        around = np.delete(samples[nearest], 4, axis=1) - samples[:, None]
        count = len(samples)
        inputs = np.concatenate(
            [
                divided(around, 32).reshape(count, -1),
                divided(samples, 64),
                surprise * (ONE // 2),
                np.full((count, 1), float(step_logarithm(step, self._level))),
                np.full((count, 1), float(ONE // max(self._shape))),
            ],
            axis=1,
        )
        first, second, third = self._weights.trunk
        trunk = convolved(second, activate(first(inputs)), nearest)
        trunk += convolved(third, activate(trunk), nearest)
        return trunk

    def _run_head(self, head: Head, rows: NDArray[np.intp]) -> Array:
        _, inside = neighbourhoods(*self._shape)
        known = convolved(head.known, self._known, inside[rows])
        hidden = head.hidden(activate(self._trunk[rows] + known))
        return head.outputs(activate(hidden))

    def code_details(self, colours: int, coder: Coder) -> None:
        """All phases of the first so many colours."""
        for phase, head in zip(PHASES, self._weights.phases, strict=True):
            rows = parity_rows(*self._shape, phase.parity)
            if phase.colour >= colours or not len(rows):
                continue
            outputs = self._run_head(head, rows)
            means = outputs[:, : len(phase.details)] * MEAN_SCALE
            logarithms = outputs[:, len(phase.details) :].astype(np.int64) + SCALE_BIAS
            place = Place(self._level, rows, phase.columns)
            levels = coder(place, means, scale_class(logarithms), self._step)
            self._put(rows, phase.columns, means + levels * self._step, levels)

    def _put(
        self, rows: NDArray[np.intp], columns: NDArray[np.intp], details: Array, levels: Array
    ) -> None:
        details = np.clip(details, -SAMPLE_LIMIT, SAMPLE_LIMIT)
        levels = np.clip(levels, -LEVEL_LIMIT, LEVEL_LIMIT)
        place = np.ix_(rows, columns)
        self._details[place] = details
        self._levels[place] = levels
        self._known[place] = divided(details, 32)
        self._known[np.ix_(rows, COLOURS * DETAILS + columns)] = levels * ONE

    def polished(self, colours: int) -> tuple[Array, Array]:
        """The coarser samples and the details, each with the network's last correction."""
        corrections = self._run_head(self._weights.polish, np.arange(len(self._details)))
        corrections *= min(self._step, POLISH_STEP_LIMIT)
        corrections = corrections.reshape(-1, COLOURS, 1 + DETAILS)
        corrections[:, colours:] = 0
        coarse = self._coarse + divided(corrections[:, :, 0], 2 * ONE).reshape(self._coarse.shape)
        added = divided(corrections[:, :, 1:], ONE).reshape(self._details.shape)
        return coarse, self._details + added

    def surprise(self) -> Array:
        """How much was coded at each sample, a colour, (rows, columns, 3)."""
        sums: Array = np.abs(self._levels).reshape(*self._coarse.shape, DETAILS).sum(axis=-1)
        return np.minimum(sums, SURPRISE_LIMIT)
