"""semeval as it is installed: what it measures, prints, writes and refuses."""

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
from typing import Any

import numpy as np
import pytest
from PIL import Image

import refcodec
from refcodec.backends.model_names import CLIP
from refcodec.errors import ERROR_CLASSES
from refcodec.evaluation.evaluate import evaluate, means, set_note
from refcodec.evaluation.frechet import USUAL_PICTURES
from refcodec.evaluation.learned import LearnedMeasures
from refcodec.evaluation.measures import ms_ssim, psnr, ssim
from refcodec.evaluation.pairing import Source, pair
from refcodec.evaluation.report import to_html
from tests.commands import HOUSE, run
from tests.evaluation_files import (
    HOSTILE_TEXT,
    SIZE,
    Page,
    save_file,
    save_originals,
    save_system,
)
from tests.tiny_models import CLIP_MAX_TOKENS, save_clip


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    return save_originals(tmp_path / "originals")


def measured(*arguments: object) -> dict[str, Any]:
    done = run("semeval", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_a_picture_and_its_file(originals: Path, tmp_path: Path) -> None:
    original, file = originals / "house.png", tmp_path / "any.sem"
    document = save_file(file, "a red house", 60)
    done = run("semeval", original, file)
    assert done.returncode == 0
    assert b"this is the baseline rendering" in done.stderr
    header, row, mean, _, parts_header, parts_row = done.stdout.decode().splitlines()
    assert header.split()[:4] == ["picture", "system", "bytes", "ubpp"]
    assert row.split()[:3] == ["house.png", "any.sem", str(file.stat().st_size)]
    assert mean.startswith("mean of 1")
    assert parts_header.split() == ["ubpp", "of", "whole", "text", "thumbnail", "maps", "container"]
    name, whole, *parts = parts_row.split()
    assert name == "any.sem"
    assert sum(map(float, parts)) == pytest.approx(float(whole), abs=0.3)
    report = measured(original, file)
    (result,) = report["files"]
    with Image.open(original) as picture:
        pair = np.asarray(picture), np.asarray(refcodec.render(document))
    assert result["scores"] == {
        "psnr": pytest.approx(psnr(*pair)),
        "ssim": pytest.approx(ssim(*pair)),
        "ms-ssim": pytest.approx(ms_ssim(*pair)),
    }
    assert result["text"] == "a red house"
    assert result["size_bytes"] == file.stat().st_size
    assert result["bits_per_pixel"] == 8 * file.stat().st_size / (SIZE[0] * SIZE[1])
    inspected = {part["name"]: part for part in refcodec.inspect(file.read_bytes())["parts"]}
    parts = result["parts"]
    assert parts["thumbnail"]["size_bytes"] == inspected["thumbnail chunk"]["size_bytes"]
    assert parts["maps"]["size_bytes"] == 0
    assert sum(part["size_bytes"] for part in parts.values()) == result["size_bytes"]
    assert sum(part["bits_per_pixel"] for part in parts.values()) == pytest.approx(
        result["bits_per_pixel"]
    )


def test_a_reconstruction_that_was_given(originals: Path, tmp_path: Path) -> None:
    original, file = originals / "house.png", tmp_path / "house.sem"
    save_file(file, "a red house")
    done = run("semeval", original, file, original)
    assert done.returncode == 0
    assert done.stderr == b""
    report = measured(original, file, original)
    assert report["files"][0]["picture"] == str(original)
    assert report["files"][0]["scores"]["psnr"] == "inf"
    assert report["means"][0]["scores"]["ssim"] == pytest.approx(1.0)


def test_folders_pair_by_stem(originals: Path, tmp_path: Path) -> None:
    files = save_system(tmp_path / "files", 60, drawn=False)
    drawn = tmp_path / "drawn"
    drawn.mkdir()
    for name in ("house", "parrots"):
        Image.new("RGB", SIZE, (90, 120, 150)).save(drawn / f"{name}.jpg")
    report = measured(originals, files, drawn)
    assert [Path(each["picture"]).name for each in report["files"]] == ["house.jpg", "parrots.jpg"]
    (mean,) = report["means"]
    assert mean["system"] == "files"
    assert mean["pictures"] == 2
    for name in ("psnr", "ssim", "ms-ssim"):
        scores = [each["scores"][name] for each in report["files"]]
        assert mean["scores"][name] == pytest.approx(sum(scores) / 2)
    assert mean["size_bytes"] == sum(each["size_bytes"] for each in report["files"]) / 2


def test_systems_and_their_rates(originals: Path, tmp_path: Path) -> None:
    options = []
    for name, size, drawn in (("a", 60, True), ("a", 200, True), ("b", 60, False)):
        folder = save_system(tmp_path / f"{name}{size}", size, drawn=drawn)
        options += ["--system", f"{name}={folder}"]
    report = measured(originals, *options, "-o", tmp_path / "report")
    assert [(mean["system"], mean["point"]) for mean in report["means"]] == [
        ("a", "a60"),
        ("a", "a200"),
        ("b", ""),
    ]
    small, large, _ = report["means"]
    assert small["bits_per_pixel"] < large["bits_per_pixel"]
    assert small["scores"]["psnr"] < large["scores"]["psnr"]
    assert [each["picture"] is None for each in report["files"]] == [False, False, True] * 2
    page = Page(tmp_path / "report" / "report.html")
    # PSNR, SSIM and MS-SSIM, each with a curve for the system that has two rates.
    curves = [attribute for attribute in page.attributes if attribute[2] == "curve"]
    dots = [attribute for attribute in page.attributes if attribute[2] == "dot"]
    assert (len(curves), len(dots)) == (3, 3 * 6)
    assert "a: " in page.text
    assert page.tags.count("img") == 2 * (1 + 3)


def test_rates_of_a_ladder(originals: Path, tmp_path: Path) -> None:
    ladder = tmp_path / "ladder"
    for size in (60, 200):
        for original in originals.iterdir():
            save_file(ladder / f"{original.stem}-{size}.sem", "a", size, original.stem)
    report = measured(originals, ladder)
    assert [mean["point"] for mean in report["means"]] == ["60", "200"]
    assert [mean["pictures"] for mean in report["means"]] == [2, 2]


@pytest.mark.parametrize("drawn", [True, False])
def test_a_ladder_of_semenc_is_a_system_of_several_rates(tmp_path: Path, drawn: bool) -> None:
    ladder = tmp_path / "ladder"
    ladder.mkdir()
    done = run("semenc", HOUSE, "--ladder", "13,26", "-o", ladder / "house.sem")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in ladder.iterdir()) == ["house-13.sem", "house-26.sem"]
    for rate, colour in (("13", "grey"), ("26", "green")) if drawn else ():
        Image.new("RGB", (64, 64), colour).save(ladder / f"house-{rate}.png")
    done = run("semeval", HOUSE, ladder, "--json", "-o", tmp_path / "report")
    assert done.returncode == 0, done.stderr
    assert (b"baseline rendering" in done.stderr) is not drawn
    report = json.loads(done.stdout)
    assert [(mean["system"], mean["point"]) for mean in report["means"]] == [
        ("ladder", "13"),
        ("ladder", "26"),
    ]
    pictures = [str(ladder / f"house-{rate}.png") for rate in ("13", "26")]
    assert [each["picture"] for each in report["files"]] == (pictures if drawn else [None, None])
    curves = [
        value
        for _, _, value in Page(tmp_path / "report" / "report.html").attributes
        if value == "curve"
    ]
    assert len(curves) == 3


