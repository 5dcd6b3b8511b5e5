"""CLIP and its kin in this process: how like pictures and words are, and where named things are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from refcodec.backends.errors import BackendError
from refcodec.backends.in_process import (
    choose_device,
    load_model,
    load_processor,
    model_folder,
    quiet,
    turn,
)
from refcodec.backends.model_names import CLIP
from refcodec.picture.item_maps import quantised
from refcodec.visual.map_model import Shape
from refcodec.visual.maps import Map, check_shape

if TYPE_CHECKING:
    from refcodec.picture.load import LoadedPicture
    from refcodec.visual.maps import Box

Floats = NDArray[np.float64]

# MISC (arXiv 2402.16749) has an item where its similarity, 0 to 1 over the picture, is at least
# this.
SIMILAR: Final = 0.35
# Patches along the side of a square picture, and along the side of a window.
_PATCHES = 8
_WINDOW = 3
# Cosines that differ by less over a picture say nothing of a place.
_FLAT = 0.01
_BATCH = 32
_WORDING = "a photo of {}"
# CLIP takes no more tokens; tokenizers of its kin may name no limit.
_MAX_TOKENS = 77


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Any
    processor: Any

    @property
    def max_tokens(self) -> int:
        positions = int(self.model.config.text_config.max_position_embeddings)
        return min(positions, _MAX_TOKENS)


class Clip:
    """A model of transformers with one space for pictures and texts: CLIP, SigLIP and others.

    `model` is a name on the Hugging Face hub or a folder (`refcodec.backends.model_names` has the
    default). It is loaded when first used, from safetensors files only and never with code of its
    own. A folder is read without touching the network; a hub's name is downloaded at the first
    use.
    """

    def __init__(self, model: str | None = None, device: str = "auto") -> None:
        self._model = CLIP.chosen(model)
        self._device = device
        self._loaded: _Loaded | None = None

    @property
    def name(self) -> str:
        """The hub's name or the folder, as it was given."""
        return self._model

    def load(self) -> None:
        """Load the model now rather than when it is first used; raises BackendError."""
        self._load()

    def similarities(self, images: Sequence[Image.Image], texts: Sequence[str]) -> Floats:
        """Cosines, -1 to 1, an array (images, texts); raises BackendError."""
        return self.embed_images(images) @ self.embed_texts(texts).T

    def embed_images(self, images: Sequence[Image.Image]) -> Floats:
        """An array (images, dimensions) for at least one image; raises BackendError.

        Its rows have length 1, so their products are cosines, with those of texts as well.
        """
        batches = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
        return np.concatenate([self._embed(images=_samples(batch)) for batch in batches])

    def embed_texts(self, texts: Sequence[str]) -> Floats:
        """The same for at least one text; what is too long for the model is cut."""
        return self._embed(text=list(texts))

    def max_tokens(self) -> int:
        """How many tokens of a text are read; raises BackendError."""
        return self._load().max_tokens

    def reads_whole(self, text: str) -> bool:
        """Whether a text is short enough to be read to its end; raises BackendError."""
        loaded = self._load()
        with turn(self.name, "the model cannot read the text"), quiet():
            return len(loaded.processor.tokenizer(text)["input_ids"]) <= loaded.max_tokens

    def logit_scale(self) -> float:
        """The factor of cosines before a softmax over texts, from training; raises BackendError."""
        loaded = self._load()
        with turn(self.name, "the model has no scale of its similarities"):
            return math.exp(loaded.model.logit_scale.detach())

    def _embed(self, **inputs: Any) -> Floats:
        loaded = self._load()
        with turn(self.name, "the model cannot compare"), quiet():
            return _embedded(loaded, inputs)

    def _load(self) -> _Loaded:
        with turn(self.name, "cannot be loaded as a model that compares pictures and texts"):
            if self._loaded is None:
                self._loaded = self._read_model()
            return self._loaded

    def _read_model(self) -> _Loaded:
        import torch
        from transformers import AutoModel, AutoProcessor

        device = choose_device(self._device)
        folder = model_folder(self.name)
        processor = load_processor(AutoProcessor, folder)
        # Similarities differ in the third decimal, which half precision does not have.
        model = load_model(AutoModel, folder, device, torch.float32)
        if not hasattr(model, "get_text_features"):
            raise BackendError(
                f"{self.name}: {type(model).__name__} does not compare pictures and texts; "
                "give a CLIP or SigLIP model"
            )
        return _Loaded(model, processor)


