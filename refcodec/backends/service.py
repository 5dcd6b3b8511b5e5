"""One OpenAI-compatible service: its client, what it may be asked at a time, cache and account.

The `openai` package does the talking: it waits and asks again after failures that may pass, for
as long as Retry-After says where a service says so. It is imported when something is sent.
"""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from refcodec.backends.account import Account
from refcodec.backends.cache import DiskCache, request_key
from refcodec.backends.errors import BackendError, MissingExtraError, ServiceError
from refcodec.backends.failures import Target, error_in_answer, failure_of
from refcodec.backends.planning import DryRunStop, PlannedRequest
from refcodec.backends.settings import ServiceSettings, host_of, service_key

if TYPE_CHECKING:
    import openai
    from PIL.Image import Image

Fields = dict[str, Any]
Answer = TypeVar("Answer")
# A request: it is given the client, and returns the package's raw response.
Call = Callable[["openai.OpenAI"], Any]


@dataclass(frozen=True, slots=True)
class Text:
    """An answer in words, and whether the limit on tokens cut it short."""

    words: str
    is_cut: bool = False


class Service:
    """A service as `settings` say; may be used by several threads at once.

    `cache` None keeps no answers. `abilities` is what was learnt of models, by API and name;
    those who ask models keep it here so that nobody learns it twice.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        cache: DiskCache | None = None,
        account: Account | None = None,
    ) -> None:
        self.settings = settings
        self.url = settings.url()
        self.host = host_of(self.url)
        self.cache = cache
        self.account = Account() if account is None else account
        self.abilities: dict[tuple[str, str], Any] = {}
        self._slots = threading.BoundedSemaphore(settings.concurrency)
        self._client: openai.OpenAI | None = None
        self._lock = threading.Lock()

    def texts(
        self,
        request: Mapping[str, Any],
        ask: Callable[[], list[Text]],
        is_usable: Callable[[str], bool],
    ) -> list[str]:
        """The cached answers to a request, or those of `ask`.

        These are kept if one of them is usable and none is cut short, and cached ones are only
        given if one is usable, so that asking again can help. `request` holds all that shapes
        the answer, as JSON values; the base URL is added.
        """

        def find(cache: DiskCache, key: str) -> list[Text] | None:
            found = [Text(words) for words in cache.texts(key) or ()]
            return found if any(is_usable(text.words) for text in found) else None

        def put(cache: DiskCache, key: str, texts: list[Text]) -> None:
            is_whole = not any(text.is_cut for text in texts)
            if is_whole and any(is_usable(text.words) for text in texts):
                cache.put_texts(key, [text.words for text in texts])

        return [text.words for text in self._answer(request, ask, find, put)]

    def picture(self, request: Mapping[str, Any], ask: Callable[[], Image]) -> Image:
        """The cached picture for a request, or that of `ask`, which is kept (see `texts`)."""
        return self._answer(request, ask, DiskCache.picture, DiskCache.put_picture)

    def _answer(
        self,
        request: Mapping[str, Any],
        ask: Callable[[], Answer],
        find: Callable[[DiskCache, str], Answer | None],
        put: Callable[[DiskCache, str, Answer], None],
    ) -> Answer:
        """What the cache finds, or else what is asked for and put there."""
        if self.cache is None:
            return ask()
        key = request_key({**request, "base_url": self.url})
        found = find(self.cache, key)
        if found is not None:
            self.account.add_cached()
            return found
        answer = ask()
        # An answer that was paid for is not lost over a full disk.
        try:
            put(self.cache, key, answer)
        except OSError as error:
            self.account.add_note(f"answers could not be kept in the cache: {error.strerror}")
        return answer

    def target(self, model: str) -> Target:
        """Whom messages about requests to this model name."""
        return Target(self.host, model, service_key(self.url))

    def send(self, planned: PlannedRequest, call: Call) -> Fields:
        """Send a request, with retries as the settings say; the answer's fields.

        Raises DryRunStop in a dry run, RejectedError where the service might take the request
        in another form, other BackendErrors for all that goes wrong else.
        """
        if self.settings.dry_run:
            raise DryRunStop(planned)
        target = self.target(planned.model)
        answer = _fields(self._exchange(call, target), target)
        if answer.get("error"):
            raise error_in_answer(answer["error"], target)
        self.account.add_usage(answer.get("usage"))
        return answer

    def _exchange(self, call: Call, target: Target) -> str:
        """The text of the answer to a call."""
        client = self._connected()
        import openai

        failure: BackendError
        with self._slots:
            try:
                text: str = call(client).text
            except openai.OpenAIError as error:
                failure = failure_of(error, target, self.settings.retries)
            except UnicodeError:
                failure = ServiceError(target.says("the text holds what UTF-8 cannot; correct it"))
            else:
                return text
        # Raised here, so that the package's exception, which holds the key, is not its context.
        raise failure

    def _connected(self) -> openai.OpenAI:
        """The client, made by whoever needs it first."""
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> openai.OpenAI:
        try:
            import openai
        except ImportError:
            raise MissingExtraError("openai", "openai") from None
        account = self.account
        # Pictures go to the address that the user gave and nowhere else: no redirects.
        http_client = openai.DefaultHttpxClient(
            follow_redirects=False,
            event_hooks={"request": [lambda _: account.add_request()]},
        )
        weakref.finalize(self, http_client.close)
        return openai.OpenAI(
            api_key=service_key(self.url),
            base_url=self.url,
            timeout=self.settings.timeout_s,
            max_retries=self.settings.retries,
            http_client=http_client,
        )


def _fields(text: str, target: Target) -> Fields:
    """The answer's JSON object."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise ServiceError(
            target.says(
                "the answer is not a JSON object; see whether the base URL is that of an "
                "OpenAI-compatible service, and try again"
            )
        )
    return answer
