"""What can go wrong with a model or a service; none of it says anything of a `.sem` file.

These are apart from the errors of the specification: a file is not bad because a service is
down. A command that ends with one of them has exit status 3.
"""

from __future__ import annotations


class BackendError(Exception):
    """A model or service did not do what was asked; the message says what to do."""


class MissingExtraError(BackendError):
    """A package that only some users need is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"the package {package} is not installed; pip install 'refcodec[{extra}]' brings it"
        )


class ServiceError(BackendError):
    """A service could not be reached, took too long, or answered with an error."""


class RefusalError(BackendError):
    """A model or a content filter refused to answer."""


class AnswerError(BackendError):
    """An answer came, but not in a form that can be used."""
