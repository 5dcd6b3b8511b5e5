"""Embedded describer: what can be measured of a picture as a whole and cell by cell.

All works on small copies: colours on one of COLOUR_SIDE pixels, texture and edges on a grey
one of DETAIL_SIDE. Numbers only; `wording` makes words of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from refcodec.picture.colours import main_names, name_shares, nearest_names, srgb_to_lab

Floats = NDArray[np.float64]

COLOUR_SIDE = 96
DETAIL_SIDE = 360
SYMMETRY_SIDE = 24
BANDS = 3
_FINE_BLOCK = 3
_COARSE_BLOCK = 4
# A coarse block must fit a whole number of times into each third of the detail copy.
_DETAIL_UNIT = BANDS * _FINE_BLOCK * _COARSE_BLOCK
_PALETTE_MOST = 3
_PALETTE_LEAST_SHARE = 0.08
_CELL_MOST = 2
_CELL_LEAST_SHARE = 0.23
# A vivid pixel counts for more than a dull one: twice at this chroma.
_CHROMA_WEIGHT = 50.0
_EDGE_LEAST_SLOPE = 10.0
_STEP_ROWS = 256
_EQUAL_STEP = 2
_SMALL_STEP = 24


@dataclass(frozen=True)
class Texture:
    """Median standard deviation (grey levels of 255) within small blocks, and among them."""

    fine: float
    coarse: float


@dataclass(frozen=True)
class Cell:
    """One ninth of the picture: its main colours (indices into NAMES) and its texture."""

    names: tuple[int, ...]
    texture: Texture


@dataclass(frozen=True)
class Tone:
    """Lightness and chroma of the whole, in CIELAB units.

    `hue_unity` is the length of the chroma-weighted mean hue vector (1: one hue only) and
    `hue` its angle in degrees; `spread` the standard deviation of all three coordinates.
    """

    lightness: float
    contrast: float
    chroma: float
    chroma_high: float
    hue: float
    hue_unity: float
    spread: float


@dataclass(frozen=True)
class Steps:
    """Shares of neighbouring pixels that are equal, that differ a little and a lot; how many."""

    equal: float
    small: float
    large: float
    count: int


@dataclass(frozen=True)
class ColourPlane:
    """The small colour copy: CIELAB (height, width, 3), the name index of each pixel, weights."""

    lab: Floats
    names: NDArray[np.intp]
    weights: Floats

    def shares(self, mask: NDArray[np.bool_] | tuple[slice, slice]) -> Floats:
        """The weighted share of each name within a part of the picture."""
        return name_shares(self.names[mask], self.weights[mask])


def colour_plane(image: Image.Image) -> ColourPlane:
    """The small colour copy of an RGB image; a very long picture is squeezed a little."""
    lab = srgb_to_lab(np.asarray(_resized(image, COLOUR_SIDE, COLOUR_SIDE // 4, 1)))
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    return ColourPlane(lab, nearest_names(lab), 1.0 + chroma / _CHROMA_WEIGHT)


def detail_plane(image: Image.Image) -> Floats:
    """The grey copy, samples 0 to 255, sides multiples of _DETAIL_UNIT."""
    grey = _resized(image.convert("L"), DETAIL_SIDE, _DETAIL_UNIT, _DETAIL_UNIT)
    return np.asarray(grey, np.float64)


def _resized(image: Image.Image, longest: int, least: int, unit: int) -> Image.Image:
    scale = longest / max(image.size)
    width, height = (max(least, unit * round(side * scale / unit)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BOX)


def thirds(length: int) -> list[slice]:
    """Three slices that share out a length."""
    return [slice(length * i // BANDS, length * (i + 1) // BANDS) for i in range(BANDS)]


def palette(plane: ColourPlane) -> tuple[int, ...]:
    """The main colours of the whole, the most important first."""
    whole = plane.shares((slice(None), slice(None)))
    return main_names(whole, _PALETTE_MOST, _PALETTE_LEAST_SHARE)


def cells(plane: ColourPlane, detail: Floats) -> list[list[Cell]]:
    """The nine cells, row by row from the top, each row from the left."""
    fine, coarse = _block_deviations(detail)
    rows = []
    for band, (colour_rows, detail_rows) in enumerate(
        zip(thirds(plane.names.shape[0]), thirds(fine.shape[0]), strict=True)
    ):
        coarse_rows = thirds(coarse.shape[0])[band]
        row = []
        for colour_columns, fine_columns, coarse_columns in zip(
            thirds(plane.names.shape[1]),
            thirds(fine.shape[1]),
            thirds(coarse.shape[1]),
            strict=True,
        ):
            shares = plane.shares((colour_rows, colour_columns))
            texture = Texture(
                float(np.median(fine[detail_rows, fine_columns])),
                float(np.median(coarse[coarse_rows, coarse_columns])),
            )
            row.append(Cell(main_names(shares, _CELL_MOST, _CELL_LEAST_SHARE), texture))
        rows.append(row)
    return rows


def _block_deviations(detail: Floats) -> tuple[Floats, Floats]:
    """Standard deviations within fine blocks, and of their means within coarse blocks."""
    means, fine = _blocks(detail, _FINE_BLOCK)
    _, coarse = _blocks(means, _COARSE_BLOCK)
    return fine, coarse


def _blocks(values: Floats, side: int) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each square block of a 2-D array."""
    height, width = values.shape
    blocks = values.reshape(height // side, side, width // side, side)
    return blocks.mean(axis=(1, 3)), blocks.std(axis=(1, 3))


def tone(plane: ColourPlane) -> Tone:
    """Lightness, contrast and colourfulness of the whole."""
    lightness, a, b = np.moveaxis(plane.lab, -1, 0)
    chroma = np.hypot(a, b)
    mean_a, mean_b = float(a.mean()), float(b.mean())
    return Tone(
        lightness=float(lightness.mean()),
        contrast=float(lightness.std()),
        chroma=float(chroma.mean()),
        chroma_high=float(np.quantile(chroma, 0.999)),
        hue=float(np.degrees(np.arctan2(mean_b, mean_a)) % 360.0),
        hue_unity=float(np.hypot(mean_a, mean_b) / max(chroma.mean(), 1e-9)),
        spread=float(np.sqrt(plane.lab.var(axis=(0, 1)).sum())),
    )


def steps(image: Image.Image) -> Steps:
    """How neighbouring pixels of the picture itself differ, in rows and in columns.

    A photograph's neighbours differ a little nearly everywhere; a flat graphic's are equal
    or differ a lot.
    """
    samples = np.asarray(image, np.int16)
    rows = samples[:: 1 + samples.shape[0] // _STEP_ROWS]
    columns = samples[:, :: 1 + samples.shape[1] // _STEP_ROWS]
    differences = np.concatenate(
        [
            np.abs(np.diff(rows, axis=1)).max(axis=-1).ravel(),
            np.abs(np.diff(columns, axis=0)).max(axis=-1).ravel(),
        ]
    )
    if not differences.size:
        return Steps(1.0, 0.0, 0.0, 0)
    equal = float((differences <= _EQUAL_STEP).mean())
    large = float((differences > _SMALL_STEP).mean())
    return Steps(equal, 1.0 - equal - large, large, differences.size)


def edge_shares(detail: Floats) -> Floats:
    """Shares of edge strength that run upright, falling, level and rising (to the right)."""
    across = detail[1:-1, 2:] - detail[1:-1, :-2]
    down = detail[2:, 1:-1] - detail[:-2, 1:-1]
    strength = np.hypot(across, down)
    strength[strength < _EDGE_LEAST_SLOPE] = 0.0
    # The slope's direction, modulo half a turn, in four sectors: 0 is across, so an upright
    # edge; an edge that falls to the right has its slope up or down across it, at -45 degrees.
    sector = np.rint(np.arctan2(down, across) / (np.pi / 4)).astype(np.intp) % 4
    totals = np.bincount(sector.ravel(), strength.ravel(), minlength=4)
    upright, rising, level, falling = totals / max(float(totals.sum()), 1e-9)
    return np.array([upright, falling, level, rising])


def symmetry(image: Image.Image) -> tuple[float, float]:
    """How far the left half mirrors the right, and the top the bottom: correlations, -1 to 1.

    Rows (columns for the second) are taken less their own mean, so that a plain sky over
    plain ground is not yet a symmetry of left and right. 0 where too little is left.
    """
    small = image.resize((SYMMETRY_SIDE, SYMMETRY_SIDE), Image.Resampling.BOX)
    lab = srgb_to_lab(np.asarray(small))
    return _mirror_correlation(lab), _mirror_correlation(lab.transpose(1, 0, 2))


def _mirror_correlation(lab: Floats) -> float:
    """The best over three places of the axis: the middle, and one sample to either side."""
    best = 0.0
    for part in (lab, lab[:, 1:], lab[:, :-1]):
        centred = part - part.mean(axis=1, keepdims=True)
        energy = float((centred**2).sum())
        if energy / part.size > 8.0:
            best = max(best, float((centred * centred[:, ::-1]).sum()) / energy)
    return best
