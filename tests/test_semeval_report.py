"""semeval: its report and tables, and the measures of trained models."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from refcodec.backends.model_names import CLIP
from refcodec.evaluation.evaluate import evaluate, means, set_note
from refcodec.evaluation.frechet import USUAL_PICTURES
from refcodec.evaluation.learned import LearnedMeasures
from refcodec.evaluation.pairing import Source, pair
from refcodec.evaluation.report import to_html
from tests.commands import run
from tests.evaluation_files import (
    HOSTILE_TEXT,
    SIZE,
    Page,
    measured,
    save_file,
    save_system,
)
from tests.tiny_models import CLIP_MAX_TOKENS, save_clip


def test_the_report_is_one_page_without_script(originals: Path, tmp_path: Path) -> None:
    file, report = tmp_path / "<i>house</i>.sem", tmp_path / "report"
    save_file(file, HOSTILE_TEXT)
    text = tmp_path / "other.txt"
    text.write_text("<img src=x onerror=alert(1)>")
    done = run("semeval", originals / "house.png", file, "--texts", text, "-o", report)
    assert done.returncode == 0
    page = Page(report / "report.html")
    assert page.tags[:2] == ["html", "head"]
    assert not {"script", "link", "iframe", "object", "b", "i"} & set(page.tags)
    assert "</p><script>alert('x')</script> & a <b>red</b> house" in page.text
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "\\u202e" in page.text
    assert "\\x00" in page.text
    source = (report / "report.html").read_text("utf-8")
    assert not {"\u202e", "\x00"} & set(source)
    assert "http:" not in source
    assert "https:" not in source
    assert "url(" not in source
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name == "style"]
    pictures = [
        value or "" for tag, name, value in page.attributes if (tag, name) == ("img", "src")
    ]
    assert len(pictures) == 2
    for picture in pictures:
        data = base64.b64decode(picture.removeprefix("data:image/jpeg;base64,"), validate=True)
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == SIZE
    policy = next(value for _, name, value in page.attributes if value and "default-src" in value)
    digest = base64.b64encode(hashlib.sha256(page.style.encode()).digest()).decode()
    assert "default-src 'none'; img-src data:" in policy
    assert f"style-src 'sha256-{digest}'" in policy


def test_the_table_as_csv(originals: Path, tmp_path: Path) -> None:
    files = save_system(tmp_path / "files", 60, drawn=False)
    report = tmp_path / "report"
    done = run("semeval", originals, files, "--csv", "-", "-o", report, "-q")
    assert done.returncode == 0
    assert done.stderr == b""
    assert (report / "measures.csv").read_bytes() == done.stdout
    rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
    assert [row["kind"] for row in rows] == ["file", "file", "mean"]
    expected = measured(originals, files)
    for row, result in zip(rows[:2], expected["files"], strict=True):
        assert row["file"] == result["file"]
        assert float(row["psnr"]) == result["scores"]["psnr"]
        assert int(row["text_bytes"]) == result["parts"]["text"]["size_bytes"]
        rate = result["parts"]["thumbnail"]["bits_per_pixel"]
        assert float(row["thumbnail_bits_per_pixel"]) == rate
    assert float(rows[2]["bits_per_pixel"]) == expected["means"][0]["bits_per_pixel"]


def test_nothing_is_overwritten_unasked(originals: Path, tmp_path: Path) -> None:
    picture, file = originals / "house.png", tmp_path / "house.sem"
    save_file(file, "a house")
    table = tmp_path / "table.csv"
    table.write_text("mine")
    done = run("semeval", picture, file, "--csv", table)
    assert done.returncode == 1
    assert b"exists already" in done.stderr
    assert done.stdout == b""
    assert table.read_text() == "mine"
    assert run("semeval", picture, file, "--csv", table, "-f").returncode == 0
    assert table.read_text().startswith("kind,")
    report = tmp_path / "report"
    assert run("semeval", picture, file, "-o", report).returncode == 0
    assert run("semeval", picture, file, "-o", report).returncode == 1
    assert run("semeval", picture, file, "-o", report, "-f").returncode == 0


def test_nothing_is_written_if_nothing_was_measured(originals: Path, tmp_path: Path) -> None:
    file = tmp_path / "house.sem"
    file.write_bytes(b"\xb5")
    done = run("semeval", originals / "house.png", file, "-o", tmp_path / "report")
    assert done.returncode == 10
    assert done.stdout == b""
    assert not (tmp_path / "report").exists()


def test_equal_pictures_have_no_psnr_to_plot(originals: Path, tmp_path: Path) -> None:
    files = save_system(tmp_path / "files", 60, drawn=False)
    report = tmp_path / "report"
    assert run("semeval", originals, files, originals, "-o", report).returncode == 0
    page = Page(report / "report.html")
    labels = [value for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert [(label or "").split()[0] for label in labels] == ["SSIM", "MS-SSIM"]


def test_the_report_shows_some_originals_only(originals: Path, tmp_path: Path) -> None:
    files = save_system(tmp_path / "files", 60, drawn=False)
    name = "a system with a name that is too long"
    cases = pair(originals, [Source(name, files)]).cases
    none = LearnedMeasures({}, {})
    results = [evaluate(case, none, with_previews=place == 0) for place, case in enumerate(cases)]
    path = tmp_path / "report.html"
    path.write_text(to_html(results, means(results, none)), "utf-8")
    page = Page(path)
    assert page.tags.count("img") == 2
    assert "Not shown, but in measures.csv: 1 more." in page.text
    assert "a system with a name that…" in page.text


def test_what_is_said_of_a_measure_of_sets() -> None:
    assert "at least 2" in set_note("FID", 1)
    assert set_note("FID", 2).startswith("FID over 2 pictures: ")
    assert set_note("FID", USUAL_PICTURES) == "FID over 10000 pictures"


def test_names_that_are_not_unicode(originals: Path, tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"h\xe4user.sem")
    save_file(file, "a house")
    done = run("semeval", originals / "house.png", file, "-o", tmp_path / "report")
    assert done.returncode == 0
    assert b"h\\udce4user.sem" in done.stdout
    assert b"h\xe4user.sem" in (tmp_path / "report" / "measures.csv").read_bytes()
    assert "h\\udce4user.sem" in Page(tmp_path / "report" / "report.html").text


def test_measures_by_clip(originals: Path, tmp_path: Path) -> None:
    clip = save_clip(tmp_path / "clip")
    files = save_system(tmp_path / "files", 60, drawn=False)
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "house.txt").write_text("a house")
    (texts / "parrots.txt").write_text("two parrots " * CLIP_MAX_TOKENS)
    options = ["--measure", "clip,clip-text", "--measure", "clip-texts,clip-iqa,fid-clip,vif"]
    done = run(
        *("semeval", originals, files, "--clip-model", clip, "--texts", texts),
        *("-o", tmp_path / "report", "--json", *options),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    for result in report["files"]:
        for name in ("clip", "clip-text", "clip-texts"):
            assert -1 <= result["scores"][name] <= 1
        assert 0 <= result["scores"]["clip-iqa"] <= 1
        assert 0 <= result["scores"]["vif"] <= 1
    (mean,) = report["means"]
    assert mean["scores"]["fid-clip"] > 0
    assert mean["notes"] == ["FD CLIP over 2 pictures: below some 10,000 it means little"]
    assert b"it means little" in done.stderr
    cut = f"CLIP read the first {CLIP_MAX_TOKENS} tokens"
    assert [cut in str(result["notes"]) for result in report["files"]] == [False, True]
    # No progress bars, and no advice of the packages.
    assert {line.split(b": ")[0] for line in done.stderr.splitlines()} == {b"semeval"}
    assert "it means little" in Page(tmp_path / "report" / "report.html").text


def test_descriptions_that_no_measure_reads_are_not_said_to_be_cut(
    originals: Path, tmp_path: Path
) -> None:
    clip, file, text = save_clip(tmp_path / "clip"), tmp_path / "a.sem", tmp_path / "a.txt"
    save_file(file, "a house")
    text.write_text("house " * CLIP_MAX_TOKENS)
    done = run(
        *("semeval", originals / "house.png", file, "--clip-model", clip, "--texts", text),
        *("--measure", "clip-text,fid-clip"),
    )
    assert done.returncode == 0
    assert b"CLIP read the first" not in done.stderr
    assert b"FD CLIP: not computed, it takes at least 2 pictures" in done.stderr


def test_the_environment_names_the_model_of_clip(
    originals: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CLIP.variable, str(save_clip(tmp_path / "clip")))
    save_file(tmp_path / "house.sem", "a house")
    options = ["--measure", "clip", "--device", "cpu"]
    report = measured(originals / "house.png", tmp_path / "house.sem", *options)
    assert -1 <= report["files"][0]["scores"]["clip"] <= 1


def test_a_measure_that_cannot_be_had_for_a_picture(tmp_path: Path) -> None:
    dot, file = tmp_path / "dot.png", tmp_path / "dot.sem"
    Image.new("RGB", (20, 20)).save(dot)
    save_file(file, "a dot")
    (result,) = measured(dot, file, "--measure", "vif")["files"]
    assert result["scores"]["vif"] is None
    assert "vif cannot be measured" in str(result["notes"])


def test_a_model_that_is_not_there_has_status_3(originals: Path, tmp_path: Path) -> None:
    file = tmp_path / "house.sem"
    save_file(file, "a house")
    for options, says in (
        (["--measure", "clip", "--clip-model", tmp_path], b"cannot be loaded as a model"),
        (["--measure", "clip", "--clip-model", tmp_path / "none"], b"no such folder"),
        (["--measure", "vif", "--device", "nonsense"], b"device 'nonsense' cannot be used"),
    ):
        done = run("semeval", originals / "house.png", file, *options)
        assert done.returncode == 3
        assert says in done.stderr
        assert done.stderr.count(b"semeval:") == 1
        assert b"Traceback" not in done.stderr
        assert done.stdout == b""


def test_measuring_without_models_loads_none(originals: Path, tmp_path: Path) -> None:
    file = tmp_path / "house.sem"
    save_file(file, "a house")
    code = (
        "import sys; from refcodec.commands.semeval import main; status = main();"
        "loaded = {'torch', 'transformers', 'torchmetrics', 'scipy'} & sys.modules.keys();"
        "sys.exit(str(loaded) if loaded else status)"
    )
    command = [sys.executable, "-c", code, str(originals / "house.png"), str(file)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
