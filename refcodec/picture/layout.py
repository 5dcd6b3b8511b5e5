"""Embedded describer: where things are, that is the horizon and the spots that stand out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from refcodec.picture.colours import NAMES, likeness, main_names
from refcodec.picture.measure import ColourPlane, Floats
from refcodec.picture.saliency import lab_saliency, smooth

Mask = NDArray[np.bool_]

_HORIZON_MARGIN = 0.12
_HORIZON_LEAST_SHARE = 0.36
_HORIZON_LEAST_STEP = 18.0
_HORIZON_NAME_SHARE = 0.25
_HORIZON_COLUMNS = 6
_HORIZON_TOLERANCE = 0.08

_SPOTS_MOST = 3
_PEAKS_MOST = 12
_SPOT_LEAST_SALIENCE = 0.3
_SPOT_LEAST_EXCESS = 0.2
_SPOT_LEAST_SHARE = 0.001
_SPOT_MOST_SHARE = 0.35
_SPOT_MOST_BORDER = 0.25
_REPEAT_DISTANCE = 0.2
_WINDOW_SHARE = 0.06
_SHADE_LEAST = 12.0
_SHADE_PER_CHROMA = 0.3
_SHADE_WEIGHTS = (0.5, 1.0, 1.0)


@dataclass(frozen=True)
class Horizon:
    """A level line right across: how far down (0 to 1), main colours above and below."""

    height: float
    above: tuple[int, ...]
    below: tuple[int, ...]


@dataclass(frozen=True)
class Spot:
    """An area that stands out: its colour, centre (0 to 1 across and down) and share."""

    name: int
    across: float
    down: float
    share: float


def find_horizon(plane: ColourPlane) -> Horizon | None:
    """The level line that divides the picture in two, if there is one and it is plain to see."""
    lab = plane.lab
    height = lab.shape[0]
    row, share = _best_split(lab)
    if share < _HORIZON_LEAST_SHARE:
        return None
    near = max(1, round(height * _HORIZON_TOLERANCE))
    step = lab[row - near : row].mean(axis=(0, 1)) - lab[row : row + near].mean(axis=(0, 1))
    if np.linalg.norm(step) < _HORIZON_LEAST_STEP:
        return None
    columns = np.array_split(lab, _HORIZON_COLUMNS, axis=1)
    agreeing = sum(abs(_best_split(column)[0] - row) <= near for column in columns)
    if agreeing < _HORIZON_COLUMNS - 1:
        return None
    return Horizon(
        height=row / height,
        above=_main_pair(plane, slice(row)),
        below=_main_pair(plane, slice(row, None)),
    )


def _main_pair(plane: ColourPlane, rows: slice) -> tuple[int, ...]:
    """The one or two main colours of some rows."""
    return main_names(plane.shares((rows, slice(None))), 2, _HORIZON_NAME_SHARE)


def _best_split(lab: Floats) -> tuple[int, float]:
    """The row that best splits the picture in two, and the share of variance it accounts for."""
    height = lab.shape[0]
    sums = np.cumsum(lab.mean(axis=1), axis=0)
    above = np.arange(1, height)[:, None]
    mean_above = sums[:-1] / above
    mean_below = (sums[-1] - sums[:-1]) / (height - above)
    between = ((mean_above - mean_below) ** 2).sum(axis=1) * (above * (height - above) / height**2)[
        :, 0
    ]
    margin = round(height * _HORIZON_MARGIN)
    inner = between[margin - 1 : height - margin]
    row = int(inner.argmax()) + margin
    total = float(lab.var(axis=(0, 1)).sum())
    return row, float(inner.max()) / max(total, 1e-9)


def find_spots(plane: ColourPlane) -> list[Spot]:
    """Up to three areas of a colour of their own where the picture is salient.

    An area of the main colour of the picture's border does not stand out; nor does a second
    one of much the same colour beside the first.
    """
    background = main_names(plane.shares(_frame(plane.names.shape)), 1, 1.0)[0]
    salience = spot_salience(plane)
    least = _SPOT_LEAST_SALIENCE * float(salience.max())
    spots: list[Spot] = []
    for _ in range(_PEAKS_MOST):
        if len(spots) == _SPOTS_MOST or salience.max() <= max(least, 1e-9):
            break
        peak = np.unravel_index(int(salience.argmax()), salience.shape)
        window = _window(salience.shape, int(peak[0]), int(peak[1]))
        name, excess = _own_name(plane, window, salience)
        area = _connected(_like_coloured(plane.lab, window & (plane.names == name)), window)
        if excess > _SPOT_LEAST_EXCESS and _is_spot(area):
            spot = _spot(plane, area)
            if spot.name != background:
                _add_spot(spots, spot)
            # With its edge, whose mixed colours would pass for another area.
            salience[_grown(_grown(area))] = 0.0
        salience[window] = 0.0
    return spots


def spot_salience(plane: ColourPlane) -> Floats:
    """Saliency times the distance from the picture's mean colour, smoothed a little."""
    softened = np.stack([smooth(channel, 1.5) for channel in np.moveaxis(plane.lab, -1, 0)], -1)
    distance = np.linalg.norm(softened - softened.mean(axis=(0, 1)), axis=-1)
    return np.maximum(smooth(lab_saliency(plane.lab) * distance, 2.0), 0.0)


