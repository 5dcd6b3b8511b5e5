"""The courtesy caption of a picture without thumbnail, outside the rendering (section 7.3)."""

from __future__ import annotations

import unicodedata

from PIL import Image, ImageDraw, ImageFont

from refcodec.visual.baseline import GREY, check_size

_INK = (24, 24, 24)
_CAPTION_MAX_CHARACTERS = 2000
_FONT_SIZE_MIN = 8
_LINE_SPACING = 1.25
_ELLIPSIS = "…"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def caption_image(canvas: tuple[int, int], text: str) -> Image.Image:
    """A flat grey picture with the text written on it, as large as fits.

    A courtesy outside the bit-exact promise: control characters become spaces, text too
    long for the canvas ends in an ellipsis, a canvas too small for letters stays grey.
    LimitError as for `render_baseline`.
    """
    check_size(canvas)
    image = Image.new("RGB", canvas, (GREY, GREY, GREY))
    margin = min(canvas) // 16
    box = (canvas[0] - 2 * margin, canvas[1] - 2 * margin)
    text = _printable(text)
    size = max(_FONT_SIZE_MIN, min(canvas) // 8)
    smallest = max(_FONT_SIZE_MIN, min(canvas) // 40)
    lines, line_count = _fit(text, size, box)
    while len(lines) > line_count and size > smallest:
        size = max(smallest, size * 7 // 8)
        lines, line_count = _fit(text, size, box)
    font = ImageFont.load_default(size)
    if len(lines) > line_count:
        lines = _shortened(lines, line_count, font, box[0])
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        top = margin + round(number * size * _LINE_SPACING)
        draw.text((margin, top), line, fill=_INK, font=font)
    return image


def _printable(text: str) -> str:
    """One line of words as the built-in font can write them, and not endless.

    The font has little beyond ASCII: letters lose their accents, dashes become hyphens.
    Control and format characters become spaces.
    """
    start = unicodedata.normalize("NFKD", text[:_CAPTION_MAX_CHARACTERS])
    line = " ".join("".join(map(_printable_character, start)).split())
    if len(text) > _CAPTION_MAX_CHARACTERS or len(line) > _CAPTION_MAX_CHARACTERS:
        line = line[:_CAPTION_MAX_CHARACTERS] + _ELLIPSIS
    return line


def _printable_character(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "CZ":
        return " "
    if category[0] == "M":
        return ""
    return "-" if category == "Pd" else character


def _fit(text: str, size: int, box: tuple[int, int]) -> tuple[list[str], int]:
    """The text's lines in a font size, and how many lines the box holds."""
    lines = _wrapped(text, ImageFont.load_default(size), box[0])
    return lines, int(max(0, box[1] - size) / (size * _LINE_SPACING)) + (box[1] >= size)


def _wrapped(text: str, font: Font, width: int) -> list[str]:
    """Lines no wider than `width` pixels, broken within a word only where it must be."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if font.getlength(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        line = word
        while font.getlength(line) > width and len(line) > 1:
            kept = _prefix_length(line, font, width)
            lines.append(line[:kept])
            line = line[kept:]
    return [*lines, line] if line else lines


def _prefix_length(text: str, font: Font, width: int) -> int:
    """How many characters fit into `width` pixels; at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _shortened(lines: list[str], count: int, font: Font, width: int) -> list[str]:
    """The first `count` lines, the last of them ending in an ellipsis where there is room."""
    kept = lines[:count]
    if kept:
        last = kept[-1]
        while last and font.getlength(last + _ELLIPSIS) > width:
            last = last[:-1]
        kept[-1] = last.rstrip() + _ELLIPSIS
    return kept
