"""The registry and its validator."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from refcodec import registry
from refcodec.errors import UnsupportedError
from refcodec.registry import entries, lookup, registered_file
from refcodec.wire import chunks
from refcodec.wire.bare import TextMode
from refcodec.wire.canvas import COMMON_CANVASES
from tools.validate_registry import (
    COLUMNS,
    ROOT,
    history_faults,
    main,
    read_rows,
    row_faults,
    table_faults,
)

REGISTRY = ROOT / "spec" / "registry.csv"
GOOD = ("chunk", "0x31", "colour", "final", "", "", "sem.md")


def test_the_registry_is_valid(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["validate_registry", str(REGISTRY)])
    assert main() == 0
    assert "no fault" in capsys.readouterr().out


def test_the_code_knows_what_is_registered() -> None:
    registered = {
        number: entry.name for (kind, number), entry in entries().items() if kind == "chunk"
    }
    in_code = {
        getattr(chunks, name): name.replace("_", " ").lower()
        for name in vars(chunks)
        if isinstance(getattr(chunks, name), int) and not name.endswith(("_BIT", "_TYPE", "_BYTES"))
    }
    assert registered == in_code
    assert set(registered) == chunks.CONTENT_TYPES | chunks.ARCHIVAL_TYPES
    for number, (width, height) in enumerate(COMMON_CANVASES):
        assert entries()["canvas-class", number].name == f"{width} x {height}"
    for mode in TextMode:
        assert entries()["text-mode", mode].name.upper() == mode.name


@pytest.mark.parametrize(
    ("column", "value", "complaint"),
    [
        ("kind", "colour", "unknown kind"),
        ("number", "49", "not written"),
        ("number", "0x07", "not in"),
        ("number", "0x71", "private"),
        ("name", "", "no name"),
        ("name", " colour", "spaces"),
        ("status", "new", "unknown status"),
        ("digest", "abc", "64 lower-case"),
    ],
)
def test_bad_rows(column: str, value: str, complaint: str) -> None:
    assert row_faults(GOOD, ROOT) == []
    row = tuple(value if name == column else word for name, word in zip(COLUMNS, GOOD, strict=True))
    faults = row_faults(row, ROOT)
    assert len(faults) == 1
    assert complaint in faults[0]


def test_digests_are_needed_and_compared(tmp_path: Path) -> None:
    row = ("prior", "9", "new", "draft", "", "MIT", "weights.bin")
    assert "digest is needed" in row_faults(row, tmp_path)[0]
    (tmp_path / "weights.bin").write_bytes(b"other")
    assert "another digest" in row_faults((*row[:4], "00" * 32, *row[5:]), tmp_path)[0]
    private = ("prior", str(1 << 20), *row[2:4], "00" * 32, *row[5:])
    assert "private" in row_faults(private, ROOT)[0]


def test_bad_tables() -> None:
    assert read_rows("kind,number\n")[1] == ["the first line must be " + ",".join(COLUMNS)]
    assert "3 columns" in read_rows(",".join(COLUMNS) + "\na,b,c\n")[1][0]
    assert "registered twice" in table_faults([GOOD, GOOD])[0]


def test_history_is_kept() -> None:
    other = ("chunk", "0x32", "form", "final", "", "", "sem.md")
    draft = ("chunk", "0x33", "plan", "draft", "", "", "sem.md")
    deprecated = (*GOOD[:3], "deprecated", *GOOD[4:])
    assert history_faults([GOOD, other], [GOOD, other, draft]) == []
    assert history_faults([deprecated, other], [GOOD, other]) == []
    assert "changed or removed" in history_faults([other], [GOOD, other])[0]
    assert "changed or removed" in history_faults([GOOD], [deprecated])[0]
    renamed = (*GOOD[:2], "hue", *GOOD[3:])
    assert "changed or removed" in history_faults([renamed, other], [GOOD, other])[0]
    assert "order" in history_faults([other, GOOD], [GOOD, other])[0]


def test_faults_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "registry.csv"
    file.write_text(",".join(COLUMNS) + "\n" + ",".join((*GOOD[:3], "new", *GOOD[4:])) + "\n")
    monkeypatch.setattr(sys, "argv", ["validate_registry", str(file)])
    assert main() == 1
    assert "unknown status" in capsys.readouterr().out


def test_a_file_is_read_if_it_is_the_registered_one(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = lookup("map-weights", 1)
    assert registered_file("map-weights", 1) == (ROOT / "spec" / "maps-1.json").read_bytes()
    monkeypatch.setattr(registry, "lookup", lambda *_: replace(entry, digest="0" * 64))
    with pytest.raises(UnsupportedError, match=r"maps-1\.json: .* not the registered one"):
        registered_file("map-weights", 1)
