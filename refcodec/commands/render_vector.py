"""The reference renderer for vectors: `python -m refcodec.commands.render_vector`.

Reads a rendering vector (conformance/README.md) as JSON on standard input and writes the
pixels on standard output, row by row, 3 or 4 bytes each.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refcodec.visual.baseline import render_baseline
from refcodec.visual.levels import map_levels
from refcodec.visual.maps import Map


def draw(vector: dict[str, Any]) -> NDArray[np.uint8]:
    """The baseline rendering of a vector, (height, width, 3 or 4)."""
    canvas = (vector["canvas"][0], vector["canvas"][1])
    thumbnail = vector["thumbnail"]
    if thumbnail is None:
        return render_baseline(canvas, None)
    size = thumbnail["height"], thumbnail["width"]
    samples = _bytes(thumbnail["samples"]).reshape(*size, 3)
    alpha = None if thumbnail["alpha"] is None else _bytes(thumbnail["alpha"]).reshape(size)
    maps = [
        map_levels(Map(item["width"], item["height"], item["bits"], bytes.fromhex(item["cells"])))
        for item in vector["maps"]
    ]
    return render_baseline(canvas, samples, alpha, maps)


def _bytes(encoded: str) -> NDArray[np.uint8]:
    return np.frombuffer(base64.b64decode(encoded), dtype=np.uint8)


if __name__ == "__main__":
    sys.stdout.buffer.write(draw(json.load(sys.stdin)).tobytes())
