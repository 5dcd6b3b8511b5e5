"""Reflection as the commands offer it: `semenc --reflect` and `semdec --reflect`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, _ArgumentGroup
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from refcodec.commands.common import check_folder, complain, refuse_existing
from refcodec.commands.values import integer
from refcodec.picture.names import BASELINE, EMBEDDED
from refcodec.text.content import Style

if TYPE_CHECKING:
    from refcodec.document import Document
    from refcodec.generators.interfaces import Drawing
    from refcodec.picture.backends import Backends
    from refcodec.picture.encoding import Encoded, PictureEncoder
    from refcodec.reflection.judge import Judge
    from refcodec.reflection.steps import OnStep, Reflection, Step

# How a drawing is compared with its text.
COMPARE: Final = "compare"
JUDGES: Final = (COMPARE, "describe")
# The share of a budget for the first description; the rest is for what its drawing has lost.
FIRST_SHARE: Final = 0.75


def add_reflection_options(group: _ArgumentGroup, purpose: str) -> None:
    """--reflect and --report; `purpose` says in the help what a round is."""
    group.add_argument("--reflect", type=integer(1, 100), metavar="N", help=purpose)
    group.add_argument(
        "--report", type=Path, metavar="FOLDER", help="with --reflect: every step, as JSON and PNG"
    )


def check_reflection(parser: ArgumentParser, arguments: Namespace) -> None:
    """A usage error where reflection lacks somebody who looks, or draws."""
    if arguments.reflect and arguments.describer == EMBEDDED:
        parser.error("--reflect needs a vision model; give --describer openai or transformers")
    if arguments.reflect and arguments.generator == BASELINE:
        parser.error("--reflect draws what the text says; give --generator openai or diffusers")
    if arguments.report and not arguments.reflect:
        parser.error("--report tells of --reflect; give that as well")


def reflect_on_text(
    arguments: Namespace, backends: Backends, encoder: PictureEncoder, max_bytes: int
) -> tuple[Encoded, Reflection]:
    """The file of a description that says what its drawing first lost, within `max_bytes`."""
    from refcodec.backends.errors import BackendError
    from refcodec.errors import LimitError
    from refcodec.reflection.encoder import describer_rewrite, reflect_description
    from refcodec.reflection.losses import ModelLossFinder

    try:
        first = encoder.encode(int(FIRST_SHARE * max_bytes))
    except LimitError:
        first = encoder.encode(max_bytes)
    describer = encoder.plan.describer
    reflection = reflect_description(
        encoder.picture,
        first.document,
        backends.generator(arguments.generator),
        ModelLossFinder(backends.vision(arguments.describer)),
        arguments.reflect,
        max_bytes=max_bytes,
        dump=lambda document: encoder.dump([document])[0],
        rewrite=describer_rewrite(describer, encoder.picture),
        seed=arguments.seed,
        on_step=_teller("semenc", arguments),
    )
    document = reflection.best.document
    best = encoder.refit(document, max_bytes)
    if document.text == first.document.text:
        # Nothing was better, so the bytes that were kept for it are the describer's; if he
        # fails now, what there is already is not lost.
        with suppress(BackendError, LimitError):
            best = encoder.encode(max_bytes)
            note = "nothing that was lost fitted or helped; the description fills the bytes instead"
            best = replace(best, notes=(*best.notes, note))
    return replace(best, notes=(*best.notes, *reflection.notes)), reflection


def reflect_on_drawing(
    arguments: Namespace, backends: Backends, document: Document, seed: int | None
) -> tuple[Drawing, Reflection]:
    """The best drawing of a document after so many rounds."""
    from refcodec.reflection.decoder import reflect_drawing

    reflection = reflect_drawing(
        document,
        backends.generator(arguments.generator),
        _judge(arguments, backends, document),
        arguments.reflect,
        seed,
        on_step=_teller("semdec", arguments),
    )
    drawing = reflection.best.drawing
    return replace(drawing, notes=(*drawing.notes, *reflection.notes)), reflection


def _judge(arguments: Namespace, backends: Backends, document: Document) -> Judge:
    from refcodec.reflection.judge import DescriberJudge, ModelJudge

    if arguments.judge == COMPARE:
        return ModelJudge(backends.vision(arguments.describer))
    # The drawing is described in the way in which the document describes.
    template = "items" if document.items else "caption"
    if document.style is Style.RASTER:
        template = "raster"
    return DescriberJudge(backends.describer(arguments.describer, template))


def _teller(command: str, arguments: Namespace) -> OnStep:
    def tell(step: Step) -> None:
        if not arguments.quiet:
            score = "not judged" if step.score is None else f"score {step.score:.2f}"
            kept = "kept" if step.kept else "not kept"
            complain(command, f"round {step.round}: {step.action.value}, {score}, {kept}")

    return tell


def check_report(arguments: Namespace) -> None:
    """OSError, before anything is asked for, where the report could not be written."""
    if arguments.report is None:
        return
    from refcodec.reflection.report import JSON_NAME, STRIP_NAME

    check_folder(arguments.report, str(arguments.report))
    for name in (JSON_NAME, STRIP_NAME):
        refuse_existing(str(arguments.report / name), overwrite=arguments.force)


def report_reflection(arguments: Namespace, reflection: Reflection | None) -> None:
    """Write the report, if there is to be one; only after the file that was paid for."""
    if arguments.report is None or reflection is None:
        return
    from refcodec.reflection.report import write_report

    write_report(
        arguments.report,
        reflection,
        {
            name: getattr(arguments, name)
            for name in ("generator", "describer", "judge")
            if hasattr(arguments, name)
        },
    )
