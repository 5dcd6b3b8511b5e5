"""Golden files: what was once written decodes to the same document, and is written again so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import refcodec
from refcodec.document import to_json
from refcodec.wire.bare import parse_bare, serialise_bare
from refcodec.wire.sealed import is_sealed, parse_sealed

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("*.sem"))


def test_there_are_golden_files() -> None:
    assert len(FILES) >= 8
    assert {path.stem for path in FILES} == {path.stem for path in GOLDEN.glob("*.json")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_files_decode_to_the_same_document(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert to_json(refcodec.loads(path.read_bytes())) == expected


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden_files_are_written_again_byte_for_byte(path: Path) -> None:
    data = path.read_bytes()
    bare = parse_sealed(data).bare if is_sealed(data) else data
    assert serialise_bare(parse_bare(bare)) == bare
    document = refcodec.loads(data)
    if not parse_bare(bare).may_ignore:
        check = parse_bare(bare).has_check
        assert refcodec.dumps(document, sealed=is_sealed(data), check=check) == data
