"""Pictures in: any Pillow image to opaque 8-bit sRGB of working size.

Large pictures are worked through in strips, so that beside the decoded picture only small
copies are ever held. Transparent pixels are drawn over white, deep samples are scaled (not
clipped) to 8 bits, and an embedded colour profile is applied.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

_STRIP_PIXELS = 1 << 22
_ALPHA_MODES = {"RGBA", "RGBa", "LA", "La", "PA"}
_GREY_ALPHA_MODES = {"1", "L", "LA", "La"}
_DEEP_MODES = {"I", "F"}
# What a picture in a deep mode may use in full: 0 to 1 (F only), 8 bits, 16 bits.
_DEEP_RANGES = (1.0, 255.0, 65535.0)

Range = tuple[float, float]


def fitted_size(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """(width, height) scaled down, never up, so that no side is above `longest`."""
    scale = min(1.0, longest / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def to_working_rgb(
    image: Image.Image, longest: int, notes: list[str]
) -> tuple[Image.Image, Image.Image | None]:
    """Opaque 8-bit sRGB, longest side at most `longest`, and its alpha where there is some.

    Remarks are added to `notes`.
    """
    factor = max(1, max(image.size) // longest)
    value_range = _value_range(image, notes)
    parts, alphas = [], []
    for strip in _strips(image, factor):
        flat, alpha = _flatten(strip, value_range)
        parts.append(flat.reduce(factor))
        alphas.append((alpha or Image.new("L", strip.size, 255)).reduce(factor))
    whole, alpha = _stack(parts), _stack(alphas)
    size = fitted_size(whole.size, longest)
    working = _to_srgb(
        whole.resize(size, Image.Resampling.LANCZOS), image.info.get("icc_profile"), notes
    )
    if alpha.getextrema() == (255, 255):
        return working, None
    notes.append("transparent: drawn over white")
    return working, alpha.resize(size, Image.Resampling.LANCZOS)


def uncovered(image: Image.Image, alpha: Image.Image) -> Image.Image:
    """The RGBA image that, drawn over white, is this RGB image; alpha is of its size."""
    share = np.asarray(alpha, np.float64)[:, :, None] / 255
    behind = 255 - (255 - np.asarray(image, np.float64)) / np.maximum(share, 1 / 255)
    colours = np.rint(np.clip(behind, 0, 255)).astype(np.uint8)
    return Image.fromarray(np.dstack([colours, np.asarray(alpha)]))


def _strips(image: Image.Image, factor: int) -> Iterator[Image.Image]:
    """The picture in full-width strips, each but the last a multiple of `factor` high."""
    width, height = image.size
    rows = factor * max(1, _STRIP_PIXELS // (width * factor))
    for top in range(0, height, rows):
        yield image.crop((0, top, width, min(top + rows, height)))


def _stack(parts: list[Image.Image]) -> Image.Image:
    """Strips one below the other."""
    whole = Image.new(parts[0].mode, (parts[0].width, sum(part.height for part in parts)))
    top = 0
    for part in parts:
        whole.paste(part, (0, top))
        top += part.height
    return whole


def _value_range(image: Image.Image, notes: list[str]) -> Range:
    """The sample values that become 0 and 255; of interest for deep modes only."""
    if image.mode not in _DEEP_MODES:
        return 0.0, 65535.0
    low, high = np.inf, -np.inf
    for strip in _strips(image, 1):
        samples = np.asarray(strip)
        samples = samples[np.isfinite(samples)]
        if samples.size:
            low, high = min(low, float(samples.min())), max(high, float(samples.max()))
    if low > high:
        return 0.0, 1.0
    if low >= 0.0:
        for top in _DEEP_RANGES:
            if high <= top and (top > 1.0 or image.mode == "F"):
                return 0.0, top
    notes.append(f"deep samples: {low:g} to {high:g} are scaled to black to white")
    return low, high


def _flatten(strip: Image.Image, value_range: Range) -> tuple[Image.Image, Image.Image | None]:
    """An opaque L, RGB or CMYK image, and the alpha that it had, if any."""
    mode = strip.mode
    if mode in _DEEP_MODES or mode.startswith("I;16"):
        return _flatten_deep(strip, value_range)
    if mode in _ALPHA_MODES or "transparency" in strip.info or _has_palette_alpha(strip):
        return _over_white(_with_alpha(strip))
    if mode in {"L", "RGB", "CMYK"}:
        return strip, None
    return strip.convert("L" if mode == "1" else "RGB"), None


def _flatten_deep(strip: Image.Image, value_range: Range) -> tuple[Image.Image, Image.Image]:
    """Grey samples of 16 bits or more, or fractions, scaled to L."""
    low, high = value_range
    samples = np.asarray(strip)
    scaled = (samples.astype(np.float64) - low) / max(high - low, np.finfo(float).tiny)
    grey = np.rint(255.0 * np.clip(np.nan_to_num(scaled), 0.0, 1.0)).astype(np.uint8)
    transparent = np.zeros(samples.shape, np.bool_)
    if "transparency" in strip.info:
        transparent = samples == strip.info["transparency"]
    grey[transparent] = 255
    return Image.fromarray(grey), Image.fromarray(np.where(transparent, 0, 255).astype(np.uint8))


def _has_palette_alpha(strip: Image.Image) -> bool:
    return strip.palette is not None and strip.palette.mode.endswith("A")


def _with_alpha(strip: Image.Image) -> Image.Image:
    """LA or RGBA, a transparent colour or palette entry made into an alpha channel."""
    key = strip.info.get("transparency")
    if strip.mode == "RGB" and isinstance(key, tuple) and max(key) > 255:
        # Pillow keeps the upper byte of 16-bit samples, but all of the transparent colour.
        strip.info["transparency"] = tuple(value >> 8 for value in key)
    return strip.convert("LA" if strip.mode in _GREY_ALPHA_MODES else "RGBA")


def _over_white(strip: Image.Image) -> tuple[Image.Image, Image.Image]:
    """The strip (LA or RGBA) drawn over white."""
    alpha = strip.getchannel("A")
    colour = strip.convert(strip.mode.removesuffix("A"))
    base = Image.new(colour.mode, strip.size, "white")
    base.paste(colour, mask=alpha)
    return base, alpha


def _to_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """RGB, through the colour profile where there is one that fits."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(source).lower():
                srgb = ImageCms.createProfile("sRGB")
                transform = ImageCms.buildTransform(source, srgb, image.mode, "RGB")
                return _without_info(transform.apply(image))
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            notes.append("the colour profile does not fit the picture: ignored")
    return _without_info(image.convert("RGB"))


def _without_info(image: Image.Image) -> Image.Image:
    """The same without metadata, which hold for the file, not for the working picture."""
    image.info = {}
    return image
