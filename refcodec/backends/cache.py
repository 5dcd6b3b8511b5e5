"""Answers kept on disk, so that what was asked once costs nothing the second time.

An entry's name is the SHA-256 digest of all that shapes the answer, so nothing needs to be
looked up or invalidated. Entries are written whole or not at all: a run may be interrupted at
any moment, and several may use one folder. An entry that cannot be read counts as absent. Keys
are no part of a request's description and never get here.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from refcodec.errors import SemError
from refcodec.files import write_file
from refcodec.picture.load import load_picture

if TYPE_CHECKING:
    from PIL.Image import Image


def default_cache_folder() -> Path | None:
    """`refcodec` in XDG_CACHE_HOME, or else in ~/.cache (XDG base directory specification).

    None for a user without a home, as containers may have.
    """
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The specification has relative paths ignored.
    if base.is_absolute():
        return base / "refcodec"
    try:
        return Path.home() / ".cache" / "refcodec"
    except RuntimeError:
        return None


def request_key(request: Mapping[str, Any]) -> str:
    """The SHA-256 digest, in hexadecimal, of the request's canonical JSON."""
    canonical = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class DiskCache:
    """A folder of answers, made when the first is kept; safe over threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def texts(self, key: str) -> list[str] | None:
        """The answers in words kept under `key`, None where there are none."""
        try:
            entry = json.loads(self._path(key, ".json").read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        answers = entry.get("answers") if isinstance(entry, dict) else None
        if not isinstance(answers, list) or not answers:
            return None
        return answers if all(isinstance(answer, str) for answer in answers) else None

    def put_texts(self, key: str, answers: list[str]) -> None:
        """Keep answers in words; raises OSError."""
        self._write(self._path(key, ".json"), json.dumps({"answers": answers}).encode())

    def picture(self, key: str) -> Image | None:
        """The RGB picture kept under `key`, None where there is none."""
        try:
            return load_picture(self._path(key, ".png")).image
        except (OSError, SemError):
            return None

    def put_picture(self, key: str, picture: Image) -> None:
        """Keep an RGB picture; raises OSError."""
        encoded = io.BytesIO()
        picture.save(encoded, "PNG")
        self._write(self._path(key, ".png"), encoded.getvalue())

    def _path(self, key: str, ending: str) -> Path:
        return self.folder / key[:2] / (key + ending)

    def _write(self, path: Path, data: bytes) -> None:
        """An entry that only its owner can read."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(path, data, overwrite=True, private=True)
