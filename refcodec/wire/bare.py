"""The bare form (specification section 2): signature, head, check, canvas, chunks, text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import construct

from refcodec.errors import (
    ChecksumError,
    LimitError,
    MalformedError,
    NonCanonicalError,
    TruncatedError,
    UnsupportedError,
)
from refcodec.limits import FILE_MAX_BYTES
from refcodec.wire.canvas import (
    CANVAS_LAYOUTS,
    canvas_class,
    canvas_fields,
    check_canvas,
    decode_canvas,
)
from refcodec.wire.checks import crc8
from refcodec.wire.chunks import (
    ARCHIVAL_TYPES,
    CHUNK_PAYLOAD,
    FIRST_CHUNK_TYPE,
    Chunk,
    check_order,
)
from refcodec.wire.reading import parse_whole
from refcodec.wire.varint import NUMBER, encode_varint

SIGNATURE = 0xB5
SEALED_SIGNATURE = b"\xb5SEM\r\n\x1a\n"
DEFAULT_PRIOR = 1
NAMED_PRIOR_MARKER = 3
CHECK_OFFSET = 2


class TextMode(IntEnum):
    """How the text payload is coded; the value is the mode's text marker."""

    LM = 0
    PLAIN = 1
    BROTLI = 2


@dataclass(frozen=True, slots=True)
class TextPayload:
    """The coded text: mode, prior number (0 in the modes without one) and payload bytes.

    `mode` may be a number that `TextMode` lacks: such a file can be listed, not decoded.
    """

    mode: int
    prior: int
    payload: bytes

    @property
    def marker(self) -> bytes:
        """The text marker that ends the chunk list."""
        if self.mode == TextMode.LM and self.prior != DEFAULT_PRIOR:
            return bytes([NAMED_PRIOR_MARKER]) + encode_varint(self.prior)
        return bytes([self.mode])


@dataclass(frozen=True, slots=True)
class BareFile:
    """Everything that a bare file says, with chunks and text still coded.

    `may_ignore` needs `has_check`.
    """

    canvas: tuple[int, int]
    text: TextPayload
    chunks: tuple[Chunk, ...] = ()
    has_check: bool = True
    may_ignore: bool = False

    @property
    def has_chunk_list(self) -> bool:
        """Without a list, the text is in LM mode with the default prior."""
        return bool(self.chunks) or self.text.marker != bytes([TextMode.LM])


HEAD = construct.BitStruct(
    "must_reject" / construct.Flag,
    "version" / construct.Bit,
    "may_ignore" / construct.Flag,
    "has_chunk_list" / construct.Flag,
    "has_check" / construct.Flag,
    "canvas_class" / construct.BitsInteger(3),
)
ENTRY = construct.Struct(
    "type" / construct.Int8ub,
    "payload" / construct.If(construct.this.type >= FIRST_CHUNK_TYPE, CHUNK_PAYLOAD),
    "prior" / construct.If(construct.this.type == NAMED_PRIOR_MARKER, NUMBER),
)


def _ends_list(entry: Any, entries: list[Any], _: Any) -> bool:
    """True behind the text marker; on the way there, the order of chunks is tested.

    Tested as they come, so that a file of a million tiny chunks ends at the second.
    """
    if entry["type"] < FIRST_CHUNK_TYPE:
        return True
    check_order([before["type"] for before in entries[-2:]], ARCHIVAL_TYPES, "bare file")
    return False


CHUNK_LIST = construct.RepeatUntil(_ends_list, ENTRY)
LAYOUT = construct.Struct(
    "signature" / construct.Int8ub,
    "head" / HEAD,
    "check" / construct.If(construct.this.head.has_check, construct.Int8ub),
    "canvas" / construct.Switch(construct.this.head.canvas_class, CANVAS_LAYOUTS),
    "entries" / construct.If(construct.this.head.has_chunk_list, CHUNK_LIST),
    "text" / construct.GreedyBytes,
)


