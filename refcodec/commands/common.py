"""What the commands share: reading, writing whole files, messages and exit statuses."""

from __future__ import annotations

import errno
import importlib.metadata
import io
import os
import sys
from argparse import Action, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from refcodec.backends.errors import BackendError
from refcodec.codec import read_file
from refcodec.errors import ERROR_CLASSES, SemError
from refcodec.files import write_file
from refcodec.text.visible import visible

STANDARD_STREAM = "-"
STATUS_FAILED = 1
STATUS_BACKEND = 3
STATUS_INTERRUPTED = 130

_STATUSES = "\n".join(f"  {error.status}  {error.name}" for error in ERROR_CLASSES)
EPILOG = f"""exit status:
  0  done
  1  a file could not be read or written, or lacks what was asked for
  2  wrong usage
  3  a model or a service is not there, or did not do what was asked
{_STATUSES}
With several files, the others are still done and the first failure's status is returned."""


class CommandError(Exception):
    """A wish that a valid file does not grant; exit status 1."""


class _Version(Action):
    """Prints the version; it is looked up only when asked for, because that takes time."""

    def __call__(self, parser: ArgumentParser, *_: Any) -> None:
        print(f"{parser.prog} (refcodec) {importlib.metadata.version('refcodec')}")
        parser.exit()


def new_parser(name: str, description: str) -> ArgumentParser:
    """An argument parser whose help ends with the exit statuses."""
    parser = ArgumentParser(
        prog=name,
        description=description,
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    return parser


def run(command: str, parser: Callable[[], Namespace], work: Callable[[Namespace], int]) -> int:
    """A command from its arguments to its exit status; an interrupt ends it at once."""
    try:
        return work(parser())
    except KeyboardInterrupt:
        complain(command, "interrupted")
        return STATUS_INTERRUPTED


def first_failure(statuses: Iterable[int]) -> int:
    """The first status that is not 0, once all have been taken."""
    return next(iter([status for status in statuses if status]), 0)


def attempt(command: str, name: str, action: Callable[[str], None]) -> int:
    """Run `action(name)`; print the error that ends it, if any, and return its exit status.

    Messages begin with the name, unless it is empty.
    """
    about = f"{name}: " if name else ""
    try:
        action(name)
    except SemError as error:
        complain(command, f"{about}{error} [{error.name}]")
        return error.status
    except CommandError as error:
        complain(command, f"{about}{error}")
        return STATUS_FAILED
    except BackendError as error:
        complain(command, f"{about}{error}")
        return STATUS_BACKEND
    except BrokenPipeError:
        # The reader of our output has left; what remains to be flushed must not raise again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return STATUS_FAILED
    except OSError as error:
        about = f"{error.filename}: " if error.filename else about
        complain(command, f"{about}{error.strerror or error}")
        return STATUS_FAILED
    return 0


def complain(command: str, message: str) -> None:
    """One line on standard error, if it is open, with control characters made visible."""
    if sys.stderr is not None:
        print(f"{command}: {visible(message)}", file=sys.stderr)


def standard_input() -> BinaryIO:
    """Standard input in binary; OSError if it is closed."""
    if sys.stdin is None:
        raise OSError("standard input is closed")
    return sys.stdin.buffer


def standard_output() -> TextIO:
    """Standard output; OSError if it is closed."""
    if sys.stdout is None:
        raise OSError("standard output is closed")
    return sys.stdout


def read_input(name: str) -> bytes:
    """A `.sem` file, or standard input for `-`; never more than a byte beyond the limit."""
    if name == STANDARD_STREAM:
        return read_file(standard_input())
    with Path(name).open("rb") as file:
        return read_file(file)


def write_output(name: str, data: bytes, *, overwrite: bool) -> None:
    """All of `data` into a file, or nothing (see `write_file`), or to standard output for `-`."""
    if name == STANDARD_STREAM:
        output = standard_output().buffer
        output.write(data)
        output.flush()
        return
    refuse_existing(name, overwrite=overwrite)
    write_file(Path(name), data, overwrite=overwrite)


def refuse_existing(name: str, *, overwrite: bool) -> None:
    """Raise FileExistsError early, before work is spent on a file that may not be written."""
    if not overwrite and is_there(name):
        raise FileExistsError(errno.EEXIST, "exists already; -f overwrites it", name)


def is_there(name: str) -> bool:
    """Whether a file of this name exists; standard output is never there already."""
    return name != STANDARD_STREAM and Path(name).exists()


def check_output(name: str, *, overwrite: bool, makes_folder: bool = False) -> None:
    """Raise OSError early, like `refuse_existing`, also where the file's folder is not right.

    With `makes_folder`, the folder may be one that is still to be made.
    """
    refuse_existing(name, overwrite=overwrite)
    if name != STANDARD_STREAM:
        parent = Path(name).absolute().parent
        if not (makes_folder or parent.exists()):
            raise FileNotFoundError(errno.ENOENT, "its folder is not there; make it first", name)
        check_folder(parent, name)


def check_folder(folder: Path, name: str) -> None:
    """OSError, about `name`, where the folder is none, or could not be made or written into."""
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, f"{there} is not a folder", name)
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, f"{there} cannot be written into", name)


def print_as_utf8() -> None:
    """Print UTF-8 whatever the locale: it must not decide whether a text can be printed."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def print_text(text: str, stream: TextIO) -> None:
    """A stranger's text: as it is into a file or pipe, control characters visible on a terminal."""
    print(visible(text, keep="\n\t") if stream.isatty() else text, file=stream)
