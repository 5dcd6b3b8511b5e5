"""Differences and places in words and masks, and descriptions compared word by word."""

from __future__ import annotations

import numpy as np
import pytest

from refcodec import Box, Document, Item, Map
from refcodec.reflection.differences import Difference, DifferenceKind
from refcodec.reflection.places import edit_mask
from refcodec.reflection.prompts import correction_prompt, stressed_text
from refcodec.reflection.wording import compare_descriptions

MISSING, EXTRA = DifferenceKind.MISSING, DifferenceKind.EXTRA
ATTRIBUTE, PLACE = DifferenceKind.WRONG_ATTRIBUTE, DifferenceKind.WRONG_PLACE
CANVAS = (96, 64)


@pytest.mark.parametrize(
    ("difference", "correction", "point"),
    [
        (Difference(MISSING, "dog"), "Add dog", "dog"),
        (
            Difference(MISSING, "dog", "a brown dog", place="lower left"),
            "Add a brown dog (lower left)",
            "a brown dog (lower left)",
        ),
        (
            Difference(MISSING, "dog", "brown, lower left", place="lower left"),
            "Add dog, brown, lower left",
            "dog, brown, lower left",
        ),
        (Difference(MISSING, "brown dog", "dog"), "Add brown dog", "brown dog"),
        (Difference(EXTRA, "cat", place="centre"), "Remove cat (centre)", "no cat (centre)"),
        (
            Difference(ATTRIBUTE, "roof", "red", "blue", "upper right"),
            "Change roof (upper right) from blue to red",
            "roof: red, not blue",
        ),
        (Difference(ATTRIBUTE, "roof"), "Change roof to what is described", "roof: as described"),
        (
            Difference(PLACE, "tree", "left", "right"),
            "Move tree from right to left",
            "tree: left, not right",
        ),
        (Difference(PLACE, "tree", place="centre"), "Move tree to centre", "tree: as described"),
        (Difference(PLACE, "tree"), "Move tree to its right place", "tree: as described"),
    ],
)
def test_differences_become_instructions(
    difference: Difference, correction: str, point: str
) -> None:
    assert f"\n- {correction}.\n" in correction_prompt([difference])
    assert stressed_text("A $1 house.", [difference, difference]).splitlines() == [
        "A $1 house.",
        f"Take care of this above all: {point}; {point}.",
    ]


def grid(*rows: str) -> Map:
    return Map.from_array(np.array([[cell == "#" for cell in row] for row in rows]))


def with_items(*items: Item) -> Document:
    return Document(text="", canvas=CANVAS, items=items)


def test_a_mask_reaches_a_little_beyond_the_cells_of_its_map() -> None:
    document = with_items(Item("dog", map=grid("....", ".#..", "....", "....")))
    mask = edit_mask(document, [Difference(MISSING, "the dogs")])
    assert mask is not None
    assert (mask.mode, mask.size) == ("L", CANVAS)
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    # The map's cell is from 24 to 48 across and from 16 to 32 down.
    assert 16 <= left < 24
    assert 48 < right <= 56
    assert 10 <= top < 16
    assert 32 < bottom <= 38


def test_a_short_name_is_not_taken_for_another_item_that_is_named_in_full() -> None:
    document = with_items(
        Item("blue square", map=Box(0, 0, 16, 64)), Item("red square", map=Box(48, 0, 64, 64))
    )
    mask = edit_mask(document, [Difference(ATTRIBUTE, "square", "red", "blue")])
    assert mask is not None
    assert mask.getpixel((90, 30)) == 255
    assert mask.getpixel((5, 30)) == 0


@pytest.mark.parametrize(
    "difference",
    [
        Difference(EXTRA, "dog"),
        Difference(PLACE, "dog"),
        Difference(MISSING, "cat"),
        Difference(MISSING, "hedge"),
        Difference(MISSING, "tree"),
        Difference(MISSING, "the"),
    ],
)
def test_what_has_no_known_place_has_no_mask(difference: Difference) -> None:
    document = with_items(
        Item("dog", map=Box(0, 0, 8, 8)),
        Item("hedge"),
        Item("tree", map=grid("....", "....", "....", "....")),
    )
    assert edit_mask(document, [Difference(MISSING, "dog"), difference]) is None


def compared(wanted: str, seen: str, *items: Item) -> list[tuple[DifferenceKind, str, str, str]]:
    judgement = compare_descriptions((wanted, items), (seen, ()))
    return [(d.kind, d.what, d.wanted, d.seen) for d in judgement.differences]


@pytest.mark.parametrize(
    ("wanted", "seen", "differences"),
    [
        ("A red bicycle on a white wall", "white wall, the red bicycles", []),
        (
            "A red bicycle on a white wall",
            "A blue bicycle against a white wall.",
            [(ATTRIBUTE, "A red bicycle", "red", "blue")],
        ),
        ("A dog and a cat", "A dog", [(MISSING, "a cat", "", "")]),
        ("A dog", "A dog with a cat", [(EXTRA, "a cat", "", "")]),
        (
            "A big tree on the left",
            "a large tree at right",
            [(PLACE, "A big tree on the left", "left", "right")],
        ),
        ("Sunset", "", [(MISSING, "Sunset", "", "")]),
        ("Top: left blue; right grey.", "Top: right gray; left blue.", []),
        (
            "Top: left blue; right grey.",
            "Top: left blue; right red.",
            [(ATTRIBUTE, "Top right grey", "grey", "red")],
        ),
        ("Stands out: yellow tree. Red.", "yellow tree stands out. Red", []),
        ("A picture on the left.", "", []),
        ("", "", []),
    ],
)
def test_descriptions_are_compared_word_by_word(
    wanted: str, seen: str, differences: list[tuple[DifferenceKind, str, str, str]]
) -> None:
    assert compared(wanted, seen) == differences


def test_items_that_the_text_does_not_name_are_wanted_too() -> None:
    items = (
        Item("dog", "brown", map=Box(0, 0, 16, 16)),
        Item("house", map=Box(0, 0, 64, 60)),
        Item("grass", map=Box(0, 48, 64, 64)),
    )
    assert compared("A house", "A house, a brown dog at the lower right", *items) == [
        (MISSING, "grass across the bottom", "", ""),
        (PLACE, "dog brown at the upper left", "left top", "bottom right"),
    ]


def test_the_score_of_words_falls_with_each_difference() -> None:
    wanted = ("A red dog on the left, a cat", ())
    scores = [
        compare_descriptions(wanted, (seen, ())).score
        for seen in (
            "A red dog on the left, a cat",
            "A red dog on the left, a cat, a bird",
            "A blue dog on the left, a cat",
            "A blue dog on the right, a cat",
            "A blue dog on the right",
            "A bird",
        )
    ]
    assert scores == sorted(set(scores), reverse=True)
    assert (scores[0], scores[-1]) == (1, 0)
