"""Models' pictures to canvases: their size, their transparency, and what must not change."""

from __future__ import annotations

from PIL import Image

from refcodec.document import Document
from refcodec.picture.flatten import uncovered
from refcodec.picture.pipeline import render

_STRIP_PIXELS = 1 << 20


def to_canvas(image: Image.Image, canvas: tuple[int, int]) -> Image.Image:
    """The image at exactly the canvas's (width, height): its centre, in these proportions."""
    width, height = image.size
    scale = min(width / canvas[0], height / canvas[1])
    across, down = scale * canvas[0], scale * canvas[1]
    left, top = (width - across) / 2, (height - down) / 2
    # Rounding must not take the box beyond the image.
    box = (left, top, min(width, left + across), min(height, top + down))
    return image.resize(canvas, Image.Resampling.LANCZOS, box=box)


def over_white(image: Image.Image) -> Image.Image:
    """The image as models see it: RGB, drawn over white where it is transparent."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(layer, mask=layer.getchannel("A"))
    return white


def with_alpha(image: Image.Image, alpha: Image.Image) -> Image.Image:
    """The RGBA image with this alpha (L) that, drawn over white, is this RGB image."""
    layer = Image.new("RGBA", image.size)
    rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(image.height, top + rows))
        layer.paste(uncovered(image.crop(box), alpha.crop(box)), box)
    return layer


def with_alpha_of(document: Document, image: Image.Image) -> Image.Image:
    """The image (RGB, of the canvas's size) with the alpha of the document's thumbnail, if any."""
    if document.thumbnail is None or document.thumbnail.alpha() is None:
        return image
    return with_alpha(image, render(document).getchannel("A"))


def with_change(
    image: Image.Image, changed: Image.Image, mask: Image.Image | None = None
) -> Image.Image:
    """An image (RGB or RGBA) after a change (RGB, over white, of its size), of its own mode.

    Its alpha stays, and where `mask` (L) is 0, its pixels stay to the last bit.
    """
    if image.mode == "RGBA":
        changed = with_alpha(changed, image.getchannel("A"))
    return changed if mask is None else Image.composite(changed, image, mask)
