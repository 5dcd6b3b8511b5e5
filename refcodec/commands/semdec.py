"""semdec: `.sem` files to pictures."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from refcodec.codec import loads
from refcodec.commands.common import (
    STANDARD_STREAM,
    for_each,
    new_parser,
    read_file,
    refuse_existing,
    write_file,
)
from refcodec.errors import MalformedError
from refcodec.picture.pipeline import BASELINE

DESCRIPTION = """\
Draw a .sem file as a PNG.

The baseline rendering enlarges the thumbnail to the canvas, and is the same to the last bit
everywhere. Without a thumbnail the canvas is grey, and bears the description as a courtesy."""


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
    parser.add_argument(
        "--thumbnail",
        action="store_true",
        help="write the samples of the thumbnail itself, not enlarged",
    )
    arguments = parser.parse_args()
    if arguments.output is None:
        is_stream = arguments.file == STANDARD_STREAM
        arguments.output = (
            STANDARD_STREAM if is_stream else str(Path(arguments.file).with_suffix(".png"))
        )
    elif arguments.output != STANDARD_STREAM and Path(arguments.output).suffix.lower() != ".png":
        parser.error(f"-o {arguments.output}: only PNG is written; give a name that ends in .png")
    return arguments


def main() -> int:
    """Run the command; its exit status."""
    arguments = parse_arguments()

    def draw(name: str) -> None:
        from refcodec.picture.output import draw_document, to_png

        refuse_existing(arguments.output, overwrite=arguments.force)
        data = read_file(name)
        document = loads(data)
        if arguments.thumbnail:
            if document.thumbnail is None:
                raise MalformedError(
                    "no thumbnail: the file holds none; draw it without --thumbnail"
                )
            picture = document.thumbnail.image()
        else:
            picture = draw_document(document, arguments.generator)
        png = to_png(picture, document, data, arguments.generator)
        write_file(arguments.output, png, overwrite=arguments.force)

    return for_each("semdec", [arguments.file], draw)
