"""A stand-in for image and vision models, to prove reflection with: shapes on nine places.

Descriptions are such as "a red square at the upper left; a blue circle at the centre". The
generator draws them, with planted faults, and follows the instructions of the template
correct-1; the vision model and the describer look at the pixels, and at nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from refcodec import Document
from refcodec.backends.interfaces import Question
from refcodec.describers.interfaces import Description, Wish
from refcodec.generators.interfaces import Drawing
from refcodec.picture.load import LoadedPicture

COLOURS = {"red": (220, 20, 20), "green": (20, 160, 40), "blue": (20, 40, 220)}
PLACES = tuple(
    "centre" if (row, column) == ("middle", "middle") else f"{row} {column}"
    for row in ("upper", "middle", "lower")
    for column in ("left", "middle", "right")
)
CELL = 32
MARGIN = 6
CANVAS = (3 * CELL, 3 * CELL)
BACKGROUND = (255, 255, 255)

_COLOUR = "(red|green|blue)"
_SHAPE = "(square|circle|triangle)"
_PLACE = f"({'|'.join(PLACES)})"
_THING = rf"{_COLOUR} {_SHAPE} at the {_PLACE}"

# By place, colour and shape of what is there.
Scene = dict[str, tuple[str, str]]
Fault = Callable[[Scene], None]


def read_scene(text: str) -> Scene:
    """What a text in the tiny language describes."""
    return {place: (colour, shape) for colour, shape, place in re.findall(_THING, text)}


def scene_words(scene: Scene) -> str:
    """The description of a scene."""
    things = (f"a {colour} {shape} at the {place}" for place, (colour, shape) in scene.items())
    return "; ".join(things)


def draw_scene(scene: Scene) -> Image.Image:
    """The picture of a scene, RGB, of size CANVAS."""
    image = Image.new("RGB", CANVAS, BACKGROUND)
    draw = ImageDraw.Draw(image)
    for place, (colour, shape) in scene.items():
        left, top, right, bottom = _box(place)
        corners = (left, top, right - 1, bottom - 1)
        if shape == "square":
            draw.rectangle(corners, fill=COLOURS[colour])
        elif shape == "circle":
            draw.ellipse(corners, fill=COLOURS[colour])
        else:
            apex = ((left + right) // 2, top)
            draw.polygon([apex, (left, bottom), (right, bottom)], fill=COLOURS[colour])
    return image


def look(image: Image.Image) -> Scene:
    """The scene that a picture shows, from its pixels."""
    scene: Scene = {}
    for place in PLACES:
        pixels = np.asarray(image.convert("RGB").crop(_box(place)), np.int64).reshape(-1, 3)
        inked = pixels[(pixels != BACKGROUND).any(axis=1)]
        share = len(inked) / len(pixels)
        if share > 0.2:
            mean = inked.mean(axis=0)
            colour = min(COLOURS, key=lambda name: float(abs(COLOURS[name] - mean).sum()))
            shape = "triangle" if share < 0.65 else "circle" if share < 0.9 else "square"
            scene[place] = (colour, shape)
    return scene


def _box(place: str) -> tuple[int, int, int, int]:
    row, column = divmod(PLACES.index(place), 3)
    left, top = column * CELL + MARGIN, row * CELL + MARGIN
    return left, top, left + CELL - 2 * MARGIN, top + CELL - 2 * MARGIN


def drop(place: str) -> Fault:
    """Forgets what should be at a place."""

    def fault(scene: Scene) -> None:
        scene.pop(place, None)

    return fault


def recolour(place: str, colour: str) -> Fault:
    """Confuses a colour."""

    def fault(scene: Scene) -> None:
        if place in scene:
            scene[place] = (colour, scene[place][1])

    return fault


def move(place: str, elsewhere: str) -> Fault:
    """Confuses a place."""

    def fault(scene: Scene) -> None:
        if place in scene:
            scene[elsewhere] = scene.pop(place)

    return fault


def add(place: str, colour: str, shape: str) -> Fault:
    """Invents a thing."""

    def fault(scene: Scene) -> None:
        scene[place] = (colour, shape)

    return fault


@dataclass(frozen=True)
class Call:
    """What the generator was asked."""

    action: str
    text: str
    seed: int | None
    image: Image.Image | None = None
    mask: Image.Image | None = None


@dataclass
class ScriptedGenerator:
    """Draws and edits as it is told, with the faults and errors planted for each call from 0 on."""

    faults: Mapping[int, Sequence[Fault]] = field(default_factory=dict)
    errors: Mapping[int, Exception] = field(default_factory=dict)
    is_transparent: bool = False
    calls: list[Call] = field(default_factory=list)
    name: str = "scripted"
    number: int = 0
    is_trained: bool = False

    def draw(self, document: Document, seed: int | None = None) -> Drawing:
        scene = read_scene(document.text)
        return self._carry_out(Call("draw", document.text, seed), scene)

    def edit(
        self,
        image: Image.Image,
        document: Document,
        instruction: str,
        mask: Image.Image | None = None,
        seed: int | None = None,
    ) -> Drawing:
        assert image.size == document.canvas
        scene = look(image)
        _follow(instruction, scene)
        return self._carry_out(Call("edit", instruction, seed, image, mask), scene)

    def _carry_out(self, call: Call, scene: Scene) -> Drawing:
        number = len(self.calls)
        self.calls.append(call)
        if number in self.errors:
            raise self.errors[number]
        for fault in self.faults.get(number, ()):
            fault(scene)
        image = draw_scene(scene)
        if call.image is not None and call.mask is not None:
            image = Image.composite(image, call.image, call.mask)
        if self.is_transparent:
            image = _on_glass(image)
        return Drawing(image, call.text, (f"drawing {number}",))


def _on_glass(image: Image.Image) -> Image.Image:
    """The picture with a background that is transparent, and black beneath."""
    is_ground = (np.asarray(image) == BACKGROUND).all(axis=2, keepdims=True)
    samples = np.where(is_ground, 0, np.asarray(image.convert("RGBA")))
    return Image.fromarray(samples.astype(np.uint8))


def _follow(instruction: str, scene: Scene) -> None:
    """Change a scene as the lines of a correction say."""
    for colour, shape, place in re.findall(rf"Add a {_THING}\.", instruction):
        scene[place] = (colour, shape)
    for place in re.findall(rf"Remove {_COLOUR} {_SHAPE} \({_PLACE}\)\.", instruction):
        scene.pop(place[2])
    changed = rf"Change {_SHAPE} \({_PLACE}\) from {_COLOUR} to {_COLOUR}\."
    for shape, place, _, colour in re.findall(changed, instruction):
        scene[place] = (colour, shape)
    moved = rf"Move {_COLOUR} {_SHAPE} from {_PLACE} to {_PLACE}\."
    for _, _, origin, place in re.findall(moved, instruction):
        scene[place] = scene.pop(origin)


def as_it_is(answer: str) -> str:
    """An answer of JSON alone."""
    return answer


@dataclass
class ScriptedModel:
    """A vision model that looks at the pixels and answers the templates compare-1 and lost-1."""

    errors: Mapping[int, Exception] = field(default_factory=dict)
    wording: Callable[[str], str] = as_it_is
    answers: int = 1
    questions: list[Question] = field(default_factory=list)
    name: str = "scripted eyes"

    def ask(self, question: Question) -> list[str]:
        number = len(self.questions)
        self.questions.append(question)
        if number in self.errors:
            raise self.errors[number]
        compare = {"compare-1": _compare, "lost-1": _lost}[question.template]
        return [self.wording(json.dumps(compare(question)))] * self.answers


def description_of(question: Question) -> dict[str, Any]:
    """The description in a prompt, which stands on a line of its own."""
    lines = [line for line in question.prompt.splitlines() if line.startswith('{"text"')]
    assert len(lines) == 1
    content = json.loads(lines[0])
    assert isinstance(content, dict)
    return content


def _compare(question: Question) -> dict[str, Any]:
    (picture,) = question.images
    wanted, seen = read_scene(description_of(question)["text"]), look(picture)
    differences = scene_differences(wanted, seen)
    return {"differences": differences, "score": scene_score(wanted, seen)}


def _lost(question: Question) -> dict[str, Any]:
    original, redrawn = map(look, question.images)
    # A square matters most, a triangle least.
    weights = {"square": 1.0, "circle": 0.6, "triangle": 0.3}
    losses = [
        {"words": f"a {colour} {shape} at the {place}", "weight": weights[shape]}
        for place, (colour, shape) in original.items()
        if redrawn.get(place) != (colour, shape)
    ]
    return {"losses": losses, "score": scene_score(original, redrawn)}


def scene_score(wanted: Scene, seen: Scene) -> float:
    """The share of the places in use where both are the same."""
    used = wanted.keys() | seen.keys()
    same = sum(wanted.get(place) == seen.get(place) for place in used)
    return same / len(used) if used else 1.0


def scene_differences(wanted: Scene, seen: Scene) -> list[dict[str, Any]]:
    """How a scene differs from the one that was wanted, as the template compare-1 asks."""
    wanted, seen = _without_common(wanted, seen)
    differences: list[dict[str, Any]] = []
    for place, (colour, shape) in wanted.items():
        elsewhere = [there for there, thing in seen.items() if thing == (colour, shape)]
        if elsewhere:
            del seen[elsewhere[0]]
            said = ("wrong place", f"{colour} {shape}", place, elsewhere[0])
        elif place in seen and seen[place][1] == shape:
            said = ("wrong attribute", shape, colour, seen.pop(place)[0])
        else:
            said = ("missing", f"{colour} {shape}", f"a {colour} {shape} at the {place}", "")
        differences.append(_as_json(*said, place))
    for place, (colour, shape) in seen.items():
        differences.append(_as_json("extra", f"{colour} {shape}", "", "", place))
    return differences


def _without_common(wanted: Scene, seen: Scene) -> tuple[Scene, Scene]:
    common = wanted.items() & seen.items()
    return dict(wanted.items() - common), dict(seen.items() - common)


def _as_json(kind: str, what: str, wanted: str, seen: str, place: str) -> dict[str, Any]:
    fields = {"kind": kind, "what": what, "wanted": wanted, "seen": seen, "place": place}
    return {**fields, "weight": 1.0}


@dataclass
class ScriptedDescriber:
    """Describes the scene that a picture shows; asked to mention something, it says only that."""

    obeys_wishes: bool = True
    descriptions: int = 1
    wishes: list[Wish] = field(default_factory=list)
    number: int = 0
    template_number: int = 0

    def describe(self, picture: LoadedPicture, wish: Wish) -> list[Description]:
        self.wishes.append(wish)
        text = "; ".join(wish.mention) or scene_words(look(picture.image))
        return [Description(text)] * self.descriptions
