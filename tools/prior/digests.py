"""The digest vectors of specification section 6.9: `python -m tools.prior.digests`.

Writes spec/prior-1-digests.json: hashes of every table and, for the first tokens of the first
text, of every step, by the plain implementation of tools.prior.reference. Takes minutes.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from refcodec.coding.prior import Prior, load_prior
from refcodec.coding.segmentation import fast_segmentation
from refcodec.coding.token_stream import encode_tokens
from refcodec.coding.vocabulary import END
from refcodec.text.content import Style, build_content
from tools.prior.reference import Reference, WeightsFile

ROOT = Path(__file__).parent.parent.parent
OUTPUT = ROOT / "spec" / "prior-1-digests.json"
WEIGHTS = ROOT / "refcodec" / "data" / "prior-1.bin"
CONTENTS = (
    build_content("A red bicycle leans on a white wall.", []),
    build_content("A street.", [("red bus", "two decks"), ("dog", "")], Style.CAPTION),
    "雪 Zażółć \0\x7f qQ".encode(),
    b"\xfb" + bytes(range(250, 256)) + b"the the the the the the",
)


def digest(values: Sequence[int], kind: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of 32-bit values; I unsigned, i signed."""
    return hashlib.sha256(struct.pack(f"<{len(values)}{kind}", *values)).hexdigest()[:16]


def vector(prior: Prior, weights: WeightsFile, content: bytes, steps: int) -> dict[str, Any]:
    """One object of the file, with the steps of the first so many tables."""
    tokens = fast_segmentation(prior, content)
    reference = Reference(weights)
    tables, hashed_steps = [], []
    for position, token in enumerate([END, *tokens]):
        tables.append(digest(reference.enter(token), "I"))
        if position < steps:
            hashed_steps.append([digest(step, "i") for step in reference.steps])
    made: dict[str, Any] = {
        "content": content.hex(),
        "tokens": tokens,
        "payload": encode_tokens(prior, tokens).hex(),
        "tables": tables,
    }
    return made | ({"steps": hashed_steps} if steps else {})


def main() -> None:
    prior = load_prior(1)
    weights = WeightsFile(WEIGHTS.read_bytes())
    made = [
        vector(prior, weights, content, 0 if index else 2) for index, content in enumerate(CONTENTS)
    ]
    OUTPUT.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    print(f"{OUTPUT}: {sum(len(one['tables']) for one in made)} tables")


if __name__ == "__main__":
    main()
