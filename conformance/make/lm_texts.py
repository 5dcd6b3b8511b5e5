"""Vectors of sections 5.4 to 6: LM mode, prior 1, and where texts close."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import numpy as np

from conformance.make.pieces import (
    BOTH,
    CHECK,
    PARAGRAPH,
    Valid,
    bare,
    chunk,
    document,
    invalid,
    item,
    valid,
)
from refcodec.coding.closing import ClosingEncoder, Step, decode_token, factor_row
from refcodec.coding.prior import load_prior
from refcodec.coding.range_coder import RangeDecoder, RangeEncoder
from refcodec.coding.segmentation import fast_segmentation
from refcodec.coding.token_stream import encode_tokens
from refcodec.coding.vocabulary import END
from refcodec.text.modes import encode_lm

CAPTION = "A man riding a wave on top of a surfboard."


def _lm(payload: bytes, head: int = CHECK) -> bytes:
    return bare(head, payload)


def _tokens(text: str) -> list[int]:
    return fast_segmentation(load_prior(1), text.encode())


def _steps(tokens: Sequence[int]) -> list[Step]:
    """The tokens and the end token as the coder sees them."""
    tables = load_prior(1).tables(np.array(tokens, np.int64).reshape(-1, 1))
    return [Step.of(token, table) for token, (table,) in zip([*tokens, END], tables, strict=True)]


def _coded_for(tokens: Sequence[int], size: int) -> RangeEncoder:
    """The coder after the tokens and the end token, encoded for a payload of `size` bytes."""
    encoder = RangeEncoder()
    for _ in _coding(encoder, tokens, size):
        pass
    return encoder


def _coding(encoder: RangeEncoder, tokens: Sequence[int], size: int) -> Iterator[int]:
    """The bits left before each token, while `encoder` takes it."""
    for step in _steps(tokens):
        left = 8 * size - encoder.used_bits
        yield left
        step.encode(encoder, load_prior(1).factors[factor_row(left)])


def _decoded_without_test(payload: bytes) -> list[int]:
    """The tokens of a payload, whether it is canonical or not."""
    prior = load_prior(1)
    state, decoder, tokens = prior.start(1), RangeDecoder(payload), list[int]()
    while (token := decode_token(decoder, state.frequencies()[0], prior.factors)) != END:
        tokens.append(token)
        state = state.advance(np.array([token]))
    return tokens


@valid("5.4", "prior-1")
def lm_caption() -> Valid:
    """A caption in LM mode, without a chunk list."""
    return _lm(encode_lm(CAPTION.encode())), document(CAPTION)


@valid("5.4", "prior-1")
def lm_paragraph() -> Valid:
    """A paragraph in LM mode."""
    return _lm(encode_lm(PARAGRAPH.encode())), document(PARAGRAPH)


@valid("5.4", "prior-1")
def lm_without_check() -> Valid:
    """The smallest form: two bytes before the text."""
    return _lm(encode_lm(CAPTION.encode()), 0), document(CAPTION)


@valid("5.4", "prior-1")
def lm_empty() -> Valid:
    """No token but the end token."""
    return _lm(encode_lm(b"")), document("")


@valid("5.4", "prior-1")
def lm_items() -> Valid:
    """Structure bytes as tokens."""
    content = b"A street.\xfered bus\xfftwo decks\xfedog"
    items = [item("red bus", "two decks"), item("dog")]
    return _lm(encode_lm(content)), document("A street.", items=items)


@valid("5.4", "prior-1")
def lm_style() -> Valid:
    """A style byte as a token."""
    return _lm(encode_lm(b"\xfaA red cube.")), document("A red cube.", style="prompt")


@valid("5.4", "prior-1")
def lm_unlikely_text() -> Valid:
    """Text for which the prior is a bad guess."""
    text = "\u96ea \0\x7f q\u0302\u0302 ZZZZ"
    return _lm(encode_lm(text.encode())), document(text)


@valid("5.6", "prior-1")
def lm_no_full_stop() -> Valid:
    """A text that ends where many go on."""
    text = CAPTION.removesuffix(".")
    return _lm(encode_lm(text.encode())), document(text)


@valid("5.6", "prior-1")
def lm_many_full_stops() -> Valid:
    """Full stops within the text, at its end, and nothing else."""
    text = "St. Mark's Sq. at 5 p.m. ... Rain. Cold. Dark. No one there..."
    return _lm(encode_lm(text.encode())), document(text)


@valid("5.6", "prior-1")
def lm_one_full_stop() -> Valid:
    """A full stop and nothing else."""
    return _lm(encode_lm(b".")), document(".")


@valid("5.6", "prior-1")
def lm_goes_on_after_a_sentence() -> Valid:
    """An unlikely word where a text could have ended."""
    text = "A dog sits on a bench. Xylophone"
    return _lm(encode_lm(text.encode())), document(text)


@valid("5.6", "prior-1")
def lm_less_than_nothing_left() -> Valid:
    """The first of some texts before a token of which an odd number of bits less than 0 is left."""
    for count in range(2, 1000):
        text = f"A plate with {count} cookies"
        payload = encode_lm(text.encode())
        lefts = _coding(RangeEncoder(), _tokens(text), len(payload))
        if any(left < 0 and left % 2 for left in lefts):
            return _lm(payload), document(text)
    raise AssertionError


@valid("6.6", "prior-1")
def lm_beyond_the_window() -> Valid:
    """More than 1,024 tokens; at its end the text repeats what has left the window."""
    rng = random.Random(1)
    names = "Quentin Xu", "Zbigniew", "Ophelia Vane"
    middle = " ".join(rng.choice(PARAGRAPH.split()) for _ in range(1100))
    text = f"{', '.join(names)}. {middle}. {', '.join(names)}."
    return _lm(encode_lm(text.encode())), document(text)


@valid("5.4", "prior-1")
def lm_byte_tokens() -> Valid:
    """Another segmentation, which an encoder is free to choose: single bytes."""
    tokens = [byte + 1 for byte in CAPTION.encode()]
    return _lm(encode_tokens(load_prior(1), tokens)), document(CAPTION)


@valid("3.1", "prior-1")
def lm_with_chunk() -> Valid:
    """Marker 00 behind a chunk."""
    rest = chunk(0x11, b"\x07") + b"\x00" + encode_lm(CAPTION.encode())
    return bare(BOTH, rest), document(CAPTION, seed="7")


@invalid("malformed", "5.5", "prior-1")
def lm_outside_every_interval() -> bytes:
    """A payload whose quantile is 2^24."""
    return _lm(b"\xff" * 8)


@invalid("malformed", "5.4", "prior-1")
def lm_not_utf8() -> bytes:
    """Byte tokens that spell no UTF-8."""
    return _lm(encode_tokens(load_prior(1), [0x80 + 1]))


@invalid("non-canonical", "5.6", "prior-1")
def lm_larger_size() -> bytes:
    """A caption coded for a payload one byte larger than the first size that fits."""
    size = len(encode_lm(CAPTION.encode())) + 1
    payload = _coded_for(_tokens(CAPTION), size).finish_within(size)
    assert payload is not None
    return _lm(payload)


@invalid("non-canonical", "5.6", "prior-1")
def lm_size_not_tried() -> bytes:
    """Fewer bytes than are tried for the tokens, which as those of so few bytes would fit."""
    rng = random.Random(6)
    while True:
        payload = rng.randbytes(7)
        tokens = _decoded_without_test(payload)
        encoder = ClosingEncoder(load_prior(1).factors)
        for step in _steps(tokens):
            encoder.encode(step)
        if encoder.least_size > 7 and _coded_for(tokens, 7).finish_within(7) == payload:
            return _lm(payload)


@invalid("non-canonical", "5.6", "prior-1")
def lm_larger_value() -> bytes:
    """The first of some captions whose interval holds a second value of the same size, with it."""
    for caption in ("A cat", "A cat on a sofa", "Two cats", "Two cats on a sofa", CAPTION):
        size = len(encode_lm(caption.encode()))
        coded = _coded_for(_tokens(caption), size)
        coded.low += 1 << (coded.bits - 8 * size)
        coded.range -= 1 << (coded.bits - 8 * size)
        payload = coded.finish_within(size)
        if payload is not None:
            return _lm(payload)
    raise AssertionError


@invalid("limit-exceeded", "5.4", "prior-1")
def lm_bomb() -> bytes:
    """Tokens that spell 65,536 bytes in a small payload."""
    prior = load_prior(1)
    spellings = prior.vocabulary.spellings
    longest = max(range(len(spellings)), key=lambda token: len(spellings[token]))
    count = 65535 // len(spellings[longest]) + 1
    return _lm(encode_tokens(prior, [longest] * count))
