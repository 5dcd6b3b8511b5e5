"""A whole file within a number of bytes: text first, then as much thumbnail as fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from refcodec.document import Document
from refcodec.errors import LimitError
from refcodec.visual.thumbnail import Thumbnail

Dump = Callable[[Document], bytes]
MakeThumbnail = Callable[[int], Thumbnail]


def bytes_for_rate(micro_bits_per_pixel: float, canvas: tuple[int, int]) -> int:
    """The size of the largest file of at most this rate.

    A rate that was computed from a size, and rounded, gives that size again.
    """
    return int(micro_bits_per_pixel * canvas[0] * canvas[1] / 8e6 + 1e-6)


def fit_text(document: Document, max_bytes: int, dump: Dump, *, may_shorten: bool) -> Document:
    """The document, or if `may_shorten` with as many of its sentences as `max_bytes` hold.

    Raises LimitError with the smallest size reached if nothing fits.
    """
    candidates = _shortenings(document) if may_shorten else iter([document])
    sizes = []
    for candidate in candidates:
        sizes.append(len(dump(candidate)))
        if sizes[-1] <= max_bytes:
            return candidate
    raise LimitError(
        f"budget: the file takes at least {min(sizes)} bytes, {max_bytes} are allowed; "
        "shorten the text, leave out items or maps, or allow more"
    )


def _shortenings(document: Document) -> Iterator[Document]:
    """The document, then with one sentence less from the end at a time, down to one."""
    yield document
    sentences = document.text.split(". ")
    for count in range(len(sentences) - 1, 0, -1):
        yield replace(document, text=". ".join(sentences[:count]) + ".")


def fit_thumbnail(
    document: Document, max_bytes: int, dump: Dump, make: MakeThumbnail, thumbnail_bytes: int
) -> Document:
    """The document with the largest thumbnail that both bounds leave room for, or without."""
    room = min(thumbnail_bytes, max_bytes - len(dump(document)))
    while room > 0:
        try:
            thumbnail = make(room)
        except LimitError:
            break
        candidate = replace(document, thumbnail=thumbnail)
        excess = len(dump(candidate)) - max_bytes
        if excess <= 0:
            return candidate
        room = len(thumbnail.data) - excess
    return document
