"""Thumbnail quality by size, next to its peers: `python -m tools.bench.thumbnail FOLDER`.

Every picture of the folder is reduced by 8 a side with a box filter. Each codec may
reduce it further, writes at most so many bytes, and is enlarged back by bicubic
interpolation; the figures are means over the pictures, of the PSNR in RGB in dB and of the SSIM
(Wang et al. 2004, of the three colours). '-' where some picture has no file that small.
"""

from __future__ import annotations

import argparse
import time
import timeit
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity

from refcodec.visual.thumbnail import Thumbnail
from refcodec.visual.thumbnail_payload import decode_payload
from refcodec.visual.thumbnail_weights import default_weights
from tools.bench.thumbnail_peers import HASHES, PEERS, File

BUDGETS = (16, 24, 64, 128, 256, 512, 1024)
REDUCTION = 8
SUFFIXES = {".png", ".jpg", ".jpeg"}
SSIM_SIGMA = 1.5
# Of so many decodings the fastest counts.
REPEATS = 5


@dataclass(frozen=True)
class Quality:
    """PSNR in dB and SSIM of one picture, and the bytes it took."""

    psnr: float
    ssim: float
    size_bytes: int


def psnr(picture: Image.Image, original: Image.Image) -> float:
    """PSNR in dB over all RGB samples, after bicubic enlargement to the original's size."""
    error = _enlarged(picture, original) - np.asarray(original, dtype=np.float64)
    return float(10 * np.log10(255**2 / np.mean(error**2)))


def _enlarged(
    picture: Image.Image, original: Image.Image
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    whole = picture.convert("RGB").resize(original.size, Image.Resampling.BICUBIC)
    return np.asarray(whole, dtype=np.float64)


def quality(file: File, original: Image.Image) -> Quality:
    """Of a decoded file, held against the picture it was made from."""
    ssim = structural_similarity(
        np.asarray(original, dtype=np.float64),
        _enlarged(file.picture, original),
        channel_axis=2,
        data_range=255,
        gaussian_weights=True,
        sigma=SSIM_SIGMA,
        use_sample_covariance=False,
    )
    return Quality(psnr(file.picture, original), float(ssim), file.size_bytes)


def ours(original: Image.Image, budget: int, *, thorough: bool) -> Quality:
    thumbnail = Thumbnail.from_image(original, budget, thorough=thorough)
    return quality(File(len(thumbnail.data), thumbnail.image()), original)


def best(files: Iterable[File], original: Image.Image) -> Quality | None:
    """The file of the highest PSNR."""
    found = [quality(file, original) for file in files]
    return max(found, key=lambda each: each.psnr, default=None)


def cell(qualities: Sequence[Quality | None]) -> str:
    """Mean PSNR and SSIM."""
    known = [each for each in qualities if each is not None]
    if len(known) < len(qualities):
        return "-"
    return (
        f"{np.mean([each.psnr for each in known]):.2f} "
        f"({np.mean([each.ssim for each in known]):.3f})"
    )


def print_qualities(pictures: list[Image.Image], *, thorough: bool, peers: bool) -> None:
    shown = PEERS if peers else ()
    print("| bytes | thumbnail |" + "".join(f" {peer.name} |" for peer in shown))
    print("|---:|---:|" + "---:|" * len(shown))
    for budget in BUDGETS:
        cells = [cell([ours(picture, budget, thorough=thorough) for picture in pictures])]
        cells += [
            cell([best(peer.best(picture, budget), picture) for picture in pictures])
            for peer in shown
        ]
        print(f"| {budget} | " + " | ".join(cells) + " |", flush=True)


def print_hashes(pictures: list[Image.Image]) -> None:
    """ThumbHash and BlurHash at their own sizes, and thumbnails of their mean size."""
    print("\n| codec | bytes | quality | thumbnail of so many bytes |\n|---|---:|---:|---:|")
    for name, encode in HASHES.items():
        found = [quality(encode(picture), picture) for picture in pictures]
        size = round(float(np.mean([each.size_bytes for each in found])))
        own = cell([ours(picture, size, thorough=False) for picture in pictures])
        print(f"| {name} | {size} | {cell(found)} | {own} |")


def print_times(pictures: list[Image.Image]) -> None:
    print("\n| bytes | encode, ms | decode, ms | bytes used |\n|---:|---:|---:|---:|")
    for budget in BUDGETS:
        encode_times, decode_times, used = [], [], []
        for original in pictures:
            start = time.perf_counter()
            thumbnail = Thumbnail.from_image(original, budget)
            encode_times.append(1000 * (time.perf_counter() - start))
            used.append(len(thumbnail.data))
            decode = partial(decode_payload, thumbnail.data, original.size, default_weights())
            decode_times.append(1000 * min(timeit.repeat(decode, number=1, repeat=REPEATS)))
        print(
            f"| {budget} | {np.mean(encode_times):.0f} | {np.mean(decode_times):.1f} "
            f"| {np.mean(used):.1f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Thumbnail quality by size.")
    parser.add_argument("folder", type=Path, help="pictures (PNG or JPEG)")
    parser.add_argument("--no-peers", action="store_true", help="measure our codec only")
    parser.add_argument("--thorough", action="store_true", help="with the slower search")
    arguments = parser.parse_args()
    paths = sorted(p for p in arguments.folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not paths:
        parser.error(f"{arguments.folder}: no PNG or JPEG pictures")
    pictures = [Image.open(path).convert("RGB").reduce(REDUCTION) for path in paths]
    print(f"{len(pictures)} pictures: mean PSNR in RGB, dB (mean SSIM)\n")
    print_qualities(pictures, thorough=arguments.thorough, peers=not arguments.no_peers)
    if not arguments.no_peers:
        print_hashes(pictures)
    print_times(pictures)


if __name__ == "__main__":
    main()
