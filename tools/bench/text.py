"""Text payloads against peers: `python -m tools.bench.text CORPUS [--limit N]`.

CORPUS has the folders `train` (a zstd dictionary is trained on it) and `dev` (measured, a
text a line). Prints mean payload bytes and bits per character for each dev file: brotli 11,
zstd 22 with a dictionary of 1 MB (frame header not counted), and this package's LM mode
(end of text included, nothing else). Needs the extra `bench`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import brotli
import zstandard

from refcodec.text.modes import encode_lm

DICTIONARY_BYTES = 1_000_000

Size = Callable[[bytes], int]


def zstd_with_dictionary(train: Path, dictionary_bytes: int) -> Size:
    """The size of a zstd frame without its header, given a dictionary of the training texts."""
    samples: list[bytes | bytearray | memoryview] = [
        line
        for path in sorted(train.glob("*.txt"))
        for line in path.read_bytes().splitlines()
        if line
    ]
    dictionary = zstandard.train_dictionary(dictionary_bytes, samples, level=22)
    compressor = zstandard.ZstdCompressor(
        level=22, dict_data=dictionary, write_content_size=False, write_dict_id=False
    )

    def size(text: bytes) -> int:
        frame = compressor.compress(text)
        return len(frame) - zstandard.frame_header_size(frame)

    return size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--limit", type=int, default=1_000_000, help="texts a file at most")
    parser.add_argument("--dictionary-bytes", type=int, default=DICTIONARY_BYTES)
    arguments = parser.parse_args()
    coders: dict[str, Size] = {
        "brotli 11": lambda text: len(brotli.compress(text)),
        f"zstd 22 + {arguments.dictionary_bytes:,} bytes": zstd_with_dictionary(
            arguments.corpus / "train", arguments.dictionary_bytes
        ),
        "LM, prior 1": lambda text: len(encode_lm(text)),
    }
    print("| texts | mean characters | " + " | ".join(coders) + " |")
    print("|---|---:|" + "---:|" * len(coders))
    for path in sorted((arguments.corpus / "dev").glob("*.txt")):
        texts = path.read_text("utf-8").splitlines()[: arguments.limit]
        characters = sum(map(len, texts))
        cells = []
        for size in coders.values():
            total = sum(size(text.encode()) for text in texts)
            cells.append(f"{total / len(texts):.1f} bytes, {8 * total / characters:.2f} bpc")
        print(f"| {path.stem} | {characters / len(texts):.0f} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