def test_files_beside_their_originals(originals: Path) -> None:
    save_system(originals, 60, drawn=False)
    report = measured(originals, originals)
    assert [each["picture"] for each in report["files"]] == [None, None]


@pytest.mark.parametrize(
    ("removed", "named"),
    [
        ("files/house.sem", "house.png (no file in"),
        ("originals/house.png", "house.sem (no original)"),
        ("files/house.png", "house.sem (no reconstruction)"),
        ("texts/house.txt", "house.sem (no description in"),
    ],
)
def test_a_missing_partner_is_named(tmp_path: Path, removed: str, named: str) -> None:
    originals = save_originals(tmp_path / "originals")
    files = save_system(tmp_path / "files", 60, drawn=True)
    texts = tmp_path / "texts"
    texts.mkdir()
    for name in ("house", "parrots"):
        (texts / f"{name}.txt").write_text("a picture")
    (tmp_path / removed).unlink()
    done = run("semeval", originals, files, "--texts", texts)
    assert done.returncode == 2
    assert named.encode() in done.stderr
    assert done.stdout == b""
    partial = run("semeval", originals, files, "--texts", texts, "--partial")
    assert partial.returncode == 0
    assert f"left out: {tmp_path}".encode() in partial.stderr
    assert b"parrots.png" in partial.stdout


def test_a_stray_reconstruction_is_named(originals: Path, tmp_path: Path) -> None:
    files = save_system(tmp_path / "files", 60, drawn=True)
    Image.new("RGB", SIZE).save(files / "stray.png")
    assert b"stray.png (no file)" in run("semeval", originals, files).stderr


