"""What describers, locators, generators and reflection ask of a model, wherever it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from refcodec.backends.errors import AnswerError

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Question:
    """What a vision model is asked.

    `template` names the prompt's template and version ("caption-1"), for caches, reports and
    dry runs. `schema` is a JSON schema of the answer, where a structured one is wanted: models
    that can are held to it, of others it is asked in words. `candidates` answers are wanted,
    each of at most `max_tokens` tokens. `check` raises AnswerError for an answer that whoever
    asks cannot use; models give such answers all the same, but none is kept for another time.
    """

    template: str
    prompt: str
    images: tuple[Image, ...] = ()
    schema: Mapping[str, Any] | None = None
    candidates: int = 1
    max_tokens: int = 1024
    check: Callable[[str], object] | None = field(default=None, compare=False, repr=False)

    def is_answered_by(self, answer: str) -> bool:
        """Whether an answer passes the check."""
        if self.check is None:
            return True
        try:
            self.check(answer)
        except AnswerError:
            return False
        return True


class VisionModel(Protocol):
    """A model that looks at pictures and answers in words."""

    @property
    def name(self) -> str:
        """What the model is called, as its user gave it."""

    def ask(self, question: Question) -> list[str]:
        """One to `question.candidates` answers, verbatim; raises BackendError."""


class ImageModel(Protocol):
    """A model that draws pictures from words, and edits them."""

    @property
    def name(self) -> str:
        """What the model is called, as its user gave it."""

    def generate(self, prompt: str, size: tuple[int, int]) -> Image:
        """A picture near the wanted (width, height) in pixels, RGB; raises BackendError."""

    def edit(
        self,
        prompt: str,
        images: Sequence[Image],
        size: tuple[int, int],
        mask: Image | None = None,
    ) -> Image:
        """The first of the pictures, changed as the prompt says; the others are references.

        Where `mask` (L, of the first picture's size) is 255 the picture may change, where it is
        0 it should stay.
        """
