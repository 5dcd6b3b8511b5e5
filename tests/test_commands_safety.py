"""The installed commands when something is wrong: nothing lost, nothing partial, no traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import refcodec
from refcodec import Document
from refcodec.errors import ERROR_CLASSES
from refcodec.text.visible import visible
from tests.commands import HOUSE, SCRIPTS, run, run_on_terminal


def test_default_names_and_no_overwriting(small_picture: Path) -> None:
    folder = small_picture.parent
    assert run("semenc", small_picture, "-q").stderr == b""
    sem = folder / "small.sem"
    before = sem.read_bytes()
    again = run("semenc", small_picture, "--text", "another text")
    assert again.returncode == 1
    assert b"-f overwrites it" in again.stderr
    assert sem.read_bytes() == before
    assert run("semenc", small_picture, "--text", "another text", "-f").returncode == 0
    assert run("semcat", sem).stdout == b"another text\n"
    refused = run("semdec", sem, "-o", small_picture)
    assert refused.returncode == 1
    assert sorted(path.name for path in folder.iterdir()) == ["small.png", "small.sem"]


def test_one_bad_picture_stops_no_other(tmp_path: Path, small_picture: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    out = tmp_path / "out"
    done = run("semenc", bad, small_picture, "-o", out, "-j", 2)
    assert done.returncode in {error.status for error in ERROR_CLASSES}
    assert b"Traceback" not in done.stderr
    assert [path.name for path in out.iterdir()] == ["small.sem"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["x.png", "--max-bytes", "0"],
        ["x.png", "--max-bytes", "many"],
        ["x.png", "--max-bytes", "9", "--ubpp", "9"],
        ["x.png", "--ubpp", "-1"],
        ["x.png", "--ubpp", "much"],
        ["x.png", "--describer", "nobody"],
        ["x.png", "--text", "a", "--text-file", "b"],
        ["x.png", "--text-file", "/no/such/file"],
        ["x.png", "--text-file", str(HOUSE)],
        ["x.png", "--thumbnail-bytes", "5000"],
        ["a.png", "a.jpg"],
        ["a.png", "b.png", "-o", "-"],
    ],
)
def test_wrong_usage_of_semenc(arguments: list[str]) -> None:
    done = run("semenc", *arguments)
    assert done.returncode == 2
    assert b"usage: semenc" in done.stderr


def test_wrong_usage_of_the_others(caption_file: Path) -> None:
    assert run("semcat").returncode == 2
    assert run("seminfo").returncode == 2
    assert run("semdec").returncode == 2
    assert run("semdec", caption_file, "-o", "x.jpg").returncode == 2
    assert run("semdec", caption_file, "--generator", "nobody").returncode == 2


def test_semcat_prints_any_text_whatever_the_locale(tmp_path: Path) -> None:
    path = tmp_path / "text.sem"
    path.write_bytes(refcodec.dumps(Document(text="犬 \x1b[31m é", canvas=(8, 8))))
    for locale in ("C", "POSIX", "en_US.ISO-8859-1"):
        environment = os.environ | {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
        assert run("semcat", path, env=environment).stdout.decode() == "犬 \x1b[31m é\n"


def test_control_characters_do_not_reach_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "evil.sem"
    text = "one\x1b[2J\x9b31m\u202etwo\nthree"
    path.write_bytes(refcodec.dumps(Document(text=text, canvas=(8, 8))))
    shown = run_on_terminal([str(SCRIPTS / "semcat"), str(path)]).decode()
    assert shown.replace("\r\n", "\n") == "one\\x1b[2J\\x9b31m\\u202etwo\nthree\n"
    as_json = run_on_terminal([str(SCRIPTS / "semcat"), "--json", str(path)])
    assert b"\x1b" not in as_json
    assert json.loads(as_json)["text"] == text


def test_names_are_made_visible_in_messages(tmp_path: Path) -> None:
    done = run("semcat", tmp_path / "a\x1b[31m.sem")
    assert b"\x1b" not in done.stderr
    assert visible("a\u200bb\n", keep="\n") == "a\\u200bb\n"


def test_writing_to_a_device_leaves_it_a_device(small_picture: Path) -> None:
    assert run("semenc", small_picture, "--text", "x", "-o", "/dev/null", "-f").returncode == 0
    assert Path("/dev/null").is_char_device()


def test_a_folder_that_cannot_be_written_is_a_clear_error(small_picture: Path) -> None:
    done = run("semenc", small_picture, "--text", "x", "-o", "/proc/nothing/x.sem")
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_a_reader_that_leaves_is_no_error_message(caption_file: Path) -> None:
    command = [str(SCRIPTS / "semcat"), *[str(caption_file)] * 300]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


@pytest.fixture
def heeded_interrupts() -> Iterator[None]:
    """Commands heed SIGINT, even if these tests run in the background of a shell, which do not."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_interrupts")
