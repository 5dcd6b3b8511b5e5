"""A server on this machine that speaks the protocol of OpenAI, for tests with the real package.

It knows chat completions and responses with pictures, image generation and image edits with
several pictures and a mask. What it answers is scripted:

    openai_server.answer = lambda request: f"{len(request.pictures)} pictures"
    openai_server.texts.extend(["first answer", "second answer"])  # used up before `answer`
    openai_server.draw = lambda request, size: Image.new("RGB", size, "red")
    openai_server.faults.extend([too_many_requests(0.1), NO_FAULT, broken_json()])

(the faults are in tests/openai_faults.py), and what it was asked is in `openai_server.requests`.
The fixture `openai_server` (conftest.py) starts one and points the package's environment
variables at it.
"""

from __future__ import annotations

import base64
import email
import email.policy
import io
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from PIL import Image

from tests.openai_faults import NO_FAULT, Fault, error_status

KEY = "sk-test-0123456789abcdef"
CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
_DATA_URL = "base64,"


@dataclass(frozen=True)
class RecordedRequest:
    """One request: its path, headers (names in lower case), and fields of its JSON or form.

    `files` are the files of a form by field name, "image[]" being under "image".
    """

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    files: dict[str, list[bytes]] = field(default_factory=dict)
    time_s: float = field(default_factory=time.monotonic)

    @property
    def model(self) -> str:
        """The model asked for."""
        return str(self.body.get("model", ""))

    @property
    def prompt(self) -> str:
        """All that was said in words."""
        if "prompt" in self.body:
            return str(self.body["prompt"])
        return "\n".join(part["text"] for part in self._parts() if "text" in part)

    @property
    def pictures(self) -> list[bytes]:
        """The files of the pictures that were sent, without the mask."""
        if self.files:
            return self.files.get("image", [])
        urls = [part["image_url"] for part in self._parts() if "image_url" in part]
        plain = [url["url"] if isinstance(url, dict) else url for url in urls]
        return [base64.b64decode(url.partition(_DATA_URL)[2]) for url in plain]

    @property
    def mask(self) -> bytes | None:
        """The file of the mask, None where there was none."""
        return next(iter(self.files.get("mask", [])), None)

    @property
    def size(self) -> tuple[int, int]:
        """The size in pixels of the picture that is wanted."""
        width, _, height = str(self.body.get("size", "1024x1024")).partition("x")
        return int(width), int(height)

    @property
    def candidates(self) -> int:
        """How many answers are wanted."""
        return int(self.body.get("n") or 1)

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON schema that the answer is to be held to, None where there is none."""
        if self.path == RESPONSES:
            return cast("dict[str, Any] | None", self.body.get("text", {}).get("format"))
        return cast("dict[str, Any] | None", self.body.get("response_format"))

    def _parts(self) -> list[dict[str, Any]]:
        messages = self.body.get("messages") or self.body.get("input") or []
        contents = [message["content"] for message in messages]
        return [
            part
            for content in contents
            for part in ([{"text": content}] if isinstance(content, str) else content)
        ]


Drawn = Image.Image | bytes


class OpenAIServer(ThreadingHTTPServer):
    """The server; its attributes may be changed at any time.

    `answer` gives the text for a request, or a list with a text for each candidate; `draw` gives
    the picture for a request and a size in pixels (width, height), or bytes to send in its place.
    `texts` and `faults` are used up first, one a request (and candidate); `fault` holds
    for all requests when `faults` is empty. Switches say what the server knows.
    """

    daemon_threads = False  # so that closing the server waits for all answers

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Callable[[RecordedRequest], str | list[str]] = lambda _: "A red bicycle."
        self.draw: Callable[[RecordedRequest, tuple[int, int]], Drawn] = _draw_grey
        self.texts: deque[str] = deque()
        self.faults: deque[Fault] = deque()
        self.fault = NO_FAULT
        self.knows_schema = True
        self.knows_max_completion_tokens = True
        self.knows_max_tokens = True
        self.knows_candidates = True
        self.knows_edits = True
        self.reports_usage = True
        self.answers_with_urls = False
        self.requests: list[RecordedRequest] = []
        self.most_at_once = 0
        self.files: dict[str, bytes] = {}
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self._at_once = 0

    @property
    def root(self) -> str:
        """The address without a path."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        """The base URL, as OPENAI_BASE_URL wants it."""
        return f"{self.root}/v1"

    def next_fault(self) -> Fault:
        """What goes wrong with the next request."""
        with self.lock:
            return self.faults.popleft() if self.faults else self.fault

    def next_texts(self, request: RecordedRequest) -> list[str]:
        """A text for each of the wanted candidates, one if the server knows no candidates."""
        count = request.candidates if self.knows_candidates else 1
        texts: list[str] = []
        while len(texts) < count:
            with self.lock:
                queued = self.texts.popleft() if self.texts else None
            answer = self.answer(request) if queued is None else queued
            texts += [answer] if isinstance(answer, str) else answer
        return texts[:count]

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Counts how many requests are answered at the same time."""
        with self.lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            yield
        finally:
            with self.lock:
                self._at_once -= 1

    def complaint(self, request: RecordedRequest) -> Fault | None:
        """What the server says of a field that it does not know, None where it knows them all."""
        unknown = {
            "response_format": self.knows_schema,
            "text": self.knows_schema,
            "max_completion_tokens": self.knows_max_completion_tokens,
            "max_output_tokens": self.knows_max_completion_tokens,
            "max_tokens": self.knows_max_tokens,
        }
        for name, known in unknown.items():
            if name in request.body and not known:
                wire_name = "text.format" if name == "text" else name
                message = f"Unsupported parameter: '{wire_name}'"
                return error_status(400, message, param=wire_name, code="unsupported_parameter")
        return None


