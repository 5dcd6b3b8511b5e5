"""The error classes of the specification (section 10), as exceptions.

Every way in which a file can be bad belongs to exactly one class. The class name, the
exit status of the command-line tools and the name in the conformance manifest are one
and the same thing in three spellings, so they are defined together here.
"""

from __future__ import annotations

from typing import ClassVar


class SemError(Exception):
    """Base of every error that this package raises about data.

    `name` is the class's name in the specification and in the conformance manifest,
    `status` the exit status of a command that ends with it.
    """

    name: ClassVar[str] = "error"
    status: ClassVar[int] = 1


class TruncatedError(SemError):
    """The data end before a field that must be there."""

    name = "truncated"
    status = 10


class MalformedError(SemError):
    """The bytes break the layout, or a field holds an illegal value."""

    name = "malformed"
    status = 11


class NonCanonicalError(SemError):
    """The bytes could be read, but the same content has another, canonical, encoding."""

    name = "non-canonical"
    status = 12


class ChecksumError(SemError):
    """A check stored in the file differs from the one computed from its bytes."""

    name = "checksum-mismatch"
    status = 13


class UnsupportedError(SemError):
    """A version, critical chunk, text mode or prior that this decoder does not have."""

    name = "unsupported"
    status = 14


class LimitError(SemError):
    """A size beyond the limits of the specification (section 9), or beyond a budget."""

    name = "limit-exceeded"
    status = 15


ERROR_CLASSES: tuple[type[SemError], ...] = (
    TruncatedError,
    MalformedError,
    NonCanonicalError,
    ChecksumError,
    UnsupportedError,
    LimitError,
)
