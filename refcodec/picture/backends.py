"""Names of describers, locators and generators, as users give them, to what is behind them.

Nothing is loaded and nobody is connected to before it is needed; what is made is made once, and
all that talks to the service shares its client, its cache and its account.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from refcodec.backends.account import Account, Prices
from refcodec.backends.model_names import IMAGE, VISION
from refcodec.backends.settings import ServiceSettings
from refcodec.errors import UnsupportedError
from refcodec.picture.names import (
    BASELINE,
    DESCRIBERS,
    EMBEDDED,
    GENERATORS,
    LOCATORS,
    OPENAI,
    TRANSFORMERS,
)

if TYPE_CHECKING:
    from refcodec.backends.cache import DiskCache
    from refcodec.backends.interfaces import VisionModel
    from refcodec.backends.service import Service
    from refcodec.describers.interfaces import Describer, Locator
    from refcodec.describers.templates import Template
    from refcodec.generators.interfaces import Generator

# Numbers of the registry.
_DESCRIBER_NUMBERS: Final = {OPENAI: 2, TRANSFORMERS: 3}


@dataclass(frozen=True, slots=True)
class GeneratorOptions:
    """How generators draw; None leaves a setting to the generator.

    `sizes` are those that the service's image model draws, (width, height), `item_edits` asks it
    once more for each item with a place; the others are a diffusion pipeline's, which works at
    `work_side` pixels along the longest side.
    """

    sizes: tuple[tuple[int, int], ...] | None = None
    item_edits: bool = False
    steps: int | None = None
    work_side: int | None = None
    strength: float | None = None
    guidance: float | None = None
    negative_prompt: str | None = None


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Which models, and how they are reached; None takes a model's environment variable or default.

    `cache_folder` None is the user's cache folder.
    """

    vision_model: str | None = None
    image_model: str | None = None
    clip_model: str | None = None
    device: str = "auto"
    service: ServiceSettings = field(default_factory=ServiceSettings)
    cache_folder: Path | None = None
    uses_cache: bool = True
    prices: Prices | None = None
    generator: GeneratorOptions = field(default_factory=GeneratorOptions)


class Backends:
    """Makes describers, locators and generators; may be used by several threads at once."""

    def __init__(self, options: ModelOptions | None = None) -> None:
        self.options = ModelOptions() if options is None else options
        self.account = Account(self.options.prices)
        self._lock = threading.Lock()
        self._vision: dict[str, VisionModel] = {}
        self._generators: dict[str, Generator] = {}

    def describer(self, name: str, template: str | Template = "caption") -> Describer:
        """The describer of a name, with a template's name or a user's own template."""
        if name == EMBEDDED:
            from refcodec.describers.embedded import EmbeddedDescriber

            return EmbeddedDescriber()
        _check_name(name, DESCRIBERS, "describer")
        from refcodec.describers.prompted import PromptedDescriber
        from refcodec.describers.templates import load_template

        if isinstance(template, str):
            template = load_template(f"{template}-1")
        # Models of this machine are small ones, and better at one text than at lists of them.
        return PromptedDescriber(
            self.vision(name), template, _DESCRIBER_NUMBERS[name], samples=name == TRANSFORMERS
        )

    def vision(self, describer: str) -> VisionModel:
        """The vision model behind a describer; UnsupportedError for the embedded one."""
        _check_name(describer, (OPENAI, TRANSFORMERS), "vision model")
        with self._lock:
            if describer not in self._vision:
                self._vision[describer] = self._new_vision(describer)
            return self._vision[describer]

    def locator(
        self, name: str, describer: str, size: tuple[int, int] = (8, 8), bits: int = 1
    ) -> Locator | None:
        """The locator of a name, None for "none"; boxes are asked of the describer's model."""
        _check_name(name, LOCATORS, "locator")
        if name == "none":
            return None
        if name == "boxes":
            from refcodec.describers.locators import BoxLocator

            return BoxLocator(self.vision(describer))
        if name == "clip":
            from refcodec.backends.clip import ClipLocator

            return ClipLocator(self.options.clip_model, size, bits, device=self.options.device)
        from refcodec.describers.locators import SaliencyLocator

        return SaliencyLocator(size, bits)

    def generator(self, name: str) -> Generator:
        """The generator of a name."""
        _check_name(name, GENERATORS, "generator")
        with self._lock:
            if name not in self._generators:
                self._generators[name] = self._new_generator(name)
            return self._generators[name]

    @cached_property
    def _service(self) -> Service:
        from refcodec.backends.service import Service

        return Service(self.options.service, self._cache(), self.account)

    def _cache(self) -> DiskCache | None:
        """The cache as the options say; none, and a note of that, where no folder can be told."""
        from refcodec.backends.cache import DiskCache, default_cache_folder

        if not self.options.uses_cache:
            return None
        folder = self.options.cache_folder or default_cache_folder()
        if folder is None:
            self.account.add_note("no answers are kept: there is no home folder; give --cache")
            return None
        return DiskCache(folder)

    def _new_vision(self, describer: str) -> VisionModel:
        if describer == TRANSFORMERS:
            from refcodec.backends.local_vision import LocalVision

            return LocalVision(self.options.vision_model, device=self.options.device)
        from refcodec.backends.service_vision import ServiceVision

        return ServiceVision(self._service, VISION.chosen(self.options.vision_model))

    def _new_generator(self, name: str) -> Generator:
        options = self.options.generator
        if name == BASELINE:
            from refcodec.generators.baseline import BaselineGenerator

            return BaselineGenerator()
        if name == OPENAI:
            from refcodec.backends.service_images import DEFAULT_SIZES, ServiceImages
            from refcodec.generators.service import ServiceGenerator

            sizes = options.sizes or DEFAULT_SIZES
            model = ServiceImages(self._service, IMAGE.chosen(self.options.image_model), sizes)
            return ServiceGenerator(model, item_edits=options.item_edits)
        from refcodec.generators.diffusion import DiffusionGenerator, DiffusionOptions

        wanted: dict[str, Any] = {
            "steps": options.steps,
            "min_side": options.work_side,
            "max_side": options.work_side,
            "strength": options.strength,
            "guidance": options.guidance,
            "negative_prompt": options.negative_prompt,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        return DiffusionGenerator(
            self.options.image_model, DiffusionOptions(**given), device=self.options.device
        )


def _check_name(name: str, names: tuple[str, ...], kind: str) -> None:
    if name not in names:
        raise UnsupportedError(f"{kind} {name!r}: not known; there is {', '.join(names)}")
