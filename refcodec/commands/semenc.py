"""semenc: pictures to `.sem` files."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from refcodec.chunk_payloads import Models
from refcodec.codec import dumps
from refcodec.commands.common import (
    STANDARD_STREAM,
    STATUS_FAILED,
    attempt,
    complain,
    first_failure,
    new_parser,
    read_input,
    refuse_existing,
    run,
    standard_input,
    write_output,
)
from refcodec.commands.item_options import add_item_options, items_of
from refcodec.document import Document
from refcodec.limits import FILE_MAX_BYTES, SEED_MAX, THUMBNAIL_MAX_BYTES
from refcodec.picture.pipeline import EMBEDDED, describe_loaded
from refcodec.text.content import Style

if TYPE_CHECKING:
    from refcodec.picture.load import LoadedPicture

DESCRIPTION = """\
Write each PICTURE as a .sem file: a description, and items with their places and a thumbnail
if asked for.

Without --text, the embedded describer writes what it can measure: colours, light, texture,
layout. It needs no model and sends nothing anywhere."""
EMBEDDED_NUMBER = 1


def parse_arguments() -> Namespace:
    """The command line; ends the process with status 2 where it is wrong."""
    parser = new_parser("semenc", DESCRIPTION)
    parser.add_argument(
        "pictures", nargs="+", metavar="PICTURE", help="a picture file; - is standard input"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="the file to write, or a folder; - is standard output; "
        "default: PICTURE with the ending .sem",
    )
    parser.add_argument("-f", "--force", action="store_true", help="overwrite files")
    text = parser.add_mutually_exclusive_group()
    text.add_argument("--text", help="the description, in place of a describer's")
    text.add_argument("--text-file", metavar="FILE", help="a UTF-8 file with the description")
    parser.add_argument(
        "--style",
        choices=[style.name.lower() for style in Style],
        help="how the description is written; a describer knows its own",
    )
    parser.add_argument(
        "--search",
        action="store_true",
        help="look for the cheapest spelling of the text and the best thumbnail: seconds a file",
    )
    text.add_argument(
        "--describer", choices=[EMBEDDED], default=EMBEDDED, help="who describes the picture"
    )
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        "--max-bytes",
        type=_integer(1, FILE_MAX_BYTES),
        metavar="N",
        help="the whole file in at most N bytes; the embedded describer drops sentences for it, "
        "items and maps stay as they are",
    )
    budget.add_argument(
        "--ubpp", type=_rate, metavar="X", help="the whole file in at most X micro-bits per pixel"
    )
    parser.add_argument(
        "--thumbnail-bytes",
        type=_integer(0, THUMBNAIL_MAX_BYTES),
        default=0,
        metavar="N",
        help="a thumbnail of at most N bytes (default 0: none)",
    )
    add_item_options(parser)
    parser.add_argument(
        "--seed", type=_integer(0, SEED_MAX), metavar="N", help="a seed for the generator"
    )
    parser.add_argument("--sealed", action="store_true", help="write the form for archives")
    parser.add_argument("--no-check", action="store_true", help="leave out the one-byte check")
    parser.add_argument(
        "-j", "--jobs", type=_integer(1, 1024), default=1, metavar="N", help="work on N at a time"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    arguments = parser.parse_args()
    _complete(parser, arguments)
    return arguments


def _integer(least: int, most: int) -> Callable[[str], int]:
    def parse(word: str) -> int:
        try:
            value = int(word)
        except ValueError:
            raise ArgumentTypeError(f"{word!r} is not a whole number") from None
        if not least <= value <= most:
            raise ArgumentTypeError(f"{value} is not in {least} to {most}")
        return value

    return parse


def _rate(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise ArgumentTypeError(f"{word!r} is not a number") from None
    if not 0 < value < float("inf"):
        raise ArgumentTypeError(f"{word} is not a rate above 0")
    return value


def _complete(parser: ArgumentParser, arguments: Namespace) -> None:
    """Read the text file and settle the outputs, or end with a usage error."""
    if arguments.text_file is not None:
        arguments.text = _read_text(parser, arguments.text_file)
    try:
        arguments.folder = _output_folder(arguments)
        arguments.outputs = [_output_name(arguments, picture) for picture in arguments.pictures]
    except ValueError:
        parser.error("a PICTURE is not the name of a file")
    except OSError as error:
        parser.error(f"-o {arguments.output}: {error.strerror}")
    files = [name for name in arguments.outputs if name != STANDARD_STREAM]
    targets = [os.path.realpath(name) for name in files]
    if len(set(targets)) + (len(files) < len(arguments.outputs)) < len(arguments.outputs):
        parser.error("several pictures would be written to the same file; give -o a folder")
    if not set(targets).isdisjoint(map(os.path.realpath, arguments.pictures)):
        parser.error("a picture would be overwritten by its own file; give -o another name")


def _read_text(parser: ArgumentParser, name: str) -> str:
    try:
        data = read_input(name)
        if len(data) > FILE_MAX_BYTES:
            parser.error(f"--text-file {name}: more than {FILE_MAX_BYTES} bytes")
        # A text file may begin with a byte-order mark, and ends with a line ending; neither
        # is part of what it says.
        return data.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        parser.error(f"--text-file {name}: {error.strerror or error}")
    except UnicodeDecodeError:
        parser.error(f"--text-file {name}: not UTF-8")


def _output_folder(arguments: Namespace) -> Path | None:
    """The folder that -o names, or None if it names a file or is not given."""
    output = arguments.output
    if output is None or output == STANDARD_STREAM:
        return None
    is_folder = len(arguments.pictures) > 1 or output.endswith(os.sep) or Path(output).is_dir()
    return Path(output) if is_folder else None


def _output_name(arguments: Namespace, picture: str) -> str:
    is_stream = picture == STANDARD_STREAM
    if arguments.output is None and is_stream:
        return STANDARD_STREAM
    name = Path("picture" if is_stream else picture).with_suffix(".sem")
    if arguments.output is None:
        return str(name)
    return str(arguments.folder / name.name) if arguments.folder else str(arguments.output)


def encode_picture(arguments: Namespace, index: int) -> None:
    """Write one picture as one file, and say so on standard error."""
    from refcodec.picture.load import load_picture

    picture, output = arguments.pictures[index], arguments.outputs[index]
    refuse_existing(output, overwrite=arguments.force)
    loaded = load_picture(standard_input() if picture == STANDARD_STREAM else picture)
    document = describe_loaded(
        loaded,
        text=arguments.text,
        style=None if arguments.style is None else Style[arguments.style.upper()],
        describer=arguments.describer,
        items=items_of(arguments, loaded),
        seed=arguments.seed,
    )
    if arguments.sealed:
        document = with_provenance(document, arguments)
    document = fit(document, loaded, arguments)
    data = dump(document, arguments)
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
    write_output(output, data, overwrite=arguments.force)
    if not arguments.quiet:
        report(arguments, index, loaded.notes, document, len(data))


def report(
    arguments: Namespace, index: int, notes: tuple[str, ...], document: Document, size_bytes: int
) -> None:
    """What was done and what a user should know of it, on standard error."""
    if arguments.thumbnail_bytes and document.thumbnail is None:
        notes = (*notes, "no thumbnail fits the bytes that are allowed")
    for note in notes:
        complain("semenc", f"{arguments.pictures[index]}: {note}")
    count = len(arguments.pictures)
    progress = f"[{index + 1}/{count}] " if count > 1 else ""
    rate = 8e6 * size_bytes / (document.canvas[0] * document.canvas[1])
    complain("semenc", f"{progress}{arguments.outputs[index]}: {size_bytes} bytes, {rate:.1f} ubpp")


def dump(document: Document, arguments: Namespace) -> bytes:
    """The file, in the form that the options ask for."""
    return dumps(
        document,
        sealed=arguments.sealed,
        check=not arguments.no_check,
        search=arguments.search,
    )


def with_provenance(document: Document, arguments: Namespace) -> Document:
    """The document with what an archive wants to know of its making."""
    provenance = {"software": f"refcodec {version('refcodec')}"}
    models = Models()
    if arguments.text is None:
        models = Models(describer=EMBEDDED_NUMBER, template=EMBEDDED_NUMBER)
    return replace(
        document, models=models, archive=replace(document.archive, provenance=provenance)
    )


def fit(document: Document, loaded: LoadedPicture, arguments: Namespace) -> Document:
    """The document within the budget of the options, with a thumbnail if asked for."""
    from refcodec.picture import budget
    from refcodec.visual.thumbnail import Thumbnail

    max_bytes = FILE_MAX_BYTES
    if arguments.max_bytes is not None:
        max_bytes = arguments.max_bytes
    elif arguments.ubpp is not None:
        max_bytes = budget.bytes_for_rate(arguments.ubpp, document.canvas)
    as_file = partial(dump, arguments=arguments)
    document = budget.fit_text(document, max_bytes, as_file, may_shorten=arguments.text is None)
    if not arguments.thumbnail_bytes:
        return document
    make = partial(
        Thumbnail.from_image,
        loaded.with_alpha(),
        canvas=loaded.canvas,
        thorough=arguments.search,
    )
    return budget.fit_thumbnail(document, max_bytes, as_file, make, arguments.thumbnail_bytes)


def encode_one(arguments: Namespace, index: int) -> int:
    """`encode_picture`, its errors printed; the exit status."""

    def encode(_: str) -> None:
        encode_picture(arguments, index)

    return attempt("semenc", arguments.pictures[index], encode)


def encode_pictures(arguments: Namespace) -> int:
    """Write every picture; the first failure's status."""
    encode = partial(encode_one, arguments)
    indices = range(len(arguments.pictures))
    # Another process could not read this one's standard input.
    jobs = 1 if STANDARD_STREAM in arguments.pictures else min(arguments.jobs, len(indices))
    return first_failure(
        map(encode, indices) if jobs == 1 else _in_processes(encode, jobs, indices)
    )


def _in_processes(encode: Callable[[int], int], jobs: int, indices: Sequence[int]) -> Iterator[int]:
    """`encode` of each in worker processes; when this one is told to end, they end as well."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    pool = ProcessPoolExecutor(jobs, initializer=_leave_signals_to_parent)
    try:
        yield from pool.map(encode, indices)
    except BrokenProcessPool:
        complain("semenc", "a worker process was killed; pictures not reported are not written")
        yield STATUS_FAILED
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_signals_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def main() -> int:
    """Run the command; its exit status."""
    return run("semenc", parse_arguments, encode_pictures)
