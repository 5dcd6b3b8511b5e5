"""The command line of semenc."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path

from refcodec.backends.model_names import CLIP
from refcodec.commands.common import STANDARD_STREAM, new_parser, read_input
from refcodec.commands.item_options import add_item_options
from refcodec.commands.model_options import (
    add_describer_options,
    add_generator_options,
    add_service_options,
)
from refcodec.commands.option_checks import check_describing
from refcodec.commands.reflecting import add_reflection_options, check_reflection
from refcodec.commands.values import fraction, integer, integers, number
from refcodec.limits import FILE_MAX_BYTES, SEED_MAX, THUMBNAIL_MAX_BYTES
from refcodec.picture.names import EMBEDDED, LOCATORS
from refcodec.picture.presets import PRESETS
from refcodec.text.content import Style

DESCRIPTION = """\
Write each PICTURE as a .sem file: a description, and items with their places and a thumbnail
if asked for.

Without --text and --describer, the embedded describer writes what it can measure: colours,
light, texture, layout. It needs no model and sends nothing anywhere."""

PRESETS_HELP = """\
what a file holds: text, a caption; items, up to three things with their places, and a thumbnail;
raster, a scan from top left to bottom right; raster+thumbnail"""


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
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("-f", "--force", action="store_true", help="overwrite files")
    existing.add_argument(
        "--skip-existing",
        action="store_true",
        help="leave files that are there already as they are, and go on with the others",
    )
    parser.add_argument("--preset", choices=list(PRESETS), help=PRESETS_HELP)
    _add_text_options(parser)
    _add_budget_options(parser)
    parser.add_argument(
        "--thumbnail-bytes",
        type=integer(0, THUMBNAIL_MAX_BYTES),
        metavar="N",
        help="a thumbnail of at most N bytes; 0: none (default: the preset's, or none)",
    )
    add_item_options(parser)
    add_describer_options(parser, "who describes the picture")
    _add_asking_options(parser)
    _add_reflection_options(parser)
    add_service_options(parser)
    parser.add_argument(
        "--seed", type=integer(0, SEED_MAX), metavar="N", help="a seed for the generator"
    )
    parser.add_argument("--sealed", action="store_true", help="write the form for archives")
    parser.add_argument("--no-check", action="store_true", help="leave out the one-byte check")
    parser.add_argument(
        "-j", "--jobs", type=integer(1, 1024), default=1, metavar="N", help="work on N at a time"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
    arguments = parser.parse_args()
    _complete(parser, arguments)
    return arguments


def _add_text_options(parser: ArgumentParser) -> None:
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


def _add_budget_options(parser: ArgumentParser) -> None:
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument(
        "--max-bytes",
        type=integer(1, FILE_MAX_BYTES),
        metavar="N",
        help="the whole file in at most N bytes: the describer is asked for as many words as "
        "fill it, and what is too long is cut from the end",
    )
    budget.add_argument(
        "--ubpp", type=number, metavar="X", help="the whole file in at most X micro-bits per pixel"
    )
    budget.add_argument(
        "--ladder",
        type=integers(1, FILE_MAX_BYTES),
        metavar="N,N,...",
        help="a file for each budget, OUT-N.sem, and a table of them on standard output",
    )
    parser.add_argument(
        "--text-share",
        type=fraction,
        metavar="X",
        help="the share of a budget for text, items and places where there is a thumbnail "
        "(default: the preset's, or all that they need)",
    )


def _add_asking_options(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("what a describer is asked")
    group.add_argument(
        "--template", type=Path, metavar="FILE", help="a prompt template of your own"
    )
    group.add_argument(
        "--item-count",
        type=integer(0, 15),
        default=3,
        metavar="N",
        help="with --preset items: at most so many items (default 3)",
    )
    group.add_argument(
        "--name-words",
        type=integer(1, 100),
        default=3,
        metavar="N",
        help="at most so many words a name (default 3)",
    )
    group.add_argument(
        "--detail-words",
        type=integer(0, 100),
        default=10,
        metavar="N",
        help="at most so many words a detail (default 10)",
    )
    group.add_argument(
        "--locator",
        choices=LOCATORS,
        help="who finds the describer's items in the picture (default: boxes asked of the vision "
        "model with openai, clip with transformers)",
    )
    group.add_argument(
        "--clip-model",
        metavar="NAME",
        help=f"with --locator clip: a name or folder ({CLIP.help})",
    )
    group.add_argument(
        "--requests",
        type=integer(1, 100),
        default=3,
        metavar="N",
        help="with a budget: ask at most so many times (default 3)",
    )
    group.add_argument(
        "--candidates",
        type=integer(1, 100),
        default=4,
        metavar="N",
        help="with a budget: descriptions to ask for each time (default 4)",
    )


def _add_reflection_options(parser: ArgumentParser) -> None:
    group = add_generator_options(parser, "with --reflect: who draws what a file says")
    add_reflection_options(
        group,
        "up to N times, draw what the file says, see what was lost, and spend bytes that are left "
        "on it; needs a budget and a vision model",
    )


def _complete(parser: ArgumentParser, arguments: Namespace) -> None:
    """Read the text file and settle the outputs, or end with a usage error."""
    if arguments.text_file is not None:
        arguments.text = _read_text(parser, arguments.text_file)
    if arguments.text is not None and arguments.describer != EMBEDDED:
        parser.error("--text and --describer: there is nothing left to describe")
    _check_reflection(parser, arguments)
    try:
        arguments.folder = _output_folder(arguments)
        arguments.outputs = [_output_name(arguments, picture) for picture in arguments.pictures]
    except ValueError:
        parser.error("a PICTURE is not the name of a file")
    except OSError as error:
        parser.error(f"-o {arguments.output}: {error.strerror}")
    if arguments.ladder and STANDARD_STREAM in arguments.outputs:
        parser.error("--ladder writes several files; give -o a name or a folder")
    files = [name for name in arguments.outputs if name != STANDARD_STREAM]
    targets = [os.path.realpath(name) for name in files]
    if len(set(targets)) + (len(files) < len(arguments.outputs)) < len(arguments.outputs):
        parser.error("several pictures would be written to the same file; give -o a folder")
    if not set(targets).isdisjoint(map(os.path.realpath, arguments.pictures)):
        parser.error("a picture would be overwritten by its own file; give -o another name")


def _check_reflection(parser: ArgumentParser, arguments: Namespace) -> None:
    has_budget = arguments.max_bytes is not None or arguments.ubpp is not None
    check_reflection(parser, arguments)
    check_describing(parser, arguments)
    if arguments.reflect and not has_budget:
        parser.error("--reflect spends the bytes of a budget; give --max-bytes or --ubpp")
    if arguments.report and len(arguments.pictures) > 1:
        parser.error("--report is for one picture at a time")


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
