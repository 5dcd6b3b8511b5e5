"""Who finds what of an original picture its description has lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from refcodec.backends.interfaces import Question
from refcodec.backends.schemas import STRING
from refcodec.describers.answers import first_answer
from refcodec.describers.templates import load_template
from refcodec.reflection.differences import (
    Difference,
    DifferenceKind,
    Judgement,
    clean_phrase,
    clean_weight,
    new_judgement,
    parse_listed,
)
from refcodec.reflection.judge import list_schema
from refcodec.reflection.prompts import LOST, description_json

if TYPE_CHECKING:
    from PIL.Image import Image

    from refcodec.backends.interfaces import VisionModel
    from refcodec.document import Document

LOST_SCHEMA: Final = list_schema("losses", {"words": STRING})
LOSSES: Final = 6
WORDS_EACH: Final = 8


class LossFinder(Protocol):
    """Somebody who compares an original with what was drawn from its description."""

    def find(self, original: Image, redrawn: Image, document: Document) -> Judgement:
        """What was lost, and how well the second picture stands for the first (both RGB).

        Each difference is of the kind "missing", its `what` the words to be added to the
        document's text. Raises BackendError.
        """


class ModelLossFinder:
    """A vision model that is shown both pictures and the description, and asked once.

    It is to name at most `count` losses in at most `words_each` words each.
    """

    def __init__(
        self, model: VisionModel, count: int = LOSSES, words_each: int = WORDS_EACH
    ) -> None:
        self._model = model
        self._count = count
        self._words_each = words_each

    def find(self, original: Image, redrawn: Image, document: Document) -> Judgement:
        """What the model says was lost; AnswerError if its answer cannot be read."""
        prompt = load_template(LOST).fill(
            description=description_json(document), count=self._count, words=self._words_each
        )
        question = Question(LOST, prompt, (original, redrawn), LOST_SCHEMA, check=parse_losses)
        return parse_losses(first_answer(self._model, question))


def parse_losses(answer: str) -> Judgement:
    """The losses that an answer to the template lost-1 holds; AnswerError if none."""
    return new_judgement(*parse_listed(answer, "losses", _loss))


def _loss(entry: Any) -> Difference | None:
    """An entry of the list, or None if it has no words."""
    if isinstance(entry, str):
        entry = {"words": entry}
    if not isinstance(entry, Mapping):
        return None
    words = clean_phrase(entry.get("words"))
    if not words:
        return None
    return Difference(DifferenceKind.MISSING, words, weight=clean_weight(entry.get("weight")))