def test_an_interrupt_ends_a_run_at_once(tmp_path: Path, caption_file: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [SCRIPTS / "semcat", pipe, caption_file],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    # Opening the pipe waits until the command has opened it too, and waits for what it holds.
    with pipe.open("wb"):
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert output == b""
    assert errors == b"semcat: interrupted\n"


@pytest.mark.usefixtures("heeded_interrupts")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_worker_processes_end_with_the_command(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    pictures = []
    for index in range(200):
        path = tmp_path / f"{index}.png"
        Image.effect_noise((400, 300), 60 + index % 50).save(path, compress_level=0)
        pictures.append(str(path))
    out = tmp_path / "out"
    with subprocess.Popen(
        [SCRIPTS / "semenc", *pictures, "-j", "2", "-o", out, "--thumbnail-bytes", "200"],
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        # A terminal interrupts the whole group; a supervisor ends the one process it knows.
        target = -process.pid if number == signal.SIGINT else process.pid
        os.kill(target, number)
        errors = process.stderr.read()
        assert process.wait(timeout=60) == status
    assert b"Traceback" not in errors
    assert 0 < len(list(out.iterdir())) < len(pictures)
    assert {path.suffix for path in out.iterdir()} == {".sem"}
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_killed_worker_is_a_clear_error(tmp_path: Path) -> None:
    """The second picture is a pipe, whose reader, a worker, is killed while it waits."""
    pipe, picture = tmp_path / "pipe.png", tmp_path / "picture.png"
    os.mkfifo(pipe)
    Image.new("RGB", (8, 8)).save(picture)
    process = subprocess.Popen(
        [SCRIPTS / "semenc", pipe, picture, "-j", "2", "-o", tmp_path / "out", "-q"],
        stderr=subprocess.PIPE,
    )
    with pipe.open("wb"):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert b"a worker process was killed" in errors
    assert b"Traceback" not in errors


def test_closed_standard_streams_are_clear_errors(caption_file: Path) -> None:
    def shell(line: str) -> subprocess.CompletedProcess[bytes]:
        environment = os.environ | {"PATH": f"{SCRIPTS}:{os.environ['PATH']}"}
        return subprocess.run(
            ["sh", "-c", line], capture_output=True, check=False, timeout=60, env=environment
        )

    for line in (
        f"semcat {caption_file} >&-",
        f"seminfo {caption_file} >&-",
        f"semdec {caption_file} -o - >&-",
        "semcat - <&-",
        "semenc - -o x <&-",
    ):
        done = shell(line)
        assert done.returncode == 1, line
        assert b"is closed" in done.stderr, line
    silent = shell(f"semenc {HOUSE} --text 'A house.' -o - 2>&-")
    assert refcodec.loads(silent.stdout).text == "A house."
    assert shell("semcat /no/such/file 2>&-").returncode == 1


@pytest.mark.parametrize("name", ["", ".", "/", "x" * 300, "loop"])
def test_odd_names_are_clear_errors(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for command in (
        ["semenc", name],
        ["semenc", HOUSE, "--text", "x", "-o", name or "/dev/full"],
        ["semcat", name],
        ["semdec", name],
        ["seminfo", name],
    ):
        done = run(*command, cwd=tmp_path)
        assert done.returncode in {0, 1, 2, 11}, command
        assert b"Traceback" not in done.stderr, command


def test_pictures_are_not_overwritten_by_their_files(tmp_path: Path, small_picture: Path) -> None:
    disguised = tmp_path / "picture.sem"
    disguised.write_bytes(small_picture.read_bytes())
    assert run("semenc", disguised, "-f").returncode == 2
    assert disguised.read_bytes() == small_picture.read_bytes()
    twin = tmp_path / "small.webp"
    twin.write_bytes(small_picture.read_bytes())
    both = run("semenc", "-f", "small.png", twin, cwd=tmp_path)
    assert both.returncode == 2
    assert b"same file" in both.stderr


def test_messages_name_the_file_that_is_meant(tmp_path: Path, small_picture: Path) -> None:
    (tmp_path / "small.sem").write_bytes(b"")
    assert b"small.sem: exists already" in run("semenc", small_picture).stderr
    sem = run("semenc", small_picture, "--text", "x", "-o", "-").stdout
    missing = run("semdec", "-", "-o", tmp_path / "missing" / "x.png", input=sem)
    assert missing.returncode == 1
    assert b"missing" in missing.stderr


def test_a_replaced_file_keeps_its_permissions(small_picture: Path) -> None:
    sem = small_picture.with_suffix(".sem")
    assert run("semenc", small_picture, "--text", "x").returncode == 0
    sem.chmod(0o600)
    assert run("semenc", small_picture, "--text", "y", "-f").returncode == 0
    assert sem.stat().st_mode & 0o777 == 0o600
    assert run("semcat", sem).stdout == b"y\n"