def _samples(images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
    """Arrays (height, width, 3)."""
    return [np.array(image.convert("RGB")) for image in images]


def _embedded(loaded: _Loaded, inputs: dict[str, Any]) -> Floats:
    """Features of images or texts, their length made 1."""
    import torch

    # Pictures 1 or 3 pixels high would be taken for arrays that begin with the channels.
    options: dict[str, Any] = {"input_data_format": "channels_last"}
    features = loaded.model.get_image_features
    if "text" in inputs:
        features = loaded.model.get_text_features
        # SigLIP was trained with texts filled up to the full length; CLIP does not see that.
        options = {
            "padding": "max_length",
            "truncation": True,
            "max_length": loaded.max_tokens,
        }
    tensors = loaded.processor(**inputs, **options, return_tensors="pt")
    with torch.inference_mode():
        output = features(**tensors.to(loaded.model.device))
    # transformers 4 gives the features themselves, 5 a record with them.
    rows = getattr(output, "pooler_output", output).cpu().double().numpy()
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / lengths, np.float64)


class ClipLocator:
    """Maps of items by CLIP's similarity of their names and the picture's patches.

    That is MISC's map encoder (arXiv 2402.16749): similarities are scaled to 0 to 1 over the
    picture, resized to `size` (width, height) cells and, with 1 bit, set from `threshold` on;
    with more bits they are cut into 2^bits equal steps.

    What CLIP gives for a patch token inside the whole picture says little of that patch, since
    only the whole is trained to be like words, and every patch has seen all others. So windows
    of 3 x 3 patches, overlapping, are cut out and each looked at as a picture of its own; a
    patch is as similar as the windows that hold it are on average. Any model that compares
    pictures and texts can do that.

    `model` and `device` are as for `Clip`. Raises SemError for a size or bits that no map has.
    """

    def __init__(
        self,
        model: str | None = None,
        size: tuple[int, int] = (8, 8),
        bits: int = 1,
        threshold: float = SIMILAR,
        device: str = "auto",
    ) -> None:
        self._shape = Shape(*size, bits)
        check_shape(self._shape)
        self._threshold = threshold
        self._clip = Clip(model, device)

    @property
    def name(self) -> str:
        """The model's hub name or folder."""
        return self._clip.name

    def locate(self, picture: LoadedPicture, names: Sequence[str]) -> list[Map | Box | None]:
        """The map of each name, None where the similarity hardly varies over the picture.

        CLIP has no word for absence: of a thing that is not in the picture, the map is where
        the picture is least unlike it. Raises BackendError.
        """
        if not names:
            return []
        grid = _Grid.of(picture.image.size)
        similarities = self._clip.similarities(
            grid.windows(picture.image), [_WORDING.format(name) for name in names]
        )
        return [self._map(grid.patches(column)) for column in similarities.T]

    def _map(self, patches: Floats) -> Map | None:
        width, height, bits = self._shape
        image = Image.fromarray(patches.astype(np.float32))
        cells = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.float64)
        low, high = float(cells.min()), float(cells.max())
        if high - low < _FLAT:
            return None
        levels = quantised((cells - low) / (high - low), self._threshold, bits)
        return Map(width, height, bits, levels.tobytes())


@dataclass(frozen=True, slots=True)
class _Grid:
    """A picture's patches, nearly square ones, and the windows on them."""

    columns: int
    rows: int

    @classmethod
    def of(cls, size: tuple[int, int]) -> _Grid:
        """As many patches for every picture, but for very long ones."""
        stretch = math.sqrt(size[0] / size[1])
        sides = (round(_PATCHES * stretch), round(_PATCHES / stretch))
        columns, rows = (max(_WINDOW, side) for side in sides)
        return cls(columns, rows)

    def windows(self, image: Image.Image) -> list[Image.Image]:
        """A cut-out for each place of the window, row by row."""
        return [
            image.crop(self._box(image.size, column, row))
            for row in range(self.rows - _WINDOW + 1)
            for column in range(self.columns - _WINDOW + 1)
        ]

    def _box(self, size: tuple[int, int], column: int, row: int) -> tuple[int, int, int, int]:
        """The pixels of a window, at least one: left, top, right and bottom."""
        width, height = size
        return (
            column * width // self.columns,
            row * height // self.rows,
            -(-(column + _WINDOW) * width // self.columns),
            -(-(row + _WINDOW) * height // self.rows),
        )

    def patches(self, similarities: Floats) -> Floats:
        """Each patch's mean of the windows that hold it, an array (rows, columns)."""
        total = np.zeros((self.rows, self.columns))
        count = np.zeros_like(total)
        by_place = similarities.reshape(self.rows - _WINDOW + 1, self.columns - _WINDOW + 1)
        for (row, column), similarity in np.ndenumerate(by_place):
            window = np.s_[row : row + _WINDOW, column : column + _WINDOW]
            total[window] += similarity
            count[window] += 1
        return total / count
