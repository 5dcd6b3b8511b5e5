"""The registry (specification section 8) as this package carries it: numbers and their meaning."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from refcodec.errors import UnsupportedError

# The packages that carry the folders of registered files.
_PACKAGES = {"spec": "refcodec.spec", "refcodec/templates": "refcodec.templates"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of registry.csv; `digest` is a SHA-256 in hexadecimal, or empty."""

    kind: str
    number: int
    name: str
    status: str
    digest: str
    licence: str
    source: str


@cache
def entries() -> dict[tuple[str, int], Entry]:
    """All rows by kind and number; numbers are written in decimal or as 0x.."""
    table = resources.files("refcodec.spec").joinpath("registry.csv").read_text("utf-8")
    rows = csv.DictReader(table.splitlines())
    registered = (
        Entry(
            row["kind"],
            int(row["number"], 0),
            row["name"],
            row["status"],
            row["digest"],
            row["licence"],
            row["source"],
        )
        for row in rows
    )
    return {(entry.kind, entry.number): entry for entry in registered}


def lookup(kind: str, number: int) -> Entry:
    """The row of a number; UnsupportedError if the registry has none."""
    try:
        return entries()[kind, number]
    except KeyError:
        raise UnsupportedError(f"registry: no {kind} has the number {number}") from None


def number_of(kind: str, name: str) -> int:
    """The number of a registered name; UnsupportedError if the registry has none."""
    for entry in entries().values():
        if (entry.kind, entry.name) == (kind, name):
            return entry.number
    raise UnsupportedError(f"registry: no {kind} has the name {name!r}")


def registered_file(kind: str, number: int) -> bytes:
    """The file that a number is bound to: beside the specification, or a prompt template.

    UnsupportedError if the registry has no such number or the file another digest.
    """
    entry = lookup(kind, number)
    folder, _, name = entry.source.rpartition("/")
    data = (resources.files(_PACKAGES[folder]) / name).read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if digest != entry.digest:
        raise UnsupportedError(
            f"{name}: its digest is {digest}, not the registered one; install the package again"
        )
    return data


def name_of(kind: str, number: int) -> str:
    """The registered name, or the number itself where the registry has none."""
    entry = entries().get((kind, number))
    return entry.name if entry else str(number)
