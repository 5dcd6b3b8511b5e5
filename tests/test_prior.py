"""Prior 1 (section 6): exact against plain integers, in any company, on any number of threads."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refcodec.coding.network_prior as network_prior_module
from refcodec.coding import weights as layout
from refcodec.coding.network_prior import NetworkPrior
from refcodec.coding.prior import load_prior
from refcodec.coding.range_coder import TOTAL
from refcodec.coding.recall import LEVELS
from refcodec.coding.segmentation import fast_segmentation, searched_segmentations
from refcodec.coding.token_stream import (
    cost_bits,
    cost_bits_many,
    decode_tokens,
    decode_tokens_many,
    encode_tokens,
    encode_tokens_many,
)
from refcodec.coding.vocabulary import END
from refcodec.errors import (
    LimitError,
    MalformedError,
    NonCanonicalError,
    SemError,
    UnsupportedError,
)
from refcodec.limits import TEXT_MAX_BYTES
from refcodec.registry import Entry
from tests.tiny_prior import tiny_weights
from tools.prior.reference import Reference, WeightsFile

ROOT = Path(__file__).parent.parent
WEIGHTS = ROOT / "refcodec" / "data" / "prior-1.bin"
DIGESTS = json.loads((ROOT / "spec" / "prior-1-digests.json").read_text("utf-8"))
CAPTIONS = ("A man riding a wave on top of a surfboard.", "Two dogs", "", "A red bus, 雪 Qx")


@pytest.fixture(scope="module")
def prior() -> NetworkPrior:
    loaded = load_prior(1)
    assert isinstance(loaded, NetworkPrior)
    return loaded


@pytest.fixture(scope="module")
def reference_weights() -> WeightsFile:
    return WeightsFile(WEIGHTS.read_bytes())


@cache
def tiny(seed: int, loudness: int) -> tuple[NetworkPrior, WeightsFile]:
    data = tiny_weights(seed, loudness)
    return NetworkPrior(data), WeightsFile(data)


def digest(values: list[int] | np.ndarray, kind: str = "<u4") -> str:
    return hashlib.sha256(np.asarray(values).astype(kind).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("vector", DIGESTS, ids=lambda vector: str(vector["content"][:12]))
def test_tables_have_the_digests_of_the_specification(
    prior: NetworkPrior, vector: dict[str, Any]
) -> None:
    tokens = vector["tokens"]
    assert prior.vocabulary.spell(tokens).hex() == vector["content"]
    assert encode_tokens(prior, tokens).hex() == vector["payload"]
    column = np.array(tokens, np.int64)[:, None]
    assert [digest(table) for (table,) in prior.tables(column)] == vector["tables"]
    state = prior.start(1)
    for position, token in enumerate(tokens):
        assert digest(state.frequencies()[0]) == vector["tables"][position]
        state = state.advance(np.array([token]))


def test_the_reference_has_the_digests_of_the_specification(
    reference_weights: WeightsFile,
) -> None:
    reference = Reference(reference_weights)
    first = DIGESTS[0]
    for position, token in enumerate([END, *first["tokens"][:2]]):
        assert digest(reference.enter(token)) == first["tables"][position]
        if position < len(first["steps"]):
            assert [digest(step, "<i4") for step in reference.steps] == first["steps"][position]


@given(
    st.integers(0, 7),
    st.sampled_from([1, 20, 127]),
    st.lists(
        st.lists(st.sampled_from([1, 2, 3, 98, 258, 299]), max_size=14), min_size=1, max_size=3
    ),
)
def test_tables_are_those_of_plain_integers(
    seed: int, loudness: int, texts: list[list[int]]
) -> None:
    """On small networks of random weights, quiet ones and ones that reach every limit."""
    prior, plain = tiny(seed, loudness)
    length = max(map(len, texts))
    padded = np.array([text + [END] * (length - len(text)) for text in texts]).T
    tables = list(prior.tables(padded.reshape(length, len(texts)).astype(np.int64)))
    for column, text in enumerate(texts):
        reference = Reference(plain)
        for position, token in enumerate([END, *text]):
            assert tables[position][column].tolist() == reference.enter(token)


def test_only_the_last_tokens_are_recalled() -> None:
    """A text longer than the window in which repeats are looked for, and than a run at once."""
    prior, plain = tiny(1, 20)
    text = np.random.default_rng(1).integers(1, 6, 1100)
    text[:40], text[1060:] = 299, 299
    reference = Reference(plain)
    for table, token in zip(prior.tables(text[:, None]), [END, *text.tolist()], strict=True):
        assert table[0].tolist() == reference.enter(token)


@given(st.integers(0, 7), st.sampled_from([1, 20, 127]), st.lists(st.integers(1, 299), max_size=30))
def test_tables_are_tables(seed: int, loudness: int, text: list[int]) -> None:
    prior, _ = tiny(seed, loudness)
    for (table,) in prior.tables(np.array(text, np.int64).reshape(-1, 1)):
        assert int(table.sum()) == TOTAL
        assert int(table.min()) >= 1


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=12), min_size=1, max_size=5))
def test_no_text_depends_on_its_neighbours(contents: list[bytes]) -> None:
    prior = load_prior(1)
    texts = [fast_segmentation(prior, content) for content in contents]
    together = encode_tokens_many(prior, texts, [None] * len(texts))
    assert together == [encode_tokens(prior, text) for text in texts]
    payloads = [payload for payload in together if payload is not None]
    assert decode_tokens_many(prior, payloads) == texts
    assert cost_bits_many(prior, texts) == [cost_bits(prior, text) for text in texts]


PROBE = """
import hashlib, sys
import numpy as np
from refcodec.coding.prior import load_prior
from refcodec.coding.segmentation import fast_segmentation
prior = load_prior(1)
hashes = hashlib.sha256()
for texts in (1, 5, 40):
    tokens = fast_segmentation(prior, sys.argv[1].encode())
    for tables in prior.tables(np.repeat(np.array(tokens)[:, None], texts, axis=1)):
        assert (tables == tables[0]).all()
        hashes.update(tables[0].tobytes())
