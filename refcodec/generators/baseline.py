"""The generator that every decoder has: the baseline rendering, or the text where there is none."""

from __future__ import annotations

from typing import Any

from refcodec.backends.errors import BackendError
from refcodec.document import Document
from refcodec.generators.interfaces import Drawing
from refcodec.picture.names import BASELINE
from refcodec.picture.pipeline import render


class BaselineGenerator:
    """The baseline rendering (specification section 7.3), the same to the last bit everywhere.

    The flat canvas of a document without thumbnail bears the text as a courtesy.
    """

    @property
    def name(self) -> str:
        """What drew, for the picture's metadata."""
        return BASELINE

    @property
    def number(self) -> int:
        """Its number in the registry (kind generator)."""
        return 1

    @property
    def is_trained(self) -> bool:
        """False: no model has a part in it."""
        return False

    def draw(self, document: Document, seed: int | None = None) -> Drawing:
        """The document's picture; LimitError for a canvas beyond the rendering's pixel limit."""
        del seed  # nothing here is random
        if document.thumbnail is not None:
            return Drawing(render(document))
        from refcodec.visual.caption import caption_image

        return Drawing(caption_image(document.canvas, document.text))

    def edit(self, *_: Any, **__: Any) -> Drawing:
        """Raise BackendError: nothing here understands an instruction."""
        raise BackendError("the baseline rendering cannot edit; choose a generator that is a model")
