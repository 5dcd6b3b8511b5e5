"""A picture to a file of at most so many bytes: how bytes are shared, and whom is asked when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pytest

import refcodec
from refcodec import Box, Document, Item, LimitError, Map, dumps_many
from refcodec.backends.errors import AnswerError
from refcodec.describers.interfaces import Description, Wish
from refcodec.picture import encoding
from refcodec.picture.encoding import FileForm, PictureEncoder, Plan
from refcodec.picture.load import LoadedPicture, load_picture
from tests.commands import HOUSE
from tests.service_eye import ITEMS, WORDS

PICTURE = load_picture(HOUSE)
NAMED = tuple(Item(item["name"], item["detail"]) for item in ITEMS)
BOX = Box(4, 4, 20, 20)


@dataclass
class Scripted:
    """Says what it is told to, and counts how often it is asked."""

    text: str = " ".join(WORDS)
    items: tuple[Item, ...] = ()
    obeys_wishes: bool = True
    number: int = 0
    template_number: int = 0
    asked: int = 0
    words_least: int = 0
    least_words_asked: int = 1000

    def describe(self, _: LoadedPicture, wish: Wish) -> list[Description]:
        self.asked += 1
        self.least_words_asked = min(self.least_words_asked, wish.words or 1000)
        words = self.text.split()[: max(self.words_least, wish.words or 0)]
        return [Description(" ".join(words) + ".", self.items)]


@dataclass
class Finder:
    """Finds everything in the same place, and remembers what it was asked for."""

    names: list[str] = field(default_factory=list)

    def locate(self, picture: LoadedPicture, names: Sequence[str]) -> list[Map | Box | None]:
        assert picture is PICTURE
        self.names += names
        return [BOX] * len(names)


@pytest.mark.parametrize("max_bytes", [13, 20, 40])
def test_no_more_requests_than_allowed_whatever_the_share(max_bytes: int) -> None:
    describer = Scripted(items=NAMED)
    plan = Plan(describer, locator=Finder(), thumbnail_bytes=200, text_share=0.4, requests=2)
    encoded = PictureEncoder(PICTURE, plan).encode(max_bytes)
    assert len(encoded.data) <= max_bytes
    assert encoded.requests == describer.asked <= 2


def test_a_small_budget_is_filled_though_no_place_fits() -> None:
    plan = Plan(Scripted(items=NAMED, words_least=30), locator=Finder())
    encoded = PictureEncoder(PICTURE, plan).encode(14)
    assert all(item.map is None for item in encoded.document.items)
    assert len(encoded.data) >= 13


def test_chinese_is_cut_between_characters() -> None:
    text = "\u7ea2\u8272\u7684\u623f\u5b50\u5728\u7eff\u8272\u7684\u6811\u7bf1\u540e\u9762" * 2
    whole = len(refcodec.dumps(refcodec.Document(text=text + ".", canvas=PICTURE.canvas)))
    encoded = PictureEncoder(PICTURE, Plan(Scripted(text=text))).encode(whole - 10)
    assert whole - 16 <= len(encoded.data) <= whole - 10
    assert text.startswith(encoded.document.text.rstrip("."))


def test_places_of_given_items_are_looked_for_where_they_have_none() -> None:
    finder = Finder()
    items = (Item("dog"), Item("ball", map=Box(0, 0, 8, 8)), Item("dog"))
    plan = Plan(Scripted(), items=items, locator=finder)
    document = PictureEncoder(PICTURE, plan).describe()
    assert finder.names == ["dog"]
    assert [item.map for item in document.items] == [BOX, Box(0, 0, 8, 8), BOX]


def test_a_budget_without_room_for_a_word_asks_nobody() -> None:
    describer = Scripted()
    with pytest.raises(LimitError, match="2 are allowed"):
        PictureEncoder(PICTURE, Plan(describer)).encode(2)
    assert describer.asked == 0


def test_other_words_leave_another_room_for_the_thumbnail() -> None:
    plan = Plan(Scripted(), thumbnail_bytes=400, text_share=0.5)
    encoder = PictureEncoder(PICTURE, plan)
    document = encoder.encode(120).document
    assert document.thumbnail is not None
    shorter = encoder.refit(replace(document, text="A house."), 120)
    assert shorter.document.thumbnail is not None
    assert len(shorter.document.thumbnail.data) > len(document.thumbnail.data)
    assert 114 <= len(shorter.data) <= 120


def test_a_given_text_is_never_cut() -> None:
    plan = Plan(Scripted(), fixed=Description(" ".join(WORDS)))
    with pytest.raises(LimitError, match="20 are allowed; shorten the text"):
        PictureEncoder(PICTURE, plan).encode(20)


def test_a_thumbnail_that_was_asked_for_has_its_room() -> None:
    plan = Plan(Scripted(), thumbnail_bytes=60)
    encoded = PictureEncoder(PICTURE, plan).encode(100)
    assert encoded.document.thumbnail is not None
    assert 50 <= len(encoded.document.thumbnail.data) <= 60
    assert 95 <= len(encoded.data) <= 100


def test_a_search_makes_the_last_file_only(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []

    def counted(documents: Iterable[Document], **options: bool) -> list[bytes]:
        documents = list(documents)
        if options.get("search"):
            searched.append(len(documents))
        return dumps_many(documents, **options)

    monkeypatch.setattr(encoding, "dumps_many", counted)
    plan = Plan(Scripted(), form=FileForm(search=True))
    assert len(PictureEncoder(PICTURE, plan).encode(30).data) <= 30
    assert searched == [1]


def test_a_whole_description_that_is_enough_before_a_thumbnail_is_not_cut() -> None:
    describer = Scripted()
    plan = Plan(describer, thumbnail_bytes=4096, text_share=0.4)
    encoded = PictureEncoder(PICTURE, plan).encode(80)
    assert not any("cut" in note for note in encoded.notes)
    assert describer.asked == 1
    assert len(encoded.data) >= 76


def test_a_budget_with_no_room_for_a_thumbnail_is_all_the_texts() -> None:
    describer = Scripted()
    plan = Plan(describer, locator=Finder(), thumbnail_bytes=4096, text_share=0.4)
    encoded = PictureEncoder(PICTURE, plan).encode(12)
    assert encoded.document.thumbnail is None
    assert len(encoded.data) >= 11
    assert describer.least_words_asked > 5


def test_what_no_describer_says_is_an_error() -> None:
    class Silent(Scripted):
        def describe(self, _: LoadedPicture, wish: Wish) -> list[Description]:
            assert wish.candidates
            return []

    for max_bytes in (None, 30):
        with pytest.raises(AnswerError, match="no description"):
            PictureEncoder(PICTURE, Plan(Silent())).encode(max_bytes)