def test_an_original_may_lie_among_its_reconstructions(tmp_path: Path) -> None:
    Image.new("RGB", SIZE, "red").save(tmp_path / "house.png")
    for budget in (13, 26):
        save_file(tmp_path / f"house-{budget}.sem", "a")
        Image.new("RGB", SIZE).save(tmp_path / f"house-{budget}.png")
    done = run("semeval", tmp_path / "house.png", tmp_path, tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["files"]) == 2


def test_many_missing_partners_are_counted(originals: Path, tmp_path: Path) -> None:
    files = save_system(tmp_path / "files", 60, drawn=False)
    for number in range(8):
        save_file(files / f"other{number}.sem", "a")
    done = run("semeval", originals, files)
    assert done.returncode == 2
    assert b"other4.sem" in done.stderr
    assert b"other5.sem" not in done.stderr
    assert b"and 3 more" in done.stderr


def test_wrong_usage(originals: Path, tmp_path: Path) -> None:
    files = save_system(tmp_path / "files", 60, drawn=False)
    empty = tmp_path / "empty"
    empty.mkdir()
    file, picture = files / "house.sem", originals / "house.png"
    twins = tmp_path / "twins"
    twins.mkdir()
    for ending in ("png", "jpg"):
        Image.new("RGB", SIZE).save(twins / f"house.{ending}")
    text = tmp_path / "text.txt"
    text.write_text("a house")
    for arguments, says in (
        ([originals], "either FILES or --system"),
        ([originals, files, "--system", f"a={files}"], "either FILES or --system"),
        ([originals, "--system", "a"], "NAME=FOLDER"),
        ([originals, files, "--measure", "beauty"], "--measure beauty: not known"),
        ([originals, files, "--measure", "clip-texts"], "--texts"),
        ([originals, files, "--json", "--csv", "-"], "--csv"),
        ([originals, files, "-o", text], "not a folder"),
        ([originals, empty], "no .sem files"),
        ([empty, files], "no pictures"),
        ([originals, files, empty], "no pictures"),
        ([originals, tmp_path / "none"], "no such file"),
        ([originals, file], "one file for 2 originals"),
        ([picture, file, originals], "a folder of pictures for one file"),
        ([picture, file, tmp_path / "none.png"], "no such file"),
        ([originals, files, picture], "one picture for a folder"),
        ([twins, files], "differ in the ending only"),
        ([originals, files, "--texts", text], "one description for several originals"),
        ([tmp_path / "twins" / "house.png", empty], "no .sem files"),
        ([picture, "x" * 5000], "File name too long"),
    ):
        done = run("semeval", *arguments)
        assert done.returncode == 2, arguments
        assert says in done.stderr.decode(), arguments
        assert done.stdout == b""


def test_nothing_that_pairs_up(originals: Path, tmp_path: Path) -> None:
    save_file(tmp_path / "files" / "other.sem", "a")
    done = run("semeval", originals, tmp_path / "files", "--partial")
    assert done.returncode == 2
    assert b"nothing pairs up" in done.stderr


def test_descriptions_are_compared(originals: Path, tmp_path: Path) -> None:
    picture, file = originals / "house.png", tmp_path / "house.sem"
    save_file(file, "a red house")
    text = tmp_path / "other.txt"
    text.write_bytes("\ufeffA red barn\n".encode())
    (by_text,) = measured(picture, file, "--texts", text)["files"]
    assert by_text["other_text"] == "A red barn"
    assert by_text["scores"]["word-f1"] == pytest.approx(2 / 3)
    assert by_text["scores"]["rouge-l"] == pytest.approx(2 / 3)
    assert 0 < by_text["scores"]["chrf"] < 1
    save_file(tmp_path / "texts" / "house.sem", "a red house")
    (by_file,) = measured(picture, file, "--texts", tmp_path / "texts" / "house.sem")["files"]
    assert by_file["scores"]["chrf"] == pytest.approx(1.0)
    folders = tmp_path / "files"
    save_system(folders, 60, drawn=False)
    (tmp_path / "texts" / "parrots.txt").write_text("two parrots")
    both = measured(originals, folders, "--texts", tmp_path / "texts")
    assert [each["other_text"] for each in both["files"]] == ["a red house", "two parrots"]
    (tmp_path / "texts" / "parrots.txt").unlink()
    partial = measured(originals, folders, "--texts", tmp_path / "texts", "--partial")
    mean = partial["means"][0]["scores"]
    assert mean["word-f1"] == partial["files"][0]["scores"]["word-f1"]


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [(b"\xff\xfe\xff", 11, "not UTF-8"), (b"a" * 70_000, 11, "more than 65535 bytes")],
)
def test_a_bad_description(
    originals: Path, tmp_path: Path, data: bytes, status: int, says: str
) -> None:
    file, text = tmp_path / "house.sem", tmp_path / "house.txt"
    save_file(file, "a house")
    text.write_bytes(data)
    done = run("semeval", originals / "house.png", file, "--texts", text)
    assert done.returncode == status
    assert says in done.stderr.decode()


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


