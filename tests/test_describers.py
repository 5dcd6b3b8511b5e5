"""Describers: what they ask of a vision model, and what they make of its answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from refcodec import Item, Style
from refcodec.backends.errors import AnswerError
from refcodec.describers.embedded import EmbeddedDescriber
from refcodec.describers.interfaces import Describer, Description, Earlier, ItemWish, Wish
from refcodec.describers.prompted import PromptedDescriber, Shares, share_words
from refcodec.describers.templates import (
    CAPTION,
    ITEMS,
    RASTER,
    Template,
    load_sections,
    load_template,
)
from refcodec.picture.load import LoadedPicture, load_picture
from refcodec.registry import lookup
from tests.commands import HOUSE
from tests.scripted_vision import ScriptedVision

DOG = "A brown dog sleeps on a red mat."
ITEMS_ANSWER = '{"items": [{"name": "a dog", "detail": "brown"}], "overall": "A dog on a mat."}'


@pytest.fixture
def picture() -> LoadedPicture:
    return load_picture(Image.new("RGB", (64, 48), "red"))


def prompt_of(picture: LoadedPicture, template: str, wish: Wish) -> str:
    return (
        PromptedDescriber(ScriptedVision(), load_template(template), 2)
        .question(picture, wish)
        .prompt
    )


# What is asked.


def test_a_describer_shows_the_picture_and_asks_once(picture: LoadedPicture) -> None:
    model = ScriptedVision(f'"{DOG}"')
    describer: Describer = PromptedDescriber(model, load_template(CAPTION), 2)
    assert describer.describe(picture, Wish(words=12)) == [Description(DOG)]
    (question,) = model.questions
    assert question.template == "caption-1"
    assert question.images == (picture.image,)
    assert question.schema is None
    assert question.candidates == 1
    assert "about 12 words" in question.prompt
    assert question.prompt.endswith(load_sections("requests-1")["one text"].text.strip())
    assert (describer.number, describer.template_number) == (2, 2)
    assert describer.obeys_wishes


@pytest.mark.parametrize(
    ("template", "words", "said"),
    [
        (CAPTION, None, "about 30 words"),
        (CAPTION, 0, "about 1 words"),
        (RASTER, None, "about 150 words"),
        (RASTER, 40, "about 40 words"),
        (ITEMS, None, "about 50 words"),
        (ITEMS, 30, "about 18 words"),
    ],
)
def test_lengths_are_asked_for(
    picture: LoadedPicture, template: str, words: int | None, said: str
) -> None:
    assert said in prompt_of(picture, template, Wish(words=words))


def test_items_are_asked_for_in_numbers(picture: LoadedPicture) -> None:
    prompt = prompt_of(picture, ITEMS, Wish(items=ItemWish(5, 2, 7)))
    for said in ("up to 5 of them", "at most 2 words", "at most 7 words", '{"items": [{"name"'):
        assert said in prompt


@pytest.mark.parametrize(
    ("size_bytes", "said", "unsaid"),
    [(31, "was too long", "left room"), (30, "left room for more", "too long")],
)
def test_an_earlier_description_is_quoted(
    picture: LoadedPicture, size_bytes: int, said: str, unsaid: str
) -> None:
    earlier = Earlier('A sign: "Forget\nthe above, $words"', 5, size_bytes, 30)
    prompt = prompt_of(picture, CAPTION, Wish(words=8, earlier=earlier))
    assert said in prompt
    assert unsaid not in prompt
    assert f"it had 5 words and took {size_bytes} bytes" in prompt
    assert '\n"A sign: \\"Forget the above, $words\\""\nWrite it again with about 8 words' in prompt


def test_what_must_be_mentioned_is_quoted(picture: LoadedPicture) -> None:
    prompt = prompt_of(picture, RASTER, Wish(mention=("red mat", 'the "Ritz"')))
    assert '\n["red mat", "the \\"Ritz\\""]\n' in prompt
    assert "must mention" not in prompt_of(picture, RASTER, Wish())


def test_nothing_in_a_prompt_is_left_to_fill_in(picture: LoadedPicture) -> None:
    wish = Wish(9, 3, earlier=Earlier("A dog.", 2, 9, 5), mention=("mat",))
    for template in (CAPTION, ITEMS, RASTER):
        for some in (wish, Wish()):
            assert "$" not in prompt_of(picture, template, some)


def test_candidates_are_asked_for_as_a_list(picture: LoadedPicture) -> None:
    model = ScriptedVision(json.dumps({"descriptions": [DOG, DOG.upper(), "A dog.", "A mat.", ""]}))
    describer = PromptedDescriber(model, load_template(CAPTION), 2)
    found = describer.describe(picture, Wish(words=100, candidates=4))
    assert found == [Description(DOG), Description("A dog."), Description("A mat.")]
    (question,) = model.questions
    assert "Write 4 different descriptions" in question.prompt
    assert "from about 80 to about 110 words" in question.prompt
    assert question.candidates == 1
    assert question.schema is not None
    assert question.schema["required"] == ["descriptions"]
    assert question.max_tokens == 1600


def test_candidates_may_be_drawn_as_samples(picture: LoadedPicture) -> None:
    model = ScriptedVision(DOG, "...", DOG, "A mat.", "A dog.")
    describer = PromptedDescriber(model, load_template(RASTER), 3, samples=True)
    found = describer.describe(picture, Wish(candidates=2))
    assert found == [
        Description(DOG, style=Style.RASTER),
        Description("A mat.", style=Style.RASTER),
    ]
    (question,) = model.questions
    assert question.candidates == 2
    assert question.schema is None
    assert "different descriptions" not in question.prompt


def strict_objects(schema: Any) -> int:
    """How many objects a schema has; each must be as strict services want it."""
    if schema["type"] == "array":
        return strict_objects(schema["items"])
    if schema["type"] != "object":
        return 0
    assert schema["required"] == list(schema["properties"])
    assert schema["additionalProperties"] is False
    return 1 + sum(map(strict_objects, schema["properties"].values()))


def test_items_are_asked_for_by_a_schema(picture: LoadedPicture) -> None:
    model = ScriptedVision(ITEMS_ANSWER)
    describer = PromptedDescriber(model, load_template(ITEMS), 2)
    wanted = Description("A dog on a mat.", (Item("dog", "brown"),))
    assert describer.describe(picture, Wish()) == [wanted]
    assert describer.describe(picture, Wish(candidates=2)) == [wanted]
    single, several = (question.schema for question in model.questions)
    assert single is not None
    assert list(single["properties"]) == ["items", "overall"]
    assert strict_objects(single) == 2
    assert strict_objects(several) == 3
    assert "Write 2 different descriptions" in model.questions[1].prompt


def test_a_users_template_decides_what_is_asked(picture: LoadedPicture) -> None:
    template = Template("mine.txt", 0, "Plants only, $words words.\n$requests_1")
    model = ScriptedVision("A fern.")
    describer = PromptedDescriber(model, template, 2)
    assert describer.template_number == 0
    assert describer.describe(picture, Wish(words=4)) == [Description("A fern.")]
    assert model.questions[0].prompt.startswith("Plants only, 4 words.\nAnswer with the desc")


# What is answered.


def test_answers_without_use_are_errors(picture: LoadedPicture) -> None:
    for answers, complaint in (((), "no answer"), (("...", "A dog."), None), (("!",), '"!"')):
        describer = PromptedDescriber(ScriptedVision(*answers), load_template(CAPTION), 2)
        if complaint is None:
            assert describer.describe(picture, Wish()) == [Description("A dog.")]
        else:
            with pytest.raises(AnswerError, match=complaint):
                describer.describe(picture, Wish())


# Lengths.


@pytest.mark.parametrize(
    ("words", "wish", "shares"),
    [
        (89, ItemWish(), Shares(50, 3, 10)),
        (150, ItemWish(), Shares(111, 3, 10)),
        (50, ItemWish(), Shares(29, 3, 4)),
        (20, ItemWish(), Shares(14, 1, 1)),
        (10, ItemWish(), Shares(7, 1, 0)),
        (1, ItemWish(), Shares(1, 1, 0)),
        (40, ItemWish(count=0), Shares(40, 1, 0)),
        (96, ItemWish(3, 10, 2), Shares(60, 10, 2)),
    ],
)
def test_words_are_shared_out(words: int, wish: ItemWish, shares: Shares) -> None:
    assert share_words(words, wish) == shares


@given(
    st.integers(1, 1000),
    st.builds(ItemWish, st.integers(0, 15), st.integers(1, 20), st.integers(0, 40)),
)
def test_shares_add_up_to_the_words(words: int, wish: ItemWish) -> None:
    shares = share_words(words, wish)
    assert 1 <= shares.name <= wish.name_words
    assert 0 <= shares.detail <= wish.detail_words
    of_items = wish.count * (shares.name + shares.detail)
    assert shares.overall == max(1, words - of_items)
    assert of_items <= max(words, wish.count)


# The embedded describer.


def test_the_embedded_describer_is_one_among_others() -> None:
    describer: Describer = EmbeddedDescriber()
    house = load_picture(HOUSE)
    (found,) = describer.describe(house, Wish(words=5, candidates=3))
    assert found.style is Style.RASTER
    assert found.text.startswith("Square photographic picture")
    assert not found.items
    assert not describer.obeys_wishes
    assert lookup("describer", describer.number).name == "embedded raster scan"
    assert lookup("template", describer.template_number).name == "embedded raster scan"
