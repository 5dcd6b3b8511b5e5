"""Maps made of masks and of saliency, and the items of the installed semenc."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

import refcodec
from refcodec import Box, Item, LimitError, MalformedError, Map, TruncatedError
from tests.commands import HOUSE, run


def mask_image(width: int = 64, height: int = 48) -> Image.Image:
    """White in the left quarter."""
    samples = np.zeros((height, width), np.uint8)
    samples[:, : width // 4] = 255
    return Image.fromarray(samples)


LEFT = np.tile(np.arange(8) < 2, (8, 1))


@pytest.fixture
def mask_file(tmp_path: Path) -> Path:
    path = tmp_path / "mask.png"
    mask_image().save(path)
    return path


# Masks.


@pytest.mark.parametrize("mode", ["L", "1", "RGB", "P", "I;16", "CMYK"])
def test_white_is_there(mode: str) -> None:
    image = mask_image()
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    elif mode == "CMYK":
        image = image.convert("RGB").convert(mode)
    else:
        image = image.convert(mode)
    assert np.array_equal(refcodec.map_from_mask(image).array(), LEFT)


@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255)])
def test_of_a_cut_out_the_opacity_counts(colour: tuple[int, int, int], tmp_path: Path) -> None:
    image = Image.new("RGB", (64, 48), colour)
    image.putalpha(mask_image())
    assert np.array_equal(refcodec.map_from_mask(image).array(), LEFT)
    image.save(tmp_path / "cut.webp", lossless=True)
    assert np.array_equal(refcodec.map_from_mask(tmp_path / "cut.webp").array(), LEFT)
    opaque = mask_image().convert("RGBA")
    assert np.array_equal(refcodec.map_from_mask(opaque).array(), LEFT)


def test_a_transparent_colour_is_not_there(tmp_path: Path) -> None:
    palette = mask_image().convert("P")
    palette.save(tmp_path / "mask.png", transparency=palette.getpixel((63, 0)))
    assert np.array_equal(refcodec.map_from_mask(tmp_path / "mask.png").array(), LEFT)


def test_masks_are_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    mask_image().save(tmp_path / "mask.png", exif=exif)
    assert np.array_equal(refcodec.map_from_mask(tmp_path / "mask.png").array(), LEFT.T)


def test_cells_are_means_rounded() -> None:
    ramp = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (8, 1)))
    assert refcodec.map_from_mask(ramp, (4, 4)).array()[0].tolist() == [False, False, True, True]
    two_bits = refcodec.map_from_mask(ramp, (8, 4), bits=2)
    assert two_bits.array()[0].tolist() == [0, 1, 1, 1, 2, 2, 2, 3]
    assert refcodec.map_from_mask(Image.new("L", (9, 9)), bits=3) == Map(8, 8, 3, bytes(64))


def test_masks_that_cannot_be() -> None:
    with pytest.raises(LimitError, match="3x8"):
        refcodec.map_from_mask(mask_image(), (3, 8))
    for bits in (-1, 0, 5):
        with pytest.raises(MalformedError, match=f"{bits} bits"):
            refcodec.map_from_mask(mask_image(), bits=bits)
        with pytest.raises(MalformedError, match=f"{bits} bits"):
            refcodec.map_from_saliency(mask_image(), bits=bits)
    with pytest.raises(LimitError, match="4x1000000000000"):
        refcodec.map_from_saliency(mask_image(), (4, 10**12))
    with pytest.raises(TruncatedError, match="empty"):
        refcodec.map_from_mask(b"")
    with pytest.raises(MalformedError, match="not a picture"):
        refcodec.map_from_mask(b"not a picture")


# Saliency.


def test_saliency_finds_the_odd_one_out() -> None:
    samples = np.random.default_rng(1).integers(80, 100, (128, 128, 3)).astype(np.uint8)
    samples[80:100, 20:40] = (220, 30, 30)
    image = Image.fromarray(samples)
    found = refcodec.map_from_saliency(image).array()
    assert found[4:7, 0:3].any()
    assert found.mean() < 0.25
    fine = refcodec.map_from_saliency(image, (16, 16), bits=4)
    assert fine.array().max() == 15
    assert (fine.width, fine.height, fine.bits) == (16, 16, 4)
    plain = refcodec.map_from_saliency(Image.new("RGB", (32, 32), "red"))
    assert not plain.array().any()


def test_describe_takes_items() -> None:
    items = [Item("house", map=Box(1, 2, 3, 4)), Item("sky", map=refcodec.map_from_saliency(HOUSE))]
    document = refcodec.describe(HOUSE, text="A house.", items=items)
    assert document.items == tuple(items)
    assert refcodec.loads(refcodec.dumps(document)).items == document.items


# The command.


def encode(*options: object) -> refcodec.Document:
    done = run("semenc", HOUSE, "--text", "A house.", "-o", "-", *options)
    assert done.returncode == 0, done.stderr.decode()
    return refcodec.loads(done.stdout)


def test_items_of_all_kinds(mask_file: Path, tmp_path: Path) -> None:
    sem = tmp_path / "house.sem"
    done = run(
        *("semenc", HOUSE, "--text", "A house.", "-o", sem),
        *("--item", "house: white: with a red roof", "--mask", mask_file),
        *("--item", "hedge", "--box", "0,0.5,1,0.75"),
        *("--item", "sky", "--saliency"),
        *("--item", " path : "),
    )
    assert done.returncode == 0
    document = refcodec.loads(sem.read_bytes())
    house, hedge, sky, path = document.items
    assert (house.name, house.detail) == ("house", "white: with a red roof")
    assert house.map == refcodec.map_from_mask(mask_file)
    assert hedge == Item("hedge", "", Box(0, 32, 64, 48))
    assert sky.map == refcodec.map_from_saliency(HOUSE)
    assert path == Item("path")
    printed = json.loads(run("semcat", "--json", sem).stdout)["items"]
    assert [item["map"] for item in printed][1::2] == [{"box": [0, 32, 64, 48]}, None]
    assert printed[0]["map"]["cells"] == house.map.cells.hex()
    assert b"maps chunk" in run("seminfo", "--check", sem).stdout


def test_sizes_and_bits(mask_file: Path) -> None:
    (item,) = encode("--map-size", 16, "--map-bits", 2, "--item", "x", "--mask", mask_file).items
    assert item.map == refcodec.map_from_mask(mask_file, (16, 16), 2)
    (item,) = encode("--item", "x", "--saliency", "--map-size", "12x4").items
    assert isinstance(item.map, Map)
    assert (item.map.width, item.map.height, item.map.bits) == (12, 4, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--box", "0,0,1,1"], "no --item before it"),
        (["--saliency", "--item", "x"], "no --item before it"),
        (["--item", "x", "--box", "0,0,1,1", "--saliency"], "has a place already"),
        (["--item", "x", "--box", "0,0,1"], "four numbers"),
        (["--item", "x", "--box", "0,0,a,1"], "four numbers"),
        (["--item", "x", "--box", "0.5,0,0.5,1"], "left must be less than right"),
        (["--item", "x", "--box", "0,0,50,50"], "all 0 to 1"),
        (["--item", ": detail"], "no name"),
        (["--item", "x"] * 16, "at most 15"),
        (["--map-size", "3"], "not in 4 to 64"),
        (["--map-size", "8x"], "not a number"),
        (["--map-size", "8x8x8"], "not a number"),
        (["--map-bits", "5"], "invalid choice"),
    ],
)
def test_wrong_usage(options: list[str], message: str, tmp_path: Path) -> None:
    done = run("semenc", HOUSE, "-o", tmp_path / "x.sem", *options)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.decode().split())
    assert list(tmp_path.iterdir()) == []


def test_bad_masks(tmp_path: Path) -> None:
    output = tmp_path / "x.sem"
    options: list[Any] = ["semenc", HOUSE, "-o", output, "--item", "x", "--mask"]
    missing = run(*options, tmp_path / "missing.png")
    assert missing.returncode == 1
    assert b"missing.png: No such file" in missing.stderr
    (tmp_path / "bad.png").write_bytes(b"bad")
    bad = run(*options, tmp_path / "bad.png")
    assert bad.returncode == 11
    assert b"bad.png" in bad.stderr
    assert not output.exists()


def test_budgets_count_maps_and_drop_none(mask_file: Path) -> None:
    items = ["--item", "roof", "--mask", mask_file, "--item", "hedge", "--box", "0,0.5,1,1"]
    described = run("semenc", HOUSE, "-o", "-", *items).stdout
    allowed = len(described) - 10
    shorter = run("semenc", HOUSE, "-o", "-", *items, "--max-bytes", allowed).stdout
    assert len(shorter) <= allowed
    full, short = refcodec.loads(described), refcodec.loads(shorter)
    assert short.items == full.items
    assert len(short.text) < len(full.text)
    text = ["--text", "A house."]
    whole = len(run("semenc", HOUSE, "-o", "-", *text, *items).stdout)
    refused = run("semenc", HOUSE, "-o", "-", *text, *items, "--max-bytes", whole - 1)
    assert refused.returncode == 15
    assert f"at least {whole} bytes, {whole - 1} are allowed".encode() in refused.stderr
    assert refused.stdout == b""
