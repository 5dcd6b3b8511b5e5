"""A ladder: one picture as files of several budgets, and a table of them."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from refcodec.commands.common import check_output, complain, standard_output, write_output
from refcodec.commands.model_options import tell_that_nothing_is_sent
from refcodec.errors import LimitError

if TYPE_CHECKING:
    from refcodec.picture.encoding import Encoded, PictureEncoder

_HEADINGS = ("budget", "bytes", "ubpp", "words", "items", "thumbnail", "requests", "file")


def write_ladder(arguments: Namespace, encoder: PictureEncoder, output: str) -> None:
    """Write OUT-N.sem for each budget N, from the largest down, and print the table.

    What a describer said for one budget is tried for the next before it is asked again. A
    budget that nothing fits is told of at the end, by LimitError, when the others are written.
    """
    names = {budget: rung_name(output, budget) for budget in sorted(arguments.ladder)}
    for name in names.values():
        makes_folder = arguments.folder is not None
        check_output(name, overwrite=arguments.force, makes_folder=makes_folder)
    rows = []
    failures = []
    for budget, name in reversed(names.items()):
        try:
            encoded = encoder.encode(budget)
        except LimitError as error:
            failures.append(str(error))
            continue
        if arguments.dry_run:
            continue
        if arguments.folder:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
        write_output(name, encoded.data, overwrite=arguments.force)
        rows.append(_row(budget, encoded, name))
        if not arguments.quiet:
            for note in encoded.notes:
                complain("semenc", f"{name}: {note}")
    if arguments.dry_run:
        tell_that_nothing_is_sent()
    else:
        print(table(rows[::-1]), file=standard_output())
    if failures:
        raise LimitError("; ".join(failures))


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
