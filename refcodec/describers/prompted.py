"""A describer that asks a vision model, by a prompt template."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from refcodec.backends.errors import AnswerError
from refcodec.backends.interfaces import Question, VisionModel
from refcodec.backends.schemas import STRING, Schema, array_of, object_of
from refcodec.describers.answers import no_answer, parse_items, parse_texts
from refcodec.describers.interfaces import Description, ItemWish, Wish
from refcodec.describers.templates import (
    REQUESTS,
    REQUESTS_PLACEHOLDER,
    Template,
    load_sections,
    quoted,
)
from refcodec.text.content import Style

if TYPE_CHECKING:
    from refcodec.picture.load import LoadedPicture

# Words that are asked for where nobody wishes for a number: a sentence or two, the overall text
# of MISC (arXiv 2402.16749), and a scan that leaves nothing out.
CAPTION_WORDS: Final = 30
OVERALL_WORDS: Final = 50
RASTER_WORDS: Final = 150
# Candidates are spread around the wished length, more of them below, so that one fits.
_LEAST_SHARE = 0.8
_MOST_SHARE = 1.1
# Models that think before they answer count their thoughts as well.
_TOKENS_LEAST = 1024
_TOKENS_PER_WORD = 4


@dataclass(frozen=True, slots=True)
class Shares:
    """How the words of a description with items are shared out; an item's are the most."""

    overall: int
    name: int
    detail: int


class PromptedDescriber:
    """Asks a vision model for descriptions, once for each call of `describe`.

    `number` is the registry's of the describer, `template` says what is asked. Several
    candidates are asked for as a list in one answer, or with `samples` as so many answers to
    the same question, for models that give such lists badly.
    """

    def __init__(
        self, model: VisionModel, template: Template, number: int, *, samples: bool = False
    ) -> None:
        self._model = model
        self._template = template
        self._number = number
        self._samples = samples

    @property
    def number(self) -> int:
        """Its number in the registry (kind describer)."""
        return self._number

    @property
    def template_number(self) -> int:
        """The number of its prompt template, 0 for a user's own."""
        return self._template.number

    @property
    def obeys_wishes(self) -> bool:
        """True, as far as models do."""
        return True

    def describe(self, picture: LoadedPicture, wish: Wish) -> list[Description]:
        """One to `wish.candidates` different descriptions; raises BackendError.

        AnswerError if not one of the answers can be used.
        """
        answers = self._model.ask(self.question(picture, wish))
        style = Style.RASTER if self._template.asks_for_scan else None
        found = _parsed(answers, self._parser(wish))
        different: dict[object, Description] = {}
        for one in found:
            different.setdefault((one.text.casefold(), one.items), replace(one, style=style))
        return list(different.values())[: wish.candidates]

    def question(self, picture: LoadedPicture, wish: Wish) -> Question:
        """What `describe` asks; nothing is sent."""
        words = self._words(wish)
        listed = 1 if self._samples else wish.candidates
        prompt = self._template.fill(
            **{REQUESTS_PLACEHOLDER: self._requests(wish, words)}, **self._lengths(wish, words)
        )
        return Question(
            self._template.name,
            prompt,
            images=(picture.image,),
            schema=_schema(has_items=self._template.asks_for_items, several=listed > 1),
            candidates=wish.candidates if self._samples else 1,
            max_tokens=max(_TOKENS_LEAST, _TOKENS_PER_WORD * words * listed),
            check=self._parser(wish),
        )

    def _words(self, wish: Wish) -> int:
        """The words for the whole of a description, items included."""
        if wish.words is not None:
            return max(1, wish.words)
        if self._template.asks_for_items:
            return OVERALL_WORDS + _words_of_items(wish.items)
        return RASTER_WORDS if self._template.asks_for_scan else CAPTION_WORDS

    def _lengths(self, wish: Wish, words: int) -> dict[str, int]:
        """The numbers in the template."""
        if not self._template.asks_for_items:
            return {"words": words}
        shares = share_words(words, wish.items)
        return {
            "items": wish.items.count,
            "overall_words": shares.overall,
            "name_words": shares.name,
            "detail_words": shares.detail,
        }

    def _requests(self, wish: Wish, words: int) -> str:
        """What is asked beside the description itself, the form of the answer last."""
        sections = load_sections(REQUESTS)
        parts = []
        if wish.earlier:
            heading = (
                "too long" if wish.earlier.size_bytes > wish.earlier.max_bytes else "too short"
            )
            parts.append(
                sections[heading].fill(
                    earlier=quoted(wish.earlier.text),
                    earlier_words=wish.earlier.words,
                    size_bytes=wish.earlier.size_bytes,
                    max_bytes=wish.earlier.max_bytes,
                    words=words,
                )
            )
        if wish.mention:
            parts.append(sections["mention"].fill(mention=quoted(wish.mention)))
        has_items = self._template.asks_for_items
        if self._samples or wish.candidates == 1:
            parts.append(sections["one with items" if has_items else "one text"].fill())
        else:
            parts.append(
                sections["several with items" if has_items else "several texts"].fill(
                    candidates=wish.candidates,
                    least_words=max(1, round(_LEAST_SHARE * words)),
                    most_words=max(1, round(_MOST_SHARE * words)),
                )
            )
        return "\n\n".join(parts)

    def _parser(self, wish: Wish) -> Callable[[str], list[Description]]:
        listed = 1 if self._samples else wish.candidates
        if self._template.asks_for_items:
            return lambda answer: parse_items(answer, wish.items, listed)
        return lambda answer: parse_texts(answer, listed)


def share_words(words: int, wish: ItemWish) -> Shares:
    """Words for the whole of a description, shared among the overall text and the items.

    As MISC does (arXiv 2402.16749), 50 for the overall text where the items may have as many as
    the wish allows; with fewer words, in that proportion, details giving way before names;
    with more, all the rest is for the overall text. A name always has a word.
    """
    most = _words_of_items(wish)
    of_items = min(most, words * most // (OVERALL_WORDS + most))
    of_item = max(1, of_items // max(1, wish.count))
    name = max(1, min(wish.name_words, max((of_item + 1) // 2, of_item - wish.detail_words)))
    detail = min(wish.detail_words, of_item - name)
    return Shares(max(1, words - wish.count * (name + detail)), name, detail)


def _words_of_items(wish: ItemWish) -> int:
    return wish.count * (wish.name_words + wish.detail_words)


def _parsed(answers: Iterable[str], parse: Callable[[str], list[Description]]) -> list[Description]:
    """The descriptions in all answers that can be used; the first one's error if none can."""
    found: list[Description] = []
    errors: list[AnswerError] = []
    for answer in answers:
        try:
            found += parse(answer)
        except AnswerError as error:
            errors.append(error)
    if not found:
        raise errors[0] if errors else no_answer()
    return found


def _schema(*, has_items: bool, several: bool) -> Schema | None:
    """The JSON schema of an answer; None where plain text is the answer."""
    one = STRING
    if has_items:
        item = object_of({"name": STRING, "detail": STRING})
        one = object_of({"items": array_of(item), "overall": STRING})
    if several:
        return object_of({"descriptions": array_of(one)})
    return one if has_items else None
