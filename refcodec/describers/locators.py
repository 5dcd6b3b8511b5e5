"""Locators of named things: boxes that a vision model gives, and saliency without a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from refcodec.backends.interfaces import Question, VisionModel
from refcodec.backends.schemas import INTEGER, STRING, array_of, object_of
from refcodec.describers.answers import first_answer
from refcodec.describers.boxes import parse_boxes
from refcodec.describers.templates import BOXES, load_template, quoted

if TYPE_CHECKING:
    from refcodec.picture.load import LoadedPicture
    from refcodec.visual.maps import Box, Map

_SCHEMA: Final = object_of(
    {"boxes": array_of(object_of({"name": STRING, "box": array_of(INTEGER)}))}
)


class BoxLocator:
    """Asks a vision model for the boxes of all names, in one request."""

    def __init__(self, model: VisionModel) -> None:
        self._model = model

    def locate(self, picture: LoadedPicture, names: Sequence[str]) -> list[Map | Box | None]:
        """The box of each name, None where the model gives none that can be used.

        Raises BackendError; AnswerError if the answer is not in a form that can be read.
        """
        if not names:
            return []
        answer = first_answer(self._model, self.question(picture, names))
        return [*parse_boxes(answer, names, picture.image.size)]

    def question(self, picture: LoadedPicture, names: Sequence[str]) -> Question:
        """What `locate` asks; nothing is sent."""
        prompt = load_template(BOXES).fill(names=quoted(names))
        size = picture.image.size
        return Question(
            BOXES,
            prompt,
            images=(picture.image,),
            schema=_SCHEMA,
            check=lambda answer: parse_boxes(answer, names, size),
        )


class SaliencyLocator:
    """Takes the first name, the most important one, to be where the picture draws the eye.

    It needs no model and knows no names, so the others have no place. `size` is the map's
    (width, height) in cells and `bits` those of a cell; LimitError or MalformedError, from
    `locate`, for what no map has.
    """

    def __init__(self, size: tuple[int, int] = (8, 8), bits: int = 1) -> None:
        self._size = size
        self._bits = bits

    def locate(self, picture: LoadedPicture, names: Sequence[str]) -> list[Map | Box | None]:
        """A map for the first name, unless nothing in the picture stands out; None for the rest."""
        from refcodec.picture.item_maps import loaded_saliency

        if not names:
            return []
        salient = loaded_saliency(picture, self._size, self._bits)
        return [salient if any(salient.cells) else None, *[None] * (len(names) - 1)]
