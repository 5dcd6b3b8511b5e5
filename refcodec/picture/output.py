"""Pictures out: drawn documents as PNG files that say that they are synthetic.

The mark is the IPTC property "Digital Source Type" in an XMP packet, as a PNG text chunk of
the keyword that the XMP specification (part 3, 1.1.5) gives. Where a trained model drew,
"AI System Used" and "AI Prompt Information" (IPTC Photo Metadata Standard 2025.1) are beside it.
"""

from __future__ import annotations

import hashlib
import io
import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from refcodec.document import Document

if TYPE_CHECKING:
    from refcodec.generators.interfaces import Drawing, Generator

SOURCE_TYPE_BASE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
ALGORITHMIC: Final = "algorithmicMedia"
TRAINED: Final = "trainedAlgorithmicMedia"

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/">
{properties}
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
# What no XML 1.0 document can hold, escaped or not.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_png(drawing: Drawing, document: Document, file: bytes, generator: Generator) -> bytes:
    """A PNG file with the mark, the generator, its prompt, the text and the `.sem` file's digest.

    `file` is the bytes of the `.sem` file.
    """
    from PIL.PngImagePlugin import PngInfo

    digest = hashlib.sha256(file).hexdigest()
    tool = f"refcodec {version('refcodec')}, {generator.name} rendering"
    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", _xmp(drawing, generator, tool, digest))
    texts.add_itxt("Software", tool)
    texts.add_itxt("Source", f".sem file with SHA-256 {digest}")
    for keyword, text in (("Description", document.text), ("Prompt", drawing.prompt)):
        # PNG text ends at a zero byte, so a text that holds one is left out.
        if text and "\0" not in text:
            texts.add_itxt(keyword, text)
    encoded = io.BytesIO()
    drawing.image.save(encoded, "PNG", pnginfo=texts)
    return encoded.getvalue()


def _xmp(drawing: Drawing, generator: Generator, tool: str, digest: str) -> str:
    """The XMP packet; the kind of source is as section 11.3 of the specification has it."""
    kind = TRAINED if generator.is_trained else ALGORITHMIC
    properties = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPE_BASE + kind,
        "xmp:CreatorTool": tool,
        "dc:source": f"urn:sha256:{digest}",
    }
    if generator.is_trained:
        properties["Iptc4xmpExt:AISystemUsed"] = generator.name
    if drawing.prompt:
        properties["Iptc4xmpExt:AIPromptInformation"] = drawing.prompt
    return _XMP.format(
        properties="\n".join(
            f"   <{name}>{escape(_NOT_XML.sub(' ', value))}</{name}>"
            for name, value in properties.items()
        )
    )
