"""seminfo: account for every byte of `.sem` files."""

from __future__ import annotations

import json
from argparse import Namespace
from functools import partial
from typing import Any

from refcodec.codec import loads
from refcodec.commands.common import (
    attempt,
    first_failure,
    new_parser,
    print_as_utf8,
    read_input,
    run,
    standard_output,
    visible,
)
from refcodec.errors import SemError
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


def print_report(name: str, arguments: Namespace) -> None:
    """Print one file's report; with --check, raise what decoding it raises, after printing."""
    output = standard_output()
    data = read_input(name)
    report = inspect(data)
    fault = _fault(data) if arguments.check else None
    checked = {"checked": fault.name if fault else "ok"} if arguments.check else {}
    if arguments.json:
        print(json.dumps({"file": name, **report, **checked}), file=output)
    else:
        print(table(name, report), file=output)
        if arguments.check and not fault:
            print("  all that can be checked is right", file=output)
    output.flush()
    if fault:
        raise fault


def _fault(data: bytes) -> SemError | None:
    """What is wrong with the content of a file whose container is right."""
    try:
        loads(data)
    except SemError as error:
        return error
    return None


def print_reports(arguments: Namespace) -> int:
    """Print every file's report; the first failure's status."""
    print_as_utf8()
    show = partial(print_report, arguments=arguments)
    return first_failure(attempt("seminfo", name, show) for name in arguments.files)


def main() -> int:
    """Run the command; its exit status."""
    return run("seminfo", parse_arguments, print_reports)
