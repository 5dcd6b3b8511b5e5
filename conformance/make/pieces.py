"""What the vectors are put together from: fields as bytes, and the register of vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

STATUS: Final = {
    "truncated": 10,
    "malformed": 11,
    "non-canonical": 12,
    "checksum-mismatch": 13,
    "unsupported": 14,
    "limit-exceeded": 15,
}
SEALED_SIGNATURE: Final = bytes.fromhex("B553454D0D0A1A0A")
CHUNK_LIST: Final = 0x10
CHECK: Final = 0x08
BOTH: Final = CHUNK_LIST | CHECK
PLAIN: Final = b"\x01"
BROTLI: Final = b"\x02"
PARAGRAPH: Final = (
    "The image shows a red brick house with a white door. In front of it stands a tall green "
    "tree, and a black bicycle leans against the fence. The sky is clear and blue."
)

Document = dict[str, Any]
Valid = tuple[bytes, Document]
RENDERING: Final = "rendering"


@dataclass(frozen=True)
class Entry:
    """A vector as the manifest lists it, and the function that makes it.

    It makes an invalid file, a valid one with its document, or a rendering vector.
    """

    name: str
    decoder_class: str
    clause: str
    about: str
    status: int
    make: Callable[[], bytes | Valid | Document]


ENTRIES: list[Entry] = []


def valid(clause: str, decoder_class: str = "text") -> Callable[[Callable[[], Valid]], None]:
    """Register a function that returns a valid file and its document."""

    def register(make: Callable[[], Valid]) -> None:
        ENTRIES.append(Entry(_name(make), decoder_class, clause, _about(make), 0, make))

    return register


def invalid(
    error: str, clause: str, decoder_class: str = "container"
) -> Callable[[Callable[[], bytes]], None]:
    """Register a function that returns a file with one fault, of this error class."""

    def register(make: Callable[[], bytes]) -> None:
        name = f"{error}-{_name(make)}"
        ENTRIES.append(Entry(name, decoder_class, clause, _about(make), STATUS[error], make))

    return register


def rendering(make: Callable[[], Document]) -> None:
    """Register a function that returns what is to be drawn, with its pixels."""
    name = f"{RENDERING}-{_name(make)}"
    ENTRIES.append(Entry(name, RENDERING, "7.3", _about(make), 0, make))


def _name(make: Callable[[], Any]) -> str:
    return make.__name__.replace("_", "-")


def _about(make: Callable[[], Any]) -> str:
    return (make.__doc__ or "").rstrip(".")


def varint(value: int) -> bytes:
    """Section 1.2."""
    if value < 0x80:
        return bytes([value])
    return bytes([value & 0x7F | 0x80]) + varint(value >> 7)


def chunk(number: int, payload: bytes) -> bytes:
    """Section 3.1."""
    return bytes([number]) + varint(len(payload)) + payload


def crc8(data: bytes) -> int:
    """Section 2.3."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = ((crc << 1) ^ (0x2F if crc & 0x80 else 0)) & 0xFF
    return crc ^ 0xFF


def crc32c(data: bytes) -> int:
    """Section 4.3."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def bare(head: int, rest: bytes) -> bytes:
    """A bare file: `rest` is all that follows head and check; the check is made if announced."""
    start = bytes([0xB5, head])
    return start + bytes([crc8(start + rest)] if head & CHECK else []) + rest


def plain(text: bytes, head: int = BOTH) -> bytes:
    """A bare file at 1024 x 1024 with this content string in plain mode."""
    return bare(head, PLAIN + text)


def sealed(inner: bytes, chunks: bytes = b"") -> bytes:
    """Section 4.1."""
    body = SEALED_SIGNATURE + varint(len(inner)) + inner + chunks
    return body + crc32c(body).to_bytes(4, "big")


def table(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Section 3.6, before compression."""
    return b"".join(varint(len(word)) + word for key_and_value in pairs for word in key_and_value)


def item(name: str, detail: str = "", item_map: Document | None = None) -> Document:
    """An item of a document."""
    return {"name": name, "detail": detail, "map": item_map}


def document(text: str, canvas: tuple[int, int] = (1024, 1024), **members: Any) -> Document:
    """A document of section 7.2: the given members over the empty ones."""
    return {
        "canvas": list(canvas),
        "style": None,
        "text": text,
        "items": [],
        "thumbnail": None,
        "models": {"describer": 0, "generator": 0, "template": 0},
        "seed": None,
        "metadata": {},
        "archive": archive(),
        "extra": [],
    } | members


def archive(
    provenance: Mapping[str, str] | None = None,
    source_sha256: str | None = None,
    digests: Sequence[Document] = (),
    extra: Sequence[Document] = (),
) -> Document:
    """The archive member of a document."""
    return {
        "provenance": dict(provenance or {}),
        "source_sha256": source_sha256,
        "digests": list(digests),
        "extra": list(extra),
    }
