"""The installed commands: what they print, write and refuse, and how they end."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from PIL import Image

import refcodec
from refcodec import Chunk, Document, Item
from refcodec.commands.common import visible
from refcodec.errors import ERROR_CLASSES
from refcodec.wire.bare import BareFile, TextMode, TextPayload, serialise_bare
from tests.commands import PICTURES, SCRIPTS, run, run_on_terminal

HOUSE = PICTURES / "house.jpg"
CAPTION = "A house with a red roof behind a hedge."


@pytest.fixture
def caption_file(tmp_path: Path) -> Path:
    path = tmp_path / "caption.sem"
    path.write_bytes(refcodec.dumps(Document(text=CAPTION, canvas=(1024, 1024))))
    return path


@pytest.fixture
def small_picture(tmp_path: Path) -> Path:
    path = tmp_path / "small.png"
    with Image.open(PICTURES / "kodim23.png") as picture:
        picture.resize((96, 64)).save(path)
    return path


def test_from_picture_to_file_to_text_to_picture(tmp_path: Path) -> None:
    sem, png = tmp_path / "house.sem", tmp_path / "house.png"
    encoded = run("semenc", HOUSE, "-o", sem, "--thumbnail-bytes", 60)
    assert encoded.returncode == 0
    assert encoded.stdout == b""
    assert f"{sem.stat().st_size} bytes".encode() in encoded.stderr
    text = run("semcat", sem).stdout.decode()
    assert "blue" in text
    assert "red" in text
    assert sem.stat().st_size < 60 + 200
    assert run("semdec", sem, "-o", png).returncode == 0
    with Image.open(png) as picture:
        assert picture.size == (1024, 1024)
        assert "algorithmicMedia" in picture.info["XML:com.adobe.xmp"]
        digest = hashlib.sha256(sem.read_bytes()).hexdigest()
        assert f"urn:sha256:{digest}" in picture.info["XML:com.adobe.xmp"]
        assert picture.info["Description"] == text.rstrip("\n")
        drawn = refcodec.render(refcodec.loads(sem.read_bytes()))
        assert picture.tobytes() == drawn.tobytes()


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


def test_standard_streams(small_picture: Path) -> None:
    encoded = run("semenc", "-", "--text", CAPTION, input=small_picture.read_bytes())
    assert encoded.returncode == 0
    assert run("semcat", "-", input=encoded.stdout).stdout.decode() == CAPTION + "\n"
    drawn = run("semdec", "-", input=encoded.stdout)
    with Image.open(io.BytesIO(drawn.stdout)) as picture:
        assert picture.size == (96, 64)
    to_output = run("semenc", small_picture, "--text", CAPTION, "-o", "-")
    assert to_output.stdout == encoded.stdout


def test_many_pictures_into_a_folder(tmp_path: Path) -> None:
    pictures = []
    for number in range(4):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (64, 48), (60 * number, 100, 40)).save(path)
        pictures.append(path)
    one = run("semenc", *pictures, "-o", tmp_path / "one")
    two = run("semenc", *pictures, "-o", tmp_path / "two", "-j", 2)
    assert (one.returncode, two.returncode) == (0, 0)
    assert b"[4/4]" in one.stderr
    for number in range(4):
        first = (tmp_path / "one" / f"{number}.sem").read_bytes()
        assert first == (tmp_path / "two" / f"{number}.sem").read_bytes()


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


@pytest.mark.parametrize("command", ["semenc", "semcat", "semdec", "seminfo"])
def test_help_names_every_exit_status(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    for error in ERROR_CLASSES:
        assert f"{error.status}  {error.name}".encode() in done.stdout


def test_text_file_and_sealed_form(small_picture: Path, tmp_path: Path) -> None:
    text_file = tmp_path / "text.txt"
    text_file.write_text("Zwei Vögel.\nRot und blau.\n", "utf-8")
    sem = tmp_path / "birds.sem"
    done = run(
        "semenc", small_picture, "--text-file", text_file, "--sealed", "--seed", 7, "-o", sem
    )
    assert done.returncode == 0
    document = refcodec.loads(sem.read_bytes())
    assert document.text == "Zwei Vögel.\nRot und blau."
    assert document.seed == 7
    assert document.archive.source_sha256 == hashlib.sha256(small_picture.read_bytes()).digest()
    assert document.archive.provenance["software"].startswith("refcodec ")
    assert document.models.describer == 0
    described = run("semenc", small_picture, "--sealed", "-o", "-").stdout
    assert refcodec.loads(described).models.describer == 1


def test_budgets(tmp_path: Path) -> None:
    full = run("semenc", HOUSE, "-o", "-").stdout
    budget = len(full) - 10
    short = run("semenc", HOUSE, "-o", "-", "--max-bytes", budget).stdout
    assert len(short) <= budget
    full_text, short_text = (refcodec.loads(data).text for data in (full, short))
    assert full_text.startswith(short_text.rstrip("."))
    assert len(short_text) < len(full_text)
    # 100 micro-bits per pixel of 1024 x 1024 pixels are 13 bytes.
    fits = run("semenc", HOUSE, "-o", "-", "--text", "A house.", "--ubpp", 100)
    assert fits.returncode == 0
    assert len(fits.stdout) <= 13
    refused = run(
        "semenc", HOUSE, "-o", tmp_path / "x.sem", "--text", "Qqq zzz! " * 9, "--ubpp", 100
    )
    assert refused.returncode == 15
    assert b"at least" in refused.stderr
    assert b"13 are allowed" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_thumbnail_fills_what_the_budget_leaves() -> None:
    data = run(
        "semenc",
        HOUSE,
        "-o",
        "-",
        "--text",
        "A house.",
        "--max-bytes",
        60,
        "--thumbnail-bytes",
        500,
    ).stdout
    document = refcodec.loads(data)
    assert document.thumbnail is not None
    assert 50 <= len(data) <= 60
    tight = run(
        "semenc", HOUSE, "-o", "-", "--text", "A house.", "--max-bytes", 9, "--thumbnail-bytes", 500
    )
    assert tight.returncode == 0
    assert refcodec.loads(tight.stdout).thumbnail is None


def test_no_check(small_picture: Path) -> None:
    with_check, without = (
        run("semenc", small_picture, "--text", CAPTION, "-o", "-", *options).stdout
        for options in ([], ["--no-check"])
    )
    assert len(without) == len(with_check) - 1


def test_semcat_prints_items_and_goes_on_after_errors(tmp_path: Path, caption_file: Path) -> None:
    items = tmp_path / "items.sem"
    items.write_bytes(
        refcodec.dumps(
            Document(text="A street.", canvas=(8, 8), items=(Item("bus", "red"), Item("dog")))
        )
    )
    damaged = tmp_path / "damaged.sem"
    damaged.write_bytes(caption_file.read_bytes()[:-1])
    done = run("semcat", items, damaged, tmp_path / "missing.sem", caption_file)
    assert done.stdout.decode() == f"A street.\n- bus: red\n- dog\n{CAPTION}\n"
    assert done.returncode == 13
    assert b"[checksum-mismatch]" in done.stderr
    assert b"No such file" in done.stderr
    assert b"Traceback" not in done.stderr


def test_semcat_json_is_a_line_a_file(caption_file: Path) -> None:
    done = run("semcat", "--json", caption_file, caption_file)
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert json.loads(lines[0])["text"] == CAPTION


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


def test_seminfo(caption_file: Path, tmp_path: Path) -> None:
    done = run("seminfo", caption_file, "--check")
    assert done.returncode == 0
    assert b"bare" in done.stdout
    assert b"1024 x 1024" in done.stdout
    assert b"all that can be checked is right" in done.stdout
    report = json.loads(run("seminfo", "--json", "--check", caption_file).stdout)
    assert sum(part["size_bytes"] for part in report["parts"]) == caption_file.stat().st_size
    unknown = tmp_path / "unknown.sem"
    text = TextPayload(TextMode.PLAIN, 0, b"x")
    unknown.write_bytes(
        serialise_bare(BareFile((7, 8), text, (Chunk(0x3F, b""), Chunk(0x9F, b""))))
    )
    listed = run("seminfo", unknown)
    assert listed.returncode == 0
    assert b"chunk 0x3f (unknown, ancillary)" in listed.stdout
    assert b"chunk 0x9f (unknown, critical)" in listed.stdout
    assert run("seminfo", "--check", unknown).returncode == 14
    checked = run("seminfo", "--check", "--json", unknown)
    assert json.loads(checked.stdout)["checked"] == "unsupported"


def test_seminfo_works_without_the_prior(caption_file: Path) -> None:
    code = (
        "import sys; sys.argv = ['seminfo', sys.argv[1]];"
        "from refcodec.commands.seminfo import main; status = main();"
        "sys.exit(status or any('ngram' in name or name == 'numpy' for name in sys.modules))"
    )
    done = subprocess.run([SCRIPTS / "python", "-c", code, caption_file], check=False)
    assert done.returncode == 0


def test_semdec_writes_the_thumbnail() -> None:
    data = run("semenc", HOUSE, "-o", "-", "--text", "x", "--thumbnail-bytes", 40).stdout
    document = refcodec.loads(data)
    assert document.thumbnail is not None
    done = run("semdec", "-", "--thumbnail", input=data)
    with Image.open(io.BytesIO(done.stdout)) as picture:
        assert picture.size == document.thumbnail.size
        assert picture.tobytes() == document.thumbnail.samples().tobytes()
    without = refcodec.dumps(Document(text="x", canvas=(8, 8)))
    refused = run("semdec", "-", "--thumbnail", input=without)
    assert refused.returncode == 1
    assert b"holds no thumbnail" in refused.stderr
    assert refused.stdout == b""


def test_a_text_with_a_zero_byte_can_be_drawn() -> None:
    data = refcodec.dumps(Document(text="a\0b", canvas=(64, 64)))
    done = run("semdec", "-", input=data)
    with Image.open(io.BytesIO(done.stdout)) as picture:
        assert picture.size == (64, 64)
        assert "Description" not in picture.info


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


def test_standard_input_with_many_jobs(tmp_path: Path, small_picture: Path) -> None:
    done = run(
        "semenc", "-", small_picture, "-j", 2, "-o", tmp_path, input=small_picture.read_bytes()
    )
    assert done.returncode == 0
    assert (tmp_path / "picture.sem").read_bytes() == (tmp_path / "small.sem").read_bytes()


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


def test_a_rate_that_was_printed_can_be_asked_for(small_picture: Path) -> None:
    size = len(run("semenc", small_picture, "--text", "A bird.", "-o", "-").stdout)
    rate = repr(8e6 * size / (96 * 64))
    done = run("semenc", small_picture, "--text", "A bird.", "-o", "-", "--ubpp", rate)
    assert len(done.stdout) == size


def test_a_thumbnail_that_does_not_fit_is_mentioned(small_picture: Path) -> None:
    done = run("semenc", small_picture, "--text", "x", "-o", "-", "--thumbnail-bytes", 2)
    assert done.returncode == 0
    assert b"no thumbnail fits" in done.stderr


@pytest.mark.parametrize("command", ["semenc", "semcat", "semdec", "seminfo"])
def test_version(command: str) -> None:
    assert run(command, "--version").stdout.startswith(f"{command} (refcodec) ".encode())


def test_text_files_as_other_systems_write_them(tmp_path: Path, small_picture: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_bytes("\ufeffA caf\u00e9.\r\n".encode())
    options = ["--text-file", text, "-o", "-"]
    assert refcodec.loads(run("semenc", small_picture, *options).stdout).text == "A caf\u00e9."
    text.write_text("\u20ac" * 30000, "utf-8")
    assert run("semenc", small_picture, *options).returncode == 15
    text.write_bytes(b"a" * (1 << 20) + b"b")
    assert run("semenc", small_picture, *options).returncode == 2
