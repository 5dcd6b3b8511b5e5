"""Locators: boxes in whatever form a model gives them, and saliency."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from refcodec import Box, LimitError, Map
from refcodec.backends.errors import AnswerError
from refcodec.describers.boxes import parse_boxes
from refcodec.describers.interfaces import Locator
from refcodec.describers.json_values import json_values
from refcodec.describers.locators import BoxLocator, SaliencyLocator
from refcodec.picture.load import LoadedPicture, load_picture
from tests.scripted_vision import ScriptedVision

SIZE = (1600, 1200)
NAMES = ("dog", "red mat")
# A quarter of the width and half of the height from the top left, and what is right of it.
LEFT, RIGHT = Box(0, 0, 16, 32), Box(16, 0, 64, 32)


@pytest.fixture
def picture() -> LoadedPicture:
    image = Image.new("RGB", (160, 120), "grey")
    ImageDraw.Draw(image).ellipse((100, 70, 130, 100), fill="red")
    return load_picture(image)


def answer(left: Any, right: Any, key: str = "box") -> str:
    return json.dumps({"boxes": [{"name": "dog", key: left}, {"name": "red mat", key: right}]})


# Boxes: units and forms.


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ([0, 0, 250, 500], [250, 0, 1000, 500]),
        ([0, 0, 0.25, 0.5], [0.25, 0, 1, 0.5]),
        ([0, 0, 25, 50], [25, 0, 100, 50]),
        (["0%", "0%", "25%", "50%"], ["25%", "0%", "100%", "50%"]),
        ([0, 0, 400, 600], [400, 0, 1600, 600]),
        ([0, 0, 400, 600], [400, -20, 1620, 600]),
        ([[0, 0], [250, 500]], [[250, 0], [1000, 500]]),
        ([[0, 0, 250, 500]], [[250, 0, 1000, 500]]),
        ("0, 0, 250, 500", "[250, 0, 1000, 500]"),
        (["0", "0 px", "250", " 500"], ["250", "0", "1e3", "500"]),
        (
            {"left": 0, "top": 0, "right": 250, "bottom": 500},
            {"x1": 250, "y1": 0, "x2": 1000, "y2": 500},
        ),
        (
            {"left": 0, "top": 0, "width": 0.25, "height": 0.5},
            {"X": 0.25, "Y": 0, "W": 0.75, "H": 0.5},
        ),
    ],
)
def test_boxes_are_read_in_many_forms(left: Any, right: Any) -> None:
    boxes = parse_boxes(answer(left, right), NAMES, SIZE)
    assert boxes[0] == LEFT
    assert boxes[1] == (None if "1e3" in right else RIGHT)


def test_beyond_the_picture_and_beyond_thousandths_there_is_no_unit() -> None:
    small = (512, 512)
    assert parse_boxes(answer([0, 0, 250, 500], [250, 0, 1015, 500]), NAMES, small) == [LEFT, RIGHT]
    assert parse_boxes(answer([0, 0, 400, 600], [400, 0, 1600, 600]), NAMES, small) == [None] * 2


def test_one_unit_holds_for_all_boxes() -> None:
    boxes = parse_boxes(answer([0, 0, 1, 1], [250, 0, 1000, 500]), NAMES, SIZE)
    assert boxes == [Box(0, 0, 1, 1), RIGHT]


@pytest.mark.parametrize(
    "box",
    [
        [250, 0, 250, 500],
        [500, 0, 250, 500],
        [0, 500, 250, 0],
        [-300, 0, -1, 500],
        [0, 0, 500],
        [0, 0, 500, "here"],
        [0, 0, 500, None],
        [0, 0, 500, True],
        [0, 0, 500, float("nan")],
        [0, 0, 10**400, 10],
        "nowhere",
        "0," * 200,
        [],
        {},
        None,
        7,
    ],
)
def test_what_is_no_box_is_none(box: Any) -> None:
    assert parse_boxes(answer(box, [250, 0, 1000, 500]), NAMES, SIZE) == [None, RIGHT]


# Boxes: lists and names.


@pytest.mark.parametrize(
    "text",
    [
        '[{"label": "the DOG", "bbox": [0, 0, 250, 500]}, {"label": "Red mats", "bbox_2d": '
        "[250, 0, 1000, 500]}]",
        '{"red mat": [250, 0, 1000, 500], "dog": {"box": [0, 0, 250, 500]}}',
        'Here you are:\n```json\n[{"box_2d": [0, 0, 500, 250], "label": "dog"},\n'
        '{"box_2d": [0, 250, 500, 1000], "label": "red mat"},]\n```',
        "[[0, 0, 250, 500], [250, 0, 1000, 500]]",
        '{"boxes": [[0, 0, 250, 500], [250, 0, 1000, 500]]}',
        '[{"name": "dog", "left": 0, "top": 0, "right": 250, "bottom": 500}, '
        '{"name": "mat", "x_min": 250, "y_min": 0, "x_max": 1000, "y_max": 500}]',
        '{"boxes": [{"name": "mat, red", "box": [250, 0, 1000, 500]}, '
        '{"name": "brown dog", "box": [0, 0, 250, 500]}, {"name": "cat", "box": [0, 0, 9, 9]}]}',
        "In [2] names: {'boxes': [{'name': 'dog', 'box': [0, 0, 250, 500]}, "
        "{'name': 'red mat', 'box': [250, 0, 1000, 500]",
    ],
)
def test_boxes_find_their_names(text: str) -> None:
    assert parse_boxes(text, NAMES, SIZE) == [LEFT, RIGHT]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "dog", "box": [0, 0, 250, 500]}',
        '{"boxes": {"name": "dog", "box": [0, 0, 250, 500]}}',
        '{"dog": [0, 0, 250, 500], "red mat": null}',
        '{"boxes": [{"name": "dog", "box": [0, 0, 250, 500]}, {"name": "mattress", "box": [0, 0,'
        " 1000, 500]}]}",
    ],
)
def test_names_without_a_box_have_none(text: str) -> None:
    assert parse_boxes(text, NAMES, SIZE) == [LEFT, None]


@pytest.mark.parametrize("text", ["[]", '{"boxes": []}', "[0, 0, 250, 500]", "[[0, 0, 250, 500]]"])
def test_boxes_without_names_are_not_guessed_at(text: str) -> None:
    assert parse_boxes(text, NAMES, SIZE) == [None, None]


def test_a_lone_box_belongs_to_a_lone_name() -> None:
    assert parse_boxes("[0, 0, 250, 500]", ("dog",), SIZE) == [LEFT]


def test_a_box_is_given_once() -> None:
    text = answer([0, 0, 250, 500], [250, 0, 1000, 500]).replace("red mat", "Dog")
    assert parse_boxes(text, ("dog", "dog", "dog"), SIZE) == [LEFT, RIGHT, None]
    # The same name comes before one that is alike.
    text = answer([0, 0, 250, 500], [250, 0, 1000, 500]).replace("dog", "mat")
    assert parse_boxes(text, ("big mat", "mat"), SIZE) == [None, LEFT]


@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=5)
            | st.dictionaries(
                st.sampled_from(
                    ["boxes", "name", "box", "box_2d", "left", "top", "right", "bottom"]
                ),
                inner,
            )
        ),
        max_leaves=30,
    ).map(json.dumps),
    st.lists(st.text(max_size=5), max_size=4),
)
def test_whatever_is_answered_each_name_has_a_box_or_none(text: str, names: list[str]) -> None:
    boxes = None
    try:
        boxes = parse_boxes(text, names, SIZE)
    except AnswerError:
        assert not list(json_values(text))
    assert boxes is None or len(boxes) == len(names)


# Who asks.


def test_the_box_locator_asks_once_for_all_names(picture: LoadedPicture) -> None:
    model = ScriptedVision(answer([0, 0, 250, 500], [250, 0, 1000, 500]))
    locator: Locator = BoxLocator(model)
    assert locator.locate(picture, NAMES) == [LEFT, RIGHT]
    (question,) = model.questions
    assert question.template == "boxes-1"
    assert question.images == (picture.image,)
    assert question.schema is not None
    assert '\n["dog", "red mat"]\n' in question.prompt
    assert locator.locate(picture, []) == []
    assert len(model.questions) == 1


def test_pixels_are_those_of_the_picture_that_is_sent() -> None:
    large = load_picture(Image.new("RGB", (4096, 3072)))
    assert large.image.size == (2048, 1536)
    locator = BoxLocator(ScriptedVision(answer([0, 0, 512, 768], [512, 0, 2048, 768])))
    assert locator.locate(large, NAMES) == [LEFT, RIGHT]


def test_answers_without_boxes_are_errors(picture: LoadedPicture) -> None:
    for answers, complaint in (
        ((), "no answer"),
        (("There is no dog.",), 'no boxes in it; it begins with "There is no dog."'),
        (("I'm sorry, I can't.",), "does not describe"),
    ):
        with pytest.raises(AnswerError, match=complaint):
            BoxLocator(ScriptedVision(*answers)).locate(picture, NAMES)


def test_saliency_is_where_the_first_name_is(picture: LoadedPicture) -> None:
    locator: Locator = SaliencyLocator()
    first, *others = locator.locate(picture, ["ball", "wall", "sky"])
    assert isinstance(first, Map)
    assert others == [None, None]
    assert first.array()[5, 5]
    assert not first.array()[:, 0].any()
    assert locator.locate(picture, []) == []


def test_saliency_has_the_size_and_bits_that_are_asked_for(picture: LoadedPicture) -> None:
    (found,) = SaliencyLocator((16, 12), 3).locate(picture, ["ball"])
    assert isinstance(found, Map)
    assert (found.width, found.height, found.bits) == (16, 12, 3)
    with pytest.raises(LimitError):
        SaliencyLocator((3, 8)).locate(picture, ["ball"])


def test_nothing_stands_out_of_a_plain_picture() -> None:
    plain = load_picture(Image.new("RGB", (64, 64), "blue"))
    assert SaliencyLocator().locate(plain, ["sky"]) == [None]
