"""Which models are taken if none is named: all of their names, in one place.

Names change every few months. An option of the commands, or an argument in Python, comes before
the environment variable, and that before the default.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ModelName:
    """What a kind of model is called if nobody names it."""

    variable: str
    default: str

    def chosen(self, given: str | None = None) -> str:
        """The name that was given, else the environment's, else the default."""
        return given or os.environ.get(self.variable) or self.default

    @property
    def help(self) -> str:
        """For the help of an option: variable and default."""
        return f"default: {self.variable}, or {self.default}"


# At a service that speaks OpenAI's protocol.
VISION: Final = ModelName("REFCODEC_VISION_MODEL", "gpt-5.4-mini")
IMAGE: Final = ModelName("REFCODEC_IMAGE_MODEL", "gpt-image-2")
# On the Hugging Face hub; with safetensors weights, and openly licensed.
LOCAL_VISION: Final = ModelName("REFCODEC_LOCAL_VISION_MODEL", "Qwen/Qwen3-VL-2B-Instruct")
CLIP: Final = ModelName("REFCODEC_CLIP_MODEL", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K")
DIFFUSION: Final = ModelName("REFCODEC_DIFFUSION_MODEL", "stabilityai/stable-diffusion-xl-base-1.0")
