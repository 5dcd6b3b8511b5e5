"""Other codecs for very small pictures, for `tools.bench.thumbnail`."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import blurhash
import numpy as np
import pillow_jxl  # noqa: F401  (makes Pillow read and write JPEG XL)
from PIL import Image

from tools.bench import thumbhash

# Sizes at which files are tried, as sixteenths of the picture's sides.
SIXTEENTHS = (16, 14, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)
QUALITY_MIN, QUALITY_MAX = 1, 95
# The slowest settings that a run over a set of pictures allows.
WEBP_METHOD, AVIF_SPEED, JXL_EFFORT = 6, 4, 9
BLURHASH_COMPONENTS = (4, 3)
OBU_FRAMES = (3, 4, 6)


@dataclass(frozen=True)
class File:
    """A codec's file: the number of bytes it is charged for, and what it decodes to."""

    size_bytes: int
    picture: Image.Image


@dataclass(frozen=True)
class Peer:
    """A file format of Pillow's, at a quality; `charge` says how many of its bytes count."""

    name: str
    format: str
    options: dict[str, int]
    charge: Callable[[bytes], int] = len

    def best(self, picture: Image.Image, max_bytes: int) -> Iterator[File]:
        """For each size, the file of the highest quality that is within the budget."""
        for sixteenths in SIXTEENTHS:
            low, high, found = QUALITY_MIN, QUALITY_MAX, None
            while low <= high:
                middle = (low + high) // 2
                data = _encoded(self.format, _Key(picture), sixteenths, middle, _frozen(self))
                if self.charge(data) <= max_bytes:
                    found, low = data, middle + 1
                else:
                    high = middle - 1
            if found is not None:
                with Image.open(io.BytesIO(found)) as image:
                    yield File(self.charge(found), image.convert("RGB"))


class _Key:
    """A picture as the key of a cache: by identity."""

    def __init__(self, picture: Image.Image) -> None:
        self.picture = picture

    def __hash__(self) -> int:
        return id(self.picture)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.picture is other.picture


def _frozen(peer: Peer) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(peer.options.items()))


@cache
def _encoded(
    format_: str, key: _Key, sixteenths: int, quality: int, options: tuple[tuple[str, int], ...]
) -> bytes:
    width, height = (max(1, side * sixteenths // 16) for side in key.picture.size)
    small = key.picture.resize((width, height), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, format_, quality=quality, **dict(options))
    return file.getvalue()


def avif_payload_bytes(data: bytes) -> int:
    """The bytes of an AVIF file's frames: without container, sequence header and the like.

    A decoder that knew all the rest could rebuild the file. AV1 specification, section 5.3.
    """
    media = data[data.index(b"mdat") + 4 :]
    place = total = 0
    while place < len(media):
        start = place
        kind, has_extension, has_size = media[place] >> 3 & 15, media[place] & 4, media[place] & 2
        place += 2 if has_extension else 1
        size, shift = (len(media) - place, 0) if not has_size else (0, 0)
        while has_size:
            size |= (media[place] & 127) << shift
            shift += 7
            place += 1
            if media[place - 1] < 128:
                break
        place += size
        if kind in OBU_FRAMES:
            total += place - start
    return total


PEERS = (
    Peer("WebP file", "WEBP", {"method": WEBP_METHOD}),
    Peer("JPEG XL file", "JXL", {"effort": JXL_EFFORT}),
    Peer("AVIF file", "AVIF", {"speed": AVIF_SPEED}),
    Peer("AVIF, payload only", "AVIF", {"speed": AVIF_SPEED}, avif_payload_bytes),
)


def thumbhash_file(picture: Image.Image) -> File:
    """ThumbHash at its own size, drawn at the picture's."""
    size_bytes, samples = thumbhash.coded(np.asarray(picture))
    return File(size_bytes, Image.fromarray(samples))


def blurhash_file(picture: Image.Image) -> File:
    """BlurHash with four by three components; its characters are counted."""
    text = blurhash.encode(np.asarray(picture), *BLURHASH_COMPONENTS)
    decoded = np.array(blurhash.decode(text, *picture.size), dtype=np.uint8)
    return File(len(text), Image.fromarray(decoded))


HASHES = {"ThumbHash": thumbhash_file, "BlurHash": blurhash_file}
