"""What a service or the way to it did wrong, said so that a user knows what to do.

The openai package's exceptions hold the request with its key; none of them is kept, not even
as a cause, and of a service's own words only a cleaned and shortened form is repeated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from refcodec.backends.errors import BackendError, RefusalError, ServiceError
from refcodec.backends.settings import KEY_VARIABLE

if TYPE_CHECKING:
    import openai

QUOTED_MAX_CHARACTERS: Final = 300

# What services call a rejection of what a request says or shows.
_REFUSAL_CODES = {
    "content_filter",
    "content_policy_violation",
    "content_safety_violation",
    "moderation_blocked",
}
_REFUSAL_WORDS = ("content policy", "content management policy", "safety system", "moderation")
REFUSAL_ADVICE: Final = "use another picture, other words or another model"

_REFUSING = {400, 403, 422}
UNKNOWN_ENDPOINT: Final = frozenset({404, 405, 501})

# Statuses of requests that might be taken in another form. Some servers break (5xx) over a
# parameter that they do not know.
_REJECTED = {400, 404, 405, 422, 500, 501}


class RejectedError(ServiceError):
    """The service did not take a request in this form.

    `complaint` is what it said, in lower case, with the parameter and the code that it named.
    """

    def __init__(self, message: str, status: int, complaint: str) -> None:
        super().__init__(message)
        self.status = status
        self.complaint = complaint


@dataclass(frozen=True)
class Target:
    """Whom a message is about; `key` is the secret that no message may hold."""

    host: str
    model: str
    key: str = field(repr=False)

    def says(self, what: str) -> str:
        """The message with host and model before it."""
        return f"{self.host}, model {self.model}: {what}"

    def quoted(self, words: str) -> str:
        """A service's words on one line, without the key, not too long."""
        line = " ".join(words.replace(self.key, "[key]").split())
        if len(line) > QUOTED_MAX_CHARACTERS:
            line = line[:QUOTED_MAX_CHARACTERS] + "..."
        return line


def failure_of(error: openai.OpenAIError, target: Target, retries: int) -> BackendError:
    """The failure that an exception of the package stands for."""
    import openai

    tries = {0: "without a retry", 1: "after 1 retry"}.get(retries, f"after {retries} retries")
    if isinstance(error, openai.APIStatusError):
        return _status_failure(error, target, tries)
    if isinstance(error, openai.APITimeoutError):
        what = f"no answer in time {tries}; allow more seconds, or see whether the service is busy"
    elif isinstance(error, openai.APIConnectionError):
        what = (
            f"the connection failed {tries}; see whether the base URL is right, the service "
            "runs and the network works"
        )
    else:
        what = f"the openai package gave up ({type(error).__name__}): {target.quoted(str(error))}"
    return ServiceError(target.says(what))


def error_in_answer(error: object, target: Target) -> BackendError:
    """The failure that an answer of status 200 reports in its "error"."""
    words, names = _words(error), _names(error)
    if _is_refusal(words, names):
        return _refusal(words, target)
    return ServiceError(
        target.says(f"the service reports an error: {target.quoted(words)}; try again later")
    )


def _status_failure(error: openai.APIStatusError, target: Target, tries: str) -> BackendError:
    status, words, names = error.status_code, _words(error.body), _names(error.body)
    if status in _REFUSING and _is_refusal(words, names):
        return _refusal(words, target)
    message = target.says(_explanation(status, words, names, target, tries))
    if status in _REJECTED:
        return RejectedError(message, status, " ".join([words, *names]).lower())
    return ServiceError(message)


def _explanation(status: int, words: str, names: list[str], target: Target, tries: str) -> str:
    """What happened and what to do, for a status that says no."""
    said = f"status {status}: {target.quoted(words)}"
    known = {
        # Services repeat parts of the key here, so their words are left out.
        401: f"the key was not accepted; set {KEY_VARIABLE} to a key of this service",
        403: f"access was denied ({said}); use a key or a model with which it is allowed",
        404: f"there is no such address ({said}); the base URL should be as in https://host/v1",
        413: f"the request is too large ({said}); send smaller pictures",
        429: f"too many requests {tries} ({said}); wait, or allow fewer of them at a time",
    }
    if status == 429 and "insufficient_quota" in names:
        return f"the account's credit or quota is used up ({said}); add to it"
    if status == 404 and "model" in words.lower():
        return f"the service does not have the model ({said}); name one that it has"
    if status in known:
        return known[status]
    if status < 400:
        return f"the service has moved (status {status}); give its new address as the base URL"
    if status < 500:
        return f"the request was rejected ({said}); see whether the model can do this"
    return f"the service failed {tries} ({said}); try again later"


def _is_refusal(words: str, names: list[str]) -> bool:
    lowered = words.lower()
    return not _REFUSAL_CODES.isdisjoint(names) or any(word in lowered for word in _REFUSAL_WORDS)


def _refusal(words: str, target: Target) -> RefusalError:
    return RefusalError(
        target.says(f"the request was refused ({target.quoted(words)}); {REFUSAL_ADVICE}")
    )


def _words(body: object) -> str:
    """What the body of an error says, in whatever form servers put it."""
    if isinstance(body, Mapping):
        for name in ("message", "error", "detail"):
            if body.get(name):
                return _words(body[name])
    return body if isinstance(body, str) else json.dumps(body)


def _names(body: object) -> list[str]:
    """The code, parameter and type that the body of an error names."""
    fields: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    found = (fields.get(name) for name in ("code", "param", "type"))
    return [value for value in found if isinstance(value, str)]
