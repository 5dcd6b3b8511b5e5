"""semdec: `.sem` files to pictures."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from refcodec.codec import loads
from refcodec.commands.common import (
    STANDARD_STREAM,
    CommandError,
    attempt,
    new_parser,
    read_input,
    refuse_existing,
    run,
    write_output,
)
from refcodec.document import Document
from refcodec.picture.pipeline import BASELINE

if TYPE_CHECKING:
    from PIL.Image import Image

DESCRIPTION = """\
Draw a .sem file as a PNG.

The baseline rendering enlarges the thumbnail to the canvas, sharply where a map has an edge,
and is the same to the last bit everywhere. Without a thumbnail the canvas is grey, and bears
the description as a courtesy."""


def parse_arguments() -> Namespace:
    """The command line; ends the process with status 2 where it is wrong."""
    parser = new_parser("semdec", DESCRIPTION)
    parser.add_argument("file", metavar="FILE", help="a .sem file; - is standard input")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT.png",
        help="the file to write; - is standard output; default: FILE with the ending .png",
    )
    parser.add_argument("-f", "--force", action="store_true", help="overwrite OUT.png")
    parser.add_argument(
        "--generator", choices=[BASELINE], default=BASELINE, help="who draws the picture"
    )
    part = parser.add_mutually_exclusive_group()
    part.add_argument(
        "--thumbnail",
        action="store_true",
        help="write the samples of the thumbnail itself, not enlarged",
    )
    part.add_argument(
        "--map",
        type=int,
        metavar="N",
        help="write the map of the Nth item, from 1 on: its own cells in grey, white where it is",
    )
    arguments = parser.parse_args()
    if arguments.output is None:
        arguments.output = _default_output(parser, arguments.file)
    elif arguments.output != STANDARD_STREAM and Path(arguments.output).suffix.lower() != ".png":
        parser.error(f"-o {arguments.output}: only PNG is written; give a name that ends in .png")
    return arguments


def _default_output(parser: ArgumentParser, file: str) -> str:
    if file == STANDARD_STREAM:
        return STANDARD_STREAM
    try:
        return str(Path(file).with_suffix(".png"))
    except ValueError:
        parser.error(f"{file!r} is not the name of a file")


def draw(name: str, arguments: Namespace) -> None:
    """Draw one file."""
    from refcodec.generators.baseline import BaselineGenerator
    from refcodec.generators.interfaces import Drawing
    from refcodec.picture.output import to_png

    refuse_existing(arguments.output, overwrite=arguments.force)
    data = read_input(name)
    document = loads(data)
    generator = BaselineGenerator()
    if arguments.map is not None:
        drawing = Drawing(_map_image(document, arguments.map))
    elif not arguments.thumbnail:
        drawing = generator.draw(document)
    elif document.thumbnail:
        drawing = Drawing(document.thumbnail.image())
    else:
        raise CommandError("the file holds no thumbnail; draw it without --thumbnail")
    png = to_png(drawing, document, data, generator)
    write_output(arguments.output, png, overwrite=arguments.force)


def _map_image(document: Document, number: int) -> Image:
    """The map of an item, by its number from 1, in grey."""
    from PIL import Image

    from refcodec.visual.levels import map_levels

    count = len(document.items)
    if not 1 <= number <= count:
        has = f"{count} item{'' if count == 1 else 's'}" if count else "no items"
        raise CommandError(f"there is no item {number}; the file has {has}")
    item = document.items[number - 1]
    if item.map is None:
        raise CommandError(f"item {number}, {item.name!r}, has no map")
    return Image.fromarray(map_levels(item.map))


def draw_file(arguments: Namespace) -> int:
    """Draw the file; the exit status."""
    return attempt("semdec", arguments.file, partial(draw, arguments=arguments))


def main() -> int:
    """Run the command; its exit status."""
    return run("semdec", parse_arguments, draw_file)
