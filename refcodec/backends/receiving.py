"""Pictures as services answer with them: in the answer itself, or at an address to fetch.

An address is fetched over https, or, for servers on one's own machine or network, over http
from the very host of the base URL. The key does not go with it, redirects are not followed, and
size and waiting time are limited.
"""

from __future__ import annotations

import base64
import binascii
import http.client
from typing import TYPE_CHECKING, Any, Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

from refcodec.backends.errors import AnswerError, ServiceError
from refcodec.errors import SemError
from refcodec.picture.load import load_picture

if TYPE_CHECKING:
    from PIL.Image import Image

    from refcodec.backends.failures import Target
    from refcodec.backends.service import Fields

RECEIVED_MAX_BYTES: Final = 64 << 20
_DATA_SCHEME = "data:"


def received_picture(entry: Fields, base_url: str, timeout_s: float, target: Target) -> Image:
    """The RGB picture of an entry of an answer's "data".

    Raises AnswerError where there is none that can be read, ServiceError where it cannot be
    fetched.
    """
    encoded, url = entry.get("b64_json"), entry.get("url")
    if isinstance(encoded, str):
        data = _decoded(encoded, target)
    elif isinstance(url, str) and url.startswith(_DATA_SCHEME):
        data = _decoded(url, target)
    elif isinstance(url, str):
        data = _fetched(url, base_url, timeout_s, target)
    else:
        raise AnswerError(target.says("the answer holds no picture; try again"))
    try:
        return load_picture(data).image
    except SemError as error:
        what = f"the answer is not a picture that can be read ({error}); try again"
        raise AnswerError(target.says(what)) from None


def _decoded(text: str, target: Target) -> bytes:
    """The bytes of base64 text, or of a `data:` URL of that."""
    if text.startswith(_DATA_SCHEME):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise AnswerError(
            target.says("the picture in the answer is not valid base64; try again")
        ) from None


class _NoRedirects(HTTPRedirectHandler):
    """Leaves an answer that points elsewhere as the error that it then is."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """No request."""


def _fetched(url: str, base_url: str, timeout_s: float, target: Target) -> bytes:
    if not _may_fetch(url, base_url):
        raise AnswerError(
            target.says(
                "the picture is at an address that is neither https nor on the service's own "
                "host, so it was not fetched; have the service answer with b64_json"
            )
        )
    try:
        with build_opener(_NoRedirects).open(url, timeout=timeout_s) as response:
            data: bytes = response.read(RECEIVED_MAX_BYTES + 1)
    except HTTPError as error:
        reason: Any = f"status {error.code}"
        error.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = target.quoted(str(error)) or type(error).__name__
    else:
        if len(data) > RECEIVED_MAX_BYTES:
            raise AnswerError(
                target.says(f"the picture has more than {RECEIVED_MAX_BYTES} bytes; ask for less")
            )
        return data
    raise ServiceError(target.says(f"the picture could not be fetched ({reason}); try again"))


def _may_fetch(url: str, base_url: str) -> bool:
    try:
        parts, base = urlsplit(url), urlsplit(base_url)
        is_own = (parts.scheme, parts.hostname, parts.port) == (
            base.scheme,
            base.hostname,
            base.port,
        )
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (is_own and base.scheme == "http"))
