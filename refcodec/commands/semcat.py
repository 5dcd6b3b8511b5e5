"""semcat: print the text of `.sem` files."""

from __future__ import annotations

import json
from argparse import Namespace
from functools import partial

from refcodec.codec import loads
from refcodec.commands.common import (
    attempt,
    first_failure,
    new_parser,
    print_as_utf8,
    print_text,
    read_input,
    run,
    standard_output,
)
from refcodec.document import plain_text, to_json

DESCRIPTION = """\
Print the text of .sem files, a paragraph a file, with a line for each item.
Never touches the network. On a terminal, control characters are shown as escapes."""


def parse_arguments() -> Namespace:
    """The command line."""
    parser = new_parser("semcat", DESCRIPTION)
    parser.add_argument("files", nargs="+", metavar="FILE", help="a .sem file; - is standard input")
    parser.add_argument(
        "--json",
        action="store_true",
        help="print the whole document as JSON, a line a file",
    )
    return parser.parse_args()


def print_file(name: str, *, as_json: bool) -> None:
    """Print one file on standard output."""
    output = standard_output()
    document = loads(read_input(name))
    if as_json:
        print(json.dumps(to_json(document)), file=output)
    else:
        print_text(plain_text(document), output)
    output.flush()


def print_files(arguments: Namespace) -> int:
    """Print every file; the first failure's status."""
    print_as_utf8()
    show = partial(print_file, as_json=arguments.json)
    return first_failure(attempt("semcat", name, show) for name in arguments.files)


def main() -> int:
    """Run the command; its exit status."""
    return run("semcat", parse_arguments, print_files)
