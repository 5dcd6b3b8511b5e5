"""Bytes of three item maps, next to peers: `python -m tools.bench.maps FOLDER`.

Files of three maps of 8 x 8 cells of 1 bit, 24 bytes as they are, of the kinds that
`tools.maps.samples` explains: from the saliency of every picture of the folder, and from random
shapes. The peers get the three maps' bits packed into those 24 bytes.
"""

from __future__ import annotations

import argparse
import random
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import brotli
import numpy as np
from PIL import Image

from refcodec.picture.item_maps import SALIENT
from refcodec.visual.maps import Map, encode_maps
from tools.maps.samples import ITEMS, PICTURE_KINDS, SHAPE_KINDS, Cells, picture_maps, shape_maps

SIDE = 8
SUFFIXES = {".png", ".jpg", ".jpeg"}
SEED = 20261121

Maps = list[Cells]


def ours(maps: Maps) -> bytes:
    return encode_maps({index: Map.from_array(cells) for index, cells in enumerate(maps)}, ITEMS)


def packed(maps: Maps) -> bytes:
    return np.packbits(np.stack(maps)).tobytes()


def deflated(maps: Maps) -> bytes:
    """Raw deflate: zlib without its header and check."""
    compressor = zlib.compressobj(9, wbits=-15)
    return compressor.compress(packed(maps)) + compressor.flush()


def with_brotli(maps: Maps) -> bytes:
    compressed: bytes = brotli.compress(packed(maps), quality=11, lgwin=10)
    return compressed


CODECS: dict[str, Callable[[Maps], bytes]] = {
    "packed": packed,
    "zlib (raw deflate)": deflated,
    "brotli 11": with_brotli,
    "maps chunk": ours,
}


def sizes(files: Sequence[Maps]) -> list[float]:
    return [float(np.mean([len(codec(maps)) for maps in files])) for codec in CODECS.values()]


def mean(rows: Sequence[Sequence[float]]) -> list[float]:
    return [float(value) for value in np.mean(rows, axis=0)]


def row(name: str, count: int | None, values: Sequence[float]) -> str:
    return (
        f"| {name} | {'-' if count is None else count} | "
        + " | ".join(f"{value:.1f}" for value in values)
        + " |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Bytes of three item maps, next to peers.")
    parser.add_argument("folder", type=Path, help="pictures (PNG or JPEG)")
    parser.add_argument("--shapes", type=int, default=500, help="files of each kind of shape")
    arguments = parser.parse_args()
    paths = sorted(p for p in arguments.folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not paths:
        parser.error(f"{arguments.folder}: no PNG or JPEG pictures")
    pictures = [Image.open(path) for path in paths]
    rng = random.Random(SEED)
    size = (SIDE, SIDE)
    files = {
        f"saliency, {kind}": [picture_maps(kind, picture, size, SALIENT, 1) for picture in pictures]
        for kind in PICTURE_KINDS
    }
    files |= {
        f"random {kind}": [shape_maps(kind, rng, size, 1) for _ in range(arguments.shapes)]
        for kind in SHAPE_KINDS
    }
    print("| three maps of 8 x 8 bits | files | " + " | ".join(CODECS) + " |")
    print("|---|---:|" + "---:|" * len(CODECS))
    results = {}
    for name, made in files.items():
        results[name] = sizes(made)
        print(row(name, len(made), results[name]), flush=True)
    saliency = mean([results[name] for name in results if name.startswith("saliency")])
    print(row("mean of the saliency kinds", len(PICTURE_KINDS) * len(pictures), saliency))
    both = mean([saliency, results["random boxes"]])
    print(row("mean of that and the random boxes", None, both))


if __name__ == "__main__":
    main()
