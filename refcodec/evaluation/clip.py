"""What CLIP says of pictures and descriptions: how like they are, and how good a picture is.

Radford et al., "Learning transferable visual models from natural language supervision", 2021.
"""

from __future__ import annotations

import hashlib
import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

    from refcodec.backends.clip import Clip

GOOD, BAD = "Good photo.", "Bad photo."

Floats = NDArray[np.float64]


class ClipEmbeddings:
    """Embeddings by a CLIP model, each of shape (1, dimensions) and of length 1.

    All methods raise BackendError where the model cannot be loaded or run.
    """

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        # By digest: several measures look at the same picture, and several systems have the
        # same original.
        self._pictures: dict[bytes, Floats] = {}

    def embed_picture(self, picture: Image) -> Floats:
        """The embedding of an RGB picture."""
        digest = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).digest()
        if digest not in self._pictures:
            self._pictures[digest] = self._clip.embed_images([picture])
        return self._pictures[digest]

    def embed_text(self, text: str) -> Floats:
        """The embedding of a text, or of as much of its beginning as the model reads."""
        return self._clip.embed_texts([text])

    def quality(self, picture: Image) -> float:
        """Whether an RGB picture is rather a good than a bad photo, 0 to 1.

        CLIP-IQA of Wang, Chan and Loy, "Exploring CLIP for assessing the look and feel of
        images", 2023, with its two prompts, on the model as it is: the position embeddings,
        which they leave out, are used, so the values are comparable among themselves only.
        """
        good, bad = (self._good_and_bad @ self.embed_picture(picture)[0]).tolist()
        # The share of the first in a softmax over two, which this way cannot overflow.
        return (1 + math.tanh(self._clip.logit_scale() * (good - bad) / 2)) / 2

    @cached_property
    def _good_and_bad(self) -> Floats:
        return self._clip.embed_texts([GOOD, BAD])


def cosine(one: Floats, other: Floats) -> float:
    """The cosine of the angle of two embeddings of length 1."""
    return float((one * other).sum())
