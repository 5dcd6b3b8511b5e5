"""Where texts close, against section 5.6 of the specification written out in plain integers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refcodec.coding import token_stream
from refcodec.coding.closing import (
    CHOICE_TOTAL,
    FACTOR_ROWS,
    LARGEST_FACTOR,
    ClosingEncoder,
    Step,
    choice_frequencies,
    factor_row,
)
from refcodec.coding.network_prior import NetworkPrior
from refcodec.coding.range_coder import TOTAL
from refcodec.coding.token_stream import decode_tokens, encode_tokens
from refcodec.coding.vocabulary import END
from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from tests.tiny_prior import tiny_weights
from tools.prior.closing import as_rows, fit_factors, fit_row
from tools.prior.reference import Reference, WeightsFile

STOP = 47
# The limit on spelt bytes, lowered so that a run of certain tokens ends soon.
MAX_BYTES = 60
Table = list[int]

tokens_lists = st.lists(st.sampled_from([1, 2, STOP, STOP, 98, 258, 299]), max_size=14)


@cache
def tiny(seed: int) -> tuple[NetworkPrior, WeightsFile]:
    data = tiny_weights(seed, 20)
    return NetworkPrior(data), WeightsFile(data)


class Book:
    """The range coder's interval and the choice before a token, for a payload of `size` bytes."""

    def __init__(self, weights: WeightsFile, size: int | None) -> None:
        self.factors = weights.factors
        self.size = size
        self.low, self.range, self.bits = 0, 2**64 - 1, 64

    def choices(self, f: Table) -> Table:
        row = 31
        if self.size is not None:
            left = 8 * self.size - self.bits + len(f"{self.range:b}")
            row = max(0, min(31, left // 2 + 4))
        others = 2**24 - f[0] - f[STOP]
        w = [a * b for a, b in zip(self.factors[row], (f[0], f[STOP], others), strict=True)]
        g = [1 + (2**16 - 3) * weight // sum(w) for weight in w[:2]]
        return [*g, 2**16 - sum(g)]

    def narrow(self, symbol: int, table: Table) -> None:
        scale = self.range // sum(table)
        self.low += scale * sum(table[:symbol])
        self.range = scale * table[symbol]
        if self.range < 2**32:
            self.low, self.range, self.bits = self.low << 32, self.range << 32, self.bits + 32

    def code(self, token: int, f: Table) -> None:
        choice = {0: 0, STOP: 1}.get(token, 2)
        self.narrow(choice, self.choices(f))
        if choice == 2:
            self.narrow(token, without(f))

    def used(self) -> int:
        return self.bits - len(f"{self.range:b}")


def without(f: Table) -> Table:
    return [0 if token in {0, STOP} else value for token, value in enumerate(f)]


def tables_of(weights: WeightsFile, tokens: list[int]) -> list[Table]:
    reference = Reference(weights)
    return [reference.enter(token) for token in [END, *tokens]]


def payload_by_the_book(weights: WeightsFile, tokens: list[int]) -> bytes:
    tables = tables_of(weights, tokens)
    far = Book(weights, None)
    for token, f in zip(tokens, tables, strict=False):
        far.code(token, f)
    size = max(0, far.used() // 8 - 2)
    while True:
        book = Book(weights, size)
        for token, f in zip([*tokens, END], tables, strict=True):
            book.code(token, f)
        unit = 2 ** max(0, book.bits - 8 * size)
        value = -(-book.low // unit)
        if value * unit < book.low + book.range:
            shifted: int = value << max(0, 8 * size - book.bits)
            return shifted.to_bytes(size, "big")
        size += 1


def decode_by_the_book(weights: WeightsFile, payload: bytes) -> list[int] | None:
    """The tokens, or None if the payload is malformed, not canonical, or spells too much."""
    book, reference, entered = Book(weights, len(payload)), Reference(weights), [END]
    value = int.from_bytes(payload, "big")

    def symbol(table: Table) -> int | None:
        point = value << max(0, book.bits - 8 * len(payload))
        point >>= max(0, 8 * len(payload) - book.bits)
        quantile = (point - book.low) // (book.range // sum(table))
        found = [s for s in range(len(table)) if quantile < sum(table[: s + 1])]
        if not found:
            return None
        book.narrow(found[0], table)
        return found[0]

    while sum(weights.lengths[token] for token in entered) <= MAX_BYTES:
        f = reference.enter(entered[-1])
        choice = symbol(book.choices(f))
        token = symbol(without(f)) if choice == 2 else {0: 0, 1: STOP, None: None}[choice]
        if token is None:
            return None
        if token == END:
            tokens = entered[1:]
            return tokens if payload_by_the_book(weights, tokens) == payload else None
        entered.append(token)
    return None


@settings(max_examples=50)
@given(st.integers(0, 5), tokens_lists)
def test_payloads_are_those_of_the_specification(seed: int, tokens: list[int]) -> None:
    prior, weights = tiny(seed)
    payload = encode_tokens(prior, tokens)
    assert payload == payload_by_the_book(weights, tokens)
    assert decode_by_the_book(weights, payload) == tokens
    assert decode_tokens(prior, payload) == tokens


@settings(max_examples=50)
@given(st.integers(0, 5), st.binary(max_size=3))
def test_the_same_payloads_are_refused(seed: int, payload: bytes) -> None:
    prior, weights = tiny(seed)
    expected = decode_by_the_book(weights, payload)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_stream, "TEXT_MAX_BYTES", MAX_BYTES)
        try:
            tokens = decode_tokens(prior, payload)
        except (MalformedError, NonCanonicalError, LimitError):
            assert expected is None
        else:
            assert tokens == expected


@given(
    st.tuples(*[st.integers(1, TOTAL // 2 - 255)] * 2),
    st.tuples(*[st.integers(1, LARGEST_FACTOR)] * 3),
)
def test_every_choice_is_possible(own: tuple[int, int], factors: tuple[int, int, int]) -> None:
    choices = choice_frequencies(*own, factors)
    assert min(choices) >= 1
    assert sum(choices) == CHOICE_TOTAL


@pytest.mark.parametrize(
    ("left", "row"), [(-99, 0), (-8, 0), (-7, 0), (-6, 1), (-1, 3), (0, 4), (53, 30), (54, 31)]
)
def test_rows(left: int, row: int) -> None:
    assert factor_row(left) == row
    assert factor_row(10**6) == 31


def ends_early(ends: int, goes_on: int) -> list[Step]:
    """Tokens of a bit and a half, and the end token among them as the prior expects it."""
    step = {"end": TOTAL // 4, "stop": 1, "cumulative": 0, "frequency": TOTAL // 3}
    return [Step(**step, choice=0)] * ends + [Step(**step, choice=2)] * goes_on


def test_factors_give_the_shares_that_came() -> None:
    for ends, goes_on in ((50, 50), (300, 10), (10, 300)):
        factors = fit_row(ends_early(ends, goes_on))
        (end, _, other) = choice_frequencies(TOTAL // 4, 1, tuple(factors.tolist()))
        assert end / (end + other) == pytest.approx(ends / (ends + goes_on), abs=0.01)


def test_fitted_factors_make_texts_smaller() -> None:
    """Tokens of four bits, of which every eighth is expected to be the last and few are."""
    rng = np.random.default_rng(5)
    step = {"end": TOTAL // 8, "stop": TOTAL // 8}
    texts = [
        [
            *(Step(**step, choice=2, cumulative=9, frequency=TOTAL // 16) for _ in range(length)),
            Step(**step, choice=1),
            Step(**step, choice=0),
        ]
        for length in rng.integers(10, 30, 120)
    ]

    def size(factors: list[tuple[int, int, int]]) -> int:
        total = 0
        for text in texts[80:]:
            encoder = ClosingEncoder(factors)
            for one in text:
                encoder.encode(one)
            total += len(encoder.finish())
        return total

    fitted = as_rows(fit_factors(texts[:80]))
    assert size(list(fitted)) < 0.95 * size([(1, 1, 1)] * FACTOR_ROWS)
