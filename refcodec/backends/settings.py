"""Which service is talked to, how, and with which models.

The key comes from the environment alone (OPENAI_API_KEY), so that it is in no command line,
settings file or record of this program.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from refcodec.backends.errors import ServiceError
from refcodec.picture.load import WORKING_MAX_SIDE

DEFAULT_BASE_URL: Final = "https://api.openai.com/v1"
BASE_URL_VARIABLE: Final = "OPENAI_BASE_URL"
KEY_VARIABLE: Final = "OPENAI_API_KEY"

Api = Literal["chat", "responses"]
APIS: Final[tuple[Api, ...]] = ("chat", "responses")
SEND_MIN_SIDE: Final = 16

# Servers on one's own machine want no key, but the package insists on one.
_KEY_PLACEHOLDER: Final = "no-key"


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How a service is talked to; raises ServiceError for values that cannot be.

    `base_url` is the address up to and with "/v1"; None takes OPENAI_BASE_URL, or else OpenAI.
    `api` is how vision models are asked: chat completions, which all servers know, or responses.
    `timeout_s` is how long to wait for a sign of life, `retries` how often a request is sent
    again after a failure that may pass, `concurrency` how many requests are under way at a time
    over all threads. Pictures are sent with their longest side at most `send_side` pixels. With
    `dry_run` nothing is sent: the first request that the cache cannot answer raises DryRunStop.
    """

    base_url: str | None = None
    api: Api = "chat"
    timeout_s: float = 300.0
    retries: int = 3
    concurrency: int = 4
    send_side: int = 1024
    dry_run: bool = False

    def __post_init__(self) -> None:
        if self.api not in APIS:
            raise ServiceError(f"there is no API {self.api!r}; give one of {', '.join(APIS)}")
        if not SEND_MIN_SIDE <= self.send_side <= WORKING_MAX_SIDE:
            raise ServiceError(
                f"pictures cannot be sent with a longest side of {self.send_side} pixels; "
                f"give {SEND_MIN_SIDE} to {WORKING_MAX_SIDE}"
            )
        if not 0 < self.timeout_s < float("inf"):
            raise ServiceError(f"a time-out of {self.timeout_s} s makes no sense; give seconds")
        if self.retries < 0 or self.concurrency < 1:
            raise ServiceError("retries must be at least 0, and requests at a time at least 1")

    def url(self) -> str:
        """The base URL in use; ServiceError where it is none, or holds a password."""
        given = self.base_url or os.environ.get(BASE_URL_VARIABLE, "").strip()
        url = (given or DEFAULT_BASE_URL).rstrip("/")
        try:
            parts = urlsplit(url)
            is_plain = parts.username is None and not parts.query and not parts.fragment
            is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
            _ = parts.port  # raises ValueError where it is not a number
        except ValueError:
            is_plain = is_address = False
        if not (is_plain and is_address):
            # What was given is not repeated: it may hold a password.
            raise ServiceError(
                "the base URL of the service is not an address of the form "
                f"https://host/v1; correct it, and put any key into {KEY_VARIABLE} only"
            )
        return url


def host_of(url: str) -> str:
    """The host of an address, with the port if it has one, for messages."""
    return urlsplit(url).netloc


def service_key(url: str) -> str:
    """The key for the service at `url`; ServiceError where one is needed and there is none."""
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if not key:
        if host_of(url) == host_of(DEFAULT_BASE_URL):
            raise ServiceError(
                f"{host_of(url)} wants a key, and {KEY_VARIABLE} is not set; set it, or give "
                "the base URL of another service"
            )
        return _KEY_PLACEHOLDER
    # A key becomes part of a header line; one that cannot would be quoted in an error there.
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise ServiceError(
            f"{KEY_VARIABLE} holds characters that a key cannot have; set it to the key alone"
        )
    return key
