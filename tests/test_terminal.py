"""Pictures in characters, and seminfo and semdec, which show thumbnail and maps."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import refcodec
from refcodec import Document, Item, Map
from refcodec.commands.terminal import (
    HALF_BLOCK,
    RESET,
    SHADES,
    Depth,
    colour_depth,
    fitted,
    indexed,
    picture_lines,
    shade_lines,
)
from tests.commands import HOUSE, SCRIPTS, run, run_on_terminal

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
LEFT = np.repeat([[1, 1, 0, 0]], 4, axis=0).astype(np.bool_)
colours = st.tuples(*[st.integers(0, 255)] * 3)


@pytest.fixture(scope="module")
def mapped_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a thumbnail, and with maps for the first and the third of its items."""
    with Image.open(HOUSE) as picture:
        thumbnail = refcodec.Thumbnail.from_image(picture, 40, canvas=(1536, 1024))
    items = (
        Item("roof\x1b[31m\u202e", map=Map.from_array(LEFT)),
        Item("hedge"),
        Item("sky", map=Map.from_array(np.arange(40).reshape(5, 8) % 7)),
    )
    path = tmp_path_factory.mktemp("mapped") / "mapped.sem"
    path.write_bytes(refcodec.dumps(Document("A house.", (1536, 1024), items, thumbnail)))
    return path


def environment(**variables: str) -> dict[str, str]:
    """The tests' own environment without what it says of its terminal, and with these."""
    settings = {"TERM", "COLORTERM", "NO_COLOR", "COLUMNS", "LINES"}
    own = {name: value for name, value in os.environ.items() if name not in settings}
    return own | {"COLUMNS": "60", "LINES": "30"} | variables


def shown(path: Path, *options: str, **variables: str) -> str:
    done = run("seminfo", *options, path, env=environment(**variables))
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode()


@pytest.mark.parametrize(
    ("variables", "depth"),
    [
        ({}, Depth.NONE),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, Depth.NONE),
        ({"TERM": "xterm-256color"}, Depth.INDEXED),
        ({"TERM": "xterm", "NO_COLOR": ""}, Depth.INDEXED),
        ({"TERM": "xterm", "COLORTERM": "yes"}, Depth.INDEXED),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, Depth.TRUE),
        ({"TERM": "screen", "COLORTERM": "24bit"}, Depth.TRUE),
        ({"TERM": "xterm-kitty"}, Depth.TRUE),
        ({"TERM": "xterm-direct"}, Depth.TRUE),
        ({"TERM": "xterm-kitty", "COLORTERM": "truecolor", "NO_COLOR": "1"}, Depth.NONE),
    ],
)
def test_colour_depth(variables: dict[str, str], depth: Depth) -> None:
    assert colour_depth(variables) is depth


@given(st.integers(1, 65535), st.integers(1, 65535), st.integers(-5, 300), st.integers(-5, 100))
def test_pictures_fit_and_keep_their_proportions(
    width: int, height: int, columns: int, lines: int
) -> None:
    size = fitted((width, height), (columns, lines))
    assert 1 <= size[0] <= max(1, columns)
    assert 1 <= size[1] <= max(1, lines)
    # A column more or less is as good, where the room does not end first.
    exact = size[0] * height / width / 2
    assert abs(exact - size[1]) <= 0.5 + height / width / 4 or 1 in size


@pytest.mark.parametrize(
    ("canvas", "room", "size"),
    [
        ((1024, 1024), (80, 24), (48, 24)),
        ((1536, 1024), (60, 40), (60, 20)),
        ((1, 65535), (80, 24), (1, 24)),
        ((65535, 1), (80, 24), (80, 1)),
    ],
)
def test_pictures_fill_the_room(
    canvas: tuple[int, int], room: tuple[int, int], size: tuple[int, int]
) -> None:
    assert fitted(canvas, room) == size


@given(colours)
def test_the_nearest_of_256_colours(colour: tuple[int, int, int]) -> None:
    levels = (0, 95, 135, 175, 215, 255)
    palette = {
        16 + 36 * r + 6 * g + b: (levels[r], levels[g], levels[b])
        for r in range(6)
        for g in range(6)
        for b in range(6)
    } | {232 + grey: (8 + 10 * grey,) * 3 for grey in range(24)}

    def distance(other: tuple[int, ...]) -> int:
        return sum((a - b) ** 2 for a, b in zip(colour, other, strict=True))

    assert distance(palette[indexed(colour)]) == min(map(distance, palette.values()))


def test_half_blocks_in_true_colour() -> None:
    image = Image.new("RGB", (2, 2), (1, 2, 3))
    image.putpixel((1, 1), (255, 0, 9))
    assert picture_lines(image, (2, 1), Depth.TRUE) == [
        f"\x1b[38;2;1;2;3;48;2;1;2;3m{HALF_BLOCK}\x1b[38;2;1;2;3;48;2;255;0;9m{HALF_BLOCK}{RESET}"
    ]


def test_a_colour_is_written_once_for_a_run() -> None:
    (line,) = picture_lines(Image.new("RGB", (5, 5), "white"), (4, 1), Depth.INDEXED)
    assert line == f"\x1b[38;5;231;48;5;231m{4 * HALF_BLOCK}{RESET}"


def test_pictures_without_colours_are_shaded() -> None:
    image = Image.linear_gradient("L").convert("RGB")
    lines = picture_lines(image, (3, 5), Depth.NONE)
    assert lines == [3 * shade for shade in SHADES]


def test_shades() -> None:
    levels = np.array([[0, 51, 52, 102, 103, 153, 154, 204, 205]], dtype=np.uint8)
    assert shade_lines(levels, (9, 1)) == ["··░░▒▒▓▓█"]
    assert [len(line) for line in shade_lines(levels, (4, 3))] == [4, 4, 4]


