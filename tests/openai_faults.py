"""How the test server of OpenAI's protocol goes wrong (tests/openai_server.py)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Fault:
    """How one request goes wrong; the default is that it does not.

    After `delay_s` the connection is cut, or the bytes `body` are sent; with a `status` of 400
    and more `error` is answered as the service words its errors. `refusal` and `finish_reason`
    go into an answer that is otherwise whole, and `text` takes the place of its text.
    """

    status: int = 200
    error: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    is_cut: bool = False
    body: bytes | None = None
    refusal: str | None = None
    finish_reason: str = "stop"
    text: str | None = None


NO_FAULT = Fault()


def slow(delay_s: float) -> Fault:
    """The answer comes after a while."""
    return Fault(delay_s=delay_s)


def too_many_requests(retry_after_s: float) -> Fault:
    """Status 429 with Retry-After."""
    error = {"message": "Rate limit reached", "code": "rate_limit_exceeded"}
    return Fault(429, error, {"Retry-After": str(retry_after_s)})


def error_status(status: int, message: str = "It broke", **more: str) -> Fault:
    """A status of 300 and more; `more` may have `code`, `param` and `type`."""
    return Fault(status, {"message": message, **more})


def broken_json() -> Fault:
    """Status 200 and half an object."""
    return Fault(body=b'{"choices": [{"mess')


def json_body(value: object) -> Fault:
    """Status 200 and a JSON value of the test's choice."""
    return Fault(body=json.dumps(value).encode())


def cut_connection() -> Fault:
    """The connection ends in the middle of the answer."""
    return Fault(is_cut=True)


def refusal(words: str = "I cannot help with that.") -> Fault:
    """The model declines, in the field that the protocol has for it."""
    return Fault(refusal=words)


def content_filter() -> Fault:
    """A filter takes the answer away."""
    return Fault(finish_reason="content_filter", text="")


def content_policy() -> Fault:
    """The request is rejected for what it shows or says."""
    message = "Your request was rejected by the safety system."
    return error_status(400, message, code="content_policy_violation")


def cut_short(text: str) -> Fault:
    """The answer has reached the limit on its tokens."""
    return Fault(finish_reason="length", text=text)
