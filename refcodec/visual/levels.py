"""A map's values as levels of grey: how it is shown, and how rendering (section 7.3) takes it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from refcodec.visual.maps import Map

LEVEL_MAX = 255


class Grid(Protocol):
    """Anything that says where an item is as an array over the canvas."""

    def array(self) -> NDArray[Any]:
        """The values, 2-D (height, width): bool, or as many bits as the map has."""


def map_levels(item_map: Grid) -> NDArray[np.uint8]:
    """The (height, width) levels of a map: 255 for the greatest value it could have, not has."""
    greatest = (1 << item_map.bits) - 1 if isinstance(item_map, Map) else 1
    values = item_map.array().astype(np.uint16)
    return ((LEVEL_MAX * values + greatest // 2) // greatest).astype(np.uint8)
