"""Pictures out: drawn documents as PNG files that say that they are synthetic.

The mark is the IPTC property "Digital Source Type" in an XMP packet, as a PNG text chunk of
the keyword that the XMP specification (part 3, 1.1.5) gives.
"""

from __future__ import annotations

import hashlib
import io
from importlib.metadata import version
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from refcodec.document import Document
from refcodec.picture.pipeline import render

if TYPE_CHECKING:
    from PIL.Image import Image

SOURCE_TYPE_BASE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
ALGORITHMIC: Final = "algorithmicMedia"

_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/">
   <Iptc4xmpExt:DigitalSourceType>{source_type}</Iptc4xmpExt:DigitalSourceType>
   <xmp:CreatorTool>{tool}</xmp:CreatorTool>
   <dc:source>urn:sha256:{digest}</dc:source>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def draw_document(document: Document, generator: str) -> Image:
    """The rendering; on the flat canvas of a document without thumbnail, its text as a caption."""
    if document.thumbnail is None:
        from refcodec.visual.caption import caption_image

        return caption_image(document.canvas, document.text)
    return render(document, generator=generator)


def to_png(picture: Image, document: Document, file: bytes, generator: str) -> bytes:
    """A PNG file with the mark, the generator, the text and the digest of the `.sem` file."""
    from PIL.PngImagePlugin import PngInfo

    digest = hashlib.sha256(file).hexdigest()
    tool = f"refcodec {version('refcodec')}, {generator} rendering"
    xmp = _XMP.format(source_type=SOURCE_TYPE_BASE + ALGORITHMIC, tool=escape(tool), digest=digest)
    texts = PngInfo()
    texts.add_itxt("XML:com.adobe.xmp", xmp)
    texts.add_itxt("Software", tool)
    texts.add_itxt("Source", f".sem file with SHA-256 {digest}")
    # PNG text ends at a zero byte, so a text that holds one is left out.
    if document.text and "\0" not in document.text:
        texts.add_itxt("Description", document.text)
    encoded = io.BytesIO()
    picture.save(encoded, "PNG", pnginfo=texts)
    return encoded.getvalue()
