"""semenc: pictures to `.sem` files."""

from __future__ import annotations

import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from refcodec.chunk_payloads import Models
from refcodec.commands.common import (
    STANDARD_STREAM,
    STATUS_FAILED,
    attempt,
    check_output,
    complain,
    first_failure,
    is_there,
    run,
    standard_input,
    write_output,
)
from refcodec.commands.item_options import items_of
from refcodec.commands.model_options import (
    account_told,
    backends_of,
    planned_requests_printed,
    tell_that_it_is_there,
    tell_that_nothing_is_sent,
)
from refcodec.commands.reflecting import check_report, reflect_on_text, report_reflection
from refcodec.commands.semenc_options import parse_arguments
from refcodec.commands.threads import in_threads
from refcodec.picture.names import EMBEDDED, LOCATOR_OF
from refcodec.picture.presets import Preset, preset_of
from refcodec.text.content import Style

if TYPE_CHECKING:
    from refcodec.describers.interfaces import Locator
    from refcodec.describers.templates import Template
    from refcodec.picture.backends import Backends
    from refcodec.picture.encoding import Encoded, PictureEncoder, Plan
    from refcodec.picture.load import LoadedPicture
    from refcodec.reflection.steps import Reflection


def encode_picture(arguments: Namespace, backends: Backends, index: int) -> None:
    """Write one picture as one file, or a file for each budget, and say so on standard error."""
    from refcodec.picture.encoding import PictureEncoder
    from refcodec.picture.load import load_picture

    picture, output = arguments.pictures[index], arguments.outputs[index]
    if not arguments.ladder:
        if arguments.skip_existing and is_there(output):
            tell_that_it_is_there(arguments, output)
            return
        makes_folder = arguments.folder is not None
        check_output(output, overwrite=arguments.force, makes_folder=makes_folder)
    check_report(arguments)
    loaded = load_picture(standard_input() if picture == STANDARD_STREAM else picture)
    encoder = PictureEncoder(loaded, plan_of(arguments, backends, loaded))
    if not arguments.quiet:
        for note in loaded.notes:
            complain("semenc", f"{picture}: {note}")
    if arguments.ladder:
        from refcodec.commands.ladder import write_ladder

        write_ladder(arguments, encoder, output)
        return
    encoded, reflection = encode_one_file(arguments, backends, encoder)
    if arguments.dry_run:
        tell_that_nothing_is_sent()
        return
    write_file(arguments, output, encoded.data)
    report_reflection(arguments, reflection)
    if not arguments.quiet:
        report(arguments, index, encoded)


def encode_one_file(
    arguments: Namespace, backends: Backends, encoder: PictureEncoder
) -> tuple[Encoded, Reflection | None]:
    """The file within the budget of the options, reflected upon if they say so."""
    max_bytes = arguments.max_bytes
    if arguments.ubpp is not None:
        from refcodec.picture.budget import bytes_for_rate

        max_bytes = bytes_for_rate(arguments.ubpp, encoder.picture.canvas)
    if not arguments.reflect:
        return encoder.encode(max_bytes), None
    return reflect_on_text(arguments, backends, encoder, max_bytes)


def plan_of(arguments: Namespace, backends: Backends, loaded: LoadedPicture) -> Plan:
    """What the options say of how this picture becomes a document."""
    from refcodec.describers.interfaces import Description, ItemWish
    from refcodec.picture.encoding import FileForm, Plan

    preset = preset_of(arguments.preset)
    describer = backends.describer(arguments.describer, template_of(arguments, preset))
    style = None if arguments.style is None else Style[arguments.style.upper()]
    form = FileForm(sealed=arguments.sealed, check=not arguments.no_check, search=arguments.search)
    if arguments.sealed:
        described = arguments.text is None
        form = replace(
            form,
            models=Models(describer.number, 0, describer.template_number) if described else None,
            provenance={"software": f"refcodec {version('refcodec')}"},
        )
    return Plan(
        describer=describer,
        fixed=None if arguments.text is None else Description(arguments.text, style=style),
        items=items_of(arguments, loaded),
        item_wish=ItemWish(arguments.item_count, arguments.name_words, arguments.detail_words),
        locator=locator_of(arguments, backends, preset),
        thumbnail_bytes=preset.thumbnail_limit(
            arguments.thumbnail_bytes, has_budget=has_budget(arguments)
        ),
        text_share=arguments.text_share or preset.text_share,
        seed=arguments.seed,
        form=form,
        requests=arguments.requests,
        candidates=arguments.candidates,
    )


