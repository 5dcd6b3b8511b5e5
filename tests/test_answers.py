"""What models answer, and the descriptions that are found in it."""

from __future__ import annotations

import json
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refcodec import Document, Item
from refcodec.backends.errors import AnswerError
from refcodec.describers.answers import ANSWER_MAX_CHARACTERS, parse_items, parse_texts
from refcodec.describers.interfaces import Description, ItemWish
from refcodec.describers.json_values import DEPTH_MOST, json_values
from refcodec.describers.words import clean, cut_name, cut_text, words_of
from refcodec.limits import ITEMS_MAX, TEXT_MAX_BYTES

DOG = "A brown dog sleeps on a red mat."
BALL = Item("ball", "small, blue")
WISH = ItemWish()


# Plain text.


@pytest.mark.parametrize(
    "answer",
    [
        DOG,
        f"\n  {DOG}\n",
        f'"{DOG}"',
        f"\u201c{DOG}\u201d",
        f"```\n{DOG}\n```",
        f"```text\n{DOG}\n```\nI hope that this helps!",
        f"Here is a description of the picture: {DOG}",
        f"Sure! Here's a short caption:\n\n{DOG}",
        f"**Description:** {DOG}",
        f"Caption: {DOG}",
        f"# {DOG}",
        "- A brown dog\n- sleeps on a **red** mat.",
        "A brown dog\r\nsleeps on\ta `red` mat.",
        "The image shows a brown dog sleeps on a red mat.",
        f"{DOG} (8 words)",
        f"<think>A dog? [Yes].</think>\n{DOG}",
        "A brown \x1b\u202edog\x00 sleeps\u2028on a red\ufeff mat.",
        json.dumps({"caption": DOG}),
        json.dumps([DOG]),
        f"```json\n{json.dumps({'Description': DOG})}\n```",
        json.dumps({"result": {"text": DOG}}),
    ],
)
def test_a_description_is_found(answer: str) -> None:
    assert parse_texts(answer) == [Description(DOG)]


@pytest.mark.parametrize(
    "text",
    [
        'A sign that says "STOP" and one that says "GO"',
        '"STOP", says a sign; another: "GO"',
        "Here is where the road ends: a gate and a field.",
        'A screen with ["a", "b"] on it.',
        "[A dog] on a mat.",
        "A shop named 'Description'.",
        "'",
    ],
)
def test_what_belongs_to_a_description_stays(text: str) -> None:
    if text == "'":
        with pytest.raises(AnswerError, match="not in the form"):
            parse_texts(text)
    else:
        assert parse_texts(text) == [Description(text)]


@pytest.mark.parametrize(
    "answer",
    [
        '{"descriptions": ["A dog.", "A cat.", "A cow."]}',
        'Here they are:\n```json\n["A dog.", "A cat.", "A cow."]\n```',
        '{"descriptions": [{"text": "A dog."}, {"text": "A cat."}]}',
        '{"1": "A dog.", "2": "A cat."}',
        "1. A dog.\n2. A cat.\n3. A cow.",
        "Here are two:\n\n- A dog.\n- A cat.",
        '{"descriptions": ["A dog.", "A cat.", "A cow',
    ],
)
def test_several_descriptions_are_found(answer: str) -> None:
    assert parse_texts(answer, 2) == [Description("A dog."), Description("A cat.")]


def test_one_description_is_found_where_several_were_wanted() -> None:
    assert parse_texts(DOG, 3) == [Description(DOG)]
    assert parse_texts(f"1. {DOG}", 3) == [Description(DOG)]


@pytest.mark.parametrize(
    "answer", ["", "  ", "...", "```\n```", '{"caption": ""}', '{"a": 5}', "{"]
)
def test_nothing_said_is_an_error(answer: str) -> None:
    with pytest.raises(AnswerError, match="not in the form that was asked for"):
        parse_texts(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m unable to describe people.",
        "I cannot see a picture.",
        "As an AI, I have no eyes.",
        "Sorry, no.",
    ],
)
def test_a_model_that_says_no_is_an_error(answer: str) -> None:
    for parse in (partial(parse_texts, answer), partial(parse_items, answer, WISH)):
        with pytest.raises(AnswerError, match="does not describe the picture; it says"):
            parse()


def test_errors_show_how_an_answer_begins_and_nothing_that_a_terminal_obeys() -> None:
    with pytest.raises(AnswerError) as raised:
        parse_items("\x1b[31mred\n" + "word " * 100, WISH)
    message = str(raised.value)
    assert 'it begins with "[31mred word word' in message
    assert '..."' in message
    assert message.isprintable()
    assert len(message) < 250


