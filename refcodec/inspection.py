"""Where every byte of a file goes (specification sections 2 to 4), without any model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from refcodec.codec import KNOWN_TYPES, parse_file
from refcodec.registry import name_of
from refcodec.wire.bare import SEALED_SIGNATURE, BareFile, TextMode, TextPayload
from refcodec.wire.canvas import canvas_class
from refcodec.wire.chunks import Chunk
from refcodec.wire.sealed import CHECK_BYTES, is_sealed
from refcodec.wire.varint import varint_size


@dataclass(frozen=True, slots=True)
class Part:
    """A run of bytes of a file: what it is, how long, and a remark."""

    name: str
    size_bytes: int
    note: str = ""


def inspect(data: bytes) -> dict[str, Any]:
    """What `seminfo --json` prints: form, canvas, rates, and parts whose sizes add up.

    Reads the container only, so it needs no prior and lists chunks that it does not know.
    Raises a subclass of SemError if the container itself is bad.
    """
    data = bytes(data)
    bare, archival = parse_file(data)
    pixels = bare.canvas[0] * bare.canvas[1]
    parts = _sealed_parts(bare, archival) if is_sealed(data) else _bare_parts(bare)
    return {
        "form": "sealed" if is_sealed(data) else "bare",
        "size_bytes": len(data),
        "canvas": list(bare.canvas),
        "bits_per_pixel": 8 * len(data) / pixels,
        "micro_bits_per_pixel": 8e6 * len(data) / pixels,
        "check": _check_name(bare, is_sealed(data)),
        "text": {"mode": _mode_name(bare.text), "prior": bare.text.prior or None},
        "unknown_critical": [
            chunk.type
            for chunk in (*bare.chunks, *archival)
            if chunk.is_critical and chunk.type not in KNOWN_TYPES
        ],
        "parts": _with_offsets(parts, pixels),
    }


def _with_offsets(parts: list[Part], pixels: int) -> list[dict[str, Any]]:
    listed = []
    offset = 0
    for part in parts:
        listed.append(
            {
                "name": part.name,
                "offset": offset,
                "size_bytes": part.size_bytes,
                "micro_bits_per_pixel": 8e6 * part.size_bytes / pixels,
                "note": part.note,
            }
        )
        offset += part.size_bytes
    return listed


def _bare_parts(bare: BareFile) -> list[Part]:
    parts = [Part("signature", 1), Part("head", 1, f"canvas class {canvas_class(bare.canvas)}")]
    if bare.has_check:
        parts.append(Part("check", 1, "CRC-8"))
    canvas_bytes = {6: 2, 7: 4}.get(canvas_class(bare.canvas), 0)
    if canvas_bytes:
        parts.append(Part("canvas", canvas_bytes, f"{bare.canvas[0]} x {bare.canvas[1]}"))
    parts += map(_chunk_part, bare.chunks)
    if bare.has_chunk_list:
        parts.append(Part("text marker", len(bare.text.marker), _mode_name(bare.text)))
    parts.append(Part("text", len(bare.text.payload), _mode_name(bare.text)))
    return parts


def _sealed_parts(bare: BareFile, archival: tuple[Chunk, ...]) -> list[Part]:
    inner = _bare_parts(bare)
    bare_bytes = sum(part.size_bytes for part in inner)
    return [
        Part("sealed signature", len(SEALED_SIGNATURE)),
        Part("bare size", varint_size(bare_bytes), f"{bare_bytes} bytes"),
        *inner,
        *map(_chunk_part, archival),
        Part("sealed check", CHECK_BYTES, "CRC-32C"),
    ]


def _chunk_part(chunk: Chunk) -> Part:
    name = name_of("chunk", chunk.type)
    if chunk.type in KNOWN_TYPES:
        return Part(f"{name} chunk", chunk.size_bytes)
    kind = "critical" if chunk.is_critical else "ancillary"
    range_name = "private" if chunk.is_private else "unknown"
    return Part(f"chunk {chunk.type:#04x}", chunk.size_bytes, f"{range_name}, {kind}")


def _mode_name(text: TextPayload) -> str:
    if text.mode not in set(TextMode):
        return f"unknown mode {text.mode}"
    name = name_of("text-mode", text.mode)
    return f"{name}, prior {text.prior}" if text.prior else name


def _check_name(bare: BareFile, sealed: bool) -> str | None:
    if sealed:
        return "CRC-32C"
    return "CRC-8" if bare.has_check else None
