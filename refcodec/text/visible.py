"""Strangers' texts where control characters could do harm: on terminals and in pages."""

from __future__ import annotations

import unicodedata


def visible(text: str, keep: str = "") -> str:
    """Control, format and surrogate characters as backslash escapes, all others as they are."""
    return "".join(
        character
        if character in keep or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
