"""Pictures, files and reconstructions for the tests of semeval, and a strict reader of pages."""

from __future__ import annotations

import json
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from PIL import Image

import refcodec
from refcodec import Document
from tests.commands import PICTURES, run

SIZE = (240, 180)
HOSTILE_TEXT = "</p><script>alert('x')</script> & a <b>red</b> house \u202egnp.\u0000 \"quoted\""
_SOURCES = {"house": "house.jpg", "parrots": "kodim23.png"}
_VOID_TAGS = {"meta", "img"}


def save_originals(folder: Path) -> Path:
    """house.png and parrots.png."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem in _SOURCES:
        _original(stem).save(folder / f"{stem}.png")
    return folder


def _original(stem: str) -> Image.Image:
    with Image.open(PICTURES / _SOURCES[stem]) as picture:
        return picture.convert("RGB").resize(SIZE)


@cache
def _thumbnail(stem: str, max_bytes: int) -> refcodec.Thumbnail:
    return refcodec.Thumbnail.from_image(_original(stem), max_bytes=max_bytes)


def save_file(path: Path, text: str, thumbnail_bytes: int = 0, stem: str = "house") -> Document:
    """A `.sem` file, with a thumbnail of the original of that stem if it may have bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    thumbnail = _thumbnail(stem, thumbnail_bytes) if thumbnail_bytes else None
    document = Document(text=text, canvas=SIZE, thumbnail=thumbnail)
    path.write_bytes(refcodec.dumps(document))
    return document


def save_system(folder: Path, thumbnail_bytes: int, *, drawn: bool) -> Path:
    """A file for each original, and its drawing if wanted."""
    for stem in _SOURCES:
        text = f"a picture of a {stem}"
        document = save_file(folder / f"{stem}.sem", text, thumbnail_bytes, stem)
        if drawn:
            refcodec.render(document).save(folder / f"{stem}.png")
    return folder


class Page(HTMLParser):
    """A page that closes what it opens; collects tags, attributes and the text of the body."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text = ""
        self.style = ""
        self._open: list[str] = []
        self.feed(path.read_text("utf-8"))
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in _VOID_TAGS:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.text += data


def measured(*arguments: object) -> dict[str, Any]:
    """What the installed command prints as JSON."""
    done = run("semeval", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report