def test_nothing_is_drawn_into_a_pipe_unless_asked_for(mapped_file: Path) -> None:
    plain = shown(mapped_file, TERM="xterm-kitty")
    assert plain == shown(mapped_file, "--show", "never")
    assert "\x1b" not in plain
    assert HALF_BLOCK not in plain
    assert shown(mapped_file, "--show", "always", TERM="xterm").startswith(plain)


def test_thumbnail_and_maps_are_drawn_to_size(mapped_file: Path) -> None:
    drawn = shown(mapped_file, "--show", "always", COLORTERM="truecolor", TERM="xterm")
    assert "\x1b[38;2;" in drawn
    lines = ESCAPES.sub("", drawn).splitlines()
    start = next(number for number, line in enumerate(lines) if "samples" in line)
    assert lines[start] == "  thumbnail, 48 x 32 samples"
    # 56 columns of 60, and 2:3 of them in lines of half the width.
    assert lines[start + 1 : start + 20] == ["  " + 56 * HALF_BLOCK] * 19
    assert lines[start + 20] == "  map 1, 4 x 4 cells: roof\\x1b[31m\\u202e"
    assert lines[start + 21 : start + 32] == ["  " + 16 * "█" + 16 * "·"] * 11
    assert lines[start + 32] == "  map 3, 8 x 5 cells: sky"
    assert len(lines) == start + 44


def test_colours_by_the_environment(mapped_file: Path) -> None:
    indexed_colours = shown(mapped_file, "--show", "always", TERM="xterm")
    assert "\x1b[38;5;" in indexed_colours
    assert "38;2;" not in indexed_colours
    without = shown(mapped_file, "--show", "always", TERM="xterm", NO_COLOR="1")
    assert "\x1b" not in without
    assert "thumbnail, 48 x 32 samples" in without
    narrow = shown(mapped_file, "--show", "always", NO_COLOR="1", COLUMNS="1", LINES="1")
    assert "map 3" in narrow


def test_on_a_terminal_pictures_are_drawn(
    mapped_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [str(SCRIPTS / "seminfo"), str(mapped_file)]
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    drawn = run_on_terminal(command, columns=40).decode()
    assert "\x1b[38;2;" in drawn
    names = ESCAPES.sub("", drawn)
    assert "roof\\x1b[31m\\u202e" in names
    assert "\x1b" not in names
    assert max(len(line) for line in names.splitlines() if HALF_BLOCK in line) == 38
    assert b"\x1b" not in run_on_terminal([*command, "--show", "never"])
    report = json.loads(run_on_terminal([*command, "--json"]))
    assert report["size_bytes"] == mapped_file.stat().st_size
    monkeypatch.setenv("TERM", "dumb")
    assert "map 1" not in run_on_terminal(command).decode()


def test_files_without_pictures_are_not_decoded(caption_file: Path) -> None:
    """So that the table of a text needs no prior, even on a terminal."""
    assert shown(caption_file, "--show", "always") == shown(caption_file)


def test_pictures_of_a_bad_text_are_not_drawn(mapped_file: Path, tmp_path: Path) -> None:
    document = refcodec.loads(mapped_file.read_bytes())
    data = refcodec.dumps(document, check=False)
    bad = tmp_path / "bad.sem"
    bad.write_bytes(data[:-2])
    drawn = shown(bad, "--show", "always")
    assert "thumbnail and maps are not drawn: " in drawn
    assert "map 1" not in drawn
    checked = run("seminfo", "--check", "--show", "always", bad)
    assert checked.returncode in {10, 11, 12}


def test_json_and_drawings_exclude_each_other(mapped_file: Path) -> None:
    done = run("seminfo", "--json", "--show", "always", mapped_file)
    assert done.returncode == 2
    assert b"--json" in done.stderr
    assert run("seminfo", "--show", "sometimes", mapped_file).returncode == 2
    assert json.loads(run("seminfo", "--json", "--show", "auto", mapped_file).stdout)


def test_semdec_writes_a_map(mapped_file: Path) -> None:
    for number, expected in (
        (1, 255 * LEFT.astype(int)),
        (3, np.round(np.arange(40).reshape(5, 8) % 7 * 255 / 7)),
    ):
        done = run("semdec", mapped_file, "--map", number, "-o", "-")
        assert done.returncode == 0, done.stderr.decode()
        with Image.open(io.BytesIO(done.stdout)) as picture:
            assert picture.mode == "L"
            assert np.asarray(picture).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("number", "complaint"),
    [
        (2, b"item 2, 'hedge', has no map"),
        (4, b"there is no item 4; the file has 3 items"),
        (0, b"there is no item 0; the file has 3 items"),
        (-1, b"there is no item -1; the file has 3 items"),
    ],
)
def test_maps_that_are_not_there(mapped_file: Path, number: int, complaint: bytes) -> None:
    done = run("semdec", mapped_file, "--map", number, "-o", "-")
    assert done.returncode == 1
    assert complaint in done.stderr
    assert done.stdout == b""


def test_a_file_of_few_items(tmp_path: Path, caption_file: Path) -> None:
    none = run("semdec", caption_file, "--map", 1, "-o", "-")
    assert b"the file has no items" in none.stderr
    path = tmp_path / "one.sem"
    path.write_bytes(refcodec.dumps(Document("A dog.", (64, 64), (Item("dog"),))))
    assert b"the file has 1 item" in run("semdec", path, "--map", 2, "-o", "-").stderr


def test_map_and_thumbnail_exclude_each_other(mapped_file: Path) -> None:
    assert run("semdec", mapped_file, "--map", 1, "--thumbnail", "-o", "-").returncode == 2
    assert run("semdec", mapped_file, "--map", "x", "-o", "-").returncode == 2
