"""The baseline rendering (specification section 7.3).

The thumbnail is enlarged to the canvas by Catmull-Rom interpolation, along the rows and then
down the columns; what is interpolated between two samples is clamped to the range of these
two, so it neither rings nor overshoots. Maps are enlarged by a uniform cubic B-spline, which
makes their outlines round. Where a map has an edge, the samples on its other side count
little, by the weights of the B-spline too, as they are positive. All arithmetic is in
integers, and the pixels are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from refcodec.errors import LimitError
from refcodec.limits import RENDER_MAX_PIXELS
from refcodec.wire.canvas import check_canvas

GREY = 128
PHASES = 256
WEIGHT_BITS = 14
# A map's enlarged level from which on a pixel or sample is inside.
INSIDE = 128
# How much more a sample on the pixel's own side of all edges counts than one beyond an edge.
SAME_LABEL = 16
_ROW_FRACTION_BITS = 6
# Pixels worked on at a time, so that what is in hand stays in the processor's cache; but
# enough rows that enlarging the sample rows above and below them is little beside.
_STRIP_PIXELS = 1 << 15
_STRIP_MIN_ROWS = 16


def render_baseline(
    canvas: tuple[int, int],
    samples: NDArray[np.uint8] | None,
    alpha: NDArray[np.uint8] | None = None,
    maps: Sequence[NDArray[np.uint8]] = (),
) -> NDArray[np.uint8]:
    """The picture that every decoder can draw, (height, width, 3) RGB, or 4 with `alpha`: RGBA.

    `canvas` is (width, height) in pixels, `samples` the thumbnail's (h, w, 3) or None for a
    flat grey picture, on which nothing else is drawn. `alpha` is the thumbnail's (h, w), not
    premultiplied. `maps` are at most ITEMS_MAX grids of any size over the whole canvas, in
    levels 0 to 255 (`levels.map_levels`). LimitError beyond RENDER_MAX_PIXELS, before memory
    is taken.
    """
    check_size(canvas)
    width, height = canvas
    if samples is None:
        return np.full((height, width, 3), GREY, dtype=np.uint8)
    planes = samples if alpha is None else np.dstack([samples, alpha])
    picture = Enlargement(planes, canvas, sharp=True)
    edges = Edges(picture, maps, canvas) if maps else None
    pixels = np.empty((height, width, planes.shape[2]), dtype=np.uint8)
    strip = max(_STRIP_MIN_ROWS, _STRIP_PIXELS // width)
    for top in range(0, height, strip):
        rows = slice(top, min(height, top + strip))
        pixels[rows] = picture.pixels(rows)
        if edges:
            edges.sharpen(pixels[rows], rows)
    return pixels


def check_size(canvas: tuple[int, int]) -> None:
    """Raise LimitError for a canvas (width, height) that is not drawn."""
    check_canvas(canvas)
    width, height = canvas
    if width * height > RENDER_MAX_PIXELS:
        raise LimitError(
            f"rendering: canvas {width}x{height} has {width * height} pixels; the limit is "
            f"{RENDER_MAX_PIXELS}"
        )


def spline_weights() -> NDArray[np.int32]:
    """The (256, 4) weights of each phase in a uniform cubic B-spline, which add up to 2**14."""
    t = np.arange(PHASES, dtype=np.int64)
    outer_left = (PHASES - t) ** 3
    inner_left = 3 * t**3 - 6 * PHASES * t**2 + 4 * PHASES**3
    return _in_fractions([outer_left, inner_left, t**3], 6)


def catmull_rom_weights() -> NDArray[np.int32]:
    """The (256, 4) weights of each phase in Catmull-Rom interpolation, which add up to 2**14.

    The outer two are 0 or negative.
    """
    t = np.arange(PHASES, dtype=np.int64)
    outer_left, outer_right = -t * (PHASES - t) ** 2, -(t**2) * (PHASES - t)
    inner_left = 3 * t**3 - 5 * PHASES * t**2 + 2 * PHASES**3
    return _in_fractions([outer_left, inner_left, outer_right], 2)


def _in_fractions(cubes: Sequence[NDArray[np.int64]], unit: int) -> NDArray[np.int32]:
    """Weights of the first, second and last sample in 1/(unit * 256**3), rounded to 2**-14.

    The third sample's weight is what the sum lacks.
    """
    divisor = unit * PHASES**3 >> WEIGHT_BITS
    outer_left, inner_left, outer_right = ((cube + divisor // 2) // divisor for cube in cubes)
    inner_right = (1 << WEIGHT_BITS) - outer_left - inner_left - outer_right
    weights = np.stack([outer_left, inner_left, inner_right, outer_right], axis=1)
    return weights.astype(np.int32)


def axis_taps(count: int, size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The (size, 4) samples of each of an axis's `size` pixels, and the (size,) phases.

    `count` is the axis's number of samples. Pixel and sample centres are aligned over the whole
    axis; outside it the outermost sample goes on.
    """
    pixel = np.arange(size, dtype=np.int64)
    position = (PHASES * ((2 * pixel + 1) * count - size) + size) // (2 * size)
    first, phase = position // PHASES - 1, position % PHASES
    return np.clip(first[:, None] + np.arange(4), 0, count - 1), phase


