"""A ladder: one picture as files of several budgets, and a table of them."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from refcodec.commands.common import check_output, complain, is_there, standard_output, write_output
from refcodec.commands.model_options import tell_that_it_is_there, tell_that_nothing_is_sent
from refcodec.errors import LimitError

if TYPE_CHECKING:
    from refcodec.picture.encoding import Encoded, PictureEncoder

_HEADINGS = ("budget", "bytes", "ubpp", "words", "items", "thumbnail", "requests", "file")


def write_ladder(arguments: Namespace, encoder: PictureEncoder, output: str) -> None:
    """Write OUT-N.sem for each budget N, from the largest down, and print the table.

    What a describer said for one budget is tried for the next before it is asked again. A
    budget that nothing fits is told of at the end, by LimitError, when the others are written.
    With --skip-existing, the files that are there already are left as they are.
    """
    names = {budget: rung_name(output, budget) for budget in sorted(arguments.ladder)}
    skipped = {budget for budget, name in names.items() if _is_skipped(name, arguments)}
    rows = []
    failures = []
    for budget, name in reversed(names.items()):
        if budget in skipped:
            rows.append(_row_of_skipped(budget, name))
            continue
        try:
            encoded = encoder.encode(budget)
        except LimitError as error:
            failures.append(str(error))
            continue
        if not arguments.dry_run:
            _write_rung(name, encoded, arguments)
            rows.append(_row(budget, encoded, name))
    if arguments.dry_run:
        tell_that_nothing_is_sent()
    else:
        print(table(rows[::-1]), file=standard_output())
    if failures:
        raise LimitError("; ".join(failures))


def _is_skipped(name: str, arguments: Namespace) -> bool:
    """Whether the file is there and stays; OSError if it could not be written."""
    if arguments.skip_existing and is_there(name):
        tell_that_it_is_there(arguments, name)
        return True
    makes_folder = arguments.folder is not None
    check_output(name, overwrite=arguments.force, makes_folder=makes_folder)
    return False


def _write_rung(name: str, encoded: Encoded, arguments: Namespace) -> None:
    if arguments.folder:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
    write_output(name, encoded.data, overwrite=arguments.force)
    if not arguments.quiet:
        for note in encoded.notes:
            complain("semenc", f"{name}: {note}")


def rung_name(output: str, budget: int) -> str:
    """The file of one budget: house.sem and 13 give house-13.sem."""
    path = Path(output)
    return str(path.with_name(f"{path.stem}-{budget}{path.suffix}"))


def _row(budget: int, encoded: Encoded, name: str) -> tuple[str, ...]:
    document = encoded.document
    size_bytes = len(encoded.data)
    rate = 8e6 * size_bytes / (document.canvas[0] * document.canvas[1])
    words = sum(
        len(part.split())
        for part in (document.text, *(f"{item.name} {item.detail}" for item in document.items))
    )
    thumbnail = len(document.thumbnail.data) if document.thumbnail else 0
    numbers = (budget, size_bytes, f"{rate:.1f}", words, len(document.items), thumbnail)
    return (*map(str, numbers), str(encoded.requests), name)


def _row_of_skipped(budget: int, name: str) -> tuple[str, ...]:
    """Only its size: what else is in the file, and who made it, need not be of this run."""
    unknown = ["-"] * (len(_HEADINGS) - 4)
    return (str(budget), str(Path(name).stat().st_size), *unknown, "0", name)


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows below their headings, numbers to the right."""
    lines = [_HEADINGS, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS) - 1)]
    return "\n".join(
        "  ".join(
            [*(cell.rjust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]
        )
        for line in lines
    )
