"""seminfo: account for every byte of `.sem` files."""

from __future__ import annotations

import json
import os
import shutil
from argparse import Namespace
from functools import partial
from typing import Any, TextIO

from refcodec.codec import loads
from refcodec.commands.common import (
    attempt,
    first_failure,
    new_parser,
    print_as_utf8,
    read_input,
    run,
    standard_output,
)
from refcodec.document import Document
from refcodec.errors import SemError
from refcodec.inspection import inspect
from refcodec.text.visible import visible

DESCRIPTION = """\
Show where every byte of .sem files goes, and micro-bits per pixel (ubpp) of each part.
Needs no prior and no model; unknown chunks are listed too. On a terminal, thumbnail and
maps are drawn in characters, for which the text is decoded: maps have the names of items."""

INDENT = "  "
MAP_MAX_COLUMNS = 32
# What is left below a drawing for the line that names it and for the prompt.
SPARE_LINES = 3
DRAWN_PARTS = {"thumbnail chunk", "maps chunk"}


def parse_arguments() -> Namespace:
    """The command line."""
    parser = new_parser("seminfo", DESCRIPTION)
    parser.add_argument("files", nargs="+", metavar="FILE", help="a .sem file; - is standard input")
    parser.add_argument("--json", action="store_true", help="print JSON, a line a file")
    parser.add_argument(
        "--check", action="store_true", help="decode everything that can be decoded as well"
    )
    parser.add_argument(
        "--show",
        choices=["auto", "always", "never"],
        default="auto",
        help="draw thumbnail and maps; auto: on a terminal (colours by TERM, COLORTERM, NO_COLOR)",
    )
    arguments = parser.parse_args()
    if arguments.json and arguments.show == "always":
        parser.error("--json prints nothing but JSON; leave out --show always")
    return arguments


def table(name: str, report: dict[str, Any]) -> str:
    """The report for people: a headline, then a row for each part."""
    width, height = report["canvas"]
    lines = [
        f"{visible(name)}: {report['form']}, {report['size_bytes']} bytes, {width} x {height}, "
        f"{report['micro_bits_per_pixel']:.1f} ubpp",
        "  offset  bytes       ubpp  part",
    ]
    lines += [
        f"  {part['offset']:6}  {part['size_bytes']:5}  {part['micro_bits_per_pixel']:9.1f}  "
        f"{part['name']}{' (' + part['note'] + ')' if part['note'] else ''}"
        for part in report["parts"]
    ]
    return "\n".join(lines)


def print_report(name: str, arguments: Namespace) -> None:
    """Print one file's report; with --check, raise what decoding it raises, after printing."""
    output = standard_output()
    data = read_input(name)
    report = inspect(data)
    drawn = _is_shown(arguments, output) and any(
        part["name"] in DRAWN_PARTS for part in report["parts"]
    )
    document, fault = _decoded(data) if arguments.check or drawn else (None, None)
    checked = {"checked": fault.name if fault else "ok"} if arguments.check else {}
    if arguments.json:
        print(json.dumps({"file": name, **report, **checked}), file=output)
    else:
        print(table(name, report), file=output)
        if arguments.check and not fault:
            print("  all that can be checked is right", file=output)
        if drawn and document:
            print("\n".join(drawing(document)), file=output)
        elif drawn:
            print(f"  thumbnail and maps are not drawn: {visible(str(fault))}", file=output)
    output.flush()
    if arguments.check and fault:
        raise fault


def _is_shown(arguments: Namespace, output: TextIO) -> bool:
    on_terminal = output.isatty() and not arguments.json and os.environ.get("TERM") != "dumb"
    return bool({"always": True, "never": False, "auto": on_terminal}[arguments.show])


def _decoded(data: bytes) -> tuple[Document | None, SemError | None]:
    """The content of a file whose container is right, or what is wrong with it."""
    try:
        return loads(data), None
    except SemError as error:
        return None, error


def drawing(document: Document) -> list[str]:
    """Thumbnail and maps in lines of characters, as large as the terminal allows."""
    # They load numpy and Pillow, without which the table is printed sooner.
    from refcodec.commands import terminal
    from refcodec.visual.levels import map_levels

    columns, lines = shutil.get_terminal_size()
    room = columns - 2 * len(INDENT), lines - SPARE_LINES
    written = []
    if document.thumbnail:
        image = document.thumbnail.image()
        written.append(f"thumbnail, {image.width} x {image.height} samples")
        depth = terminal.colour_depth(os.environ)
        written += terminal.picture_lines(image, terminal.fitted(document.canvas, room), depth)
    map_size = terminal.fitted(document.canvas, (min(room[0], MAP_MAX_COLUMNS), room[1]))
    for number, item in enumerate(document.items, start=1):
        if item.map:
            levels = map_levels(item.map)
            height, width = levels.shape
            written.append(f"map {number}, {width} x {height} cells: {visible(item.name)}")
            written += terminal.shade_lines(levels, map_size)
    return [INDENT + line for line in written]


def print_reports(arguments: Namespace) -> int:
    """Print every file's report; the first failure's status."""
    print_as_utf8()
    show = partial(print_report, arguments=arguments)
    return first_failure(attempt("seminfo", name, show) for name in arguments.files)


def main() -> int:
    """Run the command; its exit status."""
    return run("seminfo", parse_arguments, print_reports)
