"""Descriptions of an exact coded size, with a describer in the loop."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from PIL import Image

import refcodec
from refcodec import Document, Item, LimitError
from refcodec.backends.errors import AnswerError, RefusalError
from refcodec.describers.budgeted import Aim, Pool, count_words, describe_within
from refcodec.describers.interfaces import Description, Wish
from refcodec.picture.load import LoadedPicture, load_picture
from tests.service_eye import WORDS

PICTURE = load_picture(Image.new("RGB", (8, 8)))


@dataclass
class Scripted:
    """Says the beginning of what it knows, with so much of the wished number of words."""

    obedience: Sequence[float] = (1.0,)
    known: Sequence[str] = tuple(WORDS)
    obeys_wishes: bool = True
    number: int = 0
    template_number: int = 0
    wishes: list[Wish] = field(default_factory=list)

    def describe(self, _: LoadedPicture, wish: Wish) -> list[Description]:
        self.wishes.append(wish)
        words = [round((wish.words or 0) * factor) for factor in self.obedience]
        return [Description(" ".join(self.known[: max(1, count)]) + ".") for count in words]


def sizes(descriptions: Sequence[Description]) -> list[int]:
    return [
        len(data)
        for data in refcodec.dumps_many(
            Document(text=one.text, canvas=(1024, 1024), items=one.items) for one in descriptions
        )
    ]


def within(describer: Scripted, max_bytes: int, **options: int) -> tuple[str, int, bool]:
    aim = Aim(max_bytes, round(0.95 * max_bytes), **options)
    found, _ = describe_within(PICTURE, describer, Wish(), aim, measure=sizes)
    assert found.size_bytes == sizes([found.description])[0] <= max_bytes
    return found.description.text, found.size_bytes, found.is_cut


def test_one_request_is_enough_for_an_obedient_describer() -> None:
    describer = Scripted(obedience=(0.8, 0.84, 0.88, 0.92))
    _, size_bytes, is_cut = within(describer, 26)
    assert size_bytes >= 25
    assert not is_cut
    assert len(describer.wishes) == 1
    assert describer.wishes[0].earlier is None
    assert describer.wishes[0].candidates == 4


def test_asking_again_names_the_overshoot_and_corrects_the_number_of_words() -> None:
    describer = Scripted(obedience=(1.6,))
    within(describer, 24)
    first, second = describer.wishes[:2]
    assert first.words is not None
    assert second.words is not None
    assert second.words < 0.8 * first.words
    assert second.earlier is not None
    assert second.earlier.max_bytes == 24
    assert second.earlier.size_bytes > 24
    assert second.earlier.words == len(second.earlier.text.split())


def test_a_describer_that_always_says_all_is_cut_after_the_last_request() -> None:
    describer = Scripted(obedience=(100.0,))
    text, size_bytes, is_cut = within(describer, 20, requests=2)
    assert is_cut
    assert size_bytes >= 18
    assert " ".join(WORDS).startswith(text.rstrip("."))
    assert len(describer.wishes) == 2


def test_a_describer_with_nothing_more_to_say_is_not_asked_for_ever_more() -> None:
    describer = Scripted(known=("Dog",))
    text, _, is_cut = within(describer, 200)
    assert (text, is_cut) == ("Dog.", False)
    words = [wish.words or 0 for wish in describer.wishes]
    assert max(words) < 1000


def test_a_describer_that_obeys_no_wishes_is_asked_once() -> None:
    describer = Scripted(obedience=(100.0,), obeys_wishes=False)
    assert within(describer, 20)[2]
    assert len(describer.wishes) == 1


def test_a_single_word_that_is_too_long_is_an_error_with_the_smallest_size() -> None:
    describer = Scripted(known=("Xqzvwkjh" * 8,))
    smallest = sizes(describer.describe(PICTURE, Wish(words=1)))[0]
    with pytest.raises(LimitError, match=f"at least {smallest} bytes, 9 are allowed"):
        within(describer, 9)


def test_what_costs_little_at_the_end_does_not_hide_what_fits() -> None:
    costly = (Item("Zyxkwvq Qwrtpl", "Vbnmzx"), Item("Jkqxz Wvfp", "Gghhjj qqwwxx"))
    full = Description("A dog on a beach, with a ball.", costly)
    alone = sizes([Description("A dog.")])[0]

    class WithItems(Scripted):
        def describe(self, _: LoadedPicture, wish: Wish) -> list[Description]:
            self.wishes.append(wish)
            return [full]

    for max_bytes in (alone, alone + 2):
        found, _ = describe_within(
            PICTURE, WithItems(), Wish(), Aim(max_bytes, max_bytes), measure=sizes
        )
        assert found.size_bytes <= max_bytes
        assert found.description.text.startswith("A dog")
    with pytest.raises(LimitError, match=f"at least {alone} bytes, {alone - 3} are allowed"):
        describe_within(PICTURE, WithItems(), Wish(), Aim(alone - 3, 1), measure=sizes)


def test_a_describer_who_repeats_himself_is_heard_no_longer_than_needed() -> None:
    describer = Scripted(known=("a", "dog,", "a", "cat,") * 4000, obedience=(1000.0,))
    measured: list[int] = []

    def counted(descriptions: Sequence[Description]) -> list[int]:
        measured.extend(count_words(one) for one in descriptions)
        return sizes(descriptions)

    found, _ = describe_within(PICTURE, describer, Wish(), Aim(12, 12), measure=counted)
    assert found.size_bytes <= 12
    assert max(measured) <= 400
    assert len(measured) < 200


def test_a_describer_who_fails_later_is_taken_at_his_word() -> None:
    class Failing(Scripted):
        def describe(self, picture: LoadedPicture, wish: Wish) -> list[Description]:
            if self.wishes:
                raise RefusalError("not again")
            return super().describe(picture, wish)

    found, pool = describe_within(
        PICTURE, Failing(obedience=(0.3,)), Wish(), Aim(40, 38), measure=sizes
    )
    assert found.size_bytes <= 40
    assert isinstance(pool.failure, RefusalError)
    with pytest.raises(RefusalError, match="not again"):
        describe_within(PICTURE, Failing(known=("Xqzvwkjh" * 8,)), Wish(), Aim(9, 9), measure=sizes)
    silent = Scripted(obedience=())
    with pytest.raises(AnswerError, match="no description"):
        describe_within(PICTURE, silent, Wish(), Aim(9, 9), measure=sizes)


def test_what_was_said_for_one_budget_serves_the_next() -> None:
    describer = Scripted(obedience=(0.3, 0.6, 1.0))
    large, pool = describe_within(PICTURE, describer, Wish(), Aim(40, 1), measure=sizes)
    asked = len(describer.wishes)
    small, again = describe_within(
        PICTURE, describer, Wish(), Aim(large.size_bytes - 1, 1), measure=sizes, pool=pool
    )
    assert again is pool
    assert len(describer.wishes) == asked
    assert small.size_bytes < large.size_bytes


def test_items_give_way_before_the_first_sentence() -> None:
    items = (Item("dog", "brown and small"), Item("xylophone", "yellow, broken"))
    full = Description("A dog beside a xylophone.", items)
    whole = sizes([full])[0]

    class WithItems(Scripted):
        def describe(self, _: LoadedPicture, wish: Wish) -> list[Description]:
            self.wishes.append(wish)
            return [full]

    found, _ = describe_within(
        PICTURE, WithItems(), Wish(), Aim(whole - 1, whole - 1), measure=sizes
    )
    assert found.is_cut
    assert found.description.text == full.text
    assert found.description.items[0] == items[0]
    assert found.description.items[1:] != items[1:]


def test_words_for_is_at_least_two_and_follows_what_words_cost() -> None:
    pool = Pool(empty_bytes=3)
    assert pool.words_for(1) == 2
    assert pool.words_for(3 + 11) == 16  # 88 bits at 5.5 bits a word
    pool.add([Description("one two three four")], lambda _: [3 + 4], 4)
    assert pool.words_for(3 + 11) == 11  # now a byte a word


def test_loosely_obeyed_wishes_meet_budgets() -> None:
    exact = 0
    requests = 0
    for seed in range(12):
        rng = random.Random(seed)
        describer = Scripted(obedience=[rng.uniform(0.7, 1.3) for _ in range(4)])
        _, size_bytes, _ = within(describer, 26)
        exact += size_bytes >= 25
        requests += len(describer.wishes)
    assert exact >= 9
    assert requests <= 32


def test_count_words_counts_items_too() -> None:
    assert count_words(Description("a b", (Item("c d", "e"), Item("f")))) == 6


def test_a_describer_that_obeys_no_wishes_is_heard_out_for_larger_budgets() -> None:
    describer = Scripted(known=WORDS * 4, obeys_wishes=False)
    _, pool = describe_within(PICTURE, describer, Wish(), Aim(20, 19), measure=sizes)
    found, _ = describe_within(PICTURE, describer, Wish(), Aim(400, 1), measure=sizes, pool=pool)
    assert count_words(found.description) == 4 * len(WORDS)


def test_a_failure_for_one_budget_is_not_told_of_the_next() -> None:
    describer = Scripted(obedience=(0.3, 1.0))
    pool = Pool(3, failure=RefusalError("not again"))
    describe_within(PICTURE, describer, Wish(), Aim(40, 1), measure=sizes, pool=pool)
    assert pool.failure is None