def has_budget(arguments: Namespace) -> bool:
    """Whether the options bound the size of the file."""
    return bool(arguments.max_bytes or arguments.ubpp or arguments.ladder)


def template_of(arguments: Namespace, preset: Preset) -> str | Template:
    """The prompt template: the preset's, or the user's own, which must be of the same kind."""
    if arguments.template is None:
        return preset.template
    from refcodec.describers.templates import TemplateError, read_template

    template = read_template(arguments.template)
    if arguments.preset is not None and template.asks_for_items != preset.has_items:
        asks = "asks for items" if template.asks_for_items else "asks for no items"
        raise TemplateError(
            f"template {template.name}: it {asks}, unlike --preset {arguments.preset}; give "
            "another preset or template"
        )
    return template


def locator_of(arguments: Namespace, backends: Backends, preset: Preset) -> Locator | None:
    """Who finds the items: the preset's come with a locator, the user's if one is named."""
    if not (preset.has_items or arguments.locator):
        return None
    name = arguments.locator or LOCATOR_OF[arguments.describer]
    return backends.locator(name, arguments.describer, arguments.map_size, arguments.map_bits)


def write_file(arguments: Namespace, output: str, data: bytes) -> None:
    """Write one file, into the folder if there is one."""
    if arguments.folder:
        Path(output).parent.mkdir(parents=True, exist_ok=True)
    write_output(output, data, overwrite=arguments.force)


def report(arguments: Namespace, index: int, encoded: Encoded) -> None:
    """What was done and what a user should know of it, on standard error."""
    for note in encoded.notes:
        complain("semenc", f"{arguments.pictures[index]}: {note}")
    count = len(arguments.pictures)
    progress = f"[{index + 1}/{count}] " if count > 1 else ""
    size_bytes = len(encoded.data)
    rate = 8e6 * size_bytes / (encoded.document.canvas[0] * encoded.document.canvas[1])
    complain("semenc", f"{progress}{arguments.outputs[index]}: {size_bytes} bytes, {rate:.1f} ubpp")


def encode_one(arguments: Namespace, backends: Backends, index: int) -> int:
    """`encode_picture`, its errors printed; the exit status."""

    def encode(_: str) -> None:
        with planned_requests_printed():
            encode_picture(arguments, backends, index)

    return attempt("semenc", arguments.pictures[index], encode)


def encode_pictures(arguments: Namespace) -> int:
    """Write every picture; the first failure's status."""
    backends = backends_of(arguments)
    with account_told("semenc", arguments, backends):
        return first_failure(_statuses(arguments, backends))


def _statuses(arguments: Namespace, backends: Backends) -> Iterable[int]:
    """The exit status of each picture, as they come."""
    indices = range(len(arguments.pictures))
    jobs = min(arguments.jobs, len(indices))
    if arguments.describer != EMBEDDED:
        # Whoever waits for answers shares one connection, one cache and one model.
        return in_threads(partial(encode_one, arguments, backends), jobs, indices)
    if jobs == 1 or STANDARD_STREAM in arguments.pictures:
        # Another process could not read this one's standard input.
        return map(partial(encode_one, arguments, backends), indices)
    return _in_processes(partial(_encode_apart, arguments), jobs, indices)


def _encode_apart(arguments: Namespace, index: int) -> int:
    """`encode_one` in a process of its own, which cannot be handed the other's backends."""
    return encode_one(arguments, backends_of(arguments), index)


def _in_processes(encode: Callable[[int], int], jobs: int, indices: Sequence[int]) -> Iterator[int]:
    """`encode` of each in worker processes; when this one is told to end, they end as well."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    pool = ProcessPoolExecutor(jobs, initializer=_leave_signals_to_parent)
    try:
        yield from pool.map(encode, indices)
    except BrokenProcessPool:
        complain("semenc", "a worker process was killed; pictures not reported are not written")
        yield STATUS_FAILED
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_signals_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def main() -> int:
    """Run the command; its exit status."""
    return run("semenc", parse_arguments, encode_pictures)
