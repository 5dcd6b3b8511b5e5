"""Presets from picture to file to picture, through services that speak OpenAI's protocol."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

import refcodec
from refcodec import Box, Document, Item, Style
from refcodec.describers.templates import load_template
from tests import service_eye
from tests.commands import HOUSE, run
from tests.openai_server import EDITS, GENERATIONS, RESPONSES, OpenAIServer
from tests.service_eye import OPENAI, draw, template_of, templates


def test_text(service: OpenAIServer, tmp_path: Path) -> None:
    sem = tmp_path / "house.sem"
    done = run("semenc", HOUSE, "-o", sem, "--preset", "text", *OPENAI, "--max-bytes", 26)
    assert done.returncode == 0, done.stderr
    assert 25 <= sem.stat().st_size <= 26
    document = refcodec.loads(sem.read_bytes())
    assert document.text.startswith("A red tiled roof")
    assert (document.items, document.thumbnail) == ((), None)
    assert set(templates(service)) == {"caption-1"}
    picture, notes = draw(sem)
    assert picture.size == (1024, 1024)
    assert "trainedAlgorithmicMedia" in picture.info["XML:com.adobe.xmp"]
    assert document.text in picture.info["Prompt"]
    assert service.requests[-1].path == GENERATIONS
    assert b"1 request sent" in notes


def test_items_with_places_and_thumbnail(service: OpenAIServer, tmp_path: Path) -> None:
    sem = tmp_path / "house.sem"
    done = run("semenc", HOUSE, "-o", sem, "--preset", "items", *OPENAI, "--max-bytes", 210)
    assert done.returncode == 0, done.stderr
    assert 200 <= sem.stat().st_size <= 210
    document = refcodec.loads(sem.read_bytes())
    assert [item.name for item in document.items] == ["house", "hedge", "sky"]
    assert [item.map for item in document.items] == [
        Box(13, 10, 58, 40),
        Box(0, 38, 64, 64),
        None,
    ]
    assert b"no place found, or no room for it: sky" in done.stderr
    assert document.thumbnail is not None
    assert len(document.thumbnail.data) > 80
    assert templates(service)[-1] == "boxes-1"
    draw(sem, "--item-edits")
    edits = [request for request in service.requests if request.path == EDITS]
    assert len(edits) == 3
    assert [request.mask is not None for request in edits] == [False, True, True]


def test_a_thumbnail_takes_all_that_a_budget_leaves(service: OpenAIServer, tmp_path: Path) -> None:
    options = ["--preset", "raster+thumbnail", "--max-bytes", 800, "--text-share", 0.1]
    options += ["--api", "responses", "--prices", "1000,0.0,0"]
    done = run("semenc", HOUSE, "-o", tmp_path / "x.sem", *OPENAI, *options)
    assert done.returncode == 0, done.stderr
    document = refcodec.loads((tmp_path / "x.sem").read_bytes())
    assert document.thumbnail is not None
    assert len(document.thumbnail.data) > 600
    assert (tmp_path / "x.sem").stat().st_size > 760
    assert len(service.requests) <= 3
    assert {request.path for request in service.requests} == {RESPONSES}
    assert b"at the prices given" in done.stderr


def test_the_embedded_describer_names_no_items(tmp_path: Path) -> None:
    done = run("semenc", HOUSE, "-o", tmp_path / "x.sem", "--preset", "items")
    assert done.returncode == 0
    assert b"named no items" in done.stderr
    document = refcodec.loads((tmp_path / "x.sem").read_bytes())
    assert document.items == ()
    assert document.thumbnail is not None


def test_raster_and_raster_with_thumbnail(service: OpenAIServer, tmp_path: Path) -> None:
    alone, both = tmp_path / "alone.sem", tmp_path / "both.sem"
    for sem, preset in ((alone, "raster"), (both, "raster+thumbnail")):
        done = run("semenc", HOUSE, "-o", sem, "--preset", preset, *OPENAI)
        assert done.returncode == 0, done.stderr
        assert refcodec.loads(sem.read_bytes()).style is Style.RASTER
    assert refcodec.loads(alone.read_bytes()).thumbnail is None
    document = refcodec.loads(both.read_bytes())
    assert document.thumbnail is not None
    assert 200 <= len(document.thumbnail.data) <= 256
    # The second picture was described from the cache.
    assert len(service.requests) == 1
    draw(alone)
    draw(both)
    assert [request.path for request in service.requests[1:]] == [GENERATIONS, EDITS]


def test_a_ladder_is_a_file_for_each_budget_and_a_table(
    service: OpenAIServer, tmp_path: Path
) -> None:
    options = ["--ladder", "13,26,40", "-q"]
    done = run("semenc", HOUSE, "-o", tmp_path / "house.sem", *OPENAI, *options)
    assert done.returncode == 0, done.stderr
    heading, *rows = [line.split() for line in done.stdout.decode().splitlines()]
    assert heading[:2] == ["budget", "bytes"]
    assert [int(row[0]) for row in rows] == [13, 26, 40]
    for row in rows:
        data = Path(row[-1]).read_bytes()
        assert len(data) == int(row[1]) <= int(row[0])
        assert len(data) >= int(row[0]) - 2
        assert len(refcodec.loads(data).text.split()) == int(row[3])
    assert sum(int(row[6]) for row in rows) == len(service.requests) <= 9


def test_a_rung_that_nothing_fits_does_not_keep_the_others_from_being_written(
    service: OpenAIServer, tmp_path: Path
) -> None:
    done = run("semenc", HOUSE, "-o", tmp_path / "house.sem", *OPENAI, "--ladder", "3,26")
    assert done.returncode == 15
    assert b"3 are allowed" in done.stderr
    assert [path.name for path in tmp_path.glob("*.sem")] == ["house-26.sem"]
    assert service.requests


def test_a_ladder_goes_on_where_it_was(service: OpenAIServer, tmp_path: Path) -> None:
    ladder = ["semenc", HOUSE, "-o", tmp_path / "house.sem", *OPENAI, "--ladder", "13,26"]
    (tmp_path / "house-26.sem").write_bytes(b"earlier")
    assert run(*map(str, ladder)).returncode == 1
    assert service.requests == []
    done = run(*map(str, [*ladder, "--skip-existing"]))
    assert done.returncode == 0, done.stderr
    assert b"house-26.sem: there already, left as it is" in done.stderr
    first, second = [line.split() for line in done.stdout.decode().splitlines()[1:]]
    assert first[:2] == ["13", str((tmp_path / "house-13.sem").stat().st_size)]
    assert second[:7] == ["26", "7", "-", "-", "-", "-", "0"]
    assert (tmp_path / "house-26.sem").read_bytes() == b"earlier"


def test_reflection_on_both_sides(service: OpenAIServer, tmp_path: Path) -> None:
    sem, report = tmp_path / "house.sem", tmp_path / "report"
    reflect = ["--generator", "openai", "--reflect", 2, "--report", report]
    done = run("semenc", HOUSE, "-o", sem, *OPENAI, "--max-bytes", 40, *reflect)
    assert done.returncode == 0, done.stderr
    assert sem.stat().st_size <= 40
    assert "lost-1" in templates(service)
    steps = json.loads((report / "reflection.json").read_text("utf-8"))["steps"]
    assert len(steps) >= 2
    assert all(step["size_bytes"] <= 40 for step in steps)
    assert "A stone wall." in steps[1]["text"]
    picture, notes = draw(sem, *OPENAI, "--reflect", 1, "--report", report)
    assert picture.size == (1024, 1024)
    assert b"round 0" in notes
    assert templates(service)[-1] == "compare-1"
    with Image.open(io.BytesIO((report / "reflection.png").read_bytes())) as strip:
        assert strip.width > 100


@pytest.mark.parametrize(
    ("document", "template", "scores"),
    [
        (Document(text=service_eye.text_of(20), canvas=(64, 64)), "text", (0.4, 1)),
        (Document(text="A dog.", canvas=(64, 64), style=Style.RASTER), "text", (0, 0.1)),
        (
            Document(text="A dog.", canvas=(64, 64), items=(Item("house", "white"),)),
            "items-1",
            (0.2, 0.8),
        ),
    ],
)
def test_a_describer_may_judge(
    service: OpenAIServer,
    tmp_path: Path,
    document: Document,
    template: str,
    scores: tuple[float, float],
) -> None:
    sem, report = tmp_path / "x.sem", tmp_path / "report"
    sem.write_bytes(refcodec.dumps(document))
    options = [*OPENAI, "--reflect", 1, "--judge", "describe", "--report", report]
    draw(sem, *options)
    asked = [request for request in service.requests if request.path not in {EDITS, GENERATIONS}]
    assert {template_of(request) or "text" for request in asked} == {template}
    scans = load_template("raster-1").text.splitlines()[0] in asked[0].prompt
    assert scans == (document.style is Style.RASTER)
    told = json.loads((report / "reflection.json").read_text("utf-8"))
    assert told["about"]["judge"] == "describe"
    assert scores[0] <= told["steps"][0]["score"] <= scores[1]


def test_the_library_takes_names_and_objects(service: OpenAIServer) -> None:
    document = refcodec.describe(HOUSE, describer="openai", preset="items", max_bytes=150)
    assert len(refcodec.dumps(document)) <= 150
    assert document.items[0].map == Box(13, 10, 58, 40)
    service.draw = lambda _, size: Image.new("RGB", size, (10, 200, 30))
    picture = refcodec.render(document, generator="openai")
    assert picture.size == (1024, 1024)
    assert picture.getpixel((512, 512)) == (10, 200, 30)
    for preset in (None, "items"):
        with pytest.raises(refcodec.UnsupportedError, match="there is embedded, openai"):
            refcodec.describe(HOUSE, describer="oracle", preset=preset)
    with pytest.raises(refcodec.UnsupportedError, match="there is text, items"):
        refcodec.describe(HOUSE, preset="poem")


@pytest.mark.parametrize(
    ("preset", "kind", "asks"),
    [("text", "items-1", b"it asks for items"), ("items", "raster-1", b"it asks for no items")],
)
def test_a_template_is_of_the_kind_of_the_preset(
    service: OpenAIServer, tmp_path: Path, preset: str, kind: str, asks: bytes
) -> None:
    template, sem = tmp_path / f"{kind}.txt", tmp_path / "x.sem"
    template.write_text(load_template(kind).text, "utf-8")
    options = [*OPENAI, "--template", template, "--preset"]
    done = run("semenc", HOUSE, "-o", sem, *options, preset)
    assert done.returncode == 3
    assert asks in done.stderr
    assert service.requests == []
    other = {"text": "items", "items": "raster"}[preset]
    assert run("semenc", HOUSE, "-o", sem, *options, other).returncode == 0


def test_an_item_without_a_place_may_be_given_a_locator(
    service: OpenAIServer, tmp_path: Path
) -> None:
    options = ["--item", "house", "--item", "hedge", "--box", "0,0,1,1", "--locator"]
    for locator, describer in (("boxes", OPENAI), ("saliency", []), ("none", OPENAI)):
        sem = tmp_path / f"{locator}.sem"
        done = run("semenc", HOUSE, "-o", sem, *describer, *options, locator)
        assert done.returncode == 0, done.stderr
        house, hedge = refcodec.loads(sem.read_bytes()).items
        assert (house.name, hedge.name, hedge.map) == ("house", "hedge", Box(0, 0, 64, 64))
        assert (house.map is None) == (locator == "none")
    assert service.requests
