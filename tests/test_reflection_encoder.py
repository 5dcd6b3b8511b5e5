"""Reflection when pictures are described: what was lost is said, within the bytes there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

import refcodec
from refcodec import Document, Item
from refcodec.backends.errors import ServiceError
from refcodec.errors import LimitError
from refcodec.limits import FILE_MAX_BYTES, TEXT_MAX_BYTES
from refcodec.picture.load import load_picture
from refcodec.reflection.encoder import (
    Rewrite,
    describer_rewrite,
    reflect_description,
    with_clause,
)
from refcodec.reflection.losses import LOSSES, ModelLossFinder
from refcodec.reflection.steps import Ending, Reflection
from tests.scripted_drawing import (
    CANVAS,
    ScriptedDescriber,
    ScriptedGenerator,
    ScriptedModel,
    draw_scene,
    drop,
    look,
    read_scene,
)

SQUARE = "a red square at the upper left"
CIRCLE = "a blue circle at the lower right"
TRIANGLE = "a green triangle at the centre"
SCENE = read_scene("; ".join((SQUARE, CIRCLE, TRIANGLE)))
PICTURE = load_picture(draw_scene(SCENE))
DOCUMENT = Document(text=TRIANGLE, canvas=CANVAS)


def size_bytes(*clauses: str) -> int:
    return len(refcodec.dumps(Document(text=", ".join(clauses), canvas=CANVAS)))


def reflect(
    max_bytes: int,
    *,
    document: Document = DOCUMENT,
    generator: ScriptedGenerator | None = None,
    model: ScriptedModel | None = None,
    rewrite: Rewrite | None = None,
    patience: int = 2,
    dump: Callable[[Document], bytes] = refcodec.dumps,
) -> Reflection:
    return reflect_description(
        PICTURE,
        document,
        generator or ScriptedGenerator(),
        ModelLossFinder(model or ScriptedModel()),
        4,
        max_bytes=max_bytes,
        dump=dump,
        rewrite=rewrite,
        seed=5,
        patience=patience,
    )


def test_what_was_lost_is_added_to_the_text() -> None:
    generator = ScriptedGenerator()
    reflection = reflect(FILE_MAX_BYTES, generator=generator)
    assert reflection.best.document.text == f"{TRIANGLE}, {SQUARE}, {CIRCLE}"
    assert look(reflection.best.drawing.image) == SCENE
    assert reflection.ending is Ending.FAITHFUL
    assert [step.action.value for step in reflection.steps] == ["draw", "add"]
    assert [call.seed for call in generator.calls] == [5, 5]


def test_the_weightiest_loss_is_added_where_not_all_fit() -> None:
    max_bytes = size_bytes(TRIANGLE, SQUARE)
    reflection = reflect(max_bytes)
    assert reflection.best.document.text == f"{TRIANGLE}, {SQUARE}"
    assert reflection.best.size_bytes == len(refcodec.dumps(reflection.best.document)) == max_bytes
    assert reflection.ending is Ending.NOTHING_TO_TRY


def test_a_lighter_loss_is_added_where_the_weightiest_does_not_fit() -> None:
    long_square = f"{SQUARE}, with ornaments of arabesques in vermilion upon it"

    def at_length(answer: str) -> str:
        return answer.replace(SQUARE, long_square)

    max_bytes = size_bytes(TRIANGLE, CIRCLE)
    assert size_bytes(TRIANGLE, long_square) > max_bytes
    reflection = reflect(max_bytes, model=ScriptedModel(wording=at_length))
    assert reflection.best.document.text == f"{TRIANGLE}, {CIRCLE}"


def test_no_budget_is_ever_exceeded() -> None:
    least, most = size_bytes(TRIANGLE), size_bytes(TRIANGLE, SQUARE, CIRCLE)
    scores = []
    for max_bytes in range(least, most + 2):
        reflection = reflect(max_bytes)
        assert all(step.size_bytes is not None for step in reflection.steps)
        assert all(step.size_bytes <= max_bytes for step in reflection.steps if step.size_bytes)
        assert len(refcodec.dumps(reflection.best.document)) <= max_bytes
        scores.append(reflection.steps[-1].score)
    assert scores[0] == pytest.approx(1 / 3)
    assert scores[-1] == 1
    assert scores == sorted(scores, key=lambda score: score or 0)


def test_without_room_nothing_is_tried() -> None:
    reflection = reflect(size_bytes(TRIANGLE))
    assert reflection.best.document == DOCUMENT
    assert len(reflection.steps) == 1
    assert reflection.ending is Ending.NOTHING_TO_TRY


def test_a_description_that_is_drawn_worse_is_not_kept() -> None:
    # With both losses added at once, the machine forgets two things; one by one, it does not.
    generator = ScriptedGenerator({1: [drop("centre"), drop("upper left"), drop("lower right")]})
    reflection = reflect(FILE_MAX_BYTES, generator=generator)
    assert [step.kept for step in reflection.steps[:3]] == [True, False, True]
    assert reflection.steps[1].text == f"{TRIANGLE}, {SQUARE}, {CIRCLE}"
    assert reflection.steps[2].text == f"{TRIANGLE}, {SQUARE}"
    assert reflection.best.document.text == f"{TRIANGLE}, {SQUARE}"


def test_a_document_that_is_too_large_already_is_an_error() -> None:
    generator = ScriptedGenerator()
    with pytest.raises(LimitError, match="before reflection"):
        reflect(size_bytes(TRIANGLE) - 1, generator=generator)
    assert generator.calls == []


def test_where_nothing_fits_the_describer_is_asked_to_mention_what_was_lost() -> None:
    describer = ScriptedDescriber()
    text = f"{TRIANGLE}, and nothing else of any interest whatsoever, ornamented or plain"
    document = Document(text=text, canvas=CANVAS, items=(Item("green triangle", "plain"),))
    max_bytes = len(refcodec.dumps(document))
    reflection = reflect(
        max_bytes, document=document, rewrite=describer_rewrite(describer, PICTURE)
    )
    assert [step.action.value for step in reflection.steps][:2] == ["draw", "rewrite"]
    assert reflection.steps[1].text == f"{SQUARE}; {CIRCLE}"
    assert read_scene(reflection.best.document.text) == SCENE
    assert reflection.best.document.items == document.items
    wish = describer.wishes[0]
    assert wish.mention == (SQUARE, CIRCLE)
    assert wish.words == len(text.split()) + 3
    assert all((step.size_bytes or 0) <= max_bytes for step in reflection.steps)


def test_a_rewrite_is_asked_once_for_the_same_and_none_that_is_too_large_is_drawn() -> None:
    asked: list[tuple[str, ...]] = []

    def rewrite(document: Document, mention: tuple[str, ...]) -> Sequence[Document]:
        asked.append(mention)
        text = f"{document.text}; {'; '.join(mention)}; and much besides that is not needed"
        return [Document(text=text, canvas=CANVAS)]

    # Whatever is added, nothing is drawn.
    nothing = [drop(place) for place in SCENE]
    generator = ScriptedGenerator(dict.fromkeys(range(1, 9), nothing))
    max_bytes = size_bytes(TRIANGLE, SQUARE)
    reflection = reflect(max_bytes, generator=generator, rewrite=rewrite, patience=9)
    assert asked == [(SQUARE, CIRCLE)]
    assert "rewrite" not in {step.action.value for step in reflection.steps}
    assert {step.text for step in reflection.steps[1:]} == {
        f"{TRIANGLE}, {SQUARE}",
        f"{TRIANGLE}, {CIRCLE}",
    }
    assert reflection.ending is Ending.NOTHING_TO_TRY


def test_a_describer_that_obeys_no_wishes_is_not_asked_again() -> None:
    describer = ScriptedDescriber(obeys_wishes=False)
    assert describer_rewrite(describer, PICTURE)(DOCUMENT, (SQUARE,)) == []
    assert describer.wishes == []


def test_an_error_of_a_rewrite_keeps_the_best() -> None:
    def rewrite(*_: object) -> Sequence[Document]:
        raise ServiceError("down")

    reflection = reflect(size_bytes(TRIANGLE), rewrite=rewrite)
    assert reflection.ending is Ending.ERROR
    assert isinstance(reflection.error, ServiceError)
    assert reflection.best.document == DOCUMENT
    assert len(reflection.steps) == 1


def test_what_makes_the_text_too_long_for_any_file_is_left_out() -> None:
    text = TRIANGLE.ljust(TEXT_MAX_BYTES, ".")
    document = Document(text=text, canvas=CANVAS)
    # The prior would take half a minute over so long a text.
    reflection = reflect(FILE_MAX_BYTES, document=document, dump=Document.content)
    assert reflection.best.document == document
    assert reflection.ending is Ending.NOTHING_TO_TRY


def test_what_the_text_says_already_is_not_said_again() -> None:
    generator = ScriptedGenerator({0: [drop("centre")]})
    reflection = reflect(FILE_MAX_BYTES, generator=generator)
    assert reflection.best.document.text.count(TRIANGLE) == 1
    assert look(reflection.best.drawing.image) == SCENE


def test_the_model_is_shown_both_pictures() -> None:
    model = ScriptedModel()
    reflect(FILE_MAX_BYTES, model=model)
    question = model.questions[0]
    assert question.template == "lost-1"
    assert [look(image) for image in question.images] == [SCENE, read_scene(TRIANGLE)]
    assert f"at most {LOSSES} things" in question.prompt


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "red roof"),
        ("A house", "A house, red roof"),
        ("A house; ", "A house, red roof"),
        ("A house.", "A house. Red roof."),
        ("What a house!", "What a house! Red roof."),
    ],
)
def test_a_clause_is_added_in_the_manner_of_the_text(text: str, expected: str) -> None:
    assert with_clause(text, "red roof") == expected