def test_answers_that_are_cut_or_endless_are_errors() -> None:
    with pytest.raises(AnswerError, match="more tokens"):
        parse_texts("<think>Now what do I see")
    with pytest.raises(AnswerError, match="262145 characters"):
        parse_texts("a" * (ANSWER_MAX_CHARACTERS + 1))
    with pytest.raises(AnswerError, match=r"too long: text: 65536 bytes"):
        parse_texts("a" * (TEXT_MAX_BYTES + 1))


# Items.

WHOLE = Description("A dog and a ball.", (Item("dog", "brown"), BALL))


@pytest.mark.parametrize(
    "answer",
    [
        '{"items": [{"name": "dog", "detail": "brown"}, {"name": "ball", "detail": '
        '"small, blue"}], "overall": "A dog and a ball."}',
        'Here:\n```json\n{"Items": [{"Name": "a dog", "Detail": "brown."},'
        ' {"name": "ball", "detail": "small, blue",},], "overall": "A dog and a ball.",}\n```',
        'In [1] I see {"items": ["dog: brown", "ball - small, blue"],'
        ' "overall": "A dog\nand a ball."} there.',
        '{"items": [["dog", "brown"], ["ball", "small", "blue"]], "overall": "A dog and a ball."}',
        '{"items": {"dog": "brown", "ball": ["small", "blue"]}, "overall": "A dog and a ball."}',
        '{"items": [{"dog": "brown"}, {"the ball": "small, blue"}], "summary":'
        ' "A dog and a ball."}',
        "{'items': [{'name': 'dog', 'detail': 'brown'}, {'name': 'ball', 'detail': "
        "'small, blue'}], 'overall': 'A dog and a ball.'}",
        '{items: [{name: "dog", detail: brown}, {name: "ball", detail: "small, blue"}], '
        'overall: "A dog and a ball."}',
        '{"description": {"items": [{"name": "**dog**", "details": ["brown"]}, {"object": "ball", '
        '"attributes": {"size": "small", "colour": "blue"}}], "overall": "A dog and a ball."}}',
        '[{"items": ["dog: brown", "ball: small, blue"], "overall": "A dog and a ball."}]',
        '{"items": [{"name": "dog", "detail": "brown"}, {"name": "dog", "detail": "brown"}, null,'
        ' {"name": ""}, {"name": "ball", "detail": "small, blue"}],'
        ' "overall": "A dog and a ball."}',
        '{"overall": "A dog and a ball.", "items": ["dog: brown", "ball: small, blue"',
    ],
)
def test_items_and_the_whole_are_found(answer: str) -> None:
    assert parse_items(answer, WISH) == [WHOLE]


@pytest.mark.parametrize(
    ("answer", "description"),
    [
        ('{"items": {"name": "dog", "detail": "brown"}}', Description("", (Item("dog", "brown"),))),
        ('{"name": "dog", "detail": null}', Description("", (Item("dog"),))),
        ('[{"name": "dog", "detail": true}]', Description("", (Item("dog"),))),
        ('["dog: brown", 5]', Description("", (Item("dog", "brown"),))),
        ('{"items": [], "overall": "A wall."}', Description("A wall.")),
        ('{"overall": "A wall."}', Description("A wall.")),
        ('{"items": [' + "9" * 5000, Description("", (Item("9" * 5000),))),
        ('{"items": [{"name": 7}], "overall": None}', Description("", (Item("7"),))),
    ],
)
def test_parts_of_a_description_do(answer: str, description: Description) -> None:
    assert parse_items(answer, WISH) == [description]


@pytest.mark.parametrize(
    "answer",
    [
        DOG,
        "[]",
        "{}",
        "[1, 2]",
        '{"descriptions": []}',
        '{"colour": "red"}',
        '{"items": [{}], "overall": "!"}',
        '{"items": [}',
        "[" * (2 * DEPTH_MOST) + "]" * (2 * DEPTH_MOST),
        "[" * 200_000,
    ],
)
def test_no_items_and_no_text_are_an_error(answer: str) -> None:
    with pytest.raises(AnswerError):
        parse_items(answer, WISH)


def test_several_descriptions_with_items_are_found() -> None:
    one = '{"items": ["dog: brown"], "overall": "A dog."}'
    other = '{"items": [], "overall": "A cat."}'
    wanted = [Description("A dog.", (Item("dog", "brown"),)), Description("A cat.")]
    for answer in (
        f'{{"descriptions": [{one}, {other}, {one}]}}',
        f"[{one}, {other}]",
        f'{{"1": {one}, "2": {other}}}',
        f'{{"descriptions": [{one}, {{"overall": "..."}}, {other}]}}',
    ):
        assert parse_items(answer, WISH, 2) == wanted


