"""Word F1, ROUGE-L and chrF of descriptions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refcodec.evaluation.text import chrf, rouge_l, word_f1, words
from refcodec.limits import TEXT_MAX_BYTES

MEASURES = (word_f1, rouge_l, chrf)
short_texts = st.lists(st.sampled_from(["a", "b", "c", "dd", "e"]), max_size=12).map(" ".join)


def plain_common_length(one: list[str], other: list[str]) -> int:
    """The longest common subsequence by the table of the textbook."""
    row = [0] * (len(other) + 1)
    for word in one:
        before, row = row, [0]
        for place, candidate in enumerate(other):
            same = before[place] + 1 if word == candidate else 0
            row.append(max(same, before[place + 1], row[place]))
    return row[-1]


def test_words_are_case_folded_and_without_punctuation() -> None:
    assert words("A RED bike,\nleaning - on a Straße!") == [
        *("a", "red", "bike", "leaning", "on", "a", "strasse"),
    ]
    assert words("ﬁre №5") == ["fire", "no5"]


def test_known_values() -> None:
    reference, text = "the cat sat on the mat", "the mat sat on a cat"
    # 5 of 6 words are shared; in the same order only three (the, sat, on).
    assert word_f1(reference, text) == pytest.approx(5 / 6)
    assert rouge_l(reference, text) == pytest.approx(1 / 2)
    # Half of the words, all of which are right.
    assert word_f1("a red house here", "red house") == pytest.approx(2 * 2 / (4 + 2))


def test_chrf_known_value() -> None:
    # Runs of 1: 2 of 3 and of 2; of 2: 1 of 2 and of 1; of 3: 0 of 1 and of 0.
    runs = [5 * 2 / (4 * 3 + 2), 5 * 1 / (4 * 2 + 1), 0.0]
    assert chrf("abc", "ab") == pytest.approx(sum(runs) / 3)
    assert chrf("红色的房子", "红房子") > chrf("红色的房子", "两只鸟")


@pytest.mark.parametrize("measure", MEASURES)
def test_equal_texts_and_empty_texts(measure: object) -> None:
    assert callable(measure)
    assert measure("A house.", "a HOUSE.") == pytest.approx(1.0)
    assert measure("", "") == 1.0
    assert measure("a house", "") == 0.0
    assert measure("", "a house") == 0.0
    assert measure("xyz", "a house") == 0.0


@given(short_texts, short_texts)
def test_rouge_l_counts_the_longest_common_subsequence(one: str, other: str) -> None:
    length = len(words(one)) + len(words(other))
    expected = 2 * plain_common_length(words(one), words(other)) / length if length else 1.0
    assert rouge_l(one, other) == pytest.approx(expected)


@given(st.text(max_size=40), st.text(max_size=40))
def test_all_are_between_0_and_1(one: str, other: str) -> None:
    for measure in MEASURES:
        assert 0.0 <= measure(one, other) <= 1.0


def test_texts_at_the_limit_of_the_format() -> None:
    one = "ab cd " * (TEXT_MAX_BYTES // 6)
    other = "cd ab " * (TEXT_MAX_BYTES // 6)
    count = len(words(one))
    assert rouge_l(one, other) == pytest.approx((count - 1) / count)
    assert word_f1(one, other) == 1.0
    assert chrf(one, other) > 0.9
