"""Vectors of section 7.3: the baseline rendering, apart from any thumbnail codec.

The pixels come from the reference renderer, which the project's tests hold to a second
renderer written one integer at a time from the specification.
"""

from __future__ import annotations

import base64
import hashlib

import numpy as np

from conformance.make.pieces import Document, rendering
from refcodec.commands.render_vector import draw

BLOB = (
    "00000000 00111000 01111100 01111110 01111110 00111100 00011000 00000000",
    "00000000 00000000 00000011 00000111 00001111 00001111 00000111 00000000",
)
HILL = "0013 027f 17ff 07fc"
SHADES = "00112 12233 33210 01230"
SMALL_PIXELS = 100


def _plane(width: int, height: int, colours: int) -> str:
    """Samples that use the whole range, in Base64."""
    place = np.arange(width * height * colours, dtype=np.int64)
    samples = (place * place * 37 % 251 + place % 5).astype(np.uint8)
    return base64.b64encode(samples.tobytes()).decode()


def _thumbnail(width: int, height: int, *, alpha: bool = False) -> Document:
    return {
        "width": width,
        "height": height,
        "samples": _plane(width, height, 3),
        "alpha": _plane(width, height, 1) if alpha else None,
    }


def _map(rows: str, bits: int) -> Document:
    lines = rows.split()
    cells = bytes(int(cell, 16) for line in lines for cell in line)
    return {"width": len(lines[0]), "height": len(lines), "bits": bits, "cells": cells.hex()}


def _dots(width: int, height: int, every: int) -> Document:
    """A map of one bit in which one cell of so many is set."""
    cells = bytes(int(place % every == 0) for place in range(width * height))
    return {"width": width, "height": height, "bits": 1, "cells": cells.hex()}


def _vector(canvas: tuple[int, int], thumbnail: Document | None, *maps: Document) -> Document:
    vector = {"canvas": list(canvas), "thumbnail": thumbnail, "maps": list(maps)}
    pixels = draw(vector)
    height, width, channels = pixels.shape
    expected: Document = {"width": width, "height": height, "channels": channels}
    expected["sha256"] = hashlib.sha256(pixels.tobytes()).hexdigest()
    if width * height <= SMALL_PIXELS:
        expected["bytes"] = base64.b64encode(pixels.tobytes()).decode()
    return vector | {"pixels": expected}


@rendering
def without_thumbnail() -> Document:
    """No thumbnail, though a map: grey"""
    return _vector((7, 5), None, _map(BLOB[0], 1))


@rendering
def small() -> Document:
    """3 x 2 samples, no map, and the pixels themselves"""
    return _vector((9, 7), _thumbnail(3, 2))


@rendering
def small_with_a_map() -> Document:
    """3 x 2 samples, a map, and the pixels themselves"""
    return _vector((9, 7), _thumbnail(3, 2), _map(HILL, 4))


@rendering
def small_with_alpha() -> Document:
    """Four channels, sharp at the edge of a map in all of them, and the pixels themselves"""
    return _vector((9, 7), _thumbnail(4, 4, alpha=True), _map(BLOB[0], 1))


@rendering
def one_sample() -> Document:
    """A thumbnail of a single sample: one colour, edges or not"""
    return _vector((10, 10), _thumbnail(1, 1), _map(BLOB[0], 1))


@rendering
def samples_as_they_are() -> Document:
    """As many pixels as samples: these themselves"""
    return _vector((24, 16), _thumbnail(24, 16))


@rendering
def samples_near_an_edge() -> Document:
    """As many pixels as samples, which are smoothed near the edge of a map"""
    return _vector((24, 16), _thumbnail(24, 16), _map(BLOB[0], 1))


@rendering
def steps_of_full_range() -> Document:
    """Samples of 0 and 255 only: what is interpolated would leave the range, and is clamped"""
    samples = bytes(255 * (place * place % 7 % 2) for place in range(6 * 5 * 3))
    encoded = base64.b64encode(samples).decode()
    thumbnail = {"width": 6, "height": 5, "samples": encoded, "alpha": None}
    return _vector((61, 47), thumbnail)


@rendering
def smaller_than_the_thumbnail() -> Document:
    """Fewer pixels than samples and cells"""
    return _vector((5, 3), _thumbnail(16, 9), _dots(64, 64, 3))


@rendering
def map_of_one_bit() -> Document:
    """A map of 8 x 8 cells of one bit"""
    return _vector((96, 64), _thumbnail(12, 8), _map(BLOB[0], 1))


@rendering
def maps_of_more_bits() -> Document:
    """Maps of two, three and four bits, whose greatest value need not occur"""
    return _vector((64, 64), _thumbnail(9, 9), _map(SHADES, 2), _map(SHADES, 3), _map(HILL, 4))


@rendering
def maps_that_overlap() -> Document:
    """Three maps: each pixel and each sample has one of eight labels"""
    maps = (_map(BLOB[0], 1), _map(BLOB[1], 1), _map(HILL, 4))
    return _vector((80, 60), _thumbnail(20, 15), *maps)


@rendering
def map_without_an_edge() -> Document:
    """A map that is nowhere and one that is everywhere: as without them"""
    maps = (_dots(4, 4, 1), _map("0000 0000 0000 0000", 1))
    return _vector((40, 40), _thumbnail(5, 5), *maps)


@rendering
def map_too_thin_for_samples() -> Document:
    """A map of single columns, between which samples lie"""
    return _vector((64, 48), _thumbnail(4, 3), _dots(64, 16, 8))


@rendering
def fifteen_maps() -> Document:
    """As many maps as a file can have, with dots for every label"""
    maps = (_dots(16, 12, 2 + number) for number in range(15))
    return _vector((64, 48), _thumbnail(16, 12), *maps)


@rendering
def widest() -> Document:
    """The widest canvas and thumbnail: positions need more than 32 bits"""
    return _vector((65535, 3), _thumbnail(256, 1), _dots(64, 4, 5))


@rendering
def highest() -> Document:
    """The highest canvas and thumbnail: positions need more than 32 bits"""
    return _vector((2, 65535), _thumbnail(1, 256), _dots(4, 64, 7))


@rendering
def large() -> Document:
    """1024 x 1024 pixels of 64 x 64 samples, with alpha and two maps"""
    maps = (_map(BLOB[0], 1), _map(HILL, 4))
    return _vector((1024, 1024), _thumbnail(64, 64, alpha=True), *maps)
