"""semcat: print the text of `.sem` files."""

from __future__ import annotations

import json
import sys
from argparse import Namespace

from refcodec.codec import loads
from refcodec.commands.common import for_each, new_parser, print_as_utf8, print_text, read_file
from refcodec.document import Document, to_json

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


def plain_text(document: Document) -> str:
    """The description, then a line `- name: detail` for each item."""
    items = (
        f"- {item.name}: {item.detail}" if item.detail else f"- {item.name}"
        for item in document.items
    )
    return "\n".join([document.text, *items])


def main() -> int:
    """Run the command; its exit status."""
    arguments = parse_arguments()
    print_as_utf8()

    def print_file(name: str) -> None:
        document = loads(read_file(name))
        if arguments.json:
            print(json.dumps(to_json(document)))
        else:
            print_text(plain_text(document), sys.stdout)
        sys.stdout.flush()

    return for_each("semcat", arguments.files, print_file)
