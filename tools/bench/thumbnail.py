"""Thumbnail quality by size, next to Pillow's files: `python -m tools.bench.thumbnail FOLDER`.

Every picture of the folder is reduced by 8 a side with a box filter. Each codec may
reduce it further, writes at most so many bytes, and is enlarged back by bicubic
interpolation; the figure is the mean over the pictures of the PSNR in RGB, in dB.
'-' where some picture has no file that small.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, features

from refcodec.visual.thumbnail import Thumbnail

BUDGETS = (24, 48, 64, 100, 128, 256)
REDUCTION = 8
# Sizes at which the peers are tried, as sixteenths of the reduced picture's sides.
PEER_SIXTEENTHS = (16, 14, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)
SUFFIXES = {".png", ".jpg", ".jpeg"}
PEERS = ("webp", "avif")

Encode = Callable[[int], bytes]


def psnr(picture: Image.Image, original: Image.Image) -> float:
    """PSNR in dB over all RGB samples, after bicubic enlargement to the original's size."""
    enlarged = picture.convert("RGB").resize(original.size, Image.Resampling.BICUBIC)
    error = np.asarray(enlarged, dtype=np.float64) - np.asarray(original, dtype=np.float64)
    return float(10 * np.log10(255**2 / np.mean(error**2)))


def ours(original: Image.Image, budget: int) -> float:
    return psnr(Thumbnail.from_image(original, budget).image(), original)


def best_quality(encode: Encode, budget: int) -> bytes | None:
    """The file of the highest quality setting that fits, by bisection."""
    low, high, found = 0, 100, None
    while low <= high:
        middle = (low + high) // 2
        data = encode(middle)
        if len(data) <= budget:
            found, low = data, middle + 1
        else:
            high = middle - 1
    return found


def peer(original: Image.Image, budget: int, name: str) -> float | None:
    results = []
    for sixteenths in PEER_SIXTEENTHS:
        size = (
            max(1, original.width * sixteenths // 16),
            max(1, original.height * sixteenths // 16),
        )
        small = original.resize(size, Image.Resampling.LANCZOS)

        def encode(quality: int, small: Image.Image = small) -> bytes:
            file = io.BytesIO()
            options = {"method": 6} if name == "webp" else {"speed": 6}
            small.save(file, name, quality=quality, **options)
            return file.getvalue()

        data = best_quality(encode, budget)
        if data is not None:
            results.append(psnr(Image.open(io.BytesIO(data)), original))
    return max(results, default=None)


def mean(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{np.mean(known):.2f}" if known and len(known) == len(values) else "-"


def print_times(pictures: list[Image.Image]) -> None:
    print("\n| bytes | encode, ms | decode, ms | bytes used |\n|---:|---:|---:|---:|")
    for budget in BUDGETS:
        encode_times, decode_times, used = [], [], []
        for original in pictures:
            start = time.perf_counter()
            thumbnail = Thumbnail.from_image(original, budget)
            encode_times.append(1000 * (time.perf_counter() - start))
            used.append(len(thumbnail.data))
            start = time.perf_counter()
            thumbnail.samples()
            decode_times.append(1000 * (time.perf_counter() - start))
        print(
            f"| {budget} | {np.mean(encode_times):.0f} | {np.mean(decode_times):.1f} "
            f"| {np.mean(used):.1f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Thumbnail quality by size.")
    parser.add_argument("folder", type=Path, help="pictures (PNG or JPEG)")
    parser.add_argument("--no-peers", action="store_true", help="measure our codec only")
    arguments = parser.parse_args()
    paths = sorted(p for p in arguments.folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not paths:
        parser.error(f"{arguments.folder}: no PNG or JPEG pictures")
    pictures = [Image.open(path).convert("RGB").reduce(REDUCTION) for path in paths]
    peers = [] if arguments.no_peers else [name for name in PEERS if features.check(name)]
    print(f"{len(pictures)} pictures, mean PSNR in RGB (dB)\n")
    print("| bytes | thumbnail |" + "".join(f" {name} file |" for name in peers))
    print("|---:|---:|" + "---:|" * len(peers))
    for budget in BUDGETS:
        cells = [mean([ours(picture, budget) for picture in pictures])]
        cells += [mean([peer(picture, budget, name) for picture in pictures]) for name in peers]
        print(f"| {budget} | " + " | ".join(cells) + " |", flush=True)
    print_times(pictures)


if __name__ == "__main__":
    main()
