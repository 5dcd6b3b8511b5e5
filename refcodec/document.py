"""What a document says (specification section 7): the content of a `.sem` file, decoded."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex

from refcodec.chunk_payloads import ModelKind, Models
from refcodec.errors import LimitError, MalformedError, UnsupportedError
from refcodec.limits import NUMBER_MAX, SEED_MAX
from refcodec.text.content import Style, build_content
from refcodec.wire.canvas import check_canvas
from refcodec.wire.chunks import ARCHIVAL_TYPES, CONTENT_TYPES, Chunk, check_order

if TYPE_CHECKING:
    from refcodec.visual.maps import Box, Map
    from refcodec.visual.thumbnail import Thumbnail


@dataclass(frozen=True, slots=True)
class Item:
    """A thing in the picture: its name, a detail (may be empty) and where it is, if known.

    `map` is a `Map` (a grid) or a `Box` (four coordinates, the cheaper one).
    """

    name: str
    detail: str = ""
    map: Map | Box | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    """What only the sealed form carries.

    `provenance` is free words by key, `source_sha256` the 32-byte digest of the picture
    file. `digests` is what a file says of its models; a writer adds the prior's, so documents
    that differ in it alone are equal. `extra` keeps the archival chunks that this version
    does not know.
    """

    provenance: Mapping[str, str] = field(default_factory=dict)
    source_sha256: bytes | None = None
    digests: Mapping[tuple[ModelKind, int], bytes] = field(default_factory=dict, compare=False)
    extra: tuple[Chunk, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A picture as meaning. `canvas` is (width, height) in pixels.

    `style` tells how the text is written, if that is worth some bits to a reader. `extra`
    keeps the ancillary chunks that this version does not know, so that rewriting loses
    nothing. Raises LimitError or MalformedError if no file could hold it.
    """

    text: str
    canvas: tuple[int, int]
    items: tuple[Item, ...] = ()
    thumbnail: Thumbnail | None = None
    models: Models = field(default_factory=Models)
    seed: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    archive: Archive = field(default_factory=Archive)
    extra: tuple[Chunk, ...] = ()
    style: Style | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "canvas", _as_canvas(self.canvas))
        object.__setattr__(self, "items", tuple(self.items))
        object.__setattr__(self, "extra", tuple(self.extra))
        check_canvas(self.canvas)
        for name in ("describer", "generator", "template"):
            _check_number(f"models: {name}", getattr(self.models, name), NUMBER_MAX)
        self.content()
        if self.seed is not None:
            _check_number("seed", self.seed, SEED_MAX)
        if self.thumbnail is not None and self.thumbnail.canvas != self.canvas:
            raise MalformedError(
                f"thumbnail: made for a canvas of {self.thumbnail.canvas}, not {self.canvas}; "
                "make it with canvas=..."
            )
        for extra in (self.extra, self.archive.extra):
            _check_extra(extra)

    def content(self) -> bytes:
        """The content string of style, description and items (specification section 5.1)."""
        named_details = [(item.name, item.detail) for item in self.items]
        return build_content(self.text, named_details, self.style)


def _as_canvas(canvas: Sequence[SupportsIndex]) -> tuple[int, int]:
    """Width and height as integers, whichever integer type they come in."""
    try:
        width, height = (index(side) for side in canvas)
    except (TypeError, ValueError) as error:
        raise MalformedError(f"canvas: {canvas!r} is not a width and a height in pixels") from error
    return width, height


def _check_number(name: str, number: int, most: int) -> None:
    if not isinstance(number, int):
        raise MalformedError(f"{name}: {number!r} is not a whole number")
    if not 0 <= number <= most:
        raise LimitError(f"{name}: {number}; it must be 0 to {most}")


def _check_extra(chunks: tuple[Chunk, ...]) -> None:
    """Extra chunks are unknown ones that a reader may skip, in their order."""
    types = [chunk.type for chunk in chunks]
    check_order(types, CONTENT_TYPES | ARCHIVAL_TYPES, "extra chunks")
    for chunk in chunks:
        if chunk.is_critical:
            raise UnsupportedError(
                f"extra chunks: {chunk.type:#04x} is critical, and no reader of it is known"
            )


def plain_text(document: Document) -> str:
    """The description, then a line `- name: detail` for each item."""
    items = (
        f"- {item.name}: {item.detail}" if item.detail else f"- {item.name}"
        for item in document.items
    )
    return "\n".join([document.text, *items])


def to_json(document: Document) -> dict[str, Any]:
    """The document as the JSON object of specification section 7.2."""
    return {
        "canvas": list(document.canvas),
        "style": None if document.style is None else document.style.name.lower(),
        "text": document.text,
        "items": [
            {"name": item.name, "detail": item.detail, "map": _map_json(item.map)}
            for item in document.items
        ],
        "thumbnail": _thumbnail_json(document.thumbnail),
        "models": {
            "describer": document.models.describer,
            "generator": document.models.generator,
            "template": document.models.template,
        },
        "seed": None if document.seed is None else str(document.seed),
        "metadata": dict(document.metadata),
        "archive": _archive_json(document.archive),
        "extra": _extra_json(document.extra),
    }


def _extra_json(chunks: tuple[Chunk, ...]) -> list[dict[str, Any]]:
    return [{"type": chunk.type, "payload": chunk.payload.hex()} for chunk in chunks]


def _map_json(item_map: Map | Box | None) -> dict[str, Any] | None:
    from refcodec.visual.maps import Box

    if item_map is None:
        return None
    if isinstance(item_map, Box):
        return {"box": [item_map.left, item_map.top, item_map.right, item_map.bottom]}
    return {
        "width": item_map.width,
        "height": item_map.height,
        "bits": item_map.bits,
        "cells": item_map.cells.hex(),
    }


def _thumbnail_json(thumbnail: Thumbnail | None) -> dict[str, Any] | None:
    if thumbnail is None:
        return None
    samples, alpha = thumbnail.samples(), thumbnail.alpha()
    height, width, _ = samples.shape
    return {
        "width": width,
        "height": height,
        "samples": base64.b64encode(samples.tobytes()).decode(),
        "alpha": None if alpha is None else base64.b64encode(alpha.tobytes()).decode(),
    }


def _archive_json(archive: Archive) -> dict[str, Any]:
    source = archive.source_sha256
    return {
        "provenance": dict(archive.provenance),
        "source_sha256": None if source is None else source.hex(),
        "digests": [
            {"kind": kind.name.lower(), "number": number, "sha256": digest.hex()}
            for (kind, number), digest in sorted(archive.digests.items())
        ],
        "extra": _extra_json(archive.extra),
    }
