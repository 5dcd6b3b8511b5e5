"""Embedded describer: common colour names, by nearest prototype in CIELAB.

The names are those that people give without thinking: the eleven basic terms of English,
their pale and dark forms, and the few others that pictures are full of.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Each name with typical colours: lightness, chroma, hue in degrees (CIELAB in polar form).
# A name holds every colour that is nearest to one of its own.
PROTOTYPES: tuple[tuple[str, tuple[tuple[int, int, int], ...]], ...] = (
    ("white", ((100, 0, 0), (95, 0, 0))),
    ("pale grey", ((85, 0, 0), (74, 0, 0))),
    ("grey", ((61, 0, 0), (48, 0, 0))),
    ("dark grey", ((34, 0, 0), (24, 0, 0))),
    ("black", ((0, 0, 0), (11, 0, 0), (9, 8, 60), (9, 8, 270), (11, 8, 140))),
    ("cream", ((95, 12, 90), (90, 17, 90))),
    ("beige", ((82, 13, 85), (75, 15, 85), (68, 15, 90), (66, 15, 108))),
    ("tan", ((64, 27, 75), (60, 22, 75), (70, 26, 75), (60, 26, 60))),
    ("warm grey", ((58, 13, 85), (57, 14, 105), (67, 10, 85))),
    ("grey-brown", ((47, 14, 75), (36, 13, 75))),
    ("brown", ((40, 28, 65), (46, 30, 65), (34, 22, 65), (47, 24, 70))),
    ("dark brown", ((20, 16, 60), (25, 14, 70), (16, 12, 70))),
    ("rust", ((44, 44, 50), (37, 36, 50), (30, 38, 54), (32, 48, 50))),
    ("orange", ((65, 75, 58), (72, 70, 68), (66, 58, 66), (58, 62, 54))),
    ("peach", ((82, 27, 65), (74, 32, 58), (70, 28, 48))),
    ("gold", ((66, 58, 82), (55, 48, 80))),
    ("yellow", ((88, 85, 95), (82, 75, 88), (85, 60, 95))),
    ("pale yellow", ((93, 38, 98), (87, 35, 95))),
    ("olive", ((46, 32, 100), (40, 24, 97), (54, 34, 100), (30, 18, 95), (52, 56, 100))),
    ("lime", ((84, 78, 115), (75, 65, 115), (66, 66, 108), (58, 64, 106))),
    (
        "green",
        (
            (58, 55, 138),
            (48, 42, 135),
            (66, 48, 125),
            (50, 32, 130),
            (45, 45, 150),
            (57, 48, 116),
            (42, 36, 118),
        ),
    ),
    ("pale green", ((83, 28, 138), (88, 17, 150), (78, 20, 130))),
    ("dark green", ((27, 28, 140), (22, 18, 130), (32, 24, 122), (15, 14, 135), (35, 52, 137))),
    ("grey-green", ((56, 15, 138), (67, 15, 145), (42, 13, 138))),
    ("teal", ((42, 27, 195), (34, 20, 195), (52, 18, 168), (52, 24, 205))),
    ("turquoise", ((74, 38, 190), (78, 26, 195), (66, 34, 200))),
    ("pale blue", ((86, 13, 250), (92, 9, 245), (77, 16, 255), (85, 20, 250))),
    ("sky blue", ((68, 34, 262), (60, 42, 270), (74, 28, 245), (66, 26, 265))),
    ("blue", ((45, 46, 272), (40, 60, 285), (32, 75, 298), (30, 50, 285), (52, 48, 265))),
    ("dark blue", ((16, 32, 285), (25, 26, 272), (15, 14, 275), (22, 45, 295), (14, 75, 305))),
    ("grey-blue", ((56, 14, 252), (66, 12, 255), (44, 15, 260), (52, 24, 265), (37, 13, 265))),
    ("purple", ((36, 50, 315), (28, 38, 312), (46, 48, 308), (38, 24, 315))),
    ("lavender", ((70, 28, 302), (62, 32, 298), (80, 18, 300), (60, 16, 305))),
    ("magenta", ((47, 68, 345), (55, 65, 342), (34, 46, 0))),
    ("pink", ((70, 42, 0), (63, 50, 5), (64, 36, 20), (62, 20, 15), (82, 20, 10))),
    ("red", ((45, 75, 38), (52, 70, 36), (40, 56, 32), (58, 58, 38), (39, 66, 38))),
    (
        "dark red",
        ((22, 36, 34), (28, 42, 32), (28, 34, 40), (17, 26, 30), (34, 30, 30), (28, 60, 40)),
    ),
)
NAMES: tuple[str, ...] = tuple(name for name, _ in PROTOTYPES)
# Lightness counts for less than hue: people name a shaded wall by its hue.
_LIGHTNESS_WEIGHT = 0.8
# Names nearer than this are shades of one colour, further than that two colours.
_SAME_DISTANCE = 13.0
_TIE = 0.95


def srgb_to_lab(samples: NDArray[np.uint8]) -> Floats:
    """CIELAB (D65 white) of sRGB samples: an array (..., 3), 8-bit in, floats out."""
    encoded = samples.astype(np.float64) / 255.0
    linear: Floats = np.where(
        encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4
    )
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = linear @ to_xyz.T / (to_xyz.sum(axis=1))
    bent = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(bent, -1, 0)
    lab: Floats = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
    return lab


@cache
def _prototypes() -> tuple[Floats, NDArray[np.intp]]:
    """The prototypes in weighted CIELAB, (n, 3), and the index into NAMES of each."""
    colours = np.array([colour for _, group in PROTOTYPES for colour in group], np.float64)
    owners = [index for index, (_, group) in enumerate(PROTOTYPES) for _ in group]
    lightness, chroma, hue = colours.T
    angle = np.radians(hue)
    lab = np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=-1)
    return _weighted(lab), np.array(owners)


@cache
def likeness() -> Floats:
    """How far one name can stand for another: 1 on the diagonal, near 0 for other colours."""
    prototypes, owners = _prototypes()
    means = np.array([prototypes[owners == index].mean(axis=0) for index in range(len(NAMES))])
    distance = np.linalg.norm(means[:, None] - means[None], axis=-1)
    nearness: Floats = np.exp(-((distance / _SAME_DISTANCE) ** 2))
    return nearness


def _weighted(lab: Floats) -> Floats:
    weighted: Floats = lab * np.array([_LIGHTNESS_WEIGHT, 1.0, 1.0])
    return weighted


def nearest_names(lab: Floats) -> NDArray[np.intp]:
    """The index into NAMES for each CIELAB colour of an array (..., 3)."""
    prototypes, owners = _prototypes()
    flat = _weighted(lab).reshape(-1, 3)
    # |a - b|^2 less the |a|^2 that all share.
    scores = (prototypes**2).sum(axis=1) - 2.0 * flat @ prototypes.T
    names: NDArray[np.intp] = owners[scores.argmin(axis=1)].reshape(lab.shape[:-1])
    return names


def name_shares(names: NDArray[np.intp], weights: Floats) -> Floats:
    """The share of each of NAMES among name indices, weighted; zeros when there are none."""
    counts = np.bincount(names.ravel(), weights.ravel(), minlength=len(NAMES))
    shares: Floats = counts / max(weights.sum(), np.finfo(float).tiny)
    return shares


def main_names(shares: Floats, most: int, least_share: float) -> tuple[int, ...]:
    """Up to `most` names, as indices, that stand for an area with these shares.

    Each is the name that speaks for most of what is left, shades of it included; none
    but the first speaks for less than `least_share`.
    """
    nearness = likeness()
    left = shares.copy()
    chosen: list[int] = []
    for _ in range(most):
        votes = np.where(shares > 0, nearness @ left, 0.0)
        # Near enough to a tie, the earlier name: like areas then read alike.
        best = int((votes >= _TIE * votes.max()).argmax())
        if chosen and votes[best] < least_share:
            break
        chosen.append(best)
        left *= 1.0 - nearness[best]
    return tuple(chosen)
