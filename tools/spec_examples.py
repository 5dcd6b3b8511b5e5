"""The tables of the specification's appendix A: `python -m tools.spec_examples`.

Prints two files decoded step by step; a test holds the specification to what this prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

import refcodec
from refcodec.coding.closing import (
    ENDS,
    STOP,
    STOPS,
    choice_frequencies,
    factor_row,
    other_tokens,
)
from refcodec.coding.prior import load_prior
from refcodec.coding.vocabulary import END
from refcodec.wire.bare import BareFile, TextMode, TextPayload, parse_bare, serialise_bare
from refcodec.wire.chunks import SEED, Chunk
from refcodec.wire.sealed import seal

CAPTION = "A red bicycle leans on a white wall."
PLAIN_TEXT = b"Hi"


def spaced(data: bytes) -> str:
    """Hexadecimal as the specification writes it."""
    return data.hex(" ").upper()


def bare_example() -> bytes:
    """A caption in LM mode with a check."""
    return refcodec.dumps(refcodec.Document(text=CAPTION, canvas=(1024, 1024)))


def sealed_example() -> bytes:
    """Plain text, a canvas in eighths and a seed, wrapped with an unknown chunk."""
    text = TextPayload(TextMode.PLAIN, 0, PLAIN_TEXT)
    bare = serialise_bare(BareFile((640, 480), text, (Chunk(SEED, b"\xac\x02"),)))
    return seal(bare, (Chunk(0x30, b"\x00"),))


@dataclass
class Walk:
    """A range decoder that keeps a row of every symbol, by sections 5.5 and 5.6."""

    payload: bytes
    position: int = 8
    width: int = (1 << 64) - 1
    rows: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.value = int.from_bytes(self.payload[:8].ljust(8, b"\0"), "big")

    @property
    def left(self) -> int:
        """The bits that are left of the payload."""
        return 8 * len(self.payload) - 8 * self.position + self.width.bit_length()

    def decode(self, table: Sequence[int], names: Sequence[str]) -> int:
        """The next symbol."""
        scale = self.width // sum(table)
        quantile = self.value // scale
        ends = list(accumulate(table))
        symbol = next(s for s, end in enumerate(ends) if quantile < end)
        before = ends[symbol] - table[symbol]
        self.rows.append(
            f"| {self.left} | `{self.width:016X}` | `{self.value:016X}` | {ends[-1]} | {quantile} "
            f"| {names[symbol]} | {before} | {table[symbol]} |"
        )
        self.value -= scale * before
        self.width = scale * table[symbol]
        if self.width < 1 << 32:
            following = self.payload[self.position : self.position + 4].ljust(4, b"\0")
            self.value = (self.value << 32) + int.from_bytes(following, "big")
            self.width <<= 32
            self.position += 4
        return symbol


def decoding_steps(payload: bytes) -> list[str]:
    """One row for each symbol of a text payload."""
    prior = load_prior(1)
    spellings = prior.vocabulary.spellings
    names = [f"{token} `{spelling.decode('latin-1')}`" for token, spelling in enumerate(spellings)]
    state = prior.start(1)
    walk = Walk(payload)
    while True:
        table = state.frequencies()[0].astype(np.int64)
        factors = prior.factors[factor_row(walk.left)]
        choices = choice_frequencies(int(table[END]), int(table[STOP]), factors)
        choice = walk.decode(choices, ["end", "full stop", "other"])
        if choice == ENDS:
            return walk.rows
        token = STOP if choice == STOPS else walk.decode(other_tokens(table).tolist(), names)
        state = state.advance(np.array([token]))


def main() -> None:
    bare, sealed = bare_example(), sealed_example()
    payload = parse_bare(bare).text.payload
    inner = sealed[9 : 9 + sealed[8]]
    rest = sealed[9 + sealed[8] :]
    print(f"""### A.1 A bare file of {len(bare)} bytes

```
{spaced(bare)}
```

| bytes | what |
|---|---|
| `B5` | signature |
| `08` | head 0000 1000: version 0, no chunk list, a check, canvas class 0: 1024 x 1024 |
| `{bare[2]:02X}` | check: CRC-8 of `{spaced(bare[:2] + bare[3:])}` |
| `{spaced(payload)}` | text in LM mode with prior 1 |

The range decoder starts with range = 2^64 - 1 and the payload, extended by zero bytes, as value.
Each row is one symbol: the bits left and the state before it, the total of its table, the quantile
q, the choice or token, and its c and f. The tables are those of prior 1 after the tokens above.

| left | range | value | total | q | symbol | c | f |
|---:|---|---|---:|---:|---|---:|---:|""")
    print("\n".join(decoding_steps(payload)))
    print(f"""
The content string is `{CAPTION}`. There are no items.

### A.2 A sealed file of {len(sealed)} bytes

```
{spaced(sealed)}
```

| bytes | what |
|---|---|
| `{spaced(sealed[:8])}` | signature |
| `{sealed[8]:02X}` | the bare file has {sealed[8]} bytes |
| `{spaced(inner[:2])}` | signature and head 0001 1110: a chunk list, a check, canvas class 6 |
| `{inner[2]:02X}` | check: CRC-8 of the other {len(inner) - 1} bytes of the bare file |
| `{spaced(inner[3:5])}` | canvas: 8 (79 + 1) x 8 (59 + 1) = 640 x 480 |
| `{spaced(inner[5:9])}` | chunk of type 11, two bytes: the varint 300, a seed |
| `{inner[9]:02X}` | text marker: plain mode |
| `{spaced(inner[10:])}` | content string: `{PLAIN_TEXT.decode()}` |
| `{spaced(rest[:3])}` | archival chunk of type 30, one byte: unknown, not critical, skipped |
| `{spaced(rest[3:])}` | check: CRC-32C of the {len(sealed) - 4} bytes before it |""")


if __name__ == "__main__":
    main()
