"""What the format and the codec must reach: `python -m tools.bench.targets CAPTIONS`.

CAPTIONS is a UTF-8 file of captions, one a line. Prints one row a target: fixed cost, coder
overhead, undetected damage, memory for hostile files.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

import brotli

import refcodec
from refcodec import Document
from refcodec.coding.prior import load_prior
from refcodec.coding.segmentation import fast_segmentation
from refcodec.coding.token_stream import cost_bits, encode_tokens
from refcodec.wire.bare import BareFile, TextMode, TextPayload, parse_bare, serialise_bare
from refcodec.wire.chunks import Chunk
from refcodec.wire.sealed import seal

SEED = 20261120
CANVAS = (1024, 1024)
SCRIPTS = Path(sysconfig.get_path("scripts"))
MIB = 1 << 20


def fixed_cost(caption: str) -> list[int]:
    """Bytes of a default file besides its text payload, without and with the check."""
    document = Document(text=caption, canvas=CANVAS)
    files = [refcodec.dumps(document, check=check) for check in (False, True)]
    return [len(file) - len(parse_bare(file).text.payload) for file in files]


def coder_overhead_bits(captions: Sequence[str]) -> float:
    """Mean of payload bits less the prior's own cost of the text."""
    prior = load_prior(1)
    segmentations = [fast_segmentation(prior, caption.encode()) for caption in captions]
    return statistics.mean(
        8 * len(encode_tokens(prior, tokens)) - cost_bits(prior, tokens) for tokens in segmentations
    )


def cpu_seconds(command: Sequence[str]) -> float:
    """User and system time of one run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def undetected_damage(files: Sequence[bytes], trials: int) -> float:
    """The share of files that still decode with one byte changed at random."""
    rng = random.Random(SEED)
    undetected = 0
    for _ in range(trials):
        changed = bytearray(rng.choice(files))
        changed[rng.randrange(len(changed))] ^= rng.randrange(1, 256)
        try:
            refcodec.loads(bytes(changed))
        except refcodec.SemError:
            continue
        undetected += 1
    return undetected / trials


def hostile_files() -> dict[str, bytes]:
    """Files of up to 1 MiB that make a careless reader allocate or work too much."""

    def bare(mode: int, payload: bytes, chunks: tuple[Chunk, ...] = ()) -> bytes:
        prior = 1 if mode == TextMode.LM else 0
        return serialise_bare(BareFile((65535, 65535), TextPayload(mode, prior, payload), chunks))

    prior = load_prior(1)
    rng = random.Random(SEED)
    noise = rng.randbytes(MIB - 100)
    bomb = brotli.compress(bytes(1 << 28), quality=5, lgwin=24)
    tiny_chunks = tuple(Chunk(number, b"") for number in range(0x40, 0x80))
    return {
        "plain text of 1 MiB": bare(TextMode.PLAIN, bytes(MIB - 100)),
        "brotli bomb of 256 MiB": bare(TextMode.BROTLI, bomb),
        "brotli noise": bare(TextMode.BROTLI, noise),
        "LM bomb": bare(
            TextMode.LM,
            encode_tokens(prior, [prior.vocabulary.segment(b" a", prior.costs)[0]] * 40_000),
        ),
        "LM noise": bare(TextMode.LM, noise),
        "metadata bomb": bare(TextMode.PLAIN, b"", (Chunk(0x14, bomb),)),
        "chunk of 1 MiB": bare(TextMode.PLAIN, b"", (Chunk(0x3F, noise),)),
        "many chunks": bare(TextMode.PLAIN, b"", tiny_chunks),
        "many entries": b"\xb5\x10" + b"\x3f\x00" * ((MIB - 4) // 2),
        "sealed, many entries": seal(bare(TextMode.PLAIN, b""))[:-4]
        + b"\x30\x00" * (MIB // 2 - 99),
        "endless varints": b"\xb5\x10" + b"\x80" * (MIB - 2),
        "thumbnail noise": bare(TextMode.PLAIN, b"", (Chunk(0x12, noise[:4096]),)),
        "maps noise": bare(TextMode.PLAIN, b"\xfex" * 15, (Chunk(0x13, noise[: MIB // 2]),)),
    }


MEMORY_PROBE = """
import resource, sys
import brotli

import refcodec
from refcodec.coding.prior import load_prior
import refcodec.visual.thumbnail, refcodec.visual.maps
load_prior(1).vocabulary
refcodec.loads(refcodec.dumps(refcodec.Document(text="x", canvas=(8, 8))))
data = open(sys.argv[1], "rb").read()
page_kib = resource.getpagesize() // 1024
resident_kib = int(open("/proc/self/statm").read().split()[1]) * page_kib
try:
    document = refcodec.loads(data)
    if document.thumbnail: document.thumbnail.samples()
except refcodec.SemError:
    pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - resident_kib)
"""


def memory_mib(file: bytes) -> float:
    """A process's peak of resident memory, less what was resident before it read the file.

    An upper bound, since the peak may have been before. Linux only.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hostile.sem"
        path.write_bytes(file)
        command = [sys.executable, "-c", MEMORY_PROBE, os.fspath(path)]
        printed = subprocess.run(command, check=True, capture_output=True).stdout
        return int(printed) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captions", type=Path)
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--trials", type=int, default=100_000)
    arguments = parser.parse_args()
    captions = arguments.captions.read_text("utf-8").splitlines()[: arguments.texts]
    documents = [Document(text=caption, canvas=CANVAS) for caption in captions]
    bare = refcodec.dumps_many(documents)
    sealed = refcodec.dumps_many(documents, sealed=True)
    without, with_check = fixed_cost(captions[0])
    memory = {name: memory_mib(file) for name, file in hostile_files().items()}
    worst = max(memory, key=lambda name: memory[name])
    rows = [
        (
            "fixed cost at 1024x1024, bytes",
            "2, with check 3",
            f"{without}, with check {with_check}",
        ),
        ("coder overhead, bits a file", "3", f"{coder_overhead_bits(captions):.2f}"),
        (
            "undetected damage, one byte, bare with check",
            "1 in 200 (0.5 %)",
            f"{undetected_damage(bare, arguments.trials):.3%}",
        ),
        (
            "undetected damage, one byte, sealed",
            "none",
            f"{undetected_damage(sealed, arguments.trials):.3%}",
        ),
        (
            "memory for hostile files above the prior, MiB",
            "256",
            f"{memory[worst]:.0f} ({worst}, of {len(memory)} kinds)",
        ),
    ]
    print("| what | target | measured |\n|---|---:|---:|")
    print("\n".join(f"| {what} | {target} | {measured} |" for what, target, measured in rows))


if __name__ == "__main__":
    main()
