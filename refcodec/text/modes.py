"""The three text modes (specification sections 5.2 to 5.4): plain, brotli and LM."""

from __future__ import annotations

import brotli

from refcodec.errors import LimitError, MalformedError, TruncatedError, UnsupportedError
from refcodec.limits import TEXT_MAX_BYTES
from refcodec.wire.bare import DEFAULT_PRIOR, TextMode, TextPayload

_BROTLI_WINDOW_BITS = 16


def encode_text(content: bytes, *, in_chunk_list: bool) -> TextPayload:
    """Code a content string in the mode that makes the smallest file.

    `in_chunk_list` says that the file has chunks, so that the default mode costs a text
    marker too. Of equally small modes the first of LM, plain, brotli is taken.
    """
    candidates = [
        TextPayload(TextMode.LM, DEFAULT_PRIOR, encode_lm(content)),
        TextPayload(TextMode.PLAIN, 0, content),
        TextPayload(TextMode.BROTLI, 0, compress_brotli(content)),
    ]

    def size(candidate: TextPayload) -> int:
        is_default = candidate.mode == TextMode.LM
        return len(candidate.payload) + (0 if is_default and not in_chunk_list else 1)

    return min(candidates, key=size)


def encode_lm(content: bytes) -> bytes:
    """The LM payload of a content string under the default prior."""
    from refcodec.coding.prior import load_prior
    from refcodec.coding.token_stream import encode_tokens

    prior = load_prior(DEFAULT_PRIOR)
    return encode_tokens(prior, prior.segment(content))


def decode_text(text: TextPayload) -> bytes:
    """The content string of a coded text; the prior is loaded in LM mode only."""
    match text.mode:
        case TextMode.PLAIN:
            return text.payload
        case TextMode.BROTLI:
            return decompress_brotli(text.payload, TEXT_MAX_BYTES, "text payload")
        case TextMode.LM:
            from refcodec.coding.prior import load_prior
            from refcodec.coding.token_stream import decode_tokens

            prior = load_prior(text.prior)
            return prior.vocabulary.spell(decode_tokens(prior, text.payload))
        case _:
            raise UnsupportedError(f"text marker {text.mode}: this decoder lacks the text mode")


def compress_brotli(data: bytes) -> bytes:
    """One brotli stream (RFC 7932), at the slowest and strongest setting."""
    modes = (brotli.MODE_GENERIC, brotli.MODE_TEXT)
    streams: list[bytes] = [
        brotli.compress(data, mode=mode, lgwin=_BROTLI_WINDOW_BITS) for mode in modes
    ]
    return min(streams, key=len)


def decompress_brotli(stream: bytes, max_bytes: int, where: str) -> bytes:
    """The content of exactly one brotli stream of at most `max_bytes`, never more in memory."""
    decoder = brotli.Decompressor()
    data = b""
    pending = stream
    try:
        while not decoder.is_finished():
            piece = decoder.process(pending, output_buffer_limit=max_bytes + 1 - len(data))
            data += piece
            pending = b""
            if len(data) > max_bytes:
                raise LimitError(f"{where}: the brotli stream holds more than {max_bytes} bytes")
            if not piece and not decoder.is_finished() and decoder.can_accept_more_data():
                raise TruncatedError(f"{where}: the brotli stream ends too early")
    except brotli.error as error:
        raise MalformedError(f"{where}: not one whole brotli stream") from error
    return data
