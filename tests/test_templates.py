"""Prompt templates: their files, their numbers, and users' own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refcodec import registry
from refcodec.describers.templates import (
    BOXES,
    CAPTION,
    ITEMS,
    ITEMS_PLACEHOLDERS,
    RASTER,
    REQUESTS,
    TEMPLATE_MAX_BYTES,
    TEXT_PLACEHOLDERS,
    Quotable,
    Template,
    TemplateError,
    load_sections,
    load_template,
    quoted,
    read_template,
)
from refcodec.errors import UnsupportedError
from refcodec.reflection.prompts import COMPARE, CORRECT, LOST, STRESS
from refcodec.registry import entries, lookup
from tools.validate_registry import ROOT, row_faults

FOLDER = ROOT / "refcodec" / "templates"


def test_every_template_file_has_a_number() -> None:
    registered = {
        entry.source for entry in entries().values() if entry.source.startswith("refcodec/templ")
    }
    assert registered == {f"refcodec/templates/{path.name}" for path in FOLDER.glob("*.txt")}


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (CAPTION, 2),
        (ITEMS, 3),
        (RASTER, 4),
        (BOXES, 5),
        (REQUESTS, 6),
        (COMPARE, 7),
        (LOST, 8),
        (CORRECT, 9),
        (STRESS, 10),
    ],
)
def test_templates_are_what_the_registry_says(name: str, number: int) -> None:
    template = load_template(name)
    assert template.number == number
    assert lookup("template", number).source == f"refcodec/templates/{name}.txt"
    assert template.text == (FOLDER / f"{name}.txt").read_text("utf-8")


def test_templates_have_the_placeholders_of_their_kind() -> None:
    assert load_template(CAPTION).placeholders == TEXT_PLACEHOLDERS
    assert load_template(RASTER).placeholders == TEXT_PLACEHOLDERS
    assert load_template(ITEMS).placeholders == ITEMS_PLACEHOLDERS
    assert load_template(BOXES).placeholders == {"names"}
    kinds = [
        (template.asks_for_items, template.asks_for_scan)
        for template in map(load_template, (CAPTION, ITEMS, RASTER))
    ]
    assert kinds == [(False, False), (True, False), (False, True)]


def test_a_changed_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = replace(lookup("template", 2), digest="0" * 64)
    load_template.cache_clear()
    monkeypatch.setattr(registry, "lookup", lambda *_: changed)
    with pytest.raises(UnsupportedError, match=r"caption-1\.txt: .* not the registered one"):
        load_template(CAPTION)


def test_a_name_that_is_not_registered_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="no template has the name 'caption 99'"):
        load_template("caption-99")


def test_a_template_file_needs_its_digest_and_must_be_there() -> None:
    row = ("template", "99", "caption 99", "draft", "", "MIT", "refcodec/templates/caption-1.txt")
    assert row_faults(row, ROOT) == ["template 99: a digest is needed"]
    gone = (*row[:4], "0" * 64, "MIT", "refcodec/templates/caption-99.txt")
    assert row_faults(gone, ROOT) == ["template 99: refcodec/templates/caption-99.txt is not there"]
    in_code = (*row[:6], "refcodec/picture/embedded_describer.py")
    assert row_faults(in_code, ROOT) == []


def test_filling_takes_exactly_the_values_that_are_needed() -> None:
    template = Template("two", 0, "$one and ${two}, $$5\n")
    assert template.fill(one=1, two="$one") == "1 and $one, $5"
    with pytest.raises(ValueError, match="differ in two"):
        template.fill(one=1)
    with pytest.raises(ValueError, match="differ in three"):
        template.fill(one=1, two=2, three=3)


def test_sections_hold_all_of_their_file() -> None:
    sections = load_sections(REQUESTS)
    assert list(sections) == [
        "too long",
        "too short",
        "mention",
        "one text",
        "several texts",
        "one with items",
        "several with items",
    ]
    text = "".join(f"[{heading}]\n{part.text}" for heading, part in sections.items())
    assert text == load_template(REQUESTS).text


# Users' own.


@pytest.mark.parametrize(
    ("text", "has_items"),
    [
        ("\ufeffSay it in $words words, for $$5.\n$requests_1\n", False),
        ("$items $name_words $detail_words $overall_words ${requests_1}", True),
    ],
)
def test_a_users_template_has_number_0(tmp_path: Path, text: str, has_items: bool) -> None:
    path = tmp_path / "raster-1.txt"
    path.write_text(text, "utf-8")
    template = read_template(path)
    assert (template.name, template.number) == ("raster-1.txt", 0)
    assert (template.asks_for_items, template.asks_for_scan) == (has_items, False)
    assert template.text == text.removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"$words $requests_1 $colour", r"unknown \$colour; known are \$requests_1, \$words"),
        (b"$words", r"lacks \$requests_1"),
        (b"$items $requests_1", r"lacks \$detail_words, \$name_words, \$overall_words"),
        (b"$words $requests_1 for $5", r"write \$\$ for the sign"),
        (b"$words $requests_1 \xff", "not UTF-8 at byte 19"),
        (b"$words $requests_1" + b" " * TEMPLATE_MAX_BYTES, "more than 65536 bytes"),
    ],
)
def test_a_users_template_with_a_fault_is_refused(
    tmp_path: Path, data: bytes, complaint: str
) -> None:
    path = tmp_path / "mine\x1b.txt"
    path.write_bytes(data)
    with pytest.raises(TemplateError, match=complaint) as raised:
        read_template(path)
    assert "\x1b" not in str(raised.value)


# Strangers' texts.


@given(st.recursive(st.text(), lambda part: st.lists(part) | st.fixed_dictionaries({"a": part})))
def test_quotes_hold_what_is_in_them(said: Quotable) -> None:
    quote = quoted(said)
    assert len(quote.splitlines()) == 1
    assert quote[0] in '"[{'
    assert isinstance(json.loads(quote), type(said))


def test_a_quote_says_what_was_said() -> None:
    assert quoted('He said "stop"\n$words, ¡olé!') == '"He said \\"stop\\" $words, ¡olé!"'
    assert quoted(("a dog", "b\x00c")) == '["a dog", "bc"]'
    assert quoted({"text": "a\x85b", "items": ["c\u2028d"]}) == '{"text": "a b", "items": ["c d"]}'
