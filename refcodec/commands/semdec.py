"""semdec: `.sem` files to pictures."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from refcodec.codec import loads
from refcodec.commands.common import (
    STANDARD_STREAM,
    CommandError,
    attempt,
    check_output,
    complain,
    new_parser,
    read_input,
    run,
    write_output,
)
from refcodec.commands.model_options import (
    account_told,
    add_describer_options,
    add_generator_options,
    add_service_options,
    backends_of,
    planned_requests_printed,
    tell_that_nothing_is_sent,
)
from refcodec.commands.option_checks import check_drawing
from refcodec.commands.reflecting import (
    COMPARE,
    JUDGES,
    add_reflection_options,
    check_reflection,
    check_report,
    reflect_on_drawing,
    report_reflection,
)
from refcodec.commands.values import integer
from refcodec.document import Document
from refcodec.limits import SEED_MAX

if TYPE_CHECKING:
    from PIL.Image import Image

    from refcodec.generators.interfaces import Drawing
    from refcodec.picture.backends import Backends
    from refcodec.reflection.steps import Reflection

DESCRIPTION = """\
Draw a .sem file as a PNG.

The baseline rendering enlarges the thumbnail to the canvas, sharply where a map has an edge,
and is the same to the last bit everywhere. Without a thumbnail the canvas is grey, and bears
the description as a courtesy. Other generators draw what the file holds: its text alone, or the
enlarged thumbnail anew as the text says, item by item where they have places. Their pictures
are marked as such, and are not the same everywhere."""


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
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors only")
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
    group = add_generator_options(parser, "who draws the picture")
    group.add_argument(
        "--seed",
        type=integer(0, SEED_MAX),
        metavar="N",
        help="draw with this seed, not the file's; services take none",
    )
    group = add_describer_options(parser, "with --reflect: who looks at what was drawn")
    add_reflection_options(
        group,
        "up to N times, compare the drawing with the text, and edit it or draw it again; the best "
        "is kept",
    )
    group.add_argument(
        "--judge",
        choices=JUDGES,
        default=COMPARE,
        help="how drawing and text are compared. compare (default): the model is asked for the "
        "differences; describe, for models that only describe: the drawing is described, and "
        "the two texts are compared word by word, without a model",
    )
    add_service_options(parser)
    arguments = parser.parse_args()
    check_reflection(parser, arguments)
    check_drawing(parser, arguments)
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


def draw(name: str, arguments: Namespace, backends: Backends) -> None:
    """Draw one file."""
    from refcodec.generators.baseline import BaselineGenerator
    from refcodec.picture.output import to_png

    check_output(arguments.output, overwrite=arguments.force)
    check_report(arguments)
    data = read_input(name)
    document = loads(data)
    part = _part(document, arguments)
    if part is None:
        generator = backends.generator(arguments.generator)
        drawing, reflection = _drawn(document, arguments, backends)
    else:
        generator = BaselineGenerator()
        drawing, reflection = part, None
    if arguments.dry_run:
        tell_that_nothing_is_sent()
        return
    png = to_png(drawing, document, data, generator)
    write_output(arguments.output, png, overwrite=arguments.force)
    report_reflection(arguments, reflection)
    if arguments.quiet:
        return
    for note in drawing.notes:
        complain("semdec", note)


def _part(document: Document, arguments: Namespace) -> Drawing | None:
    """The part of the file that the options ask for, None if they ask for a drawing of it."""
    from refcodec.generators.interfaces import Drawing

    if arguments.map is not None:
        return Drawing(_map_image(document, arguments.map))
    if not arguments.thumbnail:
        return None
    if document.thumbnail is None:
        raise CommandError("the file holds no thumbnail; draw it without --thumbnail")
    return Drawing(document.thumbnail.image())


def _drawn(
    document: Document, arguments: Namespace, backends: Backends
) -> tuple[Drawing, Reflection | None]:
    seed = document.seed if arguments.seed is None else arguments.seed
    if arguments.reflect:
        return reflect_on_drawing(arguments, backends, document, seed)
    return backends.generator(arguments.generator).draw(document, seed), None


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
    backends = backends_of(arguments)

    def draw_or_plan(name: str) -> None:
        with planned_requests_printed():
            draw(name, arguments, backends)

    with account_told("semdec", arguments, backends):
        return attempt("semdec", arguments.file, draw_or_plan)


def main() -> int:
    """Run the command; its exit status."""
    return run("semdec", parse_arguments, draw_file)
