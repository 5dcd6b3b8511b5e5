"""The generator that runs a diffusion model in this process, in the stages of MISC.

MISC (arXiv 2402.16749) starts from the compressed picture, draws each item anew inside its map
with its detail, and then all of it with the overall text.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PIL import Image

from refcodec.backends.errors import BackendError
from refcodec.backends.model_names import DIFFUSION
from refcodec.document import Document
from refcodec.generators.diffusion_model import DiffusionModel, Settings
from refcodec.generators.fitting import over_white, with_alpha_of, with_change
from refcodec.generators.interfaces import Drawing
from refcodec.generators.places import hard_mask, item_mask
from refcodec.generators.prompts import Prompt, item_prompt, plain_edit_prompt, plain_prompt
from refcodec.picture.pipeline import render_at
from refcodec.visual.baseline import check_size

if TYPE_CHECKING:
    import torch

# Decoding without a seed gives the same picture again, on one machine.
DEFAULT_SEED: Final = 0


@dataclass(frozen=True, slots=True)
class DiffusionOptions:
    """How a diffusion model draws documents.

    Steps are counted from pure noise, and a strength (above 0, to 1) is the share of them by
    which a given picture is drawn anew: `strength` for the enlarged thumbnail,
    `item_strength` (of `item_steps`) for an item inside its map, `finish_strength` for the
    whole again after items were drawn into a picture that was sharp. `guidance` None is the
    pipeline's own; `negative_prompt` is MISC's. The longest side that is worked on is
    `min_side` to `max_side` pixels, whatever the canvas: models know few sizes. BackendError
    for what is out of range.
    """

    steps: int = 30
    strength: float = 0.6
    item_steps: int = 30
    item_strength: float = 0.6
    finish_strength: float = 0.3
    guidance: float | None = None
    negative_prompt: str = "blurry, low quality"
    min_side: int = 512
    max_side: int = 1024

    def __post_init__(self) -> None:
        for name in ("strength", "item_strength", "finish_strength"):
            strength = getattr(self, name)
            if not 0 < strength <= 1:
                raise BackendError(f"{name}: {strength}; it must be above 0 and at most 1")
        for name in ("steps", "item_steps", "min_side", "max_side"):
            if getattr(self, name) < 1:
                raise BackendError(f"{name}: {getattr(self, name)}; it must be 1 or more")


class DiffusionGenerator:
    """A diffusion model that draws documents; the same seed gives the same picture on a machine.

    `model` is a name on the Hugging Face hub or a folder (`refcodec.backends.model_names` has the
    default); `device` and `precision` are as in `DiffusionModel`. The model is loaded at the first
    drawing.
    """

    def __init__(
        self,
        model: str | None = None,
        options: DiffusionOptions | None = None,
        *,
        device: str = "auto",
        precision: str | None = None,
    ) -> None:
        self._model = DiffusionModel(DIFFUSION.chosen(model), device=device, precision=precision)
        self._options = options or DiffusionOptions()

    @property
    def name(self) -> str:
        """What drew, for the picture's metadata: of a folder its last part, not where it lies."""
        folder = Path(self._model.name)
        return f"diffusers {folder.resolve().name if folder.is_dir() else self._model.name}"

    @property
    def number(self) -> int:
        """Its number in the registry (kind generator)."""
        return 3

    @property
    def is_trained(self) -> bool:
        """True: a trained model draws."""
        return True

    def draw(self, document: Document, seed: int | None = None) -> Drawing:
        """The document's picture, in the stages that it has something for.

        Words alone are drawn from noise, a thumbnail is drawn anew from its baseline
        rendering; items with maps are drawn between. Raises BackendError, RefusalError where
        a safety checker objects; LimitError for a canvas beyond the pixel limit of the
        baseline rendering.
        """
        check_size(document.canvas)
        generator = self._model.random(_seed(document, seed))
        prompt = self._model.fitting_prompt(plain_prompt(document))
        size = self._working_size(document.canvas)
        is_sharp = document.thumbnail is None
        if is_sharp:
            picture = self._model.text_to_image(prompt.text, size, self._settings(generator))
        else:
            picture = over_white(render_at(document, size))
        with_items, prompts = self._with_items(picture, document, generator)
        if prompts or not is_sharp:
            strength = self._options.finish_strength if is_sharp else self._options.strength
            picture = self._model.image_to_image(
                prompt.text, with_items, self._settings(generator, strength)
            )
        picture = picture.resize(document.canvas, Image.Resampling.LANCZOS)
        return _drawing(with_alpha_of(document, picture), [prompt, *prompts])

    def edit(
        self,
        image: Image.Image,
        document: Document,
        instruction: str,
        mask: Image.Image | None = None,
        seed: int | None = None,
    ) -> Drawing:
        """An earlier drawing, drawn anew with the instruction before the text.

        Where `mask` (L, of the canvas's size) is 0 the picture stays to the last bit. Raises
        BackendError.
        """
        generator = self._model.random(_seed(document, seed))
        prompt = self._model.fitting_prompt(plain_edit_prompt(document, instruction))
        picture = over_white(image).resize(self._working_size(image.size), Image.Resampling.LANCZOS)
        if mask is None:
            settings = self._settings(generator, self._options.strength)
            changed = self._model.image_to_image(prompt.text, picture, settings)
        else:
            working_mask = hard_mask(mask.resize(picture.size))
            changed = self._model.inpaint(
                prompt.text, picture, working_mask, self._item_settings(generator)
            )
        changed = changed.resize(image.size, Image.Resampling.LANCZOS)
        return _drawing(with_change(image, changed, mask), [prompt])

    def _with_items(
        self, picture: Image.Image, document: Document, generator: torch.Generator
    ) -> tuple[Image.Image, list[Prompt]]:
        """The picture with each item drawn inside its map, and what was asked for that."""
        prompts = []
        for item in document.items:
            mask = item_mask(item.map, picture.size) if item.map else None
            if mask is not None:
                prompt = self._model.fitting_prompt(item_prompt(item))
                drawn = self._model.inpaint(
                    prompt.text, picture, hard_mask(mask), self._item_settings(generator)
                )
                # Going through the model's latents blurs what is around the item too.
                picture = with_change(picture, drawn, mask)
                prompts.append(prompt)
        return picture, prompts

    def _working_size(self, canvas: tuple[int, int]) -> tuple[int, int]:
        """The canvas's proportions in a size that the model can work in."""
        options, multiple = self._options, self._model.size_multiple
        longest = min(max(*canvas, options.min_side), options.max_side)
        most = options.max_side // multiple
        scale = longest / max(canvas) / multiple
        width, height = (max(1, min(round(side * scale), most)) for side in canvas)
        return width * multiple, height * multiple

    def _settings(self, generator: torch.Generator, strength: float = 1.0) -> Settings:
        options = self._options
        return Settings(
            generator, options.steps, strength, options.guidance, options.negative_prompt
        )

    def _item_settings(self, generator: torch.Generator) -> Settings:
        options = self._options
        return Settings(
            generator,
            options.item_steps,
            options.item_strength,
            options.guidance,
            options.negative_prompt,
        )


def _seed(document: Document, seed: int | None) -> int:
    return next(each for each in (seed, document.seed, DEFAULT_SEED) if each is not None)


def _drawing(picture: Image.Image, prompts: list[Prompt]) -> Drawing:
    notes = [note for prompt in prompts for note in prompt.notes]
    text = "\n\n".join(prompt.text for prompt in prompts if prompt.text)
    return Drawing(picture, text, tuple(dict.fromkeys(notes)))
