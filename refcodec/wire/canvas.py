"""Canvas classes (specification section 2.4): the picture's width and height in 0, 2 or 4 bytes."""

from __future__ import annotations

from typing import Any

import construct

from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from refcodec.limits import CANVAS_MAX_SIDE

COMMON_CANVASES: tuple[tuple[int, int], ...] = (
    (1024, 1024),
    (1536, 1024),
    (1024, 1536),
    (512, 512),
    (768, 512),
    (512, 768),
)
CLASS_EIGHTHS = 6
CLASS_EXPLICIT = 7
_EIGHTHS_MAX_SIDE = 2048

EIGHTHS = construct.Struct("width" / construct.Int8ub, "height" / construct.Int8ub)
EXPLICIT = construct.Struct("width" / construct.Int16ub, "height" / construct.Int16ub)
CANVAS_LAYOUTS = {CLASS_EIGHTHS: EIGHTHS, CLASS_EXPLICIT: EXPLICIT}


def check_canvas(canvas: tuple[int, int]) -> None:
    """Raise LimitError unless both sides are 1 to 65,535 pixels."""
    if not all(1 <= side <= CANVAS_MAX_SIDE for side in canvas):
        raise LimitError(
            f"canvas: {canvas[0]} x {canvas[1]} pixels; each side must be 1 to {CANVAS_MAX_SIDE}"
        )


def canvas_class(canvas: tuple[int, int]) -> int:
    """The only class that may carry this canvas: the first of the rule's list that can."""
    if canvas in COMMON_CANVASES:
        return COMMON_CANVASES.index(canvas)
    if all(side % 8 == 0 and side <= _EIGHTHS_MAX_SIDE for side in canvas):
        return CLASS_EIGHTHS
    return CLASS_EXPLICIT


def canvas_fields(canvas: tuple[int, int]) -> dict[str, int] | None:
    """The fields that follow the head for this canvas."""
    width, height = canvas
    match canvas_class(canvas):
        case 6:
            return {"width": width // 8 - 1, "height": height // 8 - 1}
        case 7:
            return {"width": width, "height": height}
        case _:
            return None


def decode_canvas(stated_class: int, fields: Any) -> tuple[int, int]:
    """The canvas of a class and of the fields (None in the common classes) that follow the head."""
    if stated_class < CLASS_EIGHTHS:
        return COMMON_CANVASES[stated_class]
    canvas = (fields.width, fields.height)
    if stated_class == CLASS_EIGHTHS:
        canvas = (8 * (fields.width + 1), 8 * (fields.height + 1))
    if 0 in canvas:
        raise MalformedError("canvas: a width or height of 0 pixels")
    if canvas_class(canvas) != stated_class:
        raise NonCanonicalError(
            f"canvas: {canvas[0]} x {canvas[1]} is of class {canvas_class(canvas)}, "
            f"not {stated_class}"
        )
    return canvas
