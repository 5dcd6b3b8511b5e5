"""Check the registry: `python -m tools.validate_registry [FILE] [--against OLDER]`.

Rules of specification section 8. With `--against`, rows of the older file that were not
drafts must still be there, word for word, and in their order. Prints every fault; the exit
status is 1 if there is one.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
COLUMNS = ("kind", "number", "name", "status", "digest", "licence", "source")
STATUSES = {"draft", "final", "deprecated"}
# The least and the greatest number that may be registered, by kind.
RANGES = {
    "canvas-class": (0, 7),
    "chunk": (0x08, 0xFF),
    "text-mode": (0, 7),
    "thumbnail-weights": (1, (1 << 32) - 1),
    "map-weights": (1, (1 << 32) - 1),
    "prior": (1, (1 << 32) - 1),
    "describer": (1, (1 << 32) - 1),
    "generator": (1, (1 << 32) - 1),
    "template": (1, (1 << 32) - 1),
}
PRIVATE_CHUNK_BIT = 0x40
PRIVATE_RANGE = range(1 << 20, 1 << 21)
NEEDS_DIGEST = {"prior", "thumbnail-weights", "map-weights"}
# A template that is a file of this kind is bound by its digest; others are parts of a program.
TEMPLATE_FILE_ENDING = ".txt"

Row = tuple[str, ...]


def read_rows(text: str) -> tuple[list[Row], list[str]]:
    """The rows below the header, and what is wrong with the table as a table."""
    rows = [tuple(row) for row in csv.reader(text.splitlines(), strict=True)]
    if not rows or rows[0] != COLUMNS:
        return [], [f"the first line must be {','.join(COLUMNS)}"]
    faults = [
        f"line {line}: {len(row)} columns, not {len(COLUMNS)}"
        for line, row in enumerate(rows[1:], start=2)
        if len(row) != len(COLUMNS)
    ]
    return [row for row in rows[1:] if len(row) == len(COLUMNS)], faults


def row_faults(row: Row, root: Path) -> list[str]:
    """What is wrong with one row on its own."""
    kind, number, name, status, digest, _, source = row
    label = f"{kind} {number}"
    faults = []
    if any(word != word.strip() for word in row) or not name:
        faults.append(f"{label}: a word with spaces around it, or no name")
    if kind not in RANGES:
        return [*faults, f"{label}: unknown kind"]
    if status not in STATUSES:
        faults.append(f"{label}: unknown status {status!r}")
    faults += [f"{label}: {fault}" for fault in _number_faults(kind, number)]
    if digest and not re.fullmatch("[0-9a-f]{64}", digest):
        faults.append(f"{label}: the digest is not 64 lower-case hexadecimal digits")
    is_template_file = kind == "template" and source.endswith(TEMPLATE_FILE_ENDING)
    if (kind in NEEDS_DIGEST or is_template_file) and not digest:
        faults.append(f"{label}: a digest is needed")
    file = root / source
    if is_template_file and not file.is_file():
        faults.append(f"{label}: {source} is not there")
    if digest and file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() != digest:
        faults.append(f"{label}: {source} has another digest")
    return faults


def _number_faults(kind: str, number: str) -> list[str]:
    pattern = "0x[0-9a-f]{2}" if kind == "chunk" else "0|[1-9][0-9]*"
    if not re.fullmatch(pattern, number):
        return ["the number is not written as this kind's are"]
    value = int(number, 0)
    least, greatest = RANGES[kind]
    if not least <= value <= greatest:
        return [f"the number is not in {least} to {greatest}"]
    is_private = value & PRIVATE_CHUNK_BIT if kind == "chunk" else value in PRIVATE_RANGE
    return ["the number is private, and private numbers are not registered"] if is_private else []


def table_faults(rows: Sequence[Row]) -> list[str]:
    """What is wrong between rows."""
    seen: set[tuple[str, str]] = set()
    faults = []
    for row in rows:
        if row[:2] in seen:
            faults.append(f"{row[0]} {row[1]}: registered twice")
        seen.add((row[0], row[1]))
    return faults


def history_faults(rows: Sequence[Row], older: Sequence[Row]) -> list[str]:
    """What has been changed, moved or removed since `older` and must not have been."""
    kept = [row for row in older if row[3] != "draft"]
    present = set(rows)
    faults = [
        f"{row[0]} {row[1]}: changed or removed though its status was {row[3]}"
        for row in kept
        if row not in present and not _is_deprecation(row, present)
    ]
    positions = [rows.index(row) for row in kept if row in present]
    if positions != sorted(positions):
        faults.append("rows that were not drafts have changed their order")
    return faults


def _is_deprecation(row: Row, present: set[Row]) -> bool:
    return row[3] == "final" and (*row[:3], "deprecated", *row[4:]) in present


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=ROOT / "spec" / "registry.csv")
    parser.add_argument("--against", type=Path, metavar="OLDER")
    arguments = parser.parse_args()
    rows, faults = read_rows(arguments.file.read_text("utf-8"))
    faults += [fault for row in rows for fault in row_faults(row, ROOT)]
    faults += table_faults(rows)
    if arguments.against:
        faults += history_faults(rows, read_rows(arguments.against.read_text("utf-8"))[0])
    print("\n".join(faults) if faults else f"{len(rows)} rows, no fault")
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
