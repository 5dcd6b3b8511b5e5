"""Text payloads against peers: `python -m tools.bench.text CORPUS [--limit N] [--search]`.

CORPUS has the folders `train` (peers are primed with it) and `dev` (measured, a text a
line). Prints mean payload bytes and bits per character for each dev file: brotli 11; zstd 22
with a dictionary of 1 MB (frame header not counted); PPMd of order 8 that has read 4 MB; and
this package's LM mode (end of text included, nothing else). Needs the extra `bench`; PPMd
needs a system that can fork.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import brotli
import pyppmd
import zstandard

from refcodec.text.modes import encode_lm_many

DICTIONARY_BYTES = 1_000_000
PRIMING_BYTES = 4_000_000
PPMD_ORDER = 8
PPMD_MEMORY = 256 << 20

Sizes = Callable[[Sequence[bytes]], list[int]]


def brotli_sizes(texts: Sequence[bytes]) -> list[int]:
    """Each text as a brotli stream of its own."""
    return [len(brotli.compress(text)) for text in texts]


def zstd_with_dictionary(train: Path, dictionary_bytes: int) -> Sizes:
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

    return lambda texts: [size(text) for text in texts]


def priming(train: Path, size: int) -> bytes:
    """Whole lines from every training file, an equal share of each as far as it goes."""
    files = [path.read_bytes().splitlines(keepends=True) for path in sorted(train.glob("*.txt"))]
    total = sum(map(len, (line for lines in files for line in lines)))
    return b"".join(line for lines in files for line in lines[:: max(1, -(-total // size))])


def primed_ppmd(train: Path, size: int) -> Sizes:
    """What a text and its line end add to a PPMd stream that already holds `priming`.

    The encoder's state cannot be copied, so each text is coded in a copy of the process.
    """
    encoder = pyppmd.Ppmd7Encoder(PPMD_ORDER, PPMD_MEMORY)
    encoder.encode(priming(train, size))

    def added(text: bytes) -> int:
        reading, writing = os.pipe()
        if os.fork() == 0:
            coded = encoder.encode(text) + encoder.flush()
            os.write(writing, len(coded).to_bytes(8, "little"))
            os._exit(0)
        os.wait()
        length = int.from_bytes(os.read(reading, 8), "little")
        os.close(reading)
        os.close(writing)
        return length

    nothing = added(b"")
    return lambda texts: [added(text + b"\n") - nothing for text in texts]


def lm_sizes(*, search: bool) -> Sizes:
    """The payloads of LM mode."""
    return lambda texts: [len(payload) for payload in encode_lm_many(texts, search=search)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--limit", type=int, default=1_000_000, help="texts a file at most")
    parser.add_argument("--dictionary-bytes", type=int, default=DICTIONARY_BYTES)
    parser.add_argument("--priming-bytes", type=int, default=PRIMING_BYTES)
    parser.add_argument("--search", action="store_true", help="LM mode with the search as well")
    arguments = parser.parse_args()
    train = arguments.corpus / "train"
    coders: dict[str, Sizes] = {
        "brotli 11": brotli_sizes,
        f"zstd 22 + {arguments.dictionary_bytes:,} bytes": zstd_with_dictionary(
            train, arguments.dictionary_bytes
        ),
        f"PPMd order {PPMD_ORDER} + {arguments.priming_bytes:,} bytes": primed_ppmd(
            train, arguments.priming_bytes
        ),
        "LM, prior 1": lm_sizes(search=False),
    }
    if arguments.search:
        coders["LM, prior 1, search"] = lm_sizes(search=True)
    print("| texts | mean characters | " + " | ".join(coders) + " |")
    print("|---|---:|" + "---:|" * len(coders))
    for path in sorted((arguments.corpus / "dev").glob("*.txt")):
        lines = path.read_text("utf-8").splitlines()[: arguments.limit]
        characters = sum(map(len, lines))
        cells = []
        for sizes in coders.values():
            total = sum(sizes([line.encode() for line in lines]))
            cells.append(f"{total / len(lines):.1f} bytes, {8 * total / characters:.2f} bpc")
        row = [path.stem, f"{characters / len(lines):.0f}", *cells]
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
