"""Reflection when a picture is described: draw the description, and say what was lost.

The bytes that a budget leaves are spent on what the drawing has lost of the original, as long
as that makes the drawing better. Sizes are those of whole coded files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from refcodec.describers.interfaces import Wish
from refcodec.document import Document
from refcodec.errors import LimitError
from refcodec.generators.fitting import over_white
from refcodec.reflection.differences import Judgement
from refcodec.reflection.steps import (
    DEFAULT_PATIENCE,
    Action,
    OnStep,
    Plan,
    Reflection,
    Step,
    Trial,
    climb,
)

if TYPE_CHECKING:
    from refcodec.describers.interfaces import Describer
    from refcodec.generators.interfaces import Generator
    from refcodec.picture.load import LoadedPicture
    from refcodec.reflection.losses import LossFinder

Dump = Callable[[Document], bytes]
# From a document and what must be said, other documents of the same picture, of any size.
Rewrite = Callable[[Document, tuple[str, ...]], Sequence[Document]]


def reflect_description(
    picture: LoadedPicture,
    document: Document,
    generator: Generator,
    finder: LossFinder,
    rounds: int,
    *,
    max_bytes: int,
    dump: Dump,
    rewrite: Rewrite | None = None,
    seed: int | None = None,
    patience: int = DEFAULT_PATIENCE,
    on_step: OnStep | None = None,
) -> Reflection:
    """Improve a description within `max_bytes` of file, by drawing it for up to `rounds` rounds.

    Each round adds to the best description so far what its drawing has lost, the weightiest
    first and as much as fits; where that does not fit or has not helped, `rewrite` is asked for
    descriptions that say it, then losses are added one by one. What is drawn worse is not kept.
    Every drawing has the same seed, so that only the words make a difference.

    Raises LimitError if the document itself is too large, and BackendError or SemError if it
    cannot be drawn; later errors are in the result.
    """
    size_bytes = len(dump(document))
    if size_bytes > max_bytes:
        raise LimitError(
            f"budget: the file takes {size_bytes} bytes before reflection, {max_bytes} are "
            "allowed; shorten the text, or allow more"
        )
    candidates = _Candidates(max_bytes, dump, rewrite)

    def draw(candidate: Document) -> Trial:
        drawing = generator.draw(candidate, seed)
        return Trial(candidate, drawing, size_bytes=len(dump(candidate)))

    def judge_trial(trial: Trial) -> Judgement:
        return finder.find(picture.image, over_white(trial.drawing.image), trial.document)

    def plan_next(best: Trial, steps: Sequence[Step]) -> Plan | None:
        drawn = {step.text for step in steps}
        for action, candidate in candidates.better_than(best):
            if candidate.text not in drawn:
                return Plan(action, partial(draw, candidate), aims=best.differences)
        return None

    first = Plan(Action.DRAW, partial(draw, document))
    return climb(first, judge_trial, plan_next, rounds=rounds, patience=patience, on_step=on_step)


def describer_rewrite(describer: Describer, picture: LoadedPicture, candidates: int = 3) -> Rewrite:
    """A rewrite that asks the describer again, at the same length, with what must be said.

    Items keep their names, details and maps: only the text is another.
    """

    def rewrite(document: Document, mention: tuple[str, ...]) -> list[Document]:
        if not describer.obeys_wishes:
            return []
        wish = Wish(words=_word_count(document), candidates=candidates, mention=mention)
        descriptions = describer.describe(picture, wish)
        return [replace(document, text=said.text, style=said.style) for said in descriptions]

    return rewrite


def _word_count(document: Document) -> int:
    items = (f"{item.name} {item.detail}" for item in document.items)
    return sum(len(said.split()) for said in (document.text, *items))


class _Candidates:
    """Descriptions that fit and say more than the best so far."""

    def __init__(self, max_bytes: int, dump: Dump, rewrite: Rewrite | None) -> None:
        self._max_bytes = max_bytes
        self._dump = dump
        self._rewrite = rewrite
        self._rewritten: dict[tuple[str, ...], Sequence[Document]] = {}

    def better_than(self, best: Trial) -> Iterator[tuple[Action, Document]]:
        """Candidates in the order of trying; the describer is asked only if it comes to that."""
        document = best.document
        text = document.text.casefold()
        losses = [
            difference.what
            for difference in best.differences
            if difference.what.casefold() not in text
        ]
        yield Action.ADD, self._with_clauses(document, losses)
        for candidate in self._rewrites(document, tuple(losses)):
            if self._fits(candidate):
                yield Action.REWRITE, candidate
        for loss in losses:
            yield Action.ADD, self._with_clauses(document, [loss])

    def _rewrites(self, document: Document, losses: tuple[str, ...]) -> Sequence[Document]:
        """What `rewrite` makes of a document; it is asked once for the same."""
        if self._rewrite is None or not losses:
            return ()
        key = (document.text, *losses)
        if key not in self._rewritten:
            self._rewritten[key] = self._rewrite(document, losses)
        return self._rewritten[key]

    def _with_clauses(self, document: Document, clauses: Sequence[str]) -> Document:
        """The document with those clauses added, in their order, that fit."""
        for clause in clauses:
            try:
                longer = replace(document, text=with_clause(document.text, clause))
            except LimitError:
                continue
            if self._fits(longer):
                document = longer
        return document

    def _fits(self, document: Document) -> bool:
        return len(self._dump(document)) <= self._max_bytes


def with_clause(text: str, clause: str) -> str:
    """A text with one more thing said at its end, as a sentence if the text is one."""
    text = text.rstrip()
    if not text:
        return clause
    if text[-1] in ".!?":
        return f"{text} {clause[0].upper()}{clause[1:]}."
    return f"{text.rstrip(',;')}, {clause}"
