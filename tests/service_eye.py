"""What a vision model might answer, for the local server: a few words for each prompt template.

Descriptions keep to the number of words that was asked for, as far as there are words.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from PIL import Image

from tests.commands import run
from tests.openai_server import OpenAIServer, RecordedRequest

OPENAI = ["--describer", "openai"]

TEXT = (
    "A red tiled roof over a white house behind a long green hedge, under a blue sky with small "
    "clouds, seen from across a quiet street in summer, with tall trees on the left and a wooden "
    "fence along the front garden, and a narrow path of gravel that leads to the door, beside a "
    "stone wall that is covered with ivy, near a lamp post with two round lamps."
)
WORDS = TEXT.split()
ITEMS = [
    {"name": "house", "detail": "white, with a red tiled roof"},
    {"name": "hedge", "detail": "green, neatly cut"},
    {"name": "sky", "detail": "blue, a few small clouds"},
]
BOXES = [
    {"name": "house", "box": [200, 150, 900, 620]},
    {"name": "hedge", "box": [0, 600, 1000, 1000]},
]


def template_of(request: RecordedRequest) -> str:
    """The name of the template that a request was made with, as its schema has it; else empty."""
    schema = request.schema or {}
    return str(schema.get("json_schema", schema).get("name", ""))


def templates(service: OpenAIServer) -> list[str]:
    """The templates of all requests, "text" for those without a schema."""
    return [template_of(request) or "text" for request in service.requests]


def draw(sem: Path, *options: object) -> tuple[Image.Image, bytes]:
    """What semdec draws of a file by the service, and its standard error."""
    png = sem.with_suffix(".png")
    done = run("semdec", sem, "-f", "-o", png, "--generator", "openai", *options)
    assert done.returncode == 0, done.stderr
    with Image.open(png) as picture:
        picture.load()
        return picture, done.stderr


def answer(request: RecordedRequest) -> str:
    """An answer in the form that the request's template asks for."""
    template = template_of(request)
    if template.startswith("boxes"):
        return json.dumps({"boxes": BOXES})
    if template.startswith("compare"):
        return json.dumps({"differences": [], "score": 1.0})
    if template.startswith("lost"):
        return json.dumps({"losses": [{"words": "a stone wall", "weight": 0.5}], "score": 0.8})
    several = re.search(r"from about (\d+) to about (\d+) words", request.prompt)
    if several is None:
        (count,) = re.findall(r"bout (\d+) words", request.prompt)[:1]
        return text_of(int(count)) if not template else json.dumps(described(int(count), template))
    least, most = map(int, several.groups())
    counts = [least + (most - least) * step // 3 for step in range(4)]
    return json.dumps({"descriptions": [described(count, template) for count in counts]})


def text_of(count: int) -> str:
    """So many words."""
    return " ".join(WORDS[:count]).rstrip(",.") + "."


def described(count: int, template: str) -> Any:
    """A description in the form of a template's list."""
    if not template.startswith("items"):
        return text_of(count)
    return {"items": ITEMS, "overall": text_of(max(1, count // 2))}
