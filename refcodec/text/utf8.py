"""Unicode text to UTF-8 and back, strictly (specification section 5.1)."""

from __future__ import annotations

from refcodec.errors import MalformedError


def encode_utf8(text: str, where: str) -> bytes:
    """The bytes of a text; MalformedError for a lone surrogate, which has none."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise MalformedError(
            f"{where}: a lone surrogate at character {error.start} is not Unicode text"
        ) from error


def decode_utf8(data: bytes, where: str) -> str:
    """The text of UTF-8 bytes; MalformedError for overlong forms, surrogates and all else."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(f"{where}: not UTF-8 at byte {error.start}") from error
