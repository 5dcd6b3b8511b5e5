"""The tables of the specification's appendix A: `python -m tools.spec_examples`.

Prints two files decoded step by step; a test holds the specification to what this prints.
"""

from __future__ import annotations

import numpy as np

import refcodec
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


def decoding_steps(payload: bytes) -> list[str]:
    """One row for each symbol of a text payload, by section 5.5."""
    prior = load_prior(1)
    state = prior.start(1)
    position, width = 8, (1 << 64) - 1
    value = int.from_bytes(payload[:8].ljust(8, b"\0"), "big")
    rows = []
    token = -1
    while token != END:
        (table,) = state.frequencies()
        ends = table.cumsum()
        scale = width >> 24
        quantile = value // scale
        token = int((ends <= quantile).sum())
        frequency = int(table[token])
        before = int(ends[token]) - frequency
        spelling = prior.vocabulary.spellings[token].decode()
        rows.append(
            f"| `{width:016X}` | `{value:016X}` | {quantile} | {token} | "
            f"{f'`{spelling}`' if token else 'end'} | {before} | {frequency} |"
        )
        value -= scale * before
        width = scale * frequency
        if width < 1 << 32:
            following = payload[position : position + 4].ljust(4, b"\0")
            value, width = (value << 32) + int.from_bytes(following, "big"), width << 32
            position += 4
        state = state.advance(np.array([token]))
    return rows


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
Each row is one symbol: the state before it, the quantile q, the token, and its c and f in the
table of prior 1 after the tokens above.

| range | value | q | token | spelling | c | f |
|---|---|---:|---:|---|---:|---:|""")
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
