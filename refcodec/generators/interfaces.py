"""What a generator is: a document to a picture, and a picture changed a little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from refcodec.document import Document

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture of exactly the document's canvas, RGB or RGBA, and how it came to be.

    `prompt` is the text that the model was given, empty where there was none; `notes` are
    sentences for standard error, such as that a seed could not be honoured.
    """

    image: Image
    prompt: str = ""
    notes: tuple[str, ...] = ()


class Generator(Protocol):
    """Somebody who draws documents."""

    @property
    def name(self) -> str:
        """What drew, for the picture's metadata: "baseline", "openai gpt-image-1"."""

    @property
    def number(self) -> int:
        """Its number in the registry (kind generator)."""

    @property
    def is_trained(self) -> bool:
        """Whether a trained model draws; decides how the picture is marked (section 11.3)."""

    def draw(self, document: Document, seed: int | None = None) -> Drawing:
        """The document's picture; raises BackendError or SemError."""

    def edit(
        self,
        image: Image,
        document: Document,
        instruction: str,
        mask: Image | None = None,
        seed: int | None = None,
    ) -> Drawing:
        """An earlier drawing, changed as the instruction says and nowhere else.

        Where `mask` (L, of the canvas's size) is 0 the picture stays.
        """
