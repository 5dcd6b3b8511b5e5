"""Quality of the baseline rendering, next to Pillow's: `python -m tools.bench.rendering FOLDER`.

Every picture of the folder is reduced by 8 a side with a box filter, and enlarged back to its
size; no codec has a part in it. The figures are the means over the pictures of the PSNR in RGB,
in dB, and of the time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from refcodec.visual.baseline import render_baseline

REDUCTION = 8
RUNS = 5
SUFFIXES = {".png", ".jpg", ".jpeg"}

Pixels = NDArray[np.uint8]
Enlarge = Callable[[Image.Image, tuple[int, int]], Pixels]


def ours(small: Image.Image, size: tuple[int, int]) -> Pixels:
    return render_baseline(size, np.asarray(small))


def pillow(method: Image.Resampling) -> Enlarge:
    return lambda small, size: np.asarray(small.resize(size, method))


METHODS: dict[str, Enlarge] = {
    "baseline rendering": ours,
    "nearest": pillow(Image.Resampling.NEAREST),
    "bilinear": pillow(Image.Resampling.BILINEAR),
    "bicubic": pillow(Image.Resampling.BICUBIC),
    "Lanczos": pillow(Image.Resampling.LANCZOS),
}


def psnr(pixels: Pixels, original: Pixels) -> float:
    """In dB over all samples."""
    error = pixels.astype(np.float64) - original
    return float(10 * np.log10(255**2 / np.mean(error**2)))


def milliseconds(enlarge: Enlarge, small: Image.Image, size: tuple[int, int]) -> float:
    """The fastest of a few runs, in time of the processor."""
    times = []
    for _ in range(RUNS):
        start = time.process_time()
        enlarge(small, size)
        times.append(time.process_time() - start)
    return 1000 * min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description="Quality of the baseline rendering.")
    parser.add_argument("folder", type=Path, help="pictures (PNG or JPEG)")
    folder = parser.parse_args().folder
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not paths:
        parser.error(f"{folder}: no PNG or JPEG pictures")
    quality: dict[str, list[float]] = {name: [] for name in METHODS}
    times: dict[str, list[float]] = {name: [] for name in METHODS}
    for path in paths:
        with Image.open(path) as file:
            picture = file.convert("RGB")
        small = picture.reduce(REDUCTION)
        for name, enlarge in METHODS.items():
            quality[name].append(psnr(enlarge(small, picture.size), np.asarray(picture)))
            times[name].append(milliseconds(enlarge, small, picture.size))
    print(f"| enlarged {REDUCTION} times, {len(paths)} pictures | dB | ms |")
    print("|---|---:|---:|")
    for name in METHODS:
        print(f"| {name} | {np.mean(quality[name]):.2f} | {np.mean(times[name]):.1f} |")


if __name__ == "__main__":
    main()
