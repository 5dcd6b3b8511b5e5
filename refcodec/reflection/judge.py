"""Who judges how far a drawn picture is what its file describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Protocol

from refcodec.backends.errors import AnswerError
from refcodec.backends.interfaces import Question
from refcodec.backends.schemas import NUMBER, STRING, Schema, array_of, object_of
from refcodec.describers.answers import first_answer
from refcodec.describers.interfaces import Wish
from refcodec.describers.templates import load_template
from refcodec.picture.load import load_picture
from refcodec.reflection.differences import DifferenceKind, Judgement, parse_judgement
from refcodec.reflection.prompts import COMPARE, description_json
from refcodec.reflection.wording import compare_descriptions

if TYPE_CHECKING:
    from PIL.Image import Image

    from refcodec.backends.interfaces import VisionModel
    from refcodec.describers.interfaces import Describer
    from refcodec.document import Document


def list_schema(name: str, properties: Mapping[str, Schema]) -> Schema:
    """The schema of an answer: a list of objects with a weight each, and a score of the whole."""
    entry = object_of({**properties, "weight": NUMBER})
    return object_of({name: array_of(entry), "score": NUMBER})


COMPARE_SCHEMA: Final = list_schema(
    "differences",
    {
        "kind": {**STRING, "enum": [kind.value for kind in DifferenceKind]},
        "what": STRING,
        "wanted": STRING,
        "seen": STRING,
        "place": STRING,
    },
)


class Judge(Protocol):
    """Somebody who compares a drawn picture with its description."""

    def judge(self, picture: Image, document: Document) -> Judgement:
        """In what the picture (RGB) differs from what the document says; raises BackendError."""


class ModelJudge:
    """A vision model that is shown the picture and the description, and asked once."""

    def __init__(self, model: VisionModel) -> None:
        self._model = model

    def judge(self, picture: Image, document: Document) -> Judgement:
        """The model's judgement; AnswerError if its answer cannot be read."""
        prompt = load_template(COMPARE).fill(description=description_json(document))
        question = Question(COMPARE, prompt, (picture,), COMPARE_SCHEMA, check=parse_judgement)
        return parse_judgement(first_answer(self._model, question))


class DescriberJudge:
    """A describer that never sees the description, and a comparison of words without a model.

    It is for those who have only a model that captions pictures, or none: what matters less,
    and other words for the same, it cannot tell.
    """

    def __init__(self, describer: Describer) -> None:
        self._describer = describer

    def judge(self, picture: Image, document: Document) -> Judgement:
        """How the describer's words for the picture differ from the document's."""
        descriptions = self._describer.describe(load_picture(picture), Wish())
        if not descriptions:
            raise AnswerError("the describer has said nothing of the drawing; try another one")
        seen = descriptions[0]
        return compare_descriptions((document.text, document.items), (seen.text, seen.items))