def test_a_damaged_file_does_not_stop_the_others(originals: Path, tmp_path: Path) -> None:
    files = save_system(tmp_path / "files", 60, drawn=False)
    damaged = files / "house.sem"
    data = bytearray(damaged.read_bytes())
    data[-1] ^= 1
    damaged.write_bytes(data)
    status = next(error.status for error in ERROR_CLASSES if error.name == "checksum-mismatch")
    done = run("semeval", originals, files, "-o", tmp_path / "report")
    assert done.returncode == status
    assert b"house.sem" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"parrots.png" in done.stdout
    assert b"house.png" not in done.stdout
    assert "parrots.png" in Page(tmp_path / "report" / "report.html").text


def test_nothing_is_written_if_nothing_was_measured(originals: Path, tmp_path: Path) -> None:
    file = tmp_path / "house.sem"
    file.write_bytes(b"\xb5")
    done = run("semeval", originals / "house.png", file, "-o", tmp_path / "report")
    assert done.returncode == 10
    assert done.stdout == b""
    assert not (tmp_path / "report").exists()


def test_what_is_no_picture(originals: Path, tmp_path: Path) -> None:
    file, wrong = tmp_path / "house.sem", tmp_path / "wrong.png"
    save_file(file, "a house")
    wrong.write_bytes(b"this is not a picture")
    for arguments in ([wrong, file], [originals / "house.png", file, wrong]):
        done = run("semeval", *arguments)
        assert done.returncode == 11
        assert b"wrong.png" in done.stderr
        assert b"Traceback" not in done.stderr


def test_sizes_that_differ_are_said(originals: Path, tmp_path: Path) -> None:
    file, half, large = tmp_path / "house.sem", tmp_path / "half.png", tmp_path / "large.png"
    save_file(file, "a house")
    with Image.open(originals / "house.png") as picture:
        picture.resize((120, 90)).save(half)
        picture.resize((2400, 1800)).save(large)
    (reduced,) = measured(originals / "house.png", file, half)["files"]
    assert reduced["notes"] == ["the reconstruction of 120 x 90 was resized to 240 x 180"]
    assert 15 < reduced["scores"]["psnr"] < 60
    (enlarged,) = measured(large, file, half)["files"]
    assert enlarged["notes"] == [
        "the file's canvas is 240 x 180, the original 2400 x 1800",
        "measured at 2048 x 1536, to which the original of 2400 x 1800 was reduced",
        "the reconstruction of 120 x 90 was resized to 2048 x 1536",
    ]
    assert 0.5 < enlarged["scores"]["ms-ssim"] <= 1


def test_flat_and_transparent_and_very_small_pictures(originals: Path, tmp_path: Path) -> None:
    file = tmp_path / "house.sem"
    save_file(file, "a house")
    flat, clear, dot = (tmp_path / f"{name}.png" for name in ("flat", "clear", "dot"))
    Image.new("RGB", SIZE, (7, 7, 7)).save(flat)
    Image.new("RGBA", SIZE, (7, 7, 7, 0)).save(clear)
    Image.new("RGB", (1, 1), (7, 7, 7)).save(dot)
    (black,) = measured(originals / "house.png", file, flat)["files"]
    assert 0 < black["scores"]["psnr"] < 20
    (white,) = measured(originals / "house.png", file, clear)["files"]
    assert "reconstruction: transparent: drawn over white" in white["notes"]
    report = tmp_path / "report"
    (point,) = measured(dot, file, dot, "-o", report)["files"]
    assert point["scores"] == {"psnr": "inf", "ssim": None, "ms-ssim": None}
    assert "inf" in Page(report / "report.html").text
    header, row, *_ = run("semeval", dot, file, dot).stdout.decode().splitlines()
    assert header.split()[-1] == "MS-SSIM"
    assert row.split()[-3:] == ["inf", "-", "-"]


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


def test_help_names_every_exit_status_and_measure() -> None:
    done = run("semeval", "--help")
    assert done.returncode == 0
    for error in ERROR_CLASSES:
        assert f"{error.status}  {error.name}".encode() in done.stdout
    for name in ("lpips", "dists", "clip", "arniqa", "fid"):
        assert f"{name}: ".encode() in done.stdout
    said = b"".join(done.stdout.split())
    assert f"{CLIP.variable},or{CLIP.default}".encode() in said


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
