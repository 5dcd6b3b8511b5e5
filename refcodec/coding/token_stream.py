"""Tokens to payload and back (specification section 5.4): the prior drives the range coder."""

from __future__ import annotations

import math
from collections.abc import Sequence

from refcodec.coding.prior import Prior
from refcodec.coding.range_coder import PRECISION_BITS, RangeDecoder, RangeEncoder
from refcodec.coding.vocabulary import END
from refcodec.errors import LimitError, NonCanonicalError
from refcodec.limits import TEXT_MAX_BYTES


def encode_tokens(prior: Prior, tokens: Sequence[int]) -> bytes:
    """The payload of these tokens and of the end token."""
    encoder = RangeEncoder()
    state = prior.start()
    for token in tokens:
        encoder.encode(token, state.frequencies())
        state.advance(token)
    encoder.encode(END, state.frequencies())
    return encoder.finish()


def decode_tokens(prior: Prior, payload: bytes) -> list[int]:
    """The tokens of a payload, without the end token.

    Raises MalformedError where the range coder does, LimitError once the tokens spell more
    than 65,535 bytes, NonCanonicalError if the tokens have another payload than this one.
    """
    decoder, encoder = RangeDecoder(payload), RangeEncoder()
    state = prior.start()
    spellings = prior.vocabulary.spellings
    tokens: list[int] = []
    spelt_bytes = 0
    while True:
        frequencies = state.frequencies()
        token = decoder.decode(frequencies)
        encoder.encode(token, frequencies)
        if token == END:
            break
        spelt_bytes += len(spellings[token])
        if spelt_bytes > TEXT_MAX_BYTES:
            raise LimitError(f"text: its tokens spell more than {TEXT_MAX_BYTES} bytes")
        tokens.append(token)
        state.advance(token)
    canonical = encoder.finish()
    if canonical != payload:
        raise NonCanonicalError(
            f"text payload: {len(payload)} bytes, but its tokens are coded as "
            f"{len(canonical)} other bytes"
        )
    return tokens


def cost_bits(prior: Prior, tokens: Sequence[int]) -> float:
    """What these tokens and the end token cost under the prior, in bits, before coding."""
    state = prior.start()
    bits = 0.0
    for token in tokens:
        bits += PRECISION_BITS - math.log2(state.frequencies()[token])
        state.advance(token)
    return bits + PRECISION_BITS - math.log2(state.frequencies()[END])
