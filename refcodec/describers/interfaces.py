"""What a describer and a locator are: their questions and answers, whoever is behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from refcodec.document import Item
from refcodec.text.content import Style

if TYPE_CHECKING:
    from refcodec.picture.load import LoadedPicture
    from refcodec.visual.maps import Box, Map


@dataclass(frozen=True, slots=True)
class ItemWish:
    """How many items, and how long; MISC (arXiv 2402.16749) has the defaults."""

    count: int = 3
    name_words: int = 3
    detail_words: int = 10


@dataclass(frozen=True, slots=True)
class Earlier:
    """A description that did not fit: what it was, in words, and what was allowed."""

    text: str
    words: int
    size_bytes: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What a description should be like.

    `words` is the number of words aimed at for the whole of it, items included; None leaves it
    to the template. `candidates` descriptions are wanted, different ones. `earlier` is what was
    too long (or too short), and `mention` what must be said.
    """

    words: int | None = None
    candidates: int = 1
    items: ItemWish = ItemWish()
    earlier: Earlier | None = None
    mention: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """What a describer says of a picture; its items have no maps yet."""

    text: str
    items: tuple[Item, ...] = ()
    style: Style | None = None


class Describer(Protocol):
    """Somebody who puts a picture into words."""

    @property
    def number(self) -> int:
        """Its number in the registry (kind describer)."""

    @property
    def template_number(self) -> int:
        """The number of its prompt template in the registry (kind template)."""

    @property
    def obeys_wishes(self) -> bool:
        """Whether asking again, for other lengths, gives another description."""

    def describe(self, picture: LoadedPicture, wish: Wish) -> list[Description]:
        """One to `wish.candidates` descriptions; raises BackendError."""


class Locator(Protocol):
    """Somebody who finds named things in a picture."""

    def locate(self, picture: LoadedPicture, names: Sequence[str]) -> list[Map | Box | None]:
        """The place of each name, None where it was not found; raises BackendError."""
