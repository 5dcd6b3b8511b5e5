"""refcodec, the reference codec of `.sem`: pictures stored as meaning.

    doc = refcodec.Document(text="A red bicycle leans on a white wall.", canvas=(1024, 1024))
    data = refcodec.dumps(doc)
    assert refcodec.loads(data) == doc

Importing the package loads nothing heavy: each name below loads its module, and the prior
its weights, when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from refcodec.chunk_payloads import Models as Models
    from refcodec.codec import cost_bits as cost_bits
    from refcodec.codec import cost_bits_many as cost_bits_many
    from refcodec.codec import dump as dump
    from refcodec.codec import dumps as dumps
    from refcodec.codec import dumps_many as dumps_many
    from refcodec.codec import load as load
    from refcodec.codec import loads as loads
    from refcodec.codec import loads_many as loads_many
    from refcodec.codec import seal_file as seal_file
    from refcodec.codec import unseal_file as unseal_file
    from refcodec.document import Archive as Archive
    from refcodec.document import Document as Document
    from refcodec.document import Item as Item
    from refcodec.errors import ChecksumError as ChecksumError
    from refcodec.errors import LimitError as LimitError
    from refcodec.errors import MalformedError as MalformedError
    from refcodec.errors import NonCanonicalError as NonCanonicalError
    from refcodec.errors import SemError as SemError
    from refcodec.errors import TruncatedError as TruncatedError
    from refcodec.errors import UnsupportedError as UnsupportedError
    from refcodec.inspection import inspect as inspect
    from refcodec.picture.item_maps import map_from_mask as map_from_mask
    from refcodec.picture.item_maps import map_from_saliency as map_from_saliency
    from refcodec.picture.pipeline import describe as describe
    from refcodec.picture.pipeline import render as render
    from refcodec.text.content import Style as Style
    from refcodec.visual.maps import Box as Box
    from refcodec.visual.maps import Map as Map
    from refcodec.visual.thumbnail import Thumbnail as Thumbnail
    from refcodec.wire.chunks import Chunk as Chunk

_MODULES = {
    "refcodec.chunk_payloads": ("Models",),
    "refcodec.codec": (
        "cost_bits",
        "cost_bits_many",
        "dump",
        "dumps",
        "dumps_many",
        "load",
        "loads",
        "loads_many",
        "seal_file",
        "unseal_file",
    ),
    "refcodec.document": ("Archive", "Document", "Item"),
    "refcodec.errors": (
        "ChecksumError",
        "LimitError",
        "MalformedError",
        "NonCanonicalError",
        "SemError",
        "TruncatedError",
        "UnsupportedError",
    ),
    "refcodec.inspection": ("inspect",),
    "refcodec.picture.item_maps": ("map_from_mask", "map_from_saliency"),
    "refcodec.picture.pipeline": ("describe", "render"),
    "refcodec.text.content": ("Style",),
    "refcodec.visual.maps": ("Box", "Map"),
    "refcodec.visual.thumbnail": ("Thumbnail",),
    "refcodec.wire.chunks": ("Chunk",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'refcodec' has no attribute {name!r}")
    value = getattr(importlib.import_module(_MODULE_OF[name]), name)
    # Kept, so that the next use of the name does not come here again.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
