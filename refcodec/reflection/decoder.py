"""Reflection when a file is drawn: draw, judge, and correct what the description has otherwise.

After image reflection (Dotzel et al., arXiv 2402.13536), whose known fault is that a fix undoes
an earlier one: here each correction starts from the best drawing so far and stays only if the
drawing as a whole is judged better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from refcodec.document import Document
from refcodec.errors import LimitError
from refcodec.generators.fitting import over_white
from refcodec.limits import SEED_MAX
from refcodec.reflection.differences import Difference, Judgement
from refcodec.reflection.places import edit_mask, is_local
from refcodec.reflection.prompts import correction_prompt, stressed_text
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
    from PIL.Image import Image

    from refcodec.generators.interfaces import Generator
    from refcodec.reflection.judge import Judge

# The more is asked of one edit, the more it disturbs what was right.
_AIMS_MAX: Final = 5


def reflect_drawing(
    document: Document,
    generator: Generator,
    judge: Judge,
    rounds: int,
    seed: int | None = None,
    *,
    on_step: OnStep | None = None,
    patience: int = DEFAULT_PATIENCE,
    may_edit: bool = True,
) -> Reflection:
    """Draw a document, and for up to `rounds` rounds more make the drawing more faithful.

    A round edits the best drawing so far, only within the maps of the items in question if
    these are known; differences that an edit did not put right are met by drawing anew, with
    another seed and a text that stresses them. It ends when the judge finds no difference,
    when `patience` rounds in a row have not improved the drawing, or when a model fails.
    `on_step` is called after each drawing. Without `may_edit`, every round draws anew.

    Raises BackendError or SemError if there is no first drawing; later ones are in the result.
    """
    plans = _Plans(document, generator, seed, may_edit=may_edit)

    def judge_trial(trial: Trial) -> Judgement:
        return judge.judge(over_white(trial.drawing.image), document)

    return climb(
        plans.first(), judge_trial, plans.next, rounds=rounds, patience=patience, on_step=on_step
    )


class _Plans:
    """What to try, from what has been tried."""

    def __init__(
        self, document: Document, generator: Generator, seed: int | None, *, may_edit: bool
    ) -> None:
        self._document = document
        self._generator = generator
        self._seed = seed
        self._may_edit = may_edit

    def first(self) -> Plan:
        return Plan(Action.DRAW, partial(self._draw, self._document, self._seed))

    def next(self, best: Trial, steps: Sequence[Step]) -> Plan:
        seed = self._other_seed(len(steps))
        aims = self._aims(best, steps)
        if not aims:
            again = _stressed(self._document, best.differences)
            return Plan(Action.REGENERATE, partial(self._draw, again, seed), aims=best.differences)
        instruction = correction_prompt(aims)
        mask = edit_mask(self._document, aims)
        edit = partial(self._edit, best.drawing.image, instruction, mask, seed)
        return Plan(Action.EDIT, edit, instruction, aims)

    def _aims(self, best: Trial, steps: Sequence[Step]) -> tuple[Difference, ...]:
        """The differences that an edit should put right; none if drawing anew is the way.

        If the weightiest can be put right within a map, then only such: the rest of the picture
        is left alone.
        """
        if not self._may_edit:
            return ()
        tried = _tried_in_vain(steps)
        aims = [difference for difference in best.differences if _key(difference) not in tried]
        if aims and is_local(self._document, aims[0]):
            aims = [difference for difference in aims if is_local(self._document, difference)]
        return tuple(aims[:_AIMS_MAX])

    def _other_seed(self, count: int) -> int:
        first = self._seed if self._seed is not None else self._document.seed or 0
        return (first + count) % (SEED_MAX + 1)

    def _draw(self, document: Document, seed: int | None) -> Trial:
        return Trial(document, self._generator.draw(document, seed))

    def _edit(self, image: Image, instruction: str, mask: Image | None, seed: int) -> Trial:
        drawing = self._generator.edit(image, self._document, instruction, mask, seed)
        return Trial(self._document, drawing)


def _tried_in_vain(steps: Sequence[Step]) -> set[tuple[str, ...]]:
    """The keys of the differences that an edit of the present drawing has not put right."""
    tried: set[tuple[str, ...]] = set()
    for step in steps:
        if step.action is Action.EDIT:
            left = {_key(difference) for difference in step.differences}
            aims = {_key(difference) for difference in step.aims}
            tried |= aims & left if step.kept else aims
        elif step.kept:
            tried.clear()
    return tried


def _key(difference: Difference) -> tuple[str, ...]:
    """What makes two findings of a difference the same one."""
    return (difference.kind.value, *sorted(set(difference.what.casefold().split())))


def _stressed(document: Document, differences: Sequence[Difference]) -> Document:
    """The document with a text that stresses what was wrong, if it is not too long for that."""
    try:
        return replace(document, text=stressed_text(document.text, differences))
    except LimitError:
        return document
