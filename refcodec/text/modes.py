"""The three text modes (specification sections 5.2 to 5.4): plain, brotli and LM."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import brotli

from refcodec.errors import LimitError, MalformedError, SemError, TruncatedError, UnsupportedError
from refcodec.limits import TEXT_MAX_BYTES
from refcodec.wire.bare import DEFAULT_PRIOR, TextMode, TextPayload

_BROTLI_WINDOW_BITS = 16


def encode_texts(
    contents: Sequence[bytes], *, in_chunk_lists: Sequence[bool], search: bool = False
) -> list[TextPayload]:
    """Code each content string in the mode that makes the smallest file.

    `in_chunk_lists` says for each whether its file has chunks, so that the default mode
    costs a text marker too. Of equally small modes the first of LM, plain, brotli is taken.
    `search` looks for the cheapest tokens, which takes some hundred times as long.
    """
    others = [_without_prior(content) for content in contents]
    most = [
        len(other.payload) + (0 if in_chunk_list else 1)
        for other, in_chunk_list in zip(others, in_chunk_lists, strict=True)
    ]
    payloads = _encode_lm_many(contents, most, search=search)
    return [
        other if payload is None else TextPayload(TextMode.LM, DEFAULT_PRIOR, payload)
        for other, payload in zip(others, payloads, strict=True)
    ]


def _without_prior(content: bytes) -> TextPayload:
    """The smaller of the modes that need no prior, plain if they are equal."""
    stream = compress_brotli(content)
    if len(content) <= len(stream):
        return TextPayload(TextMode.PLAIN, 0, content)
    return TextPayload(TextMode.BROTLI, 0, stream)


def encode_lm(content: bytes, *, search: bool = False) -> bytes:
    """The LM payload of a content string under the default prior, however large."""
    (payload,) = encode_lm_many([content], search=search)
    return payload


def encode_lm_many(contents: Sequence[bytes], *, search: bool = False) -> list[bytes]:
    """The LM payload of each content string under the default prior, however large."""
    payloads = _encode_lm_many(contents, [None] * len(contents), search=search)
    return [payload for payload in payloads if payload is not None]


def _encode_lm_many(
    contents: Sequence[bytes], max_bytes: Sequence[int | None], *, search: bool
) -> list[bytes | None]:
    """The LM payload of each content string, or None where it has more than so many bytes."""
    from refcodec.coding.prior import load_prior
    from refcodec.coding.segmentation import fast_segmentation
    from refcodec.coding.token_stream import encode_tokens_many

    prior = load_prior(DEFAULT_PRIOR)
    if not search:
        tokens = [fast_segmentation(prior, content) for content in contents]
        return encode_tokens_many(prior, tokens, max_bytes)
    shortest: list[bytes | None] = []
    for content, most in zip(contents, max_bytes, strict=True):
        candidates = _search(content)
        payloads = encode_tokens_many(prior, candidates, [most] * len(candidates))
        possible = [payload for payload in payloads if payload is not None]
        shortest.append(min(possible, key=len) if possible else None)
    return shortest


@lru_cache(maxsize=64)
def _search(content: bytes) -> list[list[int]]:
    """Segmentations under the default prior; kept, since a budget is met by trying again."""
    from refcodec.coding.prior import load_prior
    from refcodec.coding.segmentation import searched_segmentations

    return searched_segmentations(load_prior(DEFAULT_PRIOR), content)


def lm_cost_bits_many(contents: Sequence[bytes]) -> list[float]:
    """What each content string costs under the default prior, in bits, end included."""
    from refcodec.coding.prior import load_prior
    from refcodec.coding.segmentation import fast_segmentation
    from refcodec.coding.token_stream import cost_bits_many

    prior = load_prior(DEFAULT_PRIOR)
    return cost_bits_many(prior, [fast_segmentation(prior, content) for content in contents])


def decode_text(text: TextPayload) -> bytes:
    """The content string of a coded text; the prior is loaded in LM mode only."""
    (content,) = decode_texts([text])
    if isinstance(content, SemError):
        raise content
    return content


def decode_texts(texts: Sequence[TextPayload]) -> list[bytes | SemError]:
    """For each text, in order, what `decode_text` gives or raises.

    Texts of the same prior are evaluated together.
    """
    contents: list[bytes | SemError] = [b""] * len(texts)
    by_prior: dict[int, list[int]] = {}
    for index, text in enumerate(texts):
        if text.mode == TextMode.LM:
            by_prior.setdefault(text.prior, []).append(index)
        else:
            contents[index] = _decode_without_prior(text)
    for number, indices in by_prior.items():
        decoded = _decode_lm_many([texts[index].payload for index in indices], number)
        for index, content in zip(indices, decoded, strict=True):
            contents[index] = content
    return contents


def _decode_without_prior(text: TextPayload) -> bytes | SemError:
    match text.mode:
        case TextMode.PLAIN:
            return text.payload
        case TextMode.BROTLI:
            try:
                return decompress_brotli(text.payload, TEXT_MAX_BYTES, "text payload")
            except SemError as error:
                return error
        case _:
            return UnsupportedError(f"text marker {text.mode}: this decoder lacks the text mode")


def _decode_lm_many(payloads: Sequence[bytes], number: int) -> list[bytes | SemError]:
    from refcodec.coding.prior import load_prior
    from refcodec.coding.token_stream import decode_tokens_many

    try:
        prior = load_prior(number)
    except SemError as error:
        return [error] * len(payloads)
    return [
        tokens if isinstance(tokens, SemError) else prior.vocabulary.spell(tokens)
        for tokens in decode_tokens_many(prior, payloads)
    ]


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
