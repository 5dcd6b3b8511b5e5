"""What the commands share: reading, writing whole files, messages and exit statuses."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import unicodedata
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TextIO

from refcodec.errors import ERROR_CLASSES, SemError
from refcodec.limits import FILE_MAX_BYTES

STANDARD_STREAM = "-"
STATUS_FAILED = 1
STATUS_USAGE = 2
STATUS_INTERRUPTED = 130

_STATUSES = "\n".join(f"  {error.status}  {error.name}" for error in ERROR_CLASSES)
EPILOG = f"""exit status:
  0  done
  1  a file could not be read or written
  2  wrong usage
{_STATUSES}
With several files, the others are still done and the first failure's status is returned."""


def new_parser(name: str, description: str) -> ArgumentParser:
    """An argument parser whose help ends with the exit statuses."""
    return ArgumentParser(
        prog=name,
        description=description,
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )


def for_each(command: str, names: Iterable[str], action: Callable[[str], None]) -> int:
    """Run `action` on every name; print what fails; return the first failure's status."""
    return first_failure(attempt(command, name, action) for name in names)


def first_failure(statuses: Iterable[int]) -> int:
    """The first status that is not 0, once all have been taken."""
    return next(iter([status for status in statuses if status]), 0)


def attempt(command: str, name: str, action: Callable[[str], None]) -> int:
    """Run `action(name)`; print the error that ends it, if any, and return its exit status."""
    try:
        action(name)
    except SemError as error:
        complain(command, f"{name}: {error} [{error.name}]")
        return error.status
    except BrokenPipeError:
        # The reader of our output has left; what remains to be flushed must not raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STATUS_FAILED
    except OSError as error:
        complain(command, f"{name}: {error.strerror or error}")
        return STATUS_FAILED
    except KeyboardInterrupt:
        complain(command, f"{name}: interrupted")
        return STATUS_INTERRUPTED
    return 0


def complain(command: str, message: str) -> None:
    """One line on standard error, with control characters made visible."""
    print(f"{command}: {visible(message)}", file=sys.stderr)


def read_file(name: str) -> bytes:
    """A `.sem` file, or standard input for `-`; never more than a byte beyond the limit."""
    if name == STANDARD_STREAM:
        return sys.stdin.buffer.read(FILE_MAX_BYTES + 1)
    with Path(name).open("rb") as file:
        return file.read(FILE_MAX_BYTES + 1)


def write_file(name: str, data: bytes, *, overwrite: bool) -> None:
    """All of `data` into a file, or nothing: a temporary file takes its place at the end.

    Without `overwrite`, FileExistsError if there is a file of that name by then. A device
    or pipe is written to, never replaced.
    """
    if name == STANDARD_STREAM:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    target = Path(name).resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(data)
        return
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".sem-", delete=False) as temporary:
        source = Path(temporary.name)
        try:
            temporary.write(data)
            temporary.flush()
            source.chmod(0o666 & ~_umask())
            _put_in_place(source, target, overwrite=overwrite)
        finally:
            source.unlink(missing_ok=True)


def _put_in_place(source: Path, target: Path, *, overwrite: bool) -> None:
    """Rename without ever replacing a file unasked, even one made a moment ago."""
    if not overwrite:
        refuse_existing(str(target), overwrite=False)
        try:
            target.hardlink_to(source)
        except FileExistsError:
            raise
        except OSError:
            # The file system has no hard links; renaming is the next best.
            source.replace(target)
        return
    source.replace(target)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def refuse_existing(name: str, *, overwrite: bool) -> None:
    """Raise FileExistsError early, before work is spent on a file that may not be written."""
    if not overwrite and name != STANDARD_STREAM and Path(name).exists():
        raise FileExistsError(0, "exists already; -f overwrites it", name)


def print_as_utf8() -> None:
    """Print UTF-8 whatever the locale: it must not decide whether a text can be printed."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def print_text(text: str, stream: TextIO) -> None:
    """A stranger's text: as it is into a file or pipe, control characters visible on a terminal."""
    print(visible(text, keep="\n\t") if stream.isatty() else text, file=stream)


def visible(text: str, keep: str = "") -> str:
    """Control, format and surrogate characters as backslash escapes, all others as they are."""
    return "".join(
        character
        if character in keep or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
