"""semconform: run the conformance vectors against any decoder or renderer.

A decoder is a command that reads a file on standard input. For a valid file it prints the
document as JSON (specification section 7.2) and ends with status 0; for an invalid one it
prints nothing on standard output and ends with the status of the error class (section 10).
A renderer is a command that reads thumbnail and maps as JSON, and writes the pixels (7.3).
"""

from __future__ import annotations

import argparse
import base64
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
DECODER_CLASSES = ("container", "text", "prior-1", "thumbnail", "maps")
RENDERING = "rendering"
STATUS_FAILED = 1

DESCRIPTION = """\
Run the conformance vectors of the .sem format against a decoder: any command that reads a
file on standard input and prints the decoded document as JSON, for example

  semconform -- semcat --json -

or the vectors of class rendering against a renderer: any command that reads a canvas, a
thumbnail and maps as JSON and writes the bytes of the pixels, for example

  semconform --class rendering -- python -m refcodec.commands.render_vector"""


class SuiteError(Exception):
    """The suite itself is damaged or empty, so nothing can be said of a decoder."""


@dataclass(frozen=True)
class Vector:
    """What is given to a decoder or renderer, and what it must make of it.

    `expected` is a document, or for a renderer its pixels: width, height, channels and
    SHA-256 of the bytes, for small pictures the bytes themselves as well.
    """

    name: str
    decoder_class: str
    clause: str
    about: str
    data: bytes
    status: int
    expected: Any


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
    is_rendering = entry["class"] == RENDERING
    ending = "json" if is_rendering else "sem"
    data = (folder / "vectors" / f"{entry['name']}.{ending}").read_bytes()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise SuiteError(f"{entry['name']}: the vector's file is not the one of the manifest")
    expected = None
    if is_rendering:
        drawn = json.loads(data)
        expected = drawn.pop("pixels")
        data = json.dumps(drawn).encode()
    elif entry["status"] == 0:
        expected = json.loads((folder / "vectors" / f"{entry['name']}.json").read_text("utf-8"))
    return Vector(
        name=entry["name"],
        decoder_class=entry["class"],
        clause=entry["clause"],
        about=entry["about"],
        data=data,
        status=entry["status"],
        expected=expected,
    )


def judge(
    command: Sequence[str], timeout_s: float, classes: Iterable[str], vector: Vector
) -> str | None:
    """What is wrong with the answer to one vector, of classes that are decoded, or None."""
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
    if vector.decoder_class == RENDERING:
        return _pixel_difference(answer.stdout, vector.expected)
    return _difference(answer.stdout, vector.expected, set(classes))


def _pixel_difference(written: bytes, expected: dict[str, Any]) -> str | None:
    width, height, channels = expected["width"], expected["height"], expected["channels"]
    if len(written) != width * height * channels:
        return f"{len(written)} bytes, not {width} x {height} x {channels}"
    if hashlib.sha256(written).hexdigest() == expected["sha256"]:
        return None
    if "bytes" not in expected:
        return "the pixels have another SHA-256"
    right = base64.b64decode(expected["bytes"])
    place = next(place for place in range(len(right)) if written[place] != right[place])
    pixel, channel = divmod(place, channels)
    where = f"channel {channel} of pixel ({pixel % width}, {pixel // width})"
    return f"{where} is {written[place]}, not {right[place]}"


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
        choices=(*DECODER_CLASSES, RENDERING),
        help="only vectors of this class; may be repeated (default: all but rendering, which "
        "stands alone)",
    )
    parser.add_argument("--timeout", type=float, default=300, metavar="S", help="seconds a vector")
    parser.add_argument("-j", "--jobs", type=int, default=2, metavar="N", help="vectors at a time")
    parser.add_argument("-v", "--verbose", action="store_true", help="name passed vectors too")
    parser.add_argument(
        "command", nargs="+", metavar="COMMAND", help="the decoder or renderer, after --"
    )
    arguments = parser.parse_args()
    if RENDERING in (arguments.classes or ()) and set(arguments.classes) != {RENDERING}:
        parser.error("--class rendering is for renderers, the other classes are for decoders")
    return arguments


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
    classes = arguments.classes or DECODER_CLASSES
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
