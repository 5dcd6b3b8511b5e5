"""What talking to services has taken: requests, tokens, pictures, and money at given prices."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Chat completions, and all other endpoints.
_INPUT_NAMES = ("prompt_tokens", "input_tokens")
_OUTPUT_NAMES = ("completion_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class Prices:
    """What a user pays, in any one currency; prices change, so the program knows none."""

    input_per_million: float = 0.0
    output_per_million: float = 0.0
    per_picture: float = 0.0


class Account:
    """Counts, over all threads, what was asked and what services said it took.

    `requests` are those sent, each retry counted; `cached` those that a cache answered.
    `input_tokens` and `output_tokens` are as services reported; `unreported` answers came
    without. `pictures` are those received.
    """

    def __init__(self, prices: Prices | None = None) -> None:
        self.prices = prices
        self.requests = 0
        self.cached = 0
        self.input_tokens = 0
        self.output_tokens = 0
        self.unreported = 0
        self.pictures = 0
        self._notes: dict[str, None] = {}
        self._lock = threading.Lock()

    def add_request(self) -> None:
        """One request was sent."""
        with self._lock:
            self.requests += 1

    def add_cached(self) -> None:
        """One request was answered from the cache."""
        with self._lock:
            self.cached += 1

    def add_picture(self) -> None:
        """One picture was received."""
        with self._lock:
            self.pictures += 1

    def add_usage(self, usage: object) -> None:
        """The "usage" of an answer, which may be anything."""
        counts = usage if isinstance(usage, Mapping) else {}
        taken, given = _count(counts, _INPUT_NAMES), _count(counts, _OUTPUT_NAMES)
        with self._lock:
            if taken is None or given is None:
                self.unreported += 1
            else:
                self.input_tokens += taken
                self.output_tokens += given

    def add_note(self, note: str) -> None:
        """A sentence for the report, which says it once."""
        with self._lock:
            self._notes[note] = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked of anybody."""
        return not (self.requests or self.cached)

    def cost(self) -> float | None:
        """An estimate, in the currency of the prices; None where no prices are given."""
        if self.prices is None:
            return None
        return (
            self.input_tokens * self.prices.input_per_million / 1e6
            + self.output_tokens * self.prices.output_per_million / 1e6
            + self.pictures * self.prices.per_picture
        )

    def report(self) -> str:
        """All of it as one line."""
        parts = [
            f"{_counted(self.requests, 'request')} sent",
            f"{self.cached} answered from the cache",
            f"{self.input_tokens} tokens in and {self.output_tokens} out",
            f"{_counted(self.pictures, 'picture')} received",
        ]
        if self.unreported:
            parts.append(f"{_counted(self.unreported, 'answer')} without a count of tokens")
        cost = self.cost()
        if cost is not None:
            parts.append(f"about {cost:.4f} at the prices given")
        return "; ".join([", ".join(parts), *self._notes])


def _count(counts: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    """The first of the names that is a number of tokens."""
    found = (counts.get(name) for name in names)
    return next((value for value in found if isinstance(value, int) and value >= 0), None)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