def test_items_keep_to_the_wished_numbers() -> None:
    answer = json.dumps(
        {
            "items": [
                {
                    "name": "a very large old oak tree",
                    "detail": "green and tall, but with no leaves",
                },
                {"name": "stone", "detail": "grey"},
                {"name": "sheep", "detail": "white"},
            ],
            "overall": "A field.",
        }
    )
    wish = ItemWish(count=2, name_words=2, detail_words=4)
    (found,) = parse_items(answer, wish)
    assert found.items == (Item("oak tree", "green and tall"), Item("stone", "grey"))
    (without,) = parse_items(answer, ItemWish(count=0))
    assert without == Description("A field.")
    many = json.dumps({"items": [f"thing {index}: here" for index in range(40)]})
    assert len(parse_items(many, ItemWish(count=99))[0].items) == ITEMS_MAX
    (bare,) = parse_items(answer, ItemWish(detail_words=0))
    assert [item.detail for item in bare.items] == ["", "", ""]


# Words.


@pytest.mark.parametrize(
    ("name", "cut"),
    [
        ("a red bicycle", "red bicycle"),
        ("The Hague", "The Hague"),
        ("the big house with a red roof", "big house"),
        ("Man, standing at a bus stop", "Man"),
        ("big old red brick house", "red brick house"),
        ("in the very far background", "very far background"),
        ("dog.", "dog"),
        ("A", "A"),
        ("Statue of Liberty", "Statue of Liberty"),
        ("", ""),
    ],
)
def test_names_are_cut_to_what_they_name(name: str, cut: str) -> None:
    assert cut_name(name, 3) == cut


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("red and round", "red and round"),
        ("red paint, a bent wheel", "red paint, a bent wheel"),
        ("red paint, peeling, with a bent wheel", "red paint, peeling"),
        ("leaning against the wall of the house", "leaning against the wall"),
        ("of the in on with a the", ""),
    ],
)
def test_texts_are_cut_where_a_clause_ends(text: str, cut: str) -> None:
    assert cut_text(text, 5) == cut


def test_words_are_counted_between_spaces() -> None:
    assert words_of(" A dog,\n well-fed. ") == ["A", "dog,", "well-fed."]


def test_control_characters_go_and_joiners_stay() -> None:
    assert clean("a\x07b\u200ec\ud800\u00add\x85e\t f") == "abcd e f"
    assert clean("\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"


# Any answer.

_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())
_KEYS = st.one_of(
    st.sampled_from(["items", "name", "detail", "overall", "descriptions", "Text ", "details"]),
    st.text(max_size=5),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=20), st.dictionaries(_KEYS, inner, max_size=5)
    ),
    max_leaves=40,
)
_PIECES = st.one_of(
    st.sampled_from(['"', "'", "{", "}", "[", "]", ",", ":", "\\", "\n", "```", " ", "- ", "1. "]),
    st.sampled_from(["items", "overall", "name", "a", "null", "\u200d", "\ud800"]),
    st.sampled_from(["Here is a description: ", "The image shows "]),
)
_ANSWERS = st.one_of(
    st.text(),
    st.text(st.characters(), max_size=30),
    _VALUES.map(json.dumps),
    st.builds(
        lambda value, cut: json.dumps(value, ensure_ascii=False)[:cut],
        _VALUES,
        st.integers(1, 200),
    ),
    st.lists(_PIECES, max_size=30).map("".join),
)


@given(_ANSWERS, st.integers(0, 20), st.integers(0, 4), st.integers(0, 12), st.integers(1, 4))
def test_whatever_is_answered_a_document_holds_what_is_found(
    answer: str, count: int, name_words: int, detail_words: int, most: int
) -> None:
    wish = ItemWish(count, name_words, detail_words)
    errors: list[AnswerError] = []
    for parse in (partial(parse_texts, answer, most), partial(parse_items, answer, wish, most)):
        try:
            found = parse()
        except AnswerError as error:
            errors.append(error)
            continue
        assert 1 <= len(found) <= most
        for one in found:
            document = Document(one.text, (64, 64), items=one.items)
            assert len(document.items) <= min(count, ITEMS_MAX)
            assert one.text or one.items
            for text in (one.text, *(item.name for item in one.items)):
                assert text == clean(text)
            for item in one.items:
                assert 1 <= len(words_of(item.name)) <= max(1, name_words)
                assert len(words_of(item.detail)) <= detail_words
    assert all(str(error) == clean(str(error)) for error in errors)


@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_text_has_a_finite_number_of_json_values(text: str) -> None:
    assert all(isinstance(value, list | dict) for value in json_values(text))


@given(st.text(), _VALUES.filter(lambda value: isinstance(value, list | dict)))
def test_json_is_found_behind_prose(prose: str, value: object) -> None:
    before = prose.replace("{", "").replace("[", "")
    assert list(json_values(before + json.dumps(value) + " And so on.")) == [value]
