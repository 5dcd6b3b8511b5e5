"""The installed commands: what they print, write and refuse, and how they end."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
from pathlib import Path

import pytest
from PIL import Image

import refcodec
from refcodec import Chunk, Document, Item
from refcodec.errors import ERROR_CLASSES
from refcodec.wire.bare import BareFile, TextMode, TextPayload, serialise_bare
from tests.commands import CAPTION, HOUSE, SCRIPTS, run


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


def test_style_and_search(small_picture: Path) -> None:
    text = "A photo of three xylophones in Paris."
    plain = run("semenc", small_picture, "-o", "-", "--text", text)
    searched = run(
        "semenc", small_picture, "-o", "-", "--text", text, "--style", "prompt", "--search"
    )
    assert (plain.returncode, searched.returncode) == (0, 0)
    assert refcodec.loads(plain.stdout).style is None
    assert refcodec.loads(searched.stdout).style is refcodec.Style.PROMPT
    assert refcodec.loads(searched.stdout).text == text
    described = run("semenc", small_picture, "-o", "-").stdout
    assert refcodec.loads(described).style is refcodec.Style.RASTER
    assert run("semenc", small_picture, "--style", "sonnet", "-o", "-").returncode == 2


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
        "heavy = [name for name in sys.modules if name == 'numpy' or 'refcodec.coding' in name];"
        "sys.exit(status or bool(heavy))"
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


def test_standard_input_with_many_jobs(tmp_path: Path, small_picture: Path) -> None:
    done = run(
        "semenc", "-", small_picture, "-j", 2, "-o", tmp_path, input=small_picture.read_bytes()
    )
    assert done.returncode == 0
    assert (tmp_path / "picture.sem").read_bytes() == (tmp_path / "small.sem").read_bytes()


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