print(hashes.hexdigest())
"""


def test_threads_and_kernels_do_not_matter() -> None:
    """Matrix products by other code of OpenBLAS, on one thread and on several."""
    settings_ = [
        {"OPENBLAS_NUM_THREADS": threads, "OPENBLAS_CORETYPE": kernel}
        for threads, kernel in (
            ("1", "Nehalem"),
            ("2", "Haswell"),
            ("4", "Zen"),
            ("1", "SkylakeX"),
        )
    ]
    hashes = [
        subprocess.run(
            [sys.executable, "-c", PROBE, CAPTIONS[0]],
            env=os.environ | own,
            check=True,
            capture_output=True,
        ).stdout
        for own in settings_
    ]
    assert len(hashes[0]) == 65
    assert len(set(hashes)) == 1


@settings(max_examples=60)
@given(st.binary(max_size=40))
def test_any_bytes_can_be_coded(content: bytes) -> None:
    prior = load_prior(1)
    tokens = fast_segmentation(prior, content)
    assert prior.vocabulary.spell(tokens) == content
    payload = encode_tokens(prior, tokens)
    assert decode_tokens(prior, payload) == tokens
    assert 8 * len(payload) <= cost_bits(prior, tokens) + 24


@settings(max_examples=60)
@given(st.binary(max_size=16))
def test_a_payload_that_decodes_is_the_only_one(payload: bytes) -> None:
    prior = load_prior(1)
    try:
        tokens = decode_tokens(prior, payload)
    except (MalformedError, NonCanonicalError, LimitError):
        return
    assert encode_tokens(prior, tokens) == payload


def test_bad_payloads_among_good_ones(prior: NetworkPrior) -> None:
    texts = [fast_segmentation(prior, caption.encode()) for caption in CAPTIONS]
    payloads = [encode_tokens(prior, text) for text in texts]
    bad = [b"\xff" * 8, b"\0"]
    decoded = decode_tokens_many(prior, [bad[0], *payloads, bad[1]])
    assert decoded[1:-1] == texts
    assert isinstance(decoded[0], MalformedError)
    assert isinstance(decoded[-1], NonCanonicalError)


def test_cost_is_the_sum_over_tokens_and_end(
    prior: NetworkPrior, reference_weights: WeightsFile
) -> None:
    tokens = fast_segmentation(prior, b"A dog.")
    reference = Reference(reference_weights)
    bits = 0.0
    for before, token in zip([END, *tokens], [*tokens, END], strict=True):
        bits += 24 - math.log2(reference.enter(before)[token])
    assert cost_bits(prior, tokens) == pytest.approx(bits)


def test_payloads_beyond_a_bound_are_given_up(prior: NetworkPrior) -> None:
    texts = [fast_segmentation(prior, caption.encode()) for caption in CAPTIONS]
    sizes = [len(encode_tokens(prior, text)) for text in texts]
    bounds = [sizes[0], sizes[1] - 1, None, 1]
    given_up = [payload is None for payload in encode_tokens_many(prior, texts, bounds)]
    assert given_up == [False, True, False, True]


def test_many_texts_of_every_length(prior: NetworkPrior) -> None:
    """More texts than are evaluated at once, long ones and short ones among each other."""
    texts = [[300 + number % 7] * (number * 37 % 50) for number in range(300)]
    payloads = [payload or b"" for payload in encode_tokens_many(prior, texts, [None] * 300)]
    assert decode_tokens_many(prior, payloads) == texts
    assert payloads[123] == encode_tokens(prior, texts[123])


def test_a_bomb_of_cheap_tokens_hits_the_limit(prior: NetworkPrior) -> None:
    spellings = prior.vocabulary.spellings
    longest = max(range(len(spellings)), key=lambda token: len(spellings[token]))
    payload = encode_tokens(prior, [longest] * (TEXT_MAX_BYTES // len(spellings[longest]) + 1))
    with pytest.raises(LimitError, match="65535"):
        decode_tokens(prior, payload)


def test_the_search_finds_the_cheapest_segmentation() -> None:
    """By the cost of all segmentations, under small priors of random weights."""
    for seed in range(6):
        prior, _ = tiny(seed, 20)
        spellings = prior.vocabulary.spellings
        content = (spellings[299] + spellings[298])[:7]
        every = all_segmentations(content, {spelling: t for t, spelling in enumerate(spellings)})
        found = searched_segmentations(prior, content)
        assert {prior.vocabulary.spell(tokens) for tokens in found} == {content}
        assert cost_bits(prior, found[0]) == pytest.approx(min(cost_bits_many(prior, every)))
        assert found[-1] == fast_segmentation(prior, content)


def all_segmentations(content: bytes, tokens: dict[bytes, int]) -> list[list[int]]:
    if not content:
        return [[]]
    return [
        [tokens[content[:end]], *rest]
        for end in range(1, len(content) + 1)
        if content[:end] in tokens
        for rest in all_segmentations(content[end:], tokens)
    ]


def test_long_content_is_not_searched(prior: NetworkPrior) -> None:
    content = b"word " * 1000
    assert searched_segmentations(prior, content) == [fast_segmentation(prior, content)]


def test_the_vocabulary_begins_with_end_and_bytes(prior: NetworkPrior) -> None:
    spellings = prior.vocabulary.spellings
    assert spellings[END] == b""
    assert list(spellings[1:257]) == [bytes([byte]) for byte in range(256)]
    assert all(2 <= len(spelling) <= 255 for spelling in spellings[257:])
    assert len(set(spellings)) == len(spellings)


def test_the_weights_file_is_as_specified(prior: NetworkPrior) -> None:
    data = WEIGHTS.read_bytes()
    shape, arrays = layout.read_arrays(data)
    assert layout.write_arrays(shape, arrays) == data
    assert len(data) <= 16 << 20
    assert max(shape.width, shape.output) <= 512
    assert max(shape.recurrent, shape.hidden, shape.hashed_width) <= 1040
    assert max(shape.width_gain, shape.recurrent_gain, shape.hidden_gain) < 2**11
    for name, array in arrays.items():
        if name.endswith((".scale", ".offset", ".mix")):
            assert abs(array.astype(np.int64)).max() < 2**28
        elif name.endswith(".weights") and array.dtype == np.int8:
            assert array.min() >= -127
    for level in range(LEVELS):
        counts = arrays[f"{level}.counts"].astype(np.int64)
        assert counts.min() >= 1
        sums = np.add.reduceat(
            arrays[f"{level}.weights"].astype(np.int64), np.cumsum(counts) - counts
        )
        assert sums.max() < 2**8
        assert (np.diff(arrays[f"{level}.keys"].astype(np.int64)) > 0).all()
    assert int(arrays["powers"].max()) <= 2**24
    assert 1 <= int(arrays["factors"].min()) <= int(arrays["factors"].max()) <= 2**12
    assert f"V = {shape.vocabulary}, D = {shape.width}, B = {shape.blocks}" in (
        ROOT / "spec" / "sem.md"
    ).read_text("utf-8")
    assert len(prior.vocabulary) == shape.vocabulary


def test_a_weights_file_of_another_digest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(kind: str, number: int) -> Entry:
        return Entry(kind, number, "", "", "00" * 32, "", "")

    monkeypatch.setattr(network_prior_module, "lookup", lookup)
    with pytest.raises(UnsupportedError, match="install the package again"):
        NetworkPrior.load("prior-1.bin", 1)


def test_a_file_that_is_no_prior_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="SEMNET01"):
        NetworkPrior(Path(__file__).read_bytes())


def test_arrays_of_other_sizes_are_not_written() -> None:
    shape, arrays = layout.read_arrays(tiny_weights(0, 1))
    with pytest.raises(ValueError, match="costs"):
        layout.write_arrays(shape, arrays | {"costs": arrays["costs"][1:]})


def test_errors_of_many_texts_are_errors(prior: NetworkPrior) -> None:
    (error,) = decode_tokens_many(prior, [b"\xff" * 8])
    assert isinstance(error, SemError)
    with pytest.raises(MalformedError):
        decode_tokens(prior, b"\xff" * 8)
