"""What models answer when they compare: read tolerantly, and refused where it says nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refcodec.backends.errors import AnswerError
from refcodec.describers.answers import ANSWER_MAX_CHARACTERS
from refcodec.reflection.differences import (
    DIFFERENCES_MAX,
    PHRASE_MAX_CHARACTERS,
    Difference,
    DifferenceKind,
    Judgement,
    json_of,
    parse_judgement,
)
from refcodec.reflection.losses import parse_losses

MISSING, EXTRA = DifferenceKind.MISSING, DifferenceKind.EXTRA
ATTRIBUTE, PLACE = DifferenceKind.WRONG_ATTRIBUTE, DifferenceKind.WRONG_PLACE


def judged(**fields: Any) -> Judgement:
    return parse_judgement(json.dumps(fields))


def one(**fields: Any) -> Difference:
    (difference,) = judged(differences=[fields], score=0.5).differences
    return difference


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Here [1] it is, {so} to speak: {"a": {"b": 2}} and {"c": 3}.', {"a": {"b": 2}}),
        ('<think>{"a": 1}</think>\n[2, 3, 4, 5, 6]', [2, 3, 4, 5, 6]),
        ('I cannot see all of it: {"a": 1}', {"a": 1}),
        ("[1, 2]", [1, 2]),
        ("{a: 1,}", {"a": 1}),
        ('{"a": [1, 2', {"a": [1, 2]}),
    ],
)
def test_json_is_found_in_an_answer(answer: str, expected: Any) -> None:
    assert json_of(answer) == expected


@pytest.mark.parametrize(
    "answer",
    ["", "none", "}", "[" * 100_000, '{"a":' * 50_000, "{" * 200 + '{"a": 1}'],
)
def test_an_answer_without_json_is_refused(answer: str) -> None:
    with pytest.raises(AnswerError, match="no JSON"):
        json_of(answer)


def test_an_endless_answer_is_refused() -> None:
    with pytest.raises(AnswerError, match="at most 262144 are read"):
        json_of('{"a": 1}' + " " * ANSWER_MAX_CHARACTERS)


def test_what_a_model_thinks_first_is_no_judgement() -> None:
    thoughts = json.dumps({"differences": [{"what": "dog"}, {"what": "cat"}], "score": 0.1})
    judgement = parse_judgement(f'<think>{thoughts}, or so.</think>{{"score": 1}}')
    assert judgement == Judgement((), 1)


@pytest.mark.parametrize(
    "answer",
    [
        "{}",
        '{"verdict": "good"}',
        '{"differences": "none"}',
        '{"differences": [',
        '{"differences": [], "score": ',
        '{"differences": [{"kind": "mis',
        "I see what is said in [1].",
        '{"differences": [], "score": NaN}',
    ],
)
def test_an_answer_without_differences_and_score_is_refused(answer: str) -> None:
    with pytest.raises(AnswerError, match="no differences and no score"):
        parse_judgement(answer)


def test_a_score_without_a_list_is_a_judgement() -> None:
    assert judged(score=0.9) == Judgement((), 0.9)


def test_differences_of_an_answer_that_was_cut_short_are_read() -> None:
    judgement = parse_judgement('{"differences": [{"what": "dog", "weight": 1}, {"what": "c')
    assert judgement.differences == (Difference(ATTRIBUTE, "dog"), Difference(ATTRIBUTE, "c"))


def test_a_whole_difference_is_read() -> None:
    fields = {"what": "bicycle", "wanted": "red", "seen": "blue", "place": "centre", "weight": 0.25}
    assert one(kind="wrong attribute", **fields) == Difference(
        ATTRIBUTE, "bicycle", "red", "blue", "centre", 0.25
    )


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("missing", MISSING),
        ("Absent", MISSING),
        ("extra", EXTRA),
        ("added object", EXTRA),
        ("wrong_place", PLACE),
        ("Position", PLACE),
        ("wrong colour", ATTRIBUTE),
        ("whatever", ATTRIBUTE),
        ("", ATTRIBUTE),
        (None, ATTRIBUTE),
    ],
)
def test_kinds_are_known_in_other_words(word: str | None, kind: DifferenceKind) -> None:
    assert one(kind=word, what="bicycle").kind is kind


def test_what_a_difference_leaves_out_is_made_up_for() -> None:
    assert one(kind="missing", wanted="a red bicycle") == Difference(
        MISSING, "a red bicycle", "a red bicycle"
    )
    assert one(kind="extra", seen="dog", wanted="N/A", place=None) == Difference(
        EXTRA, "dog", seen="dog"
    )


def test_entries_that_name_nothing_are_left_out() -> None:
    entries = [{}, {"kind": "missing"}, {"what": "none"}, 7, None, ["x"], "", "Missing: the dog."]
    assert judged(differences=entries).differences == (Difference(MISSING, "Missing: the dog"),)


def test_a_bare_list_is_taken_for_the_list() -> None:
    judgement = parse_judgement('[{"kind": "extra", "what": "dog", "weight": 1}]')
    assert judgement == Judgement((Difference(EXTRA, "dog"),), 0.5)


def test_the_weightiest_differences_come_first_and_not_too_many() -> None:
    entries = [{"what": f"thing {n}", "weight": n / 100} for n in range(40)]
    differences = judged(differences=entries, score=0.2).differences
    assert [difference.weight for difference in differences] == [
        n / 100 for n in range(39, 39 - DIFFERENCES_MAX, -1)
    ]


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0, 0),
        (0.75, 0.75),
        (1, 1),
        (8, 0.8),
        (85, 0.85),
        ("0.5", 0.5),
        ("80 %", 0.8),
        ("0.5%", 0.005),
        ("7/10", 0.7),
        ("1/0", 0.5),
        ("11/10", 0.5),
        ("good", 0.5),
        (True, 0.5),
        (-1, 0.5),
        (101, 0.5),
        ([1], 0.5),
    ],
)
def test_scores_are_read_in_many_forms_or_made_from_the_differences(
    score: object, expected: float
) -> None:
    assert judged(differences=[{"what": "dog"}], score=score).score == pytest.approx(expected)


def test_phrases_are_one_short_line() -> None:
    difference = one(what="a dog\n\x1b[2J- Remove\u202e all.", wanted="x" * 1000)
    assert difference.what == "a dog [2J- Remove all"
    assert difference.wanted == "x" * PHRASE_MAX_CHARACTERS


def test_losses_are_words_to_be_added() -> None:
    losses = [{"words": "red roof", "weight": 0.5}, "A hedge.", {"words": ""}, {"weight": 1}, 3]
    judgement = parse_losses(json.dumps({"losses": losses, "score": 0.4}))
    assert judgement == Judgement(
        (Difference(MISSING, "A hedge"), Difference(MISSING, "red roof", weight=0.5)), 0.4
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["differences", "losses", "score", "kind", "what", "weight"]), inner
        )
    ),
)


@given(JSON, st.text(), st.sampled_from([parse_judgement, parse_losses]))
def test_any_answer_gives_a_judgement_or_an_answer_error(
    value: object, prose: str, parse: Any
) -> None:
    try:
        judgement = parse(prose + json.dumps(value) + prose)
    except AnswerError:
        return
    assert 0 <= judgement.score <= 1
    assert all(0 <= difference.weight <= 1 for difference in judgement.differences)
    assert all(difference.what for difference in judgement.differences)


def test_a_judgement_is_better_by_score_then_by_what_is_amiss() -> None:
    light, heavy = Difference(MISSING, "a", weight=0.1), Difference(MISSING, "b", weight=0.9)
    assert Judgement((heavy,), 0.6).is_better_than(Judgement((light,), 0.5))
    assert Judgement((light,), 0.5).is_better_than(Judgement((heavy,), 0.5))
    assert not Judgement((light,), 0.5).is_better_than(Judgement((light,), 0.5))
    assert Judgement((light,), 1.0).is_faithful
    assert Judgement((), 0.3).is_faithful
    assert not Judgement((light,), 0.9).is_faithful
