"""seminfo: account for every byte of `.sem` files."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from typing import Any

from refcodec.codec import loads
from refcodec.commands.common import for_each, new_parser, print_as_utf8, read_file, visible
from refcodec.inspection import inspect

DESCRIPTION = """\
Show where every byte of .sem files goes, and micro-bits per pixel (ubpp) of each part.
Needs no prior and no model; unknown chunks are listed too."""


def parse_arguments() -> Namespace:
    """The command line."""
    parser = new_parser("seminfo", DESCRIPTION)
    parser.add_argument("files", nargs="+", metavar="FILE", help="a .sem file; - is standard input")
    parser.add_argument("--json", action="store_true", help="print JSON, a line a file")
    parser.add_argument(
        "--check", action="store_true", help="decode everything that can be decoded as well"
    )
    return parser.parse_args()


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


def main() -> int:
    """Run the command; its exit status."""
    arguments = parse_arguments()
    print_as_utf8()

    def print_report(name: str) -> None:
        data = read_file(name)
        report = inspect(data)
        if arguments.json:
            print(json.dumps({"file": name, **report}))
        else:
            print(table(name, report))
        if arguments.check:
            loads(data)
            if not arguments.json:
                print("  all that can be checked is right")
        sys.stdout.flush()

    return for_each("seminfo", arguments.files, print_report)
