"""A vision model that answers what a test tells it to."""

from __future__ import annotations

from refcodec.backends.interfaces import Question


class ScriptedVision:
    """Gives the same answers to every question, and keeps the questions."""

    def __init__(self, *answers: str) -> None:
        self._answers = answers
        self.questions: list[Question] = []

    @property
    def name(self) -> str:
        return "scripted"

    def ask(self, question: Question) -> list[str]:
        self.questions.append(question)
        return list(self._answers)
