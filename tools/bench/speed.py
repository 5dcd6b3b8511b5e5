"""Speed of the text prior: `python -m tools.bench.speed CAPTIONS PARAGRAPHS`.

Both are UTF-8 files, a text a line. Prints loading, decoding a caption of about 130
characters alone, semcat from cold over importing numpy, batches on one core and their share
of what the core's matrix products reach, and a text of 4,000 characters with its memory.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import refcodec
from refcodec import Document
from tools.bench.targets import CANVAS, SCRIPTS, cpu_seconds

CAPTION_CHARACTERS = 130
LONG_CHARACTERS = 4000
BATCH = 256
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

# Each probe prints one number; a process of its own shows loading and memory as they are.
LOADING = """
import time, numpy, refcodec.coding.network_prior
from refcodec.coding.prior import load_prior
began = time.perf_counter()
load_prior(1).start(1)
print(1000 * (time.perf_counter() - began))
"""
LONG_TEXT = """
import resource, sys, time
from refcodec.text.modes import decode_text, encode_lm
from refcodec.wire.bare import TextMode, TextPayload
content = open(sys.argv[1], "rb").read()
encode_lm(b"x")
began = time.perf_counter()
payload = encode_lm(content)
middle = time.perf_counter()
assert decode_text(TextPayload(TextMode.LM, 1, payload)) == content
ended = time.perf_counter()
print(middle - began, ended - middle, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
BATCHES = """
import sys, time
import numpy as np
from refcodec.coding.prior import load_prior
from refcodec.coding.segmentation import fast_segmentation
from refcodec.coding.token_stream import decode_tokens_many, encode_tokens_many
prior = load_prior(1)
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
texts = [fast_segmentation(prior, line.encode()) for line in lines]
count = sum(map(len, texts)) + len(texts)
began = time.perf_counter()
payloads = encode_tokens_many(prior, texts, [None] * len(texts))
middle = time.perf_counter()
assert decode_tokens_many(prior, payloads) == texts
ended = time.perf_counter()
a, b = np.ones((256, 1024), np.float32), np.ones((1024, 1024), np.float32)
a @ b
peak = min(-time.perf_counter() + (a @ b, time.perf_counter())[1] for _ in range(20))
layers = [prior._weights.hashed_inner, prior._weights.projection, prior._weights.output]
for block in prior._weights.blocks:
    layers += [block.recurrent_inner, block.recurrent_outer, block.hidden_inner, block.hidden_outer]
products = sum(layer.weights.size for layer in layers)
print(count / (middle - began), count / (ended - middle), 256 * 1024 * 1024 / peak / products)
"""


def probe(
    program: str, *arguments: object, environment: Mapping[str, str] | None = None
) -> list[float]:
    """The numbers that a program prints."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    own = os.environ | (environment or {})
    done = subprocess.run(command, check=True, capture_output=True, env=own)
    return [float(word) for word in done.stdout.split()]


def median_ms(action: Callable[[], object], runs: int) -> float:
    """The median time of an action, in milliseconds."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def nearest(lines: Sequence[str], characters: int) -> list[str]:
    """The lines in the order of how near their lengths are."""
    return sorted(lines, key=lambda line: abs(len(line) - characters))


def cold_start_ratio(file: Path, runs: int) -> float:
    """Median over pairs of runs: semcat of a file, over importing numpy."""
    semcat = [str(SCRIPTS / "semcat"), str(file)]
    numpy = [sys.executable, "-c", "import numpy"]
    cpu_seconds(semcat), cpu_seconds(numpy)
    return statistics.median(cpu_seconds(semcat) / cpu_seconds(numpy) for _ in range(runs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("captions", type=Path)
    parser.add_argument("paragraphs", type=Path)
    parser.add_argument("--runs", type=int, default=15)
    arguments = parser.parse_args()
    captions = arguments.captions.read_text("utf-8").splitlines()
    paragraphs = arguments.paragraphs.read_text("utf-8").splitlines()
    captions = nearest(captions, CAPTION_CHARACTERS)[:BATCH]
    caption = captions[0]
    data = refcodec.dumps(Document(text=caption, canvas=CANVAS))
    loading = statistics.median(probe(LOADING)[0] for _ in range(arguments.runs))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "caption.sem"
        file.write_bytes(data)
        cold = cold_start_ratio(file, arguments.runs)
        long_file = Path(folder) / "long.txt"
        long_file.write_text(" ".join(paragraphs)[:LONG_CHARACTERS], "utf-8")
        encode_s, decode_s, mib = probe(LONG_TEXT, long_file)
        batch_file = Path(folder) / "captions.txt"
        batch_file.write_text("\n".join(captions), "utf-8")
        encoded, decoded, peak = probe(BATCHES, batch_file, environment=ONE_THREAD)
    rows = [
        ("loading the prior, ms", "150", f"{loading:.0f}"),
        (
            f"decoding a caption of {len(caption)} characters, ms",
            "60",
            f"{median_ms(lambda: refcodec.loads(data), arguments.runs):.0f}",
        ),
        ("semcat of it from cold over import numpy", "3.3", f"{cold:.2f}"),
        (f"encoding {len(captions)} captions on one core, tokens/s", "3,000", f"{encoded:,.0f}"),
        (f"decoding {len(captions)} captions on one core, tokens/s", "3,000", f"{decoded:,.0f}"),
        ("share of the core's float32 matrix-product peak", "-", f"{decoded / peak:.0%}"),
        (f"encoding {LONG_CHARACTERS} characters, s", "2.5", f"{encode_s:.2f}"),
        (f"decoding {LONG_CHARACTERS} characters, s", "2.5", f"{decode_s:.2f}"),
        ("memory of that process, MiB", "300", f"{mib:.0f}"),
    ]
    print("| what | target | measured |\n|---|---:|---:|")
    print("\n".join(f"| {what} | {target} | {measured} |" for what, target, measured in rows))


if __name__ == "__main__":
    main()