@contextmanager
def running_server() -> Iterator[OpenAIServer]:
    """A server for the time of a with statement."""
    server = OpenAIServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def png_bytes(image: Image.Image) -> bytes:
    """The image as a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _draw_grey(request: RecordedRequest, size: tuple[int, int]) -> Image.Image:
    """A grey picture, the same for the same prompt."""
    return Image.new("RGB", size, (128, 128, sum(request.prompt.encode()) % 256))


class _Handler(BaseHTTPRequestHandler):
    """Reads one request and answers it."""

    server: OpenAIServer

    def do_POST(self) -> None:
        with self.server.at_once():
            data = self.rfile.read(int(self.headers["Content-Length"]))
            request = self._record(data)
            fault = self.server.next_fault()
            self.server.closing.wait(fault.delay_s)
            try:
                self._reply(request, fault)
            except OSError:
                self.close_connection = True  # the client has left, having waited long enough

    def do_GET(self) -> None:
        found = self.server.files.get(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.requests.append(RecordedRequest(self.path, headers, {}))
        self._send(404 if found is None else 200, found or b"", {})

    def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing of requests on standard error."""

    def _record(self, data: bytes) -> RecordedRequest:
        headers = {name.lower(): value for name, value in self.headers.items()}
        content_type = headers.get("content-type", "")
        if content_type.startswith("multipart/form-data"):
            fields, files = _read_form(content_type, data)
            request = RecordedRequest(self.path, headers, fields, files)
        else:
            request = RecordedRequest(self.path, headers, json.loads(data))
        with self.server.lock:
            self.server.requests.append(request)
        return request

    def _reply(self, request: RecordedRequest, fault: Fault) -> None:
        if fault.is_cut:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        elif fault.status >= 300:
            body = {"error": {"type": "invalid_request_error", **fault.error}}
            self._send(fault.status, json.dumps(body).encode(), fault.headers)
        elif fault.body is not None:
            self._send(200, fault.body, fault.headers)
        elif request.path == EDITS and not self.server.knows_edits:
            self._send(404, b"404 page not found", {})
        elif complaint := self.server.complaint(request):
            self._reply(request, complaint)
        else:
            self._send(200, json.dumps(self._answer(request, fault)).encode(), fault.headers)

    def _answer(self, request: RecordedRequest, fault: Fault) -> dict[str, Any]:
        if request.path == CHAT:
            return _chat_answer(self.server, request, fault)
        if request.path == RESPONSES:
            return _response_answer(self.server, request, fault)
        return _image_answer(self.server, request)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _read_form(content_type: str, data: bytes) -> tuple[dict[str, Any], dict[str, list[bytes]]]:
    """The text fields of a form and its files."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.message_from_bytes(head + data, policy=email.policy.HTTP)
    fields: dict[str, Any] = {}
    files: dict[str, list[bytes]] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition")).removesuffix("[]")
        content = cast("bytes", part.get_payload(decode=True))
        if part.get_filename() is None:
            fields[name] = content.decode()
        else:
            files.setdefault(name, []).append(content)
    return fields, files


def _chat_answer(server: OpenAIServer, request: RecordedRequest, fault: Fault) -> dict[str, Any]:
    texts = server.next_texts(request) if fault.text is None else [fault.text]
    answer: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": request.model,
        "choices": [
            {
                "index": index,
                "finish_reason": fault.finish_reason,
                "message": {
                    "role": "assistant",
                    "content": None if fault.refusal else text,
                    "refusal": fault.refusal,
                },
            }
            for index, text in enumerate(texts)
        ],
    }
    if server.reports_usage:
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        answer["usage"] = usage
    return answer


def _response_answer(
    server: OpenAIServer, request: RecordedRequest, fault: Fault
) -> dict[str, Any]:
    text = server.next_texts(request)[0] if fault.text is None else fault.text
    part = {"type": "output_text", "text": text, "annotations": []}
    if fault.refusal:
        part = {"type": "refusal", "refusal": fault.refusal}
    reasons = {"length": "max_output_tokens", "content_filter": "content_filter"}
    reason = reasons.get(fault.finish_reason)
    answer: dict[str, Any] = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": request.model,
        "status": "incomplete" if reason else "completed",
        "incomplete_details": {"reason": reason} if reason else None,
        "error": None,
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "message", "id": "msg_1", "role": "assistant", "content": [part]},
        ],
    }
    if server.reports_usage:
        answer["usage"] = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
    return answer


def _image_answer(server: OpenAIServer, request: RecordedRequest) -> dict[str, Any]:
    drawn = server.draw(request, request.size)
    data = drawn if isinstance(drawn, bytes) else png_bytes(drawn)
    picture = {"b64_json": base64.b64encode(data).decode()}
    if server.answers_with_urls:
        path = f"/pictures/{len(server.files)}.png"
        server.files[path] = data
        picture = {"url": server.root + path}
    answer: dict[str, Any] = {"created": 1, "data": [picture]}
    if server.reports_usage:
        answer["usage"] = {"input_tokens": 50, "output_tokens": 200, "total_tokens": 250}
    return answer
