"""The generator that asks an image service: from words, and from the enlarged thumbnail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from refcodec.backends.errors import BackendError
from refcodec.document import Document
from refcodec.generators.fitting import over_white, to_canvas, with_alpha_of, with_change
from refcodec.generators.interfaces import Drawing
from refcodec.generators.places import hard_mask, item_mask
from refcodec.generators.prompts import (
    PROMPT_MIN_CHARACTERS,
    Prompt,
    drawing_prompt,
    edit_prompt,
    item_edit_prompt,
)
from refcodec.picture.flatten import fitted_size
from refcodec.picture.pipeline import render_at
from refcodec.visual.baseline import check_size

if TYPE_CHECKING:
    from PIL.Image import Image

    from refcodec.backends.interfaces import ImageModel

# No longer side of a picture is sent: hosted models draw no larger ones.
SENT_MAX_SIDE: Final = 1536
# The longest prompt that gpt-image models take; others take less.
PROMPT_MAX_CHARACTERS: Final = 32_000


class ServiceGenerator:
    """An image service that draws documents.

    With `item_edits` each item that has a place is drawn again through its mask: a request
    each. `max_prompt_characters` is the model's limit, at least PROMPT_MIN_CHARACTERS;
    BackendError for less.
    """

    def __init__(
        self,
        model: ImageModel,
        *,
        item_edits: bool = False,
        max_prompt_characters: int = PROMPT_MAX_CHARACTERS,
    ) -> None:
        if max_prompt_characters < PROMPT_MIN_CHARACTERS:
            raise BackendError(
                f"prompts of {max_prompt_characters} characters are too short to draw from; "
                f"allow {PROMPT_MIN_CHARACTERS} or more"
            )
        self._model = model
        self._item_edits = item_edits
        self._max_characters = max_prompt_characters

    @property
    def name(self) -> str:
        """What drew, for the picture's metadata."""
        return f"openai {self._model.name}"

    @property
    def number(self) -> int:
        """Its number in the registry (kind generator)."""
        return 2

    @property
    def is_trained(self) -> bool:
        """True: a trained model draws."""
        return True

    def draw(self, document: Document, seed: int | None = None) -> Drawing:
        """The document's picture.

        A document with a thumbnail is drawn after its baseline rendering, and has its alpha.
        Raises BackendError; LimitError, before anything is asked, for a canvas beyond the
        pixel limit of the baseline rendering.
        """
        check_size(document.canvas)
        has_reference = document.thumbnail is not None
        prompt = drawing_prompt(
            document, has_reference=has_reference, max_characters=self._max_characters
        )
        if has_reference:
            sent = render_at(document, fitted_size(document.canvas, SENT_MAX_SIDE))
            drawn = self._model.edit(prompt.text, [over_white(sent)], document.canvas)
        else:
            drawn = self._model.generate(prompt.text, document.canvas)
        picture, prompts = self._with_items(to_canvas(over_white(drawn), document.canvas), document)
        return self._drawing(with_alpha_of(document, picture), [prompt, *prompts], document, seed)

    def edit(
        self,
        image: Image,
        document: Document,
        instruction: str,
        mask: Image | None = None,
        seed: int | None = None,
    ) -> Drawing:
        """An earlier drawing, changed as the instruction says; raises BackendError.

        Where `mask` (L, of the canvas's size) is 0 the picture stays to the last bit.
        """
        prompt = edit_prompt(document, instruction, max_characters=self._max_characters)
        changed = self._changed(over_white(image), prompt, mask)
        return self._drawing(with_change(image, changed, mask), [prompt], document, seed)

    def _with_items(self, picture: Image, document: Document) -> tuple[Image, list[Prompt]]:
        """The picture with each item that has a place drawn again in it, and what was asked."""
        prompts = []
        for item in document.items if self._item_edits else ():
            mask = item_mask(item.map, document.canvas) if item.map else None
            if mask is not None:
                prompt = item_edit_prompt(item, max_characters=self._max_characters)
                picture = with_change(picture, self._changed(picture, prompt, mask), mask)
                prompts.append(prompt)
        return picture, prompts

    def _changed(self, picture: Image, prompt: Prompt, mask: Image | None) -> Image:
        """What the model makes of a picture (RGB), in the picture's size."""
        size = fitted_size(picture.size, SENT_MAX_SIDE)
        sent_mask = None if mask is None else hard_mask(mask.resize(size))
        changed = self._model.edit(prompt.text, [picture.resize(size)], picture.size, sent_mask)
        return to_canvas(over_white(changed), picture.size)

    def _drawing(
        self, picture: Image, prompts: list[Prompt], document: Document, seed: int | None
    ) -> Drawing:
        notes = [note for prompt in prompts for note in prompt.notes]
        wanted = document.seed if seed is None else seed
        if wanted is not None:
            notes.append(f"seed {wanted} is advice only: {self.name} takes no seed")
        text = "\n\n".join(prompt.text for prompt in prompts)
        return Drawing(picture, text, tuple(dict.fromkeys(notes)))
