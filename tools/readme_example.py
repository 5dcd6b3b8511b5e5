"""The example of the README: `python -m tools.readme_example`.

Encodes the house as the README says, writes tools/readme_example.jpg (before and after, side
by side), and prints the commands with what they print.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

import refcodec
from refcodec.commands.seminfo import table

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "tests" / "pictures" / "house.jpg"
SIDE_BY_SIDE = ROOT / "tools" / "readme_example.jpg"
TEXT = "A house with a red tiled roof behind a green hedge, under a blue sky with small clouds."
THUMBNAIL_BYTES = 60
SHOWN_SIDE = 384


def encode() -> bytes:
    """The file of the example."""
    document = refcodec.describe(PICTURE, text=TEXT, thumbnail_bytes=THUMBNAIL_BYTES)
    return refcodec.dumps(document)


def hex_dump(data: bytes) -> str:
    """Sixteen bytes a line, with offsets."""
    return "\n".join(
        f"{offset:08x}: {data[offset : offset + 16].hex(' ')}" for offset in range(0, len(data), 16)
    )


def side_by_side(data: bytes) -> bytes:
    """Before and after, as a JPEG file."""
    with Image.open(PICTURE) as picture:
        before = picture.resize((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
    after = refcodec.render(refcodec.loads(data)).resize((SHOWN_SIDE, SHOWN_SIDE))
    both = Image.new("RGB", (2 * SHOWN_SIDE + 16, SHOWN_SIDE), "white")
    both.paste(before, (0, 0))
    both.paste(after, (SHOWN_SIDE + 16, 0))
    encoded = io.BytesIO()
    both.save(encoded, "JPEG", quality=85)
    return encoded.getvalue()


def main() -> None:
    data = encode()
    SIDE_BY_SIDE.write_bytes(side_by_side(data))
    print(table("house.sem", refcodec.inspect(data)))
    print(hex_dump(data))
    print(refcodec.loads(data).text)


if __name__ == "__main__":
    main()
