"""The embedded describer as one describer among others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from refcodec.describers.interfaces import Description, Wish
from refcodec.text.content import Style

if TYPE_CHECKING:
    from refcodec.picture.load import LoadedPicture

EMBEDDED_NUMBER: Final = 1


class EmbeddedDescriber:
    """What can be measured of a picture, as a raster scan in words; it needs no model."""

    @property
    def number(self) -> int:
        """1: embedded raster scan."""
        return EMBEDDED_NUMBER

    @property
    def template_number(self) -> int:
        """1: the sentences are in the code."""
        return EMBEDDED_NUMBER

    @property
    def obeys_wishes(self) -> bool:
        """False: a picture has one description."""
        return False

    def describe(self, picture: LoadedPicture, wish: Wish) -> list[Description]:  # noqa: ARG002
        """The one description, whatever is wished for."""
        from refcodec.picture.embedded_describer import describe_picture

        text = describe_picture(picture.image, picture.canvas)
        return [Description(text, style=Style.RASTER)]
