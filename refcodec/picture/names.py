"""The names by which users choose describers, locators and generators."""

from __future__ import annotations

from typing import Final

EMBEDDED: Final = "embedded"
BASELINE: Final = "baseline"
OPENAI: Final = "openai"
TRANSFORMERS: Final = "transformers"
DIFFUSERS: Final = "diffusers"

DESCRIBERS: Final = (EMBEDDED, OPENAI, TRANSFORMERS)
GENERATORS: Final = (BASELINE, OPENAI, DIFFUSERS)
LOCATORS: Final = ("none", "saliency", "boxes", "clip")
# Who finds items if nobody is named: whoever comes with the describer.
LOCATOR_OF: Final = {EMBEDDED: "saliency", OPENAI: "boxes", TRANSFORMERS: "clip"}