class Enlargement:
    """Samples (h, w, planes) of 8 bits over the whole of a canvas (width, height).

    By a uniform cubic B-spline, or `sharp`: by clamped Catmull-Rom interpolation.
    """

    def __init__(
        self, samples: NDArray[np.uint8], canvas: tuple[int, int], *, sharp: bool = False
    ) -> None:
        self.samples = samples
        self.column_taps, self.column_phases = axis_taps(samples.shape[1], canvas[0])
        self.row_taps, self.row_phases = axis_taps(samples.shape[0], canvas[1])
        self._weights = catmull_rom_weights() if sharp else spline_weights()
        self._sharp = sharp

    def pixels(self, rows: slice) -> NDArray[np.uint8]:
        """The (rows, width, planes) pixels of these rows: along the rows, then down."""
        taps = self.row_taps[rows]
        first, last = taps[0, 0], taps[-1, 3]
        lines = self._lines(slice(first, last + 1))
        flat = lines.reshape(len(lines), -1)
        neighbours = [flat[taps[:, tap] - first] for tap in range(4)]
        total = self._interpolated(neighbours, self.row_phases[rows])
        shift = WEIGHT_BITS + _ROW_FRACTION_BITS
        total += 1 << (shift - 1)
        total >>= shift
        return total.astype(np.uint8).reshape(-1, *lines.shape[1:])

    def _lines(self, sample_rows: slice) -> NDArray[np.int32]:
        """Sample rows as (rows, width, planes), in 1/64 of a level."""
        samples = self.samples[sample_rows].astype(np.int32)
        neighbours = [samples[:, self.column_taps[:, tap]] for tap in range(4)]
        total = self._interpolated(neighbours, self.column_phases)
        shift = WEIGHT_BITS - _ROW_FRACTION_BITS
        total += 1 << (shift - 1)
        total >>= shift
        return total

    def _interpolated(
        self, neighbours: Sequence[NDArray[np.int32]], phases: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """2**14 times what lies between the second and the third of four neighbours.

        The phases are along the neighbours' last axis but one.
        """
        weights = self._weights[phases]
        total = neighbours[0] * weights[:, 0, None]
        for tap in range(1, 4):
            total += neighbours[tap] * weights[:, tap, None]
        if self._sharp:
            lowest = np.minimum(neighbours[1], neighbours[2]) << WEIGHT_BITS
            highest = np.maximum(neighbours[1], neighbours[2]) << WEIGHT_BITS
            np.clip(total, lowest, highest, out=total)
        return total


class Edges:
    """Where the pixels of a picture and its samples lie in the maps.

    The label of a pixel or of a sample tells which maps it is inside of: bit m for map m.
    """

    def __init__(
        self, picture: Enlargement, maps: Sequence[NDArray[np.uint8]], canvas: tuple[int, int]
    ) -> None:
        height, width = picture.samples.shape[:2]
        self._picture = picture
        self._maps = [Enlargement(levels[:, :, None], canvas) for levels in maps]
        over_samples = [Enlargement(levels[:, :, None], (width, height)) for levels in maps]
        self._sample_labels = _labels(over_samples, slice(0, height))

    def sharpen(self, pixels: NDArray[np.uint8], rows: slice) -> None:
        """Draw anew those of these rows' pixels that a sample of another label has a part in."""
        labels = _labels(self._maps, rows)
        y, x = np.nonzero(self._are_mixed(labels, rows))
        pixels[y, x] = self._moved(pixels[y, x], labels[y, x], rows.start + y, x)

    def _are_mixed(self, labels: NDArray[np.uint16], rows: slice) -> NDArray[np.bool_]:
        """Whether the 16 samples of a pixel have labels other than its own."""
        mixed = np.zeros(labels.shape, dtype=np.bool_)
        for row_tap in self._picture.row_taps[rows].T:
            of_row = self._sample_labels[row_tap]
            for column_tap in self._picture.column_taps.T:
                mixed |= of_row[:, column_tap] != labels
        return mixed

    def _moved(
        self,
        pixels: NDArray[np.uint8],
        labels: NDArray[np.uint16],
        y: NDArray[np.int64],
        x: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """(n, planes) pixels, moved towards the samples of their own label.

        By as much as the mean of their samples moves where these count more; so a pixel hardly
        reached by an edge hardly changes. They stay in the range of their samples.
        """
        samples = self._picture.samples
        row_taps, column_taps = self._picture.row_taps[y], self._picture.column_taps[x]
        # Not the picture's own weights: negative ones could make a divisor of 0.
        weights = spline_weights()
        row_weights = weights[self._picture.row_phases[y]]
        column_weights = weights[self._picture.column_phases[x]]
        total, plain = np.zeros((2, len(y), samples.shape[2]), dtype=np.int64)
        divisor = np.zeros(len(y), dtype=np.int64)
        least, most = np.full_like(pixels, 255), np.zeros_like(pixels)
        for down in range(4):
            for across in range(4):
                sample = row_taps[:, down], column_taps[:, across]
                value = samples[sample]
                least, most = np.minimum(least, value), np.maximum(most, value)
                # 64-bit: the product of the weights is below 2**28, and SAME_LABEL is 2**4.
                weight = (row_weights[:, down] * column_weights[:, across]).astype(np.int64)
                plain += weight[:, None] * value
                weight *= np.where(self._sample_labels[sample] == labels, SAME_LABEL, 1)
                total += weight[:, None] * value
                divisor += weight
        mean = (total + (divisor >> 1)[:, None]) // divisor[:, None]
        plain = (plain + (1 << (2 * WEIGHT_BITS - 1))) >> (2 * WEIGHT_BITS)
        moved: NDArray[np.int64] = np.clip(pixels + mean - plain, least, most)
        return moved


def _labels(maps: Sequence[Enlargement], rows: slice) -> NDArray[np.uint16]:
    """The (rows, width) labels of these rows; at least one map."""
    inside = np.stack([levels.pixels(rows)[:, :, 0] >= INSIDE for levels in maps])
    bits = inside.astype(np.uint16) << np.arange(len(maps), dtype=np.uint16)[:, None, None]
    labels: NDArray[np.uint16] = bits.sum(axis=0, dtype=np.uint16)
    return labels
