"""Tokens to payloads and back (specification section 5.4): the prior drives the coder.

Texts are coded together, those of like length side by side, because a prior evaluates many
in little more time than one. Each has its own coder, and no payload depends on the others.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from refcodec.coding.closing import ClosingEncoder, Factors, Step, decode_token
from refcodec.coding.prior import Prior
from refcodec.coding.range_coder import PRECISION_BITS, Frequencies, RangeDecoder
from refcodec.coding.vocabulary import END
from refcodec.errors import LimitError, NonCanonicalError, SemError
from refcodec.limits import TEXT_MAX_BYTES

TEXTS_AT_ONCE = 256


def encode_tokens(prior: Prior, tokens: Sequence[int]) -> bytes:
    """The payload of these tokens and of the end token."""
    (payload,) = encode_tokens_many(prior, [tokens], [None])
    assert payload is not None
    return payload


def encode_tokens_many(
    prior: Prior, texts: Sequence[Sequence[int]], max_bytes: Sequence[int | None]
) -> list[bytes | None]:
    """The payload of each text, in order, or None where it has more than so many bytes."""
    encoders: list[ClosingEncoder | None] = [ClosingEncoder(prior.factors) for _ in texts]
    for text, token, frequencies in walk(prior, texts, going_on=encoders):
        encoder, most = encoders[text], max_bytes[text]
        assert encoder is not None
        encoder.encode(Step.of(token, frequencies))
        if most is not None and encoder.least_size > most:
            encoders[text] = None
    payloads = [None if encoder is None else encoder.finish() for encoder in encoders]
    return [
        payload if payload is not None and (most is None or len(payload) <= most) else None
        for payload, most in zip(payloads, max_bytes, strict=True)
    ]


def cost_bits(prior: Prior, tokens: Sequence[int]) -> float:
    """What these tokens and the end token cost under the prior, in bits, before coding."""
    (bits,) = cost_bits_many(prior, [tokens])
    return bits


def cost_bits_many(prior: Prior, texts: Sequence[Sequence[int]]) -> list[float]:
    """`cost_bits` of each text, in order."""
    return [
        sum(PRECISION_BITS - math.log2(frequency) for frequency in frequencies)
        for frequencies in token_frequencies_many(prior, texts)
    ]


def token_frequencies_many(prior: Prior, texts: Sequence[Sequence[int]]) -> list[list[int]]:
    """For each text, the frequency of each of its tokens and of its end token."""
    own: list[list[int]] = [[] for _ in texts]
    for text, token, frequencies in walk(prior, texts, going_on=texts):
        own[text].append(int(frequencies[token]))
    return own


def walk(
    prior: Prior, texts: Sequence[Sequence[int]], *, going_on: Sequence[object]
) -> Iterator[tuple[int, int, Frequencies]]:
    """Every (text, token, table), the tokens of a text in order, its end token last.

    A text whose entry in `going_on` becomes None on the way is left.
    """
    for bucket in _buckets([len(tokens) for tokens in texts]):
        lengths = [len(texts[text]) for text in bucket]
        padded = np.full((max(lengths), len(bucket)), END, np.int64)
        for column, text in enumerate(bucket):
            padded[: lengths[column], column] = texts[text]
        for step, tables in enumerate(prior.tables(padded)):
            left = [column for column, text in enumerate(bucket) if going_on[text] is not None]
            if not left:
                break
            for column in left:
                text, length = bucket[column], lengths[column]
                if step <= length:
                    yield text, texts[text][step] if step < length else END, tables[column]


def _buckets(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Indices of some texts of like size at a time, the largest first.

    All are evaluated for as long as the largest, so none is much smaller.
    """
    bucket: list[int] = []
    for text in sorted(range(len(sizes)), key=lambda text: -sizes[text]):
        if bucket and (len(bucket) == TEXTS_AT_ONCE or 4 * sizes[text] + 32 < 3 * sizes[bucket[0]]):
            yield bucket
            bucket = []
        bucket.append(text)
    if bucket:
        yield bucket


def decode_tokens(prior: Prior, payload: bytes) -> list[int]:
    """The tokens of a payload, without the end token.

    Raises MalformedError where the range coder does, LimitError once the tokens spell more
    than 65,535 bytes, NonCanonicalError if the tokens have another payload than this one.
    """
    (tokens,) = decode_tokens_many(prior, [payload])
    if isinstance(tokens, SemError):
        raise tokens
    return tokens


def decode_tokens_many(prior: Prior, payloads: Sequence[bytes]) -> list[list[int] | SemError]:
    """For each payload, in order, what `decode_tokens` gives or raises."""
    order = sorted(range(len(payloads)), key=lambda index: -len(payloads[index]))
    results: list[list[int] | SemError] = [[] for _ in payloads]
    for first in range(0, len(order), TEXTS_AT_ONCE):
        bucket = order[first : first + TEXTS_AT_ONCE]
        for index, text in zip(
            bucket, _decode_bucket(prior, [payloads[i] for i in bucket]), strict=True
        ):
            results[index] = text.error or text.tokens
    return results


class _TextDecoder:
    """One text on the way from payload to tokens."""

    def __init__(self, payload: bytes, spellings: Sequence[bytes], factors: Factors) -> None:
        self.tokens: list[int] = []
        self.error: SemError | None = None
        self._payload = payload
        self._spellings = spellings
        self._spelt_bytes = 0
        self._decoder = RangeDecoder(payload)
        self._encoder = ClosingEncoder(factors)

    def take(self, frequencies: Frequencies) -> int:
        """Decode a token; END too when there is nothing more to decode."""
        try:
            return self._take(frequencies)
        except SemError as error:
            self.error = error
            return END

    def _take(self, frequencies: Frequencies) -> int:
        token = decode_token(self._decoder, frequencies, self._encoder.factors)
        self._encoder.encode(Step.of(token, frequencies))
        if token == END:
            self._require_canonical()
            return END
        self._spelt_bytes += len(self._spellings[token])
        if self._spelt_bytes > TEXT_MAX_BYTES:
            raise LimitError(f"text: its tokens spell more than {TEXT_MAX_BYTES} bytes")
        self.tokens.append(token)
        return token

    def _require_canonical(self) -> None:
        canonical = self._encoder.finish()
        if canonical != self._payload:
            raise NonCanonicalError(
                f"text payload: {len(self._payload)} bytes, but its tokens are coded as "
                f"{len(canonical)} other bytes"
            )


def _decode_bucket(prior: Prior, payloads: Sequence[bytes]) -> list[_TextDecoder]:
    """Decode some texts side by side; those that end leave the others to go on."""
    spellings = prior.vocabulary.spellings
    texts = [_TextDecoder(payload, spellings, prior.factors) for payload in payloads]
    active = texts
    state = prior.start(len(texts))
    while active:
        tables = state.frequencies()
        tokens = np.array([text.take(table) for text, table in zip(active, tables, strict=True)])
        going_on = np.flatnonzero(tokens != END)
        if len(going_on) < len(active):
            active = [active[index] for index in going_on]
            state = state.select(going_on)
        if active:
            state = state.advance(tokens[going_on])
    return texts
