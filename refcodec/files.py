"""Files that are written whole or not at all, whatever interrupts."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

_PRIVATE = 0o600
_ANYBODY = 0o666


def write_file(path: Path, data: bytes, *, overwrite: bool, private: bool = False) -> None:
    """All of `data` into a file, or nothing: a temporary file takes its place at the end.

    Without `overwrite`, FileExistsError if there is a file of that name by then. A device
    or pipe is written to, never replaced; a file that is replaced keeps its permissions. With
    `private`, only its owner can read the file. OSError, with the file's name, if it cannot be
    written.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        target.write_bytes(data)
        return
    try:
        _write_anew(target, data, overwrite=overwrite, private=private)
    except OSError as error:
        # Nobody has asked for the temporary file that the error may name.
        raise OSError(error.errno, error.strerror, str(path)) from error


def _write_anew(target: Path, data: bytes, *, overwrite: bool, private: bool) -> None:
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".sem-", delete=False) as temporary:
        source = Path(temporary.name)
        try:
            temporary.write(data)
            temporary.flush()
            os.fsync(temporary.fileno())
            source.chmod(_PRIVATE if private else _mode_of(target))
            _put_in_place(source, target, overwrite=overwrite)
        finally:
            source.unlink(missing_ok=True)


def _mode_of(target: Path) -> int:
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return _ANYBODY & ~mask


def _put_in_place(source: Path, target: Path, *, overwrite: bool) -> None:
    """Rename without ever replacing a file unasked, even one made a moment ago."""
    if overwrite:
        source.replace(target)
        return
    try:
        target.hardlink_to(source)
    except OSError as error:
        if isinstance(error, FileExistsError) or target.exists():
            raise FileExistsError(errno.EEXIST, "exists already", str(target)) from error
        # The file system has no hard links; renaming is the next best.
        source.replace(target)
