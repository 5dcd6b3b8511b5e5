"""The search that both sides of reflection share: try, judge, keep only what is better.

A fix can undo an earlier one (Dotzel et al., arXiv 2402.13536), so every try starts from the
best so far, and nothing replaces the best that was not judged better.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from refcodec.backends.errors import BackendError
from refcodec.document import Document
from refcodec.errors import SemError
from refcodec.generators.fitting import over_white
from refcodec.generators.interfaces import Drawing
from refcodec.reflection.differences import Difference, Judgement

if TYPE_CHECKING:
    from PIL.Image import Image

DEFAULT_PATIENCE: Final = 2
THUMBNAIL_SIDE: Final = 192
_ERRORS = (BackendError, SemError)


class Action(Enum):
    """What was done in a round: the first drawing, or what was tried to make it better."""

    DRAW = "draw"
    EDIT = "edit"
    REGENERATE = "regenerate"
    ADD = "add"
    REWRITE = "rewrite"


class Ending(Enum):
    """Why reflection ended."""

    FAITHFUL = "nothing is left to put right"
    NO_IMPROVEMENT = "nothing improves any more"
    ROUNDS = "all rounds are used"
    NOTHING_TO_TRY = "nothing is left to try"
    ERROR = "a model failed"


@dataclass(frozen=True, slots=True)
class Trial:
    """A document, a drawing of it, and what was judged of the drawing, if it was judged."""

    document: Document
    drawing: Drawing
    judgement: Judgement | None = None
    size_bytes: int | None = None

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What was judged to be amiss."""
        return () if self.judgement is None else self.judgement.differences


@dataclass(frozen=True, slots=True)
class Plan:
    """What to try next: `carry_out` gives the trial, not yet judged.

    `aims` are the differences that it should put right, `instruction` what a model is told.
    """

    action: Action
    carry_out: Callable[[], Trial]
    instruction: str = ""
    aims: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What was done in one round and what came of it.

    `text` is the description that was drawn, `prompt` what the generator made of it; `score`
    is None where a model failed before there was one. `kept` says that the result became the
    best so far. `size_bytes` is the size of the coded file where descriptions are sought. The
    thumbnail is RGB, at most THUMBNAIL_SIDE pixels a side.
    """

    round: int
    action: Action
    kept: bool
    instruction: str = ""
    text: str = ""
    prompt: str = ""
    aims: tuple[Difference, ...] = ()
    score: float | None = None
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    size_bytes: int | None = None
    thumbnail: Image | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reflection:
    """The best that was found, every step on the way, and why it ended.

    `error` is what ended it early, for a note on standard error; the best is good without.
    """

    best: Trial
    steps: tuple[Step, ...]
    ending: Ending
    error: BackendError | SemError | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for standard error."""
        if self.error is None:
            return ()
        return (f"reflection ended early, the best so far is kept: {self.error}",)


JudgeTrial = Callable[[Trial], Judgement]
PlanNext = Callable[[Trial, Sequence[Step]], Plan | None]
OnStep = Callable[[Step], None]


def climb(
    first: Plan,
    judge: JudgeTrial,
    plan_next: PlanNext,
    *,
    rounds: int,
    patience: int,
    on_step: OnStep | None,
) -> Reflection:
    """Carry out the first plan, then up to `rounds` others, each planned from the best so far.

    It ends when the best is faithful, when `patience` tries in a row have not improved it, when
    there is no plan, or when a model fails. Only errors of the first plan are raised; those of
    judging what it gave are not.
    """
    search = _Search(first.carry_out(), judge, on_step)
    try:
        search.take(first, search.best)
        ending = search.go_on(plan_next, rounds, patience)
    except _ERRORS as error:
        return Reflection(search.best, tuple(search.steps), Ending.ERROR, error)
    return Reflection(search.best, tuple(search.steps), ending)


class _Search:
    """The best so far and the steps on the way."""

    def __init__(self, best: Trial, judge: JudgeTrial, on_step: OnStep | None) -> None:
        self.best = best
        self.steps: list[Step] = []
        self._judge = judge
        self._on_step = on_step
        self._in_vain = 0

    def go_on(self, plan_next: PlanNext, rounds: int, patience: int) -> Ending:
        """Try plans until something ends it."""
        while (ending := self._ending(rounds, patience)) is None:
            plan = plan_next(self.best, self.steps)
            if plan is None:
                return Ending.NOTHING_TO_TRY
            try:
                trial = plan.carry_out()
            except _ERRORS as error:
                self._record(plan, None, (_failure(error),), kept=False)
                raise
            self.take(plan, trial)
        return ending

    def take(self, plan: Plan, trial: Trial) -> None:
        """Judge what a plan gave, and keep it if it is the first or better than the best."""
        before = self.best.judgement
        notes: tuple[str, ...] = ()
        if before is not None and _same_picture(trial, self.best):
            judgement, notes = before, ("the same picture as the best so far, not judged again",)
        else:
            try:
                judgement = self._judge(trial)
            except _ERRORS as error:
                self._record(plan, trial, (_failure(error),), kept=before is None)
                raise
        trial = replace(trial, judgement=judgement)
        kept = before is None or judgement.is_better_than(before)
        if kept:
            self.best = trial
        self._in_vain = 0 if kept else self._in_vain + 1
        self._record(plan, trial, notes, kept=kept)

    def _ending(self, rounds: int, patience: int) -> Ending | None:
        if self.best.judgement is not None and self.best.judgement.is_faithful:
            return Ending.FAITHFUL
        if len(self.steps) > rounds:
            return Ending.ROUNDS
        return Ending.NO_IMPROVEMENT if self._in_vain >= patience else None

    def _record(
        self, plan: Plan, trial: Trial | None, notes: tuple[str, ...], *, kept: bool
    ) -> None:
        step = Step(len(self.steps), plan.action, kept, plan.instruction, aims=plan.aims)
        if trial is not None:
            judgement = trial.judgement
            step = replace(
                step,
                text=trial.document.text,
                prompt=trial.drawing.prompt,
                score=None if judgement is None else judgement.score,
                differences=trial.differences,
                notes=trial.drawing.notes,
                size_bytes=trial.size_bytes,
                thumbnail=_thumbnail(trial.drawing.image),
            )
        self.steps.append(replace(step, notes=(*step.notes, *notes)))
        if self._on_step is not None:
            self._on_step(self.steps[-1])


def _thumbnail(image: Image) -> Image:
    small = over_white(image)
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return small


def _same_picture(one: Trial, other: Trial) -> bool:
    first, second = one.drawing.image, other.drawing.image
    same_form = (first.mode, first.size) == (second.mode, second.size)
    return same_form and first.tobytes() == second.tobytes()


def _failure(error: BackendError | SemError) -> str:
    """What failed, in a word: whole messages may name files of this machine."""
    return f"failed: {type(error).__name__}"
