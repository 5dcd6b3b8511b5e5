"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from refcodec.files import write_file


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_file_has_the_permissions_of_new_files(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "new", b"all of it", overwrite=False)
    finally:
        os.umask(before)
    assert (tmp_path / "new").read_bytes() == b"all of it"
    assert mode_of(tmp_path / "new") == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_an_error_names_the_file_and_no_temporary_one(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "new"
    with pytest.raises(FileNotFoundError) as caught:
        write_file(path, b"x", overwrite=False)
    assert caught.value.filename == str(path)


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"old")
    path.chmod(0o604)
    write_file(path, b"new", overwrite=True)
    assert (path.read_bytes(), mode_of(path)) == (b"new", 0o604)
    write_file(path, b"newer", overwrite=True, private=True)
    assert (path.read_bytes(), mode_of(path)) == (b"newer", 0o600)


def test_a_file_behind_a_link_is_replaced_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "far" / "file")
    write_file(tmp_path / "link", b"new", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "far" / "file").read_bytes() == b"new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_file(tmp_path / "pipe", b"all of it", overwrite=False)
    reader.join()
    assert received == [b"all of it"]
    assert (tmp_path / "pipe").is_fifo()


def without_links(*_: Any) -> None:
    raise OSError(errno.EPERM, "no hard links here")


@pytest.mark.parametrize("has_links", [True, False])
def test_nothing_is_replaced_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:
        monkeypatch.setattr(os, "link", without_links)
    write_file(tmp_path / "file", b"first", overwrite=False)
    with pytest.raises(FileExistsError, match="exists already") as raised:
        write_file(tmp_path / "file", b"second", overwrite=False)
    assert raised.value.filename == str(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_file(tmp_path / "file", b"new", overwrite=True)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
