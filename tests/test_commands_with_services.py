"""Commands that talk to services: dry runs, caches, failures, interrupts, options at odds."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from PIL import Image

import refcodec
from tests.commands import HOUSE, SCRIPTS, run
from tests.openai_faults import error_status, refusal, slow
from tests.openai_server import KEY, OpenAIServer
from tests.service_eye import OPENAI, draw


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
    service.faults.extend([slow(0.0), slow(10.0)])
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
        ["--timeout", "1e300"],
        ["--image-model", "x"],
        ["--steps", "3"],
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


def test_settings_that_no_service_has(tmp_path: Path) -> None:
    done = run("semenc", HOUSE, "-o", tmp_path / "x.sem", *OPENAI, "--base-url", "nowhere")
    assert done.returncode == 3
    assert b"base URL" in done.stderr
    assert b"Traceback" not in done.stderr
