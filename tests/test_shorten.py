"""Descriptions made shorter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from refcodec import Item
from refcodec.describers.interfaces import Description
from refcodec.describers.shorten import shorter_descriptions, shorter_texts, texts_between
from refcodec.describers.words import DANGLING

TEXT = "A dog and a cat sit on a red sofa, near a window. It rains outside."


def test_clauses_go_from_the_end() -> None:
    assert shorter_texts(TEXT) == [
        "A dog and a cat sit on a red sofa, near a window. It rains.",
        "A dog and a cat sit on a red sofa, near a window.",
        "A dog and a cat sit on a red sofa.",
        "A dog and a cat sit.",
        "A dog.",
    ]


def test_a_text_without_full_stop_stays_without() -> None:
    assert shorter_texts("red bus, city street") == ["red bus"]


def test_a_text_of_one_clause_has_nothing_shorter() -> None:
    assert shorter_texts("Bicycle.") == []
    assert shorter_texts("") == []


def test_clauses_of_chinese_end_without_spaces() -> None:
    text = "\u7ea2\u8272\u7684\u623f\u5b50\uff0c\u84dd\u5929\u3002"
    assert shorter_texts(text) == ["\u7ea2\u8272\u7684\u623f\u5b50\u3002"]


def test_single_words_between_two_cuts() -> None:
    longer, shorter = "A dog sits on a big red sofa.", "A dog sits."
    assert texts_between(longer, shorter) == ["A dog sits on a big red.", "A dog sits on a big."]


def test_details_go_before_items_and_the_first_sentence_stays_longest() -> None:
    items = (Item("dog", "brown"), Item("cat", "white"))
    shorter = list(shorter_descriptions(Description("A dog, a cat. It rains.", items)))
    assert [(one.text, [item.name + item.detail for item in one.items]) for one in shorter] == [
        ("A dog, a cat.", ["dogbrown", "catwhite"]),
        ("A dog, a cat.", ["dogbrown", "cat"]),
        ("A dog, a cat.", ["dog", "cat"]),
        ("A dog, a cat.", ["dog"]),
        ("A dog, a cat.", []),
        ("A dog.", []),
    ]


@given(st.text(st.sampled_from("ab ,.;\n\u3002"), max_size=60) | st.text(max_size=40))
def test_what_is_shorter_is_the_start_of_the_text(text: str) -> None:
    for cuts in (shorter_texts(text), texts_between(text, "")):
        for longer, shorter in zip([text, *cuts], cuts, strict=False):
            assert len(shorter) < len(longer)
            assert text.startswith(shorter[:-1])
            assert shorter.strip()


@given(st.lists(st.sampled_from(["dog", "red", "a", "with", "on", "sofa,", "rain."]), max_size=12))
def test_no_cut_ends_with_an_article_or_preposition(words: list[str]) -> None:
    for shorter in texts_between(" ".join(words), ""):
        assert shorter.rstrip(".").split()[-1] not in DANGLING


def test_a_text_without_spaces_is_cut_between_characters() -> None:
    text = "\u7ea2\u8272\u7684\u623f\u5b50\u3002"
    assert texts_between(text, "")[:2] == [
        "\u7ea2\u8272\u7684\u623f\u3002",
        "\u7ea2\u8272\u7684\u3002",
    ]
