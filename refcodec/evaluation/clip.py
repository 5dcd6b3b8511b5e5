"""CLIP, which puts pictures and texts into the same space of embeddings (extra [metrics]).

Radford et al., "Learning transferable visual models from natural language supervision", 2021,
through the class of the transformers package. Embeddings are of length 1, so that their dot
product is their cosine.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from refcodec.backends.errors import BackendError, MissingExtraError

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

GOOD, BAD = "Good photo.", "Bad photo."


class Clip:
    """A CLIP model by its name on the Hugging Face Hub or by its folder.

    Raises MissingExtraError without the packages, BackendError if there is no such model.
    """

    def __init__(self, name: str, device: str) -> None:
        try:
            import torch
            from transformers import AutoTokenizer, CLIPImageProcessor, CLIPModel
        except ImportError as error:
            raise MissingExtraError("transformers", "metrics") from error
        try:
            self._model: Any = CLIPModel.from_pretrained(name).to(device).eval()
            self._processor: Any = CLIPImageProcessor.from_pretrained(name)
            self._tokenizer: Any = AutoTokenizer.from_pretrained(name)
        except (OSError, ValueError, RuntimeError) as error:
            raise BackendError(
                f"the CLIP model {name!r} cannot be loaded: {error}; "
                "give the name or the folder of another with --clip-model"
            ) from error
        self._device = device
        self._inference_mode = torch.inference_mode
        self._good_and_bad: Tensor | None = None
        # By digest: several measures look at the same picture, and several systems have the
        # same original.
        self._embeddings: dict[bytes, Tensor] = {}

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text it reads; the rest is cut off."""
        return int(self._model.config.text_config.max_position_embeddings)

    def reads_whole(self, text: str) -> bool:
        """Whether the text is short enough to be read to its end."""
        return len(self._tokenizer(text, verbose=False)["input_ids"]) <= self.max_tokens

    def embed_picture(self, picture: Image) -> Tensor:
        """The embedding of an RGB picture, (1, dimensions)."""
        digest = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).digest()
        if digest not in self._embeddings:
            # The processor would take a side of 1 or 3 pixels for the channels.
            pixels = self._processor(
                images=picture, return_tensors="pt", input_data_format="channels_last"
            )["pixel_values"].to(self._device)
            with self._inference_mode():
                features = self._model.get_image_features(pixel_values=pixels)
            self._embeddings[digest] = _unit(features)
        return self._embeddings[digest]

    def embed_text(self, text: str) -> Tensor:
        """The embedding of a text, (1, dimensions)."""
        tokens = self._tokenizer(
            text, return_tensors="pt", truncation=True, max_length=self.max_tokens
        )
        with self._inference_mode():
            features = self._model.get_text_features(
                input_ids=tokens["input_ids"].to(self._device),
                attention_mask=tokens["attention_mask"].to(self._device),
            )
        return _unit(features)

    def quality(self, picture: Image) -> float:
        """Whether the picture is rather a good than a bad photo, 0 to 1.

        CLIP-IQA of Wang, Chan and Loy, "Exploring CLIP for assessing the look and feel of
        images", 2023, with its two prompts, on the model as it is: the position embeddings,
        which they leave out, are used, so the values are comparable among themselves only.
        """
        import torch

        if self._good_and_bad is None:
            self._good_and_bad = torch.cat([self.embed_text(GOOD), self.embed_text(BAD)])
        with self._inference_mode():
            scale = self._model.logit_scale.exp()
            likeness = scale * self.embed_picture(picture) @ self._good_and_bad.T
        return float(likeness.softmax(dim=-1)[0, 0])


def cosine(one: Tensor, other: Tensor) -> float:
    """The cosine of the angle of two embeddings of length 1."""
    return float((one * other).sum())


def _unit(features: Any) -> Tensor:
    """At length 1, and in double precision for sums over many."""
    # From transformers 5 on, the features are one field of what the model gives.
    vector: Tensor = getattr(features, "pooler_output", features).double()
    unit: Tensor = vector / vector.norm(dim=-1, keepdim=True)
    return unit
