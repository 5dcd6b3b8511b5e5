"""What a file costs: its bytes and bits per pixel, by what they are spent on."""

from __future__ import annotations

from dataclasses import dataclass

from refcodec.inspection import inspect

# What a part of `inspect` is spent on; the rest of a file is its container.
_SPENT_ON = {
    "text": "text",
    "text marker": "text",
    "thumbnail chunk": "thumbnail",
    "maps chunk": "maps",
}
CONTAINER = "container"
PARTS = ("text", "thumbnail", "maps", CONTAINER)


@dataclass(frozen=True, slots=True)
class Rate:
    """Bytes of a file by part (all of PARTS), and its canvas, (width, height) in pixels."""

    canvas: tuple[int, int]
    part_bytes: dict[str, int]

    @property
    def size_bytes(self) -> int:
        """The whole file."""
        return sum(self.part_bytes.values())

    @property
    def bits_per_pixel(self) -> float:
        """Of the whole file, on its canvas."""
        return 8 * self.size_bytes / self._pixels

    @property
    def micro_bits_per_pixel(self) -> float:
        """A million times the bits per pixel."""
        return 8e6 * self.size_bytes / self._pixels

    def part_bits_per_pixel(self, part: str) -> float:
        """Of one of PARTS."""
        return 8 * self.part_bytes[part] / self._pixels

    @property
    def _pixels(self) -> int:
        return self.canvas[0] * self.canvas[1]


def rate_of(data: bytes) -> Rate:
    """The rate of a `.sem` file; SemError if it is none.

    Names and details of items are part of the text.
    """
    report = inspect(data)
    width, height = report["canvas"]
    part_bytes = dict.fromkeys(PARTS, 0)
    for part in report["parts"]:
        part_bytes[_SPENT_ON.get(part["name"], CONTAINER)] += part["size_bytes"]
    return Rate((width, height), part_bytes)