def _frame(shape: tuple[int, ...]) -> Mask:
    """The outer part of the picture, an eighth of each side wide."""
    frame = np.ones(shape, np.bool_)
    rows, columns = (max(1, side // 8) for side in shape)
    frame[rows:-rows, columns:-columns] = False
    return frame


def _window(shape: tuple[int, ...], row: int, column: int) -> Mask:
    """A disc about a place."""
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    reach = _WINDOW_SHARE * max(shape)
    inside: Mask = (rows - row) ** 2 + (columns - column) ** 2 <= reach**2
    return inside


def _own_name(plane: ColourPlane, window: Mask, salience: Floats) -> tuple[int, float]:
    """The colour that a window has more of than the picture, and by what share."""
    inside = np.bincount(plane.names[window], salience[window], minlength=len(NAMES))
    excess = likeness() @ (inside / max(inside.sum(), 1e-9) - plane.shares(~window))
    excess[inside == 0] = -1.0
    best = int(excess.argmax())
    return best, float(excess[best])


def _like_coloured(lab: Floats, seed: Mask) -> Mask:
    """Where the colour is the seed's mean colour, in light or shade.

    The more vivid a colour, the further its shades lie apart.
    """
    colour = lab[seed].mean(axis=0)
    tolerance = _SHADE_LEAST + _SHADE_PER_CHROMA * float(np.hypot(colour[1], colour[2]))
    distance = np.linalg.norm((lab - colour) * _SHADE_WEIGHTS, axis=-1)
    like: Mask = distance < tolerance
    return like


def _connected(mask: Mask, seed: Mask) -> Mask:
    """The part of a mask that touches the seed, neighbours counted along rows and columns."""
    area = mask & seed
    while True:
        grown = _grown(area) & mask
        if (grown == area).all():
            return area
        area = grown


def _grown(area: Mask) -> Mask:
    """An area and its direct neighbours."""
    grown = area.copy()
    grown[1:] |= area[:-1]
    grown[:-1] |= area[1:]
    grown[:, 1:] |= area[:, :-1]
    grown[:, :-1] |= area[:, 1:]
    return grown


def _spot(plane: ColourPlane, area: Mask) -> Spot:
    rows, columns = np.nonzero(area)
    return Spot(
        name=main_names(plane.shares(area), 1, 1.0)[0],
        across=float((columns.mean() + 0.5) / area.shape[1]),
        down=float((rows.mean() + 0.5) / area.shape[0]),
        share=float(area.mean()),
    )


def _add_spot(spots: list[Spot], spot: Spot) -> None:
    """Append a spot, or let the larger of it and its repeat stand for both."""
    for index, other in enumerate(spots):
        if _is_repeat(spot, other):
            spots[index] = max(spot, other, key=lambda each: each.share)
            return
    spots.append(spot)


def _is_repeat(spot: Spot, other: Spot) -> bool:
    """True for a spot that a reader would take for a part of the other, such as its shade."""
    distance = np.hypot(spot.across - other.across, spot.down - other.down)
    reach = _REPEAT_DISTANCE + 0.5 * max(spot.share, other.share) ** 0.5
    hue, other_hue = (NAMES[each.name].split()[-1] for each in (spot, other))
    return bool(distance < reach) and hue == other_hue


def _is_spot(area: Mask) -> bool:
    """Neither a speck nor a background: not too small, too large, or along the border."""
    border = np.concatenate([area[0], area[-1], area[:, 0], area[:, -1]])
    share = float(area.mean())
    return (
        _SPOT_LEAST_SHARE <= share <= _SPOT_MOST_SHARE and float(border.mean()) <= _SPOT_MOST_BORDER
    )
