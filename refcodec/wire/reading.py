"""Reading construct layouts with the specification's error classes (section 10)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import construct

from refcodec.errors import MalformedError, TruncatedError


def parse_whole(layout: Any, data: bytes, where: str) -> Any:
    """`layout` over all of `data`: TruncatedError if it wants more, MalformedError if less."""
    stream = io.BytesIO(data)
    fields = _parse_next(layout, stream, where)
    if stream.tell() < len(data):
        raise MalformedError(f"{where}: {len(data) - stream.tell()} bytes follow the last field")
    return fields


def parse_repeated(layout: Any, data: bytes, where: str) -> Iterator[Any]:
    """`layout` over and over until `data` ends."""
    stream = io.BytesIO(data)
    while stream.tell() < len(data):
        yield _parse_next(layout, stream, where)


def _parse_next(layout: Any, stream: io.BytesIO, where: str) -> Any:
    try:
        return layout.parse_stream(stream)
    except construct.StreamError as error:
        field = str(error.path).removeprefix("(parsing)").removeprefix(" -> ") or "its first field"
        raise TruncatedError(f"{where}: the data end inside {field}") from error