def serialise_bare(file: BareFile) -> bytes:
    """The one encoding of this file."""
    check_canvas(file.canvas)
    if file.may_ignore and not file.has_check:
        raise MalformedError("head: the may-ignore bit may be set only in a file with check")
    data = bytearray(
        LAYOUT.build(
            {
                "signature": SIGNATURE,
                "head": {
                    "must_reject": False,
                    "version": 0,
                    "may_ignore": file.may_ignore,
                    "has_chunk_list": file.has_chunk_list,
                    "has_check": file.has_check,
                    "canvas_class": canvas_class(file.canvas),
                },
                "check": 0,
                "canvas": canvas_fields(file.canvas),
                "entries": _entries(file),
                "text": file.text.payload,
            }
        )
    )
    if len(data) > FILE_MAX_BYTES:
        raise LimitError(f"bare file: {len(data)} bytes; at most {FILE_MAX_BYTES} may be written")
    if file.has_check:
        data[CHECK_OFFSET] = _check_of(bytes(data))
    _refuse_sealed_signature(bytes(data))
    return bytes(data)


def _refuse_sealed_signature(data: bytes) -> None:
    """No bare file goes on like a sealed one, lest a damaged second byte make one the other."""
    if data[2:8] == SEALED_SIGNATURE[2:]:
        raise MalformedError(
            "bare file: bytes 2 to 7 are those of the sealed form's signature, so its second "
            "byte is damaged; a writer adds or leaves out the check to avoid them"
        )


def _entries(file: BareFile) -> list[dict[str, object]]:
    entries: list[dict[str, object]] = [
        {"type": chunk.type, "payload": chunk.payload, "prior": None} for chunk in file.chunks
    ]
    entries.append({"type": file.text.marker[0], "payload": None, "prior": file.text.prior})
    return entries


def _check_of(data: bytes) -> int:
    """CRC-8 of every byte but the check itself."""
    return crc8(data[:CHECK_OFFSET] + data[CHECK_OFFSET + 1 :])


def parse_bare(data: bytes) -> BareFile:
    """Read a bare file strictly; whatever it returns serialises to `data` again.

    Raises the error classes in the order of section 2.5. Chunk payloads and text stay coded.
    """
    if len(data) > FILE_MAX_BYTES:
        raise LimitError(f"file: {len(data)} bytes; the limit is {FILE_MAX_BYTES}")
    if data and data[0] != SIGNATURE:
        raise MalformedError(f"not a .sem file: the first byte is {data[0]:#04x}, not 0xb5")
    if len(data) < 2:
        raise TruncatedError("bare file: ends before its head")
    _accept_head(HEAD.parse(data[1:2]), data)
    return _from_fields(parse_whole(LAYOUT, data, "bare file"))


def _accept_head(head: Any, data: bytes) -> None:
    _refuse_sealed_signature(data)
    if head.must_reject:
        raise UnsupportedError("head: the must-reject bit is set; a newer decoder is needed")
    if head.version:
        raise UnsupportedError("head: version 1; this decoder reads version 0")
    if head.may_ignore and not head.has_check:
        raise MalformedError("head: the may-ignore bit is set in a file without check")
    if head.has_check:
        if len(data) <= CHECK_OFFSET:
            raise TruncatedError("bare file: ends before its check")
        stored, computed = data[CHECK_OFFSET], _check_of(data)
        if stored != computed:
            raise ChecksumError(
                f"check: {stored:#04x} stored, {computed:#04x} computed; the file is damaged"
            )


def _from_fields(fields: Any) -> BareFile:
    entries = fields.entries or []
    marker = entries.pop() if entries else None
    file = BareFile(
        canvas=decode_canvas(fields.head.canvas_class, fields.canvas),
        text=_text_payload(marker, fields.text),
        chunks=tuple(Chunk(entry.type, entry.payload) for entry in entries),
        has_check=fields.head.has_check,
        may_ignore=fields.head.may_ignore,
    )
    if fields.head.has_chunk_list and not file.has_chunk_list:
        raise NonCanonicalError("chunk list: holds nothing but the marker of the default mode")
    return file


def _text_payload(marker: Any, payload: bytes) -> TextPayload:
    if marker is None or marker.type == TextMode.LM:
        return TextPayload(TextMode.LM, DEFAULT_PRIOR, payload)
    if marker.type == NAMED_PRIOR_MARKER:
        if marker.prior == DEFAULT_PRIOR:
            raise NonCanonicalError("text marker: names the default prior by number")
        if marker.prior == 0:
            raise MalformedError("text marker: 0 is not the number of a prior")
        return TextPayload(TextMode.LM, marker.prior, payload)
    return TextPayload(marker.type, 0, payload)
