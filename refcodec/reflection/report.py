"""What reflection did, for people: a JSON file with every step, and a strip of their pictures."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from refcodec.files import write_file
from refcodec.reflection.differences import Difference
from refcodec.reflection.steps import THUMBNAIL_SIDE, Reflection, Step

if TYPE_CHECKING:
    from PIL.Image import Image

JSON_NAME: Final = "reflection.json"
STRIP_NAME: Final = "reflection.png"
_GAP = 8
_LINE_HEIGHT = 16
_LINES = 3
_FRAME = 3
_PAPER = "white"
_INK = "black"
_NO_PICTURE = "lightgrey"
_KEPT_FRAME = "forestgreen"
_OTHER_FRAME = "grey"
_DIGITS = 6


def write_report(
    folder: Path, reflection: Reflection, about: Mapping[str, str] | None = None
) -> None:
    """Write reflection.json and reflection.png into a folder, which is made if need be.

    Each file is whole or not there, and the JSON, written last, comes with its strip. `about`
    is what the caller wants said of the run, such as the models' names. OSError if a file
    cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    encoded = io.BytesIO()
    strip(reflection.steps).save(encoded, "PNG")
    text = json.dumps(report_json(reflection, about), ensure_ascii=False, indent=2) + "\n"
    write_file(folder / STRIP_NAME, encoded.getvalue(), overwrite=True)
    write_file(folder / JSON_NAME, text.encode(), overwrite=True)


def report_json(reflection: Reflection, about: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The report as a JSON object: the same run gives the same, and no error's message is in it."""
    best = max(step.round for step in reflection.steps if step.kept)
    return {
        "about": dict(about or {}),
        "ending": reflection.ending.value,
        "best_round": best,
        "best_score": _rounded(reflection.steps[best].score),
        "steps": [_step_json(step) for step in reflection.steps],
    }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "round": step.round,
        "action": step.action.value,
        "kept": step.kept,
        "score": _rounded(step.score),
        "size_bytes": step.size_bytes,
        "instruction": step.instruction,
        "text": step.text,
        "prompt": step.prompt,
        "aims": [_difference_json(difference) for difference in step.aims],
        "differences": [_difference_json(difference) for difference in step.differences],
        "notes": list(step.notes),
    }


def _difference_json(difference: Difference) -> dict[str, Any]:
    return {
        "kind": difference.kind.value,
        "what": difference.what,
        "wanted": difference.wanted,
        "seen": difference.seen,
        "place": difference.place,
        "weight": _rounded(difference.weight),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)


def strip(steps: tuple[Step, ...]) -> Image:
    """All steps' pictures side by side (RGB), beneath each its round, score and size.

    What was kept is framed in green, the rest in grey; what failed before there was a
    picture is an empty field.
    """
    from PIL import Image, ImageDraw, ImageFont

    column = THUMBNAIL_SIDE + 2 * _GAP
    height = THUMBNAIL_SIDE + 2 * _GAP + _LINES * _LINE_HEIGHT
    image = Image.new("RGB", (column * len(steps), height), _PAPER)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default()
    for index, step in enumerate(steps):
        left = index * column + _GAP
        picture = step.thumbnail or Image.new("RGB", (THUMBNAIL_SIDE,) * 2, _NO_PICTURE)
        corner = (
            left + (THUMBNAIL_SIDE - picture.width) // 2,
            _GAP + (THUMBNAIL_SIDE - picture.height) // 2,
        )
        frame = _KEPT_FRAME if step.kept else _OTHER_FRAME
        draw.rectangle(_framed(corner, picture.size), fill=frame)
        image.paste(picture, corner)
        for line, words in enumerate(_lines(step)):
            top = THUMBNAIL_SIDE + 2 * _GAP + line * _LINE_HEIGHT
            draw.text((left, top), words, fill=_INK, font=font)
    return image


def _framed(corner: tuple[int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    (left, top), (width, height) = corner, size
    return left - _FRAME, top - _FRAME, left + width + _FRAME - 1, top + height + _FRAME - 1


def _lines(step: Step) -> tuple[str, ...]:
    score = "not judged" if step.score is None else f"score {step.score:.2f}"
    size = "" if step.size_bytes is None else f", {step.size_bytes} bytes"
    return (
        f"round {step.round}: {step.action.value}",
        f"{score}{size}",
        "kept" if step.kept else "not kept",
    )
