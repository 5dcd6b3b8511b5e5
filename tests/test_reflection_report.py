"""The report of reflection: every step in JSON, their pictures in a strip, nothing half-written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import refcodec
from refcodec import Document
from refcodec.backends.errors import ServiceError
from refcodec.picture.load import load_picture
from refcodec.reflection.decoder import reflect_drawing
from refcodec.reflection.encoder import reflect_description
from refcodec.reflection.judge import ModelJudge
from refcodec.reflection.losses import ModelLossFinder
from refcodec.reflection.report import JSON_NAME, STRIP_NAME, write_report
from refcodec.reflection.steps import THUMBNAIL_SIDE, Reflection
from tests.scripted_drawing import (
    CANVAS,
    COLOURS,
    ScriptedGenerator,
    ScriptedModel,
    draw_scene,
    drop,
    read_scene,
    recolour,
)

TEXT = "a red square at the upper left; a blue circle at the lower right"
DOCUMENT = Document(text=TEXT, canvas=CANVAS)


def drawn(errors: dict[int, Exception] | None = None) -> Reflection:
    generator = ScriptedGenerator(
        {0: [drop("upper left")], 1: [recolour("lower right", "green"), drop("upper left")]},
        errors=errors or {},
    )
    return reflect_drawing(DOCUMENT, generator, ModelJudge(ScriptedModel()), 5)


def written(folder: Path, reflection: Reflection, **about: str) -> tuple[Any, Image.Image]:
    write_report(folder, reflection, about)
    assert sorted(path.name for path in folder.iterdir()) == [JSON_NAME, STRIP_NAME]
    with Image.open(folder / STRIP_NAME) as strip:
        strip.load()
    return json.loads((folder / JSON_NAME).read_text(encoding="utf-8")), strip


def test_the_report_tells_every_step(tmp_path: Path) -> None:
    report, _ = written(tmp_path / "new" / "folder", drawn(), generator="scripted")
    assert report["about"] == {"generator": "scripted"}
    assert report["ending"] == "nothing is left to put right"
    assert (report["best_round"], report["best_score"]) == (2, 1)
    steps = report["steps"]
    assert [step["round"] for step in steps] == [0, 1, 2]
    assert [step["action"] for step in steps] == ["draw", "edit", "regenerate"]
    assert [step["kept"] for step in steps] == [True, False, True]
    assert [step["score"] for step in steps] == [0.5, 0, 1]
    assert steps[1]["instruction"].startswith("Correct this picture.")
    assert steps[1]["aims"] == steps[0]["differences"]
    assert steps[0]["differences"] == [
        {
            "kind": "missing",
            "what": "red square",
            "wanted": "a red square at the upper left",
            "seen": "",
            "place": "upper left",
            "weight": 1,
        }
    ]
    assert steps[2]["prompt"] == steps[2]["text"] != TEXT
    assert steps[0]["notes"] == ["drawing 0"]
    assert steps[0]["size_bytes"] is None


def test_the_same_run_gives_the_same_report(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        write_report(tmp_path / folder, drawn())
    for name in (JSON_NAME, STRIP_NAME):
        one, other = (tmp_path / folder / name for folder in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()


def test_the_strip_shows_the_pictures_and_what_was_kept(tmp_path: Path) -> None:
    report, strip = written(tmp_path, drawn())
    column = strip.width // len(report["steps"])
    assert strip.mode == "RGB"
    assert column > THUMBNAIL_SIDE
    frames, squares, inks = [], [], []
    for index in range(3):
        part = strip.crop((index * column, 0, (index + 1) * column, strip.height))
        picture = part.crop((0, 0, column, column))
        colours = {colour for _, colour in picture.getcolors(picture.width * picture.height) or []}
        frames.append((34, 139, 34) in colours)
        squares.append(COLOURS["red"] in colours)
        captions = part.crop((0, column, column, strip.height)).convert("L")
        inks.append(min(captions.tobytes()))
    assert frames == [True, False, True]
    assert squares == [False, False, True]
    # Something is written beneath each.
    assert max(inks) < 128


def test_the_encoders_report_has_sizes_and_texts(tmp_path: Path) -> None:
    picture = load_picture(draw_scene(read_scene(TEXT)))
    document = Document(text="a red square at the upper left", canvas=CANVAS)
    finder = ModelLossFinder(ScriptedModel())
    reflection = reflect_description(
        picture, document, ScriptedGenerator(), finder, 2, max_bytes=100, dump=refcodec.dumps
    )
    report, _ = written(tmp_path, reflection)
    assert [step["action"] for step in report["steps"]] == ["draw", "add"]
    for step in report["steps"]:
        coded = refcodec.dumps(Document(text=step["text"], canvas=CANVAS))
        assert step["size_bytes"] == len(coded)


def test_what_failed_is_named_without_its_message(tmp_path: Path) -> None:
    reflection = drawn({1: ServiceError("/home/somebody: key sk-123 refused")})
    report, strip = written(tmp_path, reflection)
    assert report["ending"] == "a model failed"
    assert (report["best_round"], report["best_score"]) == (0, 0.5)
    assert report["steps"][1]["notes"] == ["failed: ServiceError"]
    assert report["steps"][1]["score"] is None
    text = (tmp_path / JSON_NAME).read_text(encoding="utf-8")
    assert "sk-123" not in text
    assert str(tmp_path) not in text
    assert "somebody" not in text
    column = strip.width // 2
    assert strip.getpixel((column + column // 2, column // 2)) == (211, 211, 211)


def test_a_first_drawing_that_was_not_judged_is_reported(tmp_path: Path) -> None:
    judge = ModelJudge(ScriptedModel(errors={0: ServiceError("down")}))
    report, _ = written(tmp_path, reflect_drawing(DOCUMENT, ScriptedGenerator(), judge, 1))
    assert report["best_round"] == 0
    assert report["best_score"] is None


def test_a_report_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    write_report(tmp_path, drawn({1: ServiceError("down")}))
    report, strip = written(tmp_path, drawn())
    assert len(report["steps"]) == 3
    assert strip.width % 3 == 0


def test_a_report_that_cannot_be_written_leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / JSON_NAME).mkdir()
    with pytest.raises(OSError, match=JSON_NAME):
        write_report(tmp_path, drawn())
    assert sorted(path.name for path in tmp_path.iterdir()) == [JSON_NAME, STRIP_NAME]
    assert list((tmp_path / JSON_NAME).iterdir()) == []
