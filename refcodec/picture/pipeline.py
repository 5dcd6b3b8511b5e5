"""Pictures to documents and documents to pictures: the library's `describe` and `render`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO

from refcodec.document import Document, Item
from refcodec.picture.names import BASELINE, EMBEDDED, LOCATOR_OF
from refcodec.text.content import Style

if TYPE_CHECKING:
    from PIL.Image import Image

    from refcodec.describers.interfaces import Describer, Locator
    from refcodec.generators.interfaces import Generator
    from refcodec.picture.backends import Backends


def describe(
    picture: str | os.PathLike[str] | bytes | BinaryIO | Image,
    *,
    text: str | None = None,
    style: Style | None = None,
    describer: str | Describer = EMBEDDED,
    locator: str | Locator | None = None,
    items: Sequence[Item] = (),
    preset: str | None = None,
    thumbnail_bytes: int | None = None,
    max_bytes: int | None = None,
    seed: int | None = None,
    backends: Backends | None = None,
) -> Document:
    """The document of a picture: a file name, its bytes, an open binary file or a PIL image.

    `preset` is one of `refcodec.picture.presets.PRESETS`; without one, the describer says a
    text, and nothing else is made unasked. `text` takes the place of what `describer` would
    write, and `style` tells how it is written; describers know their own. `items` take the
    place of the describer's, who has some with the preset "items"; `map_from_mask`,
    `map_from_saliency` and `Box.from_fractions` say where they are, and `locator` where the
    describer's are. `thumbnail_bytes` bounds a thumbnail, 0 makes none, None leaves it to the
    preset. `max_bytes` bounds the file (in its bare form with check).

    Describer and locator are names ("openai"; see `refcodec.picture.backends`, whose `Backends`
    say which models) or objects. Raises SemError for a picture that cannot be read and a
    description that does not fit, BackendError for models and services that fail.
    """
    from refcodec.describers.interfaces import Description
    from refcodec.picture.backends import Backends
    from refcodec.picture.encoding import PictureEncoder, Plan
    from refcodec.picture.load import load_picture
    from refcodec.picture.presets import preset_of

    settings = preset_of(preset)
    backends = backends or Backends()
    name = describer if isinstance(describer, str) else EMBEDDED
    if isinstance(describer, str):
        describer = backends.describer(describer, settings.template)
    if locator is None and settings.has_items:
        locator = LOCATOR_OF[name]
    if isinstance(locator, str):
        locator = backends.locator(locator, name)
    plan = Plan(
        describer=describer,
        fixed=None if text is None else Description(text, style=style),
        items=tuple(items),
        locator=locator,
        thumbnail_bytes=settings.thumbnail_limit(thumbnail_bytes, has_budget=max_bytes is not None),
        text_share=settings.text_share,
        seed=seed,
    )
    return PictureEncoder(load_picture(picture), plan).describe(max_bytes)


def render(
    document: Document, *, generator: str | Generator = BASELINE, backends: Backends | None = None
) -> Image:
    """The picture of a document, as a PIL image of the size of its canvas.

    RGB, or RGBA where its thumbnail has alpha. The baseline rendering (specification section
    7.3) is bit-exact; LimitError for a canvas beyond its pixel limit. Another generator raises
    what its `draw` raises.
    """
    if not isinstance(generator, str):
        return generator.draw(document, document.seed).image
    if generator == BASELINE:
        return render_at(document, document.canvas)
    from refcodec.picture.backends import Backends

    return (backends or Backends()).generator(generator).draw(document, document.seed).image


def render_at(document: Document, size: tuple[int, int]) -> Image:
    """The baseline rendering of a document at another (width, height) than its canvas's."""
    from PIL import Image

    from refcodec.visual.baseline import render_baseline
    from refcodec.visual.levels import map_levels
    from refcodec.visual.maps import Map

    samples = alpha = None
    if document.thumbnail is not None:
        samples, alpha = document.thumbnail.samples(), document.thumbnail.alpha()
    # Only a grid has the outline of its item, and an edge where the picture may have one.
    grids = [item.map for item in document.items if isinstance(item.map, Map)]
    maps = [map_levels(grid) for grid in grids]
    return Image.fromarray(render_baseline(size, samples, alpha, maps))
