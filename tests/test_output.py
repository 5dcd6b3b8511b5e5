"""Drawn pictures as PNG files: how they say that they are synthetic."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image

import refcodec
from refcodec import Document
from refcodec.generators.baseline import BaselineGenerator
from refcodec.generators.interfaces import Drawing
from refcodec.picture.output import to_png

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "iptc": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DOCUMENT = Document("A red <house> & hedge.", (12, 8))
FILE = refcodec.dumps(DOCUMENT)
PICTURE = Image.new("RGB", (12, 8), "red")


@dataclass(frozen=True)
class NamedGenerator:
    """A generator's name and kind; it never draws here."""

    name: str = "openai <model> & co"
    number: int = 2
    is_trained: bool = True

    def draw(self, *_: Any, **__: Any) -> Drawing:
        raise AssertionError("nothing is drawn")

    def edit(self, *_: Any, **__: Any) -> Drawing:
        raise AssertionError("nothing is edited")


def opened(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png)) as picture:
        picture.load()
        return picture


def properties(picture: Image.Image) -> dict[str, str]:
    """The XMP properties by name, as "iptc:DigitalSourceType"."""
    root = ElementTree.fromstring(picture.info["XML:com.adobe.xmp"].replace("\ufeff", ""))
    description = root.find("rdf:RDF/rdf:Description", NAMESPACES)
    assert description is not None
    prefixes = {f"{{{address}}}": f"{prefix}:" for prefix, address in NAMESPACES.items()}
    found = {}
    for element in description:
        address, name = element.tag.split("}")
        found[prefixes[address + "}"] + name] = element.text or ""
    return found


def test_a_trained_model_is_named_with_its_prompt() -> None:
    drawing = Drawing(PICTURE, prompt="Draw <this>:\na red house & hedge.")
    picture = opened(to_png(drawing, DOCUMENT, FILE, NamedGenerator()))
    digest = hashlib.sha256(FILE).hexdigest()
    assert picture.tobytes() == PICTURE.tobytes()
    tool = picture.info["Software"]
    assert tool.startswith("refcodec ")
    assert tool.endswith(", openai <model> & co rendering")
    assert properties(picture) == {
        "iptc:DigitalSourceType": SOURCE_TYPES + "trainedAlgorithmicMedia",
        "iptc:AISystemUsed": "openai <model> & co",
        "iptc:AIPromptInformation": drawing.prompt,
        "xmp:CreatorTool": tool,
        "dc:source": f"urn:sha256:{digest}",
    }
    assert picture.info["Prompt"] == drawing.prompt
    assert picture.info["Description"] == DOCUMENT.text
    assert picture.info["Source"] == f".sem file with SHA-256 {digest}"


def test_the_baseline_has_no_model_and_no_prompt() -> None:
    generator = BaselineGenerator()
    drawing = generator.draw(DOCUMENT)
    picture = opened(to_png(drawing, DOCUMENT, FILE, generator))
    assert picture.tobytes() == drawing.image.tobytes()
    assert properties(picture) == {
        "iptc:DigitalSourceType": SOURCE_TYPES + "algorithmicMedia",
        "xmp:CreatorTool": picture.info["Software"],
        "dc:source": f"urn:sha256:{hashlib.sha256(FILE).hexdigest()}",
    }
    assert picture.info["Software"].endswith(", baseline rendering")
    assert "Prompt" not in picture.info


@pytest.mark.parametrize("prompt", ["a\0b\x1b[c\ufffed", "\ud7ff\U0001f3e0"])
def test_any_prompt_makes_a_valid_packet(prompt: str) -> None:
    picture = opened(to_png(Drawing(PICTURE, prompt), DOCUMENT, FILE, NamedGenerator()))
    told = properties(picture)["iptc:AIPromptInformation"]
    assert told == prompt.translate({0: " ", 0x1B: " ", 0xFFFE: " "})
    assert picture.info.get("Prompt") == (None if "\0" in prompt else prompt)


def test_alpha_is_kept() -> None:
    layer = Image.new("RGBA", (12, 8), (1, 2, 3, 4))
    picture = opened(to_png(Drawing(layer), DOCUMENT, FILE, NamedGenerator()))
    assert picture.mode == "RGBA"
    assert picture.tobytes() == layer.tobytes()
    assert "iptc:AIPromptInformation" not in properties(picture)
