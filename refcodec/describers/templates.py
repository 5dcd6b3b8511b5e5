"""Prompt templates: text files with placeholders, and the numbers that the registry binds to them.

A placeholder is a word behind a dollar sign, as `string.Template` has them; `$$` is a dollar
sign. A template for describing ends with `$requests_1`: what is asked beside the description
itself (templates/requests-1.txt), down to the form of the answer. So a template's digest also
binds the version of those requests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template as Pattern
from typing import Any, Final, TypeAlias

from refcodec.backends.errors import BackendError
from refcodec.describers.words import clean
from refcodec.registry import number_of, registered_file

CAPTION: Final = "caption-1"
ITEMS: Final = "items-1"
RASTER: Final = "raster-1"
BOXES: Final = "boxes-1"
REQUESTS: Final = "requests-1"

UNREGISTERED: Final = 0
TEMPLATE_MAX_BYTES: Final = 1 << 16

REQUESTS_PLACEHOLDER: Final = "requests_1"
TEXT_PLACEHOLDERS: Final = frozenset({"words", REQUESTS_PLACEHOLDER})
ITEMS_PLACEHOLDERS: Final = frozenset(
    {"overall_words", "items", "name_words", "detail_words", REQUESTS_PLACEHOLDER}
)
# A text of a stranger's, or texts in lists and by names of ours.
Quotable: TypeAlias = "str | Sequence[Quotable] | Mapping[str, Quotable]"

_SECTION = re.compile(r"^\[([a-z ]+)\]\n", re.MULTILINE)


class TemplateError(BackendError):
    """A template file of the user's cannot be used."""


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt with placeholders.

    `name` is the registered file's without its ending ("caption-1") and `number` the
    registry's; of a user's own file, the whole file name and 0.
    """

    name: str
    number: int
    text: str

    @property
    def placeholders(self) -> frozenset[str]:
        """The names of all placeholders in it."""
        return frozenset(Pattern(self.text).get_identifiers())

    @property
    def asks_for_items(self) -> bool:
        """Whether it asks for items beside the text."""
        return "items" in self.placeholders

    @property
    def asks_for_scan(self) -> bool:
        """Whether it is a registered one for a raster scan."""
        return self.number != UNREGISTERED and self.name.startswith("raster-")

    def fill(self, **values: str | int) -> str:
        """The prompt; ValueError unless these are the placeholders that it has.

        Dollar signs in the values stand for themselves. A stranger's text goes through
        `quoted` first.
        """
        if values.keys() != self.placeholders:
            difference = ", ".join(sorted(values.keys() ^ self.placeholders))
            raise ValueError(
                f"template {self.name}: placeholders and values differ in {difference}"
            )
        return Pattern(self.text).substitute(values).strip()


@cache
def load_template(name: str) -> Template:
    """The registered template of a name such as "caption-1".

    UnsupportedError if there is none, or if its file is not the registered one.
    """
    number = number_of("template", name.replace("-", " "))
    return Template(name, number, registered_file("template", number).decode("utf-8"))


@cache
def load_sections(name: str) -> dict[str, Template]:
    """The parts of a registered template that is no prompt of its own, by their headings."""
    template = load_template(name)
    parts = _SECTION.split(template.text)[1:]
    return {
        heading: Template(f"{name}, {heading}", template.number, text)
        for heading, text in zip(parts[::2], parts[1::2], strict=True)
    }


def read_template(path: Path) -> Template:
    """A user's own template for describing, in UTF-8.

    It has the placeholders of caption-1.txt, or those of items-1.txt, each at least once.
    TemplateError for anything else, OSError if the file cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(TEMPLATE_MAX_BYTES + 1)
    label = f"template {clean(str(path))}"
    if len(data) > TEMPLATE_MAX_BYTES:
        raise TemplateError(f"{label}: more than {TEMPLATE_MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TemplateError(f"{label}: not UTF-8 at byte {error.start}") from error
    if not Pattern(text).is_valid():
        raise TemplateError(
            f"{label}: a dollar sign without a placeholder's name; write $$ for the sign"
        )
    template = Template(clean(path.name), UNREGISTERED, text)
    needed = ITEMS_PLACEHOLDERS if template.asks_for_items else TEXT_PLACEHOLDERS
    if unknown := template.placeholders - needed:
        raise TemplateError(f"{label}: unknown {_listed(unknown)}; known are {_listed(needed)}")
    if missing := needed - template.placeholders:
        raise TemplateError(f"{label}: lacks {_listed(missing)}; write each where it belongs")
    return template


def quoted(said: Quotable) -> str:
    """What strangers said, as JSON on one line: nothing in it ends the quote."""
    return json.dumps(_cleaned(said), ensure_ascii=False)


def _cleaned(said: Quotable) -> Any:
    if isinstance(said, str):
        return clean(said)
    if isinstance(said, Mapping):
        return {name: _cleaned(part) for name, part in said.items()}
    return [_cleaned(part) for part in said]


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"${name}" for name in sorted(names))
