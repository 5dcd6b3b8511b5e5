"""Pictures to documents and documents to pictures: the library's `describe` and `render`."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO, Final

from refcodec.document import Archive, Document, Item
from refcodec.errors import UnsupportedError
from refcodec.text.content import Style

if TYPE_CHECKING:
    from PIL.Image import Image

    from refcodec.picture.load import LoadedPicture

EMBEDDED: Final = "embedded"
BASELINE: Final = "baseline"


def describe(
    picture: str | os.PathLike[str] | bytes | BinaryIO | Image,
    *,
    text: str | None = None,
    style: Style | None = None,
    describer: str = EMBEDDED,
    items: Sequence[Item] = (),
    thumbnail_bytes: int = 0,
    seed: int | None = None,
) -> Document:
    """The document of a picture: a file name, its bytes, an open binary file or a PIL image.

    `text` takes the place of what `describer` would write, and `style` tells how it is
    written; describers know their own. `items` are taken as they are: `map_from_mask`,
    `map_from_saliency` and `Box.from_fractions` say where they are. `thumbnail_bytes` bounds a
    thumbnail, 0 makes none.
    Raises SemError for a picture that cannot be read.
    """
    from refcodec.picture.load import load_picture

    return describe_loaded(
        load_picture(picture),
        text=text,
        style=style,
        describer=describer,
        items=items,
        thumbnail_bytes=thumbnail_bytes,
        seed=seed,
    )


def describe_loaded(
    picture: LoadedPicture,
    *,
    text: str | None = None,
    style: Style | None = None,
    describer: str = EMBEDDED,
    items: Sequence[Item] = (),
    thumbnail_bytes: int = 0,
    seed: int | None = None,
) -> Document:
    """`describe` for a picture that has been loaded."""
    thumbnail = None
    if thumbnail_bytes:
        from refcodec.visual.thumbnail import Thumbnail

        thumbnail = Thumbnail.from_image(
            picture.with_alpha(), max_bytes=thumbnail_bytes, canvas=picture.canvas
        )
    if text is None:
        text, style = _describer(describer)(picture), Style.RASTER
    return Document(
        text=text,
        style=style,
        canvas=picture.canvas,
        items=tuple(items),
        thumbnail=thumbnail,
        seed=seed,
        archive=Archive(source_sha256=picture.sha256),
    )


def _describer(name: str) -> Callable[[LoadedPicture], str]:
    if name != EMBEDDED:
        raise UnsupportedError(f"describer {name!r}: not known; there is {EMBEDDED!r}")
    from refcodec.picture.embedded_describer import describe_picture

    return lambda picture: describe_picture(picture.image, picture.canvas)


def render(document: Document, *, generator: str = BASELINE) -> Image:
    """The picture of a document, as a PIL image of the size of its canvas.

    RGB, or RGBA where its thumbnail has alpha. The baseline rendering (specification section
    7.3) is bit-exact; LimitError for a canvas beyond its pixel limit.
    """
    if generator != BASELINE:
        raise UnsupportedError(f"generator {generator!r}: not known; there is {BASELINE!r}")
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
    return Image.fromarray(render_baseline(document.canvas, samples, alpha, maps))
