"""Presets from picture to file to picture, through services that speak OpenAI's protocol."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from PIL import Image

import refcodec
from refcodec import Box, Document, Item, Style
from refcodec.describers.templates import load_template
from tests import service_eye
from tests.commands import HOUSE, SCRIPTS, run
from tests.openai_faults import error_status, refusal, slow
from tests.openai_server import EDITS, GENERATIONS, KEY, RESPONSES, OpenAIServer
from tests.service_eye import template_of

OPENAI = ["--describer", "openai"]


@pytest.fixture
def service(openai_server: OpenAIServer) -> OpenAIServer:
    """The local server, with a vision model that has seen the house."""
    openai_server.answer = service_eye.answer
    return openai_server


def templates(service: OpenAIServer) -> list[str]:
    return [template_of(request) or "text" for request in service.requests]


def draw(sem: Path, *options: object) -> tuple[Image.Image, bytes]:
    png = sem.with_suffix(".png")
    done = run("semdec", sem, "-f", "-o", png, "--generator", "openai", *options)
    assert done.returncode == 0, done.stderr
    with Image.open(png) as picture:
        picture.load()
        return picture, done.stderr


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


def test_a_cached_rerun_makes_no_request(service: OpenAIServer, tmp_path: Path) -> None:
    for name in ("one.sem", "two.sem"):
        options = ["--preset", "items", "--max-bytes", 210, *OPENAI]
        done = run("semenc", HOUSE, "-o", tmp_path / name, *options)
        assert done.returncode == 0
        service.fault = error_status(500, "down")
    assert (tmp_path / "one.sem").read_bytes() == (tmp_path / "two.sem").read_bytes()
    assert b" 0 requests sent" in b" " + done.stderr.split(b"semenc: ")[-1]


def test_a_dry_run_prints_the_request_and_sends_nothing(
    service: OpenAIServer, tmp_path: Path
) -> None:
    done = run("semenc", HOUSE, "-o", tmp_path / "x.sem", *OPENAI, "--dry-run")
    assert done.returncode == 0
    assert b"template caption-1" in done.stdout
    assert b"tokens in" in done.stdout
    assert KEY.encode() not in done.stdout + done.stderr
    sem = tmp_path / "y.sem"
    sem.write_bytes(refcodec.dumps(refcodec.Document(text="A dog.", canvas=(64, 64))))
    done = run("semdec", sem, "--generator", "openai", "--dry-run")
    assert b"/images/generations" in done.stdout
    assert service.requests == []
    assert [path.name for path in tmp_path.iterdir()] == ["y.sem"]


def test_a_dry_run_of_a_reflection_prints_the_request_that_comes_first(
    service: OpenAIServer, tmp_path: Path
) -> None:
    sem = tmp_path / "house.sem"
    reflect = [*OPENAI, "--generator", "openai", "--reflect", 2, "--report", tmp_path / "report"]
    assert run("semenc", HOUSE, "-o", sem, *OPENAI, "--max-bytes", 26).returncode == 0
    done = run("semenc", HOUSE, "-o", tmp_path / "x.sem", "--max-bytes", 40, *reflect, "--dry-run")
    assert b"template caption-1" in done.stdout
    assert draw(sem)[0].size == (1024, 1024)
    before = {path.name for path in tmp_path.rglob("*")}, len(service.requests)
    # The drawing is in the cache, so that the first request is the comparison.
    done = run("semdec", sem, "-o", tmp_path / "y.png", *reflect, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert b"template compare-1" in done.stdout
    assert b"round" not in done.stderr
    assert ({path.name for path in tmp_path.rglob("*")}, len(service.requests)) == before


def test_a_dry_run_without_a_request_says_so_and_writes_nothing(
    service: OpenAIServer, tmp_path: Path
) -> None:
    sem = tmp_path / "house.sem"
    assert run("semenc", HOUSE, "-o", sem, *OPENAI).returncode == 0
    for command in (
        ["semenc", HOUSE, "-o", tmp_path / "x.sem"],
        ["semenc", HOUSE, "-o", tmp_path / "x.sem", "--ladder", "100,200"],
        ["semenc", HOUSE, "-o", tmp_path / "x.sem", *OPENAI],
        ["semdec", sem, "-o", tmp_path / "x.png"],
    ):
        done = run(*map(str, [*command, "--dry-run", "-q"]))
        assert (done.returncode, done.stdout) == (0, b"nothing would be sent\n")
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "house.sem"}
    assert len(service.requests) == 1


def test_refusals_and_failures_are_clear_and_leave_nothing(
    service: OpenAIServer, tmp_path: Path
) -> None:
    service.fault = refusal("I cannot describe people.")
    done = run("semenc", HOUSE, "-o", tmp_path / "x.sem", *OPENAI)
    assert done.returncode == 3
    assert b"refused" in done.stderr
    service.fault = error_status(500, "down")
    done = run("semenc", HOUSE, "-o", tmp_path / "x.sem", *OPENAI, "--retries", 0)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    assert list(tmp_path.glob("*.sem")) == []


def test_several_pictures_are_described_at_a_time(service: OpenAIServer, tmp_path: Path) -> None:
    pictures = []
    for number in range(4):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (64, 48), (60 * number, 100, 40)).save(path)
        pictures.append(path)
    service.fault = slow(0.3)
    done = run("semenc", *pictures, "-o", tmp_path / "out", "-j", 4, *OPENAI)
    assert done.returncode == 0, done.stderr
    assert service.most_at_once >= 2
    assert len(list((tmp_path / "out").glob("*.sem"))) == 4


def test_an_interrupt_ends_at_once_and_the_rerun_goes_on(
    service: OpenAIServer, tmp_path: Path
) -> None:
    pictures = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (64, 48), (60 * number, 100, 40)).save(path)
        pictures.append(path)
    command = [*map(str, [SCRIPTS / "semenc", *pictures, "-o", tmp_path / "out"]), *OPENAI]
    service.faults.extend([slow(0.0), slow(30.0)])
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert b"0.sem" in first
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=20) == 130
        assert b"sent, 0 answered from the cache" in process.stderr.read()
    service.closing.set()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0.sem"]
    service.closing.clear()
    before = (tmp_path / "out" / "0.sem").stat().st_mtime_ns
    sent = len(service.requests)
    again = ["semenc", *pictures, "-o", tmp_path / "out", *OPENAI]
    assert run(*map(str, [*again, "-f", "--skip-existing"])).returncode == 2
    done = run(*map(str, [*again, "--skip-existing"]))
    assert done.returncode == 0, done.stderr
    assert b"0.sem: there already, left as it is" in done.stderr
    assert len(service.requests) == sent + 2
    assert (tmp_path / "out" / "0.sem").stat().st_mtime_ns == before
    assert len(list((tmp_path / "out").iterdir())) == 3


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


def test_an_output_that_cannot_be_written_is_refused_before_anything_is_asked(
    service: OpenAIServer, tmp_path: Path
) -> None:
    sem, nowhere, file = tmp_path / "dog.sem", tmp_path / "nowhere", tmp_path / "file"
    sem.write_bytes(refcodec.dumps(refcodec.Document(text="A dog.", canvas=(64, 64))))
    file.touch()
    generator = ["--generator", "openai"]
    for output, command in (
        (nowhere / "x.png", ["semdec", sem, *generator]),
        (file / "x.png", ["semdec", sem, *generator]),
        (nowhere / "x.sem", ["semenc", HOUSE, *OPENAI]),
        (nowhere / "x.sem", ["semenc", HOUSE, *OPENAI, "--ladder", "20,40"]),
        (file, ["semenc", HOUSE, sem, *OPENAI]),
    ):
        done = run(*map(str, [*command, "-o", output]))
        assert done.returncode == 1
        assert str(output.with_suffix("")).encode() in done.stderr
        assert b"make it first" in done.stderr or b"is not a folder" in done.stderr
    assert service.requests == []
    done = run("semenc", HOUSE, "-o", f"{nowhere}/", *OPENAI)
    assert (done.returncode, len(service.requests)) == (0, 1)


def test_what_was_spent_is_told_also_of_a_failure(service: OpenAIServer, tmp_path: Path) -> None:
    sem = tmp_path / "house.sem"
    sem.write_bytes(refcodec.dumps(refcodec.Document(text="A dog.", canvas=(64, 64))))
    service.fault = error_status(500, "down")
    done = run("semdec", sem, "--generator", "openai", "--retries", 0)
    assert done.returncode == 3
    assert b"1 request sent" in done.stderr


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


def test_a_report_that_cannot_be_written_is_refused_before_anything_is_asked(
    service: OpenAIServer, tmp_path: Path
) -> None:
    sem, file, report = tmp_path / "house.sem", tmp_path / "file", tmp_path / "report"
    sem.write_bytes(refcodec.dumps(refcodec.Document(text="A dog.", canvas=(64, 64))))
    file.touch()
    report.mkdir()
    (report / "reflection.json").write_bytes(b"earlier")
    reflect = [*OPENAI, "--generator", "openai", "--reflect", 1]
    for folder, message in ((file, b"is not a folder"), (report, b"-f overwrites it")):
        for command in (
            ["semenc", HOUSE, "-o", tmp_path / "x.sem", "--max-bytes", 40],
            ["semdec", sem, "-o", tmp_path / "x.png"],
        ):
            done = run(*map(str, [*command, *reflect, "--report", folder]))
            assert done.returncode == 1
            assert message in done.stderr
            assert str(folder).encode() in done.stderr
    assert service.requests == []
    assert (report / "reflection.json").read_bytes() == b"earlier"


def test_what_was_paid_for_is_written_before_the_report(
    service: OpenAIServer, tmp_path: Path
) -> None:
    report, sem = tmp_path / "report", tmp_path / "x.sem"
    (report / "reflection.json").mkdir(parents=True)
    reflect = ["--generator", "openai", "--reflect", 1, "--report", report, "-f"]
    done = run("semenc", HOUSE, "-o", sem, "--max-bytes", 40, *OPENAI, *reflect)
    assert done.returncode == 1
    assert b"reflection.json" in done.stderr
    assert sem.exists()
    done = run("semdec", sem, *OPENAI, *reflect)
    assert done.returncode == 1
    assert sem.with_suffix(".png").exists()
    assert service.requests


def test_the_library_takes_names_and_objects(service: OpenAIServer) -> None:
    document = refcodec.describe(HOUSE, describer="openai", preset="items", max_bytes=150)
    assert len(refcodec.dumps(document)) <= 150
    assert document.items[0].map == Box(13, 10, 58, 40)
    service.draw = lambda _, size: Image.new("RGB", size, (10, 200, 30))
    picture = refcodec.render(document, generator="openai")
    assert picture.size == (1024, 1024)
    assert picture.getpixel((512, 512)) == (10, 200, 30)
    with pytest.raises(refcodec.UnsupportedError, match="there is embedded, openai"):
        refcodec.describe(HOUSE, describer="oracle")
    with pytest.raises(refcodec.UnsupportedError, match="there is text, items"):
        refcodec.describe(HOUSE, preset="poem")


@pytest.mark.parametrize(
    "options",
    [
        ["--describer", "openai", "--text", "x"],
        ["--reflect", "2"],
        ["--reflect", "2", "--describer", "openai", "--generator", "openai"],
        ["--reflect", "2", "--describer", "openai", "--max-bytes", "9"],
        ["--report", "x"],
        ["--ladder", "13,13"],
        ["--ladder", "13,x"],
        ["--ladder", "13", "-o", "-"],
        ["--prices", "1,2"],
        ["--prices", ",,"],
        ["--prices", "0,.,0"],
        ["--prices", "0,0.0.0,0"],
        ["--prices", "0,-1,0"],
        ["--strength", "2"],
        ["--text-share", "0"],
        ["--image-sizes", "large"],
        ["--template", "a", "--item-count", "16"],
        ["--template", "a"],
        ["--model", "a"],
        ["--generator", "openai"],
        ["--locator", "clip"],
        ["--locator", "clip", "--item", "house", "--saliency"],
        ["--locator", "boxes", "--preset", "items"],
        ["--locator", "boxes", "--item", "house"],
        ["--clip-model", "a", "--preset", "text"],
        ["--clip-model", "a", "--preset", "items"],
    ],
)
def test_wishes_that_contradict_each_other(options: list[str]) -> None:
    done = run("semenc", HOUSE, *options)
    assert done.returncode == 2
    assert done.stdout == b""


@pytest.mark.parametrize(
    "options",
    [
        ["--describer", "openai"],
        ["--model", "a"],
        ["--thumbnail", "--generator", "openai"],
        ["--map", "1", "--generator", "openai"],
        ["--map", "1", "--generator", "openai", "--describer", "openai", "--reflect", "1"],
        ["--report", "x"],
        ["--judge", "describe"],
    ],
)
def test_wishes_of_a_drawing_that_contradict_each_other(options: list[str]) -> None:
    done = run("semdec", "x.sem", *options)
    assert done.returncode == 2
    assert done.stdout == b""


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
        names = [item.name for item in refcodec.loads(sem.read_bytes()).items]
        assert names == ["house", "hedge"]
    assert service.requests


def test_settings_that_no_service_has(tmp_path: Path) -> None:
    done = run("semenc", HOUSE, "-o", tmp_path / "x.sem", *OPENAI, "--base-url", "nowhere")
    assert done.returncode == 3
    assert b"base URL" in done.stderr
    assert b"Traceback" not in done.stderr
