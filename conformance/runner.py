"""semconform: run the conformance vectors against any decoder.

A decoder is a command that reads a file on standard input. For a valid file it prints the
document as JSON (specification section 7.2) and ends with status 0; for an invalid one it
prints nothing on standard output and ends with the status of the error class (section 10).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

SUITE = Path(__file__).parent
CLASSES = ("container", "text", "prior-1", "thumbnail", "maps")
STATUS_FAILED = 1

DESCRIPTION = """\
Run the conformance vectors of the .sem format against a decoder: any command that reads a
file on standard input and prints the decoded document as JSON, for example

  semconform -- semcat --json -"""


class SuiteError(Exception):
    """The suite itself is damaged or empty, so nothing can be said of a decoder."""


@dataclass(frozen=True)
class Vector:
    """One file and what a decoder must make of it."""

    name: str
    decoder_class: str
    clause: str
    about: str
    data: bytes
    status: int
    document: Any


def load_suite(folder: Path, classes: Iterable[str]) -> list[Vector]:
    """The vectors of these classes; SuiteError if a file is not the one of the manifest."""
    wanted = set(classes)
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        vectors = [
            _load_vector(folder, entry) for entry in manifest["vectors"] if entry["class"] in wanted
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise SuiteError(f"{folder}: the suite cannot be read: {error!r}") from error
    if not vectors:
        raise SuiteError("the suite has no vectors of the classes asked for")
    return vectors


def _load_vector(folder: Path, entry: dict[str, Any]) -> Vector:
    data = (folder / "vectors" / f"{entry['name']}.sem").read_bytes()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise SuiteError(f"{entry['name']}: the vector's file is not the one of the manifest")
    document = None
    if entry["status"] == 0:
        document = json.loads((folder / "vectors" / f"{entry['name']}.json").read_text("utf-8"))
    return Vector(
        name=entry["name"],
        decoder_class=entry["class"],
        clause=entry["clause"],
        about=entry["about"],
        data=data,
        status=entry["status"],
        document=document,
    )


def judge(
    command: Sequence[str], timeout_s: float, classes: Iterable[str], vector: Vector
) -> str | None:
    """What is wrong with the answer to one vector of a decoder of these classes, or None."""
    try:
        answer = subprocess.run(
            command, input=vector.data, capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {timeout_s:g} s"
    if answer.returncode != vector.status:
        return f"exit status {answer.returncode}, not {vector.status}"
    if vector.status:
        return "printed something for an invalid file" if answer.stdout else None
    return _difference(answer.stdout, vector.document, set(classes))


def _difference(printed: bytes, expected: Any, classes: set[str]) -> str | None:
    try:
        document = json.loads(printed.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return f"standard output is not JSON: {error}"
    if not isinstance(document, dict):
        return "standard output is not a JSON object"
    document, expected = _comparable(document, classes), _comparable(expected, classes)
    for member in sorted(expected.keys() | document.keys()):
        if member not in document:
            return f"the document lacks {member!r}"
        if member not in expected:
            return f"the document has a member {member!r} of its own"
        # A comparison of texts, because 1, 1.0 and true are equal in Python.
        printed_value, expected_value = document[member], expected[member]
        if json.dumps(printed_value, sort_keys=True) != json.dumps(expected_value, sort_keys=True):
            return f"{member!r} is {_short(printed_value)}, not {_short(expected_value)}"
    return None


def _comparable(document: Any, classes: set[str]) -> Any:
    """The document without what decoders of these classes need not decode."""
    if "thumbnail" not in classes:
        document = {name: value for name, value in document.items() if name != "thumbnail"}
    items = document.get("items")
    if "maps" not in classes and isinstance(items, list):
        without_maps = [
            {name: value for name, value in item.items() if name != "map"}
            if isinstance(item, dict)
            else item
            for item in items
        ]
        document = document | {"items": without_maps}
    return document


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 120 else text[:117] + "..."


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="semconform",
        description=DESCRIPTION,
        epilog="exit status: 0 every vector passed; 1 at least one failed; 2 wrong usage",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--suite", type=Path, default=SUITE, help="a folder with another suite")
    parser.add_argument(
        "--class",
        dest="classes",
        action="append",
        choices=CLASSES,
        help="only vectors of this decoder class; may be repeated (default: all)",
    )
    parser.add_argument("--timeout", type=float, default=60, metavar="S", help="seconds a vector")
    parser.add_argument("-j", "--jobs", type=int, default=2, metavar="N", help="vectors at a time")
    parser.add_argument("-v", "--verbose", action="store_true", help="name passed vectors too")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="the decoder, after --")
    return parser.parse_args()


def main() -> int:
    """Run the command; its exit status."""
    arguments = parse_arguments()
    try:
        return run_suite(arguments)
    except (SuiteError, OSError) as error:
        print(f"semconform: {error}", file=sys.stderr)
        return STATUS_FAILED


def run_suite(arguments: argparse.Namespace) -> int:
    """Judge every vector, print the result; the exit status."""
    classes = arguments.classes or CLASSES
    vectors = load_suite(arguments.suite, classes)
    ask = partial(judge, arguments.command, arguments.timeout, classes)
    with ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        faults = list(pool.map(ask, vectors))
    for vector, fault in zip(vectors, faults, strict=True):
        if fault:
            print(f"FAILED {vector.name} (section {vector.clause}: {vector.about}): {fault}")
        elif arguments.verbose:
            print(f"passed {vector.name}")
    failed = sum(fault is not None for fault in faults)
    print(f"{len(vectors) - failed} passed, {failed} failed", flush=True)
    return STATUS_FAILED if failed else 0
