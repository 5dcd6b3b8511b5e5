"""semeval as it is installed: what it measures, prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import refcodec
from refcodec.backends.model_names import CLIP
from refcodec.errors import ERROR_CLASSES
from refcodec.evaluation.measures import ms_ssim, psnr, ssim
from tests.commands import HOUSE, run
from tests.evaluation_files import (
    SIZE,
    Page,
    measured,
    save_file,
    save_originals,
    save_system,
)


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


def test_help_names_every_exit_status_and_measure() -> None:
    done = run("semeval", "--help")
    assert done.returncode == 0
    for error in ERROR_CLASSES:
        assert f"{error.status}  {error.name}".encode() in done.stdout
    for name in ("lpips", "dists", "clip", "arniqa", "fid"):
        assert f"{name}: ".encode() in done.stdout
    said = b"".join(done.stdout.split())
    assert f"{CLIP.variable},or{CLIP.default}".encode() in said
