"""The presets: three published systems, each as a few settings of the same pipeline.

Dotzel et al. (arXiv 2402.13536) store a description alone; MISC (arXiv 2402.16749) items with
maps, and a very small picture; the GPT-4o system (arXiv 2504.21814) a raster scan in words,
alone or with a very small picture. What is drawn follows from what a file holds, so a decoder
needs no preset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from refcodec.errors import UnsupportedError
from refcodec.limits import THUMBNAIL_MAX_BYTES


@dataclass(frozen=True, slots=True)
class Preset:
    """What a file holds, and how its bytes are shared.

    `template` is the describer's prompt template; `has_items` tells whether items, and their
    places, are asked for. `thumbnail_bytes` bounds the thumbnail of a file without a budget;
    with one, text, items and maps may have `text_share` of it, and the thumbnail has the rest.
    """

    template: str
    has_items: bool = False
    thumbnail_bytes: int = 0
    text_share: float = 1.0

    def thumbnail_limit(self, wanted: int | None, *, has_budget: bool) -> int:
        """The bound of a thumbnail in bytes, 0 for none: as wanted, or as the preset has it."""
        if wanted is not None:
            return wanted
        return THUMBNAIL_MAX_BYTES if has_budget and self.thumbnail_bytes else self.thumbnail_bytes


# A thumbnail of some 250 bytes buys the most structure at 1024 x 1024 pixels (CMC-Bench, arXiv
# 2406.09356), and a describer's words are then the smaller part.
PRESETS: Final = {
    "text": Preset("caption"),
    "items": Preset("items", has_items=True, thumbnail_bytes=256, text_share=0.4),
    "raster": Preset("raster"),
    "raster+thumbnail": Preset("raster", thumbnail_bytes=256, text_share=0.4),
}
# Whatever a describer says, and nothing that was not asked for.
_NO_PRESET: Final = Preset("caption")


def preset_of(name: str | None) -> Preset:
    """The preset of a name, plain text without one; UnsupportedError for an unknown name."""
    if name is None:
        return _NO_PRESET
    if name not in PRESETS:
        raise UnsupportedError(f"preset {name!r}: not known; there is {', '.join(PRESETS)}")
    return PRESETS[name]
