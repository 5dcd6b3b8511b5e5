"""Vectors of section 3.4: thumbnails.

Payloads stand in `thumbnail_payloads` as they were once found, because an encoder's search may
change. Their samples come from the reference decoder, which the project's tests hold to a
second decoder written one integer at a time from the specification.
"""

from __future__ import annotations

import base64

from conformance.make.pieces import BOTH, PLAIN, Valid, bare, chunk, document, invalid, valid
from conformance.make.thumbnail_payloads import PAYLOADS
from refcodec.coding.range_coder import RangeEncoder
from refcodec.visual.thumbnail import Thumbnail
from refcodec.visual.thumbnail_payload import ALPHA_SHARES, SIDE_SHARES, step_shares
from refcodec.visual.thumbnail_symbols import TABLE_TOTAL, write_level
from refcodec.visual.thumbnail_weights import default_weights

THUMBNAIL = 0x12
# The class of the top sample's luma, and its step, on a grid of 24 x 24 with the coarsest step.
TOP_CLASS, TOP_STEP = 30, 10332


def _with_thumbnail(name: str, canvas: tuple[int, int], head: int, size: bytes = b"") -> Valid:
    payload = bytes.fromhex(PAYLOADS[name])
    thumbnail = Thumbnail(payload, canvas)
    samples, alpha = thumbnail.samples(), thumbnail.alpha()
    expected = {
        "width": samples.shape[1],
        "height": samples.shape[0],
        "samples": base64.b64encode(samples.tobytes()).decode(),
        "alpha": None if alpha is None else base64.b64encode(alpha.tobytes()).decode(),
    }
    file = bare(head, size + chunk(THUMBNAIL, payload) + PLAIN + b"x")
    return file, document("x", canvas, thumbnail=expected)


@valid("3.4", "thumbnail")
def thumbnail_photograph() -> Valid:
    """A photograph in 60 bytes, on a wide canvas."""
    return _with_thumbnail("photograph", (768, 512), BOTH | 4)


@valid("3.4", "thumbnail")
def thumbnail_photograph_of_16_bytes() -> Valid:
    """Hardly anything but predictions."""
    return _with_thumbnail("photograph of 16 bytes", (768, 512), BOTH | 4)


@valid("3.4", "thumbnail")
def thumbnail_photograph_of_256_bytes() -> Valid:
    """A longer side of 96 samples."""
    return _with_thumbnail("photograph of 256 bytes", (768, 512), BOTH | 4)


@valid("3.4", "thumbnail")
def thumbnail_photograph_of_1024_bytes() -> Valid:
    """A longer side of 128 samples, on a square canvas."""
    return _with_thumbnail("photograph of 1024 bytes", (1024, 1024), BOTH)


@valid("3.4", "thumbnail")
def thumbnail_narrow() -> Valid:
    """A grid of one column and more."""
    return _with_thumbnail("narrow", (24, 1000), BOTH | 6, bytes([2, 124]))


@valid("3.4", "thumbnail")
def thumbnail_with_alpha() -> Valid:
    """A disc on a transparent ground."""
    return _with_thumbnail("disc", (1024, 1024), BOTH)


@valid("3.4", "thumbnail")
def thumbnail_of_one_colour() -> Valid:
    """A plain red."""
    return _with_thumbnail("red", (1024, 1024), BOTH)


@valid("3.4", "thumbnail")
def thumbnail_noise_at_the_finest_step() -> Valid:
    """Great levels: escapes, low bits in equal shares, values that are clipped."""
    return _with_thumbnail("noise at the finest step", (1024, 1024), BOTH)


@valid("3.4", "thumbnail")
def thumbnail_noise_at_the_coarsest_step() -> Valid:
    """The greatest longer side and step, with alpha."""
    return _with_thumbnail("noise at the coarsest step", (24, 1000), BOTH | 6, bytes([2, 124]))


def _head() -> RangeEncoder:
    """A head of the smallest side, without alpha, with the coarsest step."""
    encoder = RangeEncoder()
    encoder.narrow(0, SIDE_SHARES[0], sum(SIDE_SHARES))
    encoder.narrow(0, ALPHA_SHARES[0], sum(ALPHA_SHARES))
    shares = step_shares(0)
    encoder.narrow(sum(shares[:-1]), shares[-1], sum(shares))
    return encoder


def _file(payload: bytes) -> bytes:
    return bare(BOTH, chunk(THUMBNAIL, payload) + PLAIN + b"x")


@invalid("malformed", "3.4", "thumbnail")
def thumbnail_empty() -> bytes:
    """A thumbnail chunk without payload."""
    return _file(b"")


@invalid("malformed", "3.4", "thumbnail")
def thumbnail_outside_every_interval() -> bytes:
    """A payload whose first symbol is none."""
    return _file(b"\xff" * 8)


@invalid("malformed", "3.4", "thumbnail")
def thumbnail_escape_too_long() -> bytes:
    """A magnitude with thirteen ones after its escape."""
    encoder = _head()
    start, end = default_weights().tables[TOP_CLASS][-2:]
    encoder.narrow(start, end - start, TABLE_TOTAL)
    for _ in range(13):
        encoder.narrow(1, 1, 2)
    return _file(encoder.finish())


@invalid("malformed", "3.4", "thumbnail")
def thumbnail_level_too_great() -> bytes:
    """A level times its step just above 2^20."""
    encoder = _head()
    write_level(encoder, default_weights().tables, TOP_CLASS, (1 << 20) // TOP_STEP + 1)
    return _file(encoder.finish())


@invalid("non-canonical", "3.4", "thumbnail")
def thumbnail_zero() -> bytes:
    """One zero byte: its symbols' encoding would be empty."""
    return _file(b"\0")


@invalid("non-canonical", "3.4", "thumbnail")
def thumbnail_trailing_zero() -> bytes:
    """A zero byte behind the payload."""
    payload = bytes.fromhex(PAYLOADS["photograph"]) + b"\0"
    return bare(BOTH | 4, chunk(THUMBNAIL, payload) + PLAIN + b"x")


@invalid("limit-exceeded", "9", "thumbnail")
def thumbnail_too_long() -> bytes:
    """A payload of 4,097 bytes."""
    return _file(bytes(4097))
