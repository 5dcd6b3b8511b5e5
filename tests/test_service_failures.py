"""What goes wrong with services, seen through the real openai package and a real server."""

from __future__ import annotations

import logging
import time
import traceback
from pathlib import Path

import openai
import pytest

from refcodec.backends.cache import DiskCache
from refcodec.backends.errors import AnswerError, RefusalError, ServiceError
from refcodec.backends.failures import Target, failure_of
from refcodec.backends.interfaces import Question
from refcodec.backends.service import Service
from refcodec.backends.service_vision import ServiceVision
from refcodec.backends.settings import Api, ServiceSettings
from tests.asking import APIS, ROAD, failure, vision
from tests.openai_faults import (
    Fault,
    broken_json,
    content_filter,
    content_policy,
    cut_connection,
    cut_short,
    error_status,
    json_body,
    refusal,
    slow,
    too_many_requests,
)
from tests.openai_server import KEY, OpenAIServer


def test_complaint_of_nothing_that_can_be_left_out_is_an_error(
    openai_server: OpenAIServer,
) -> None:
    openai_server.fault = error_status(400, "This model does not take images")
    message = str(failure(vision()))
    assert "This model does not take images" in message
    assert f"127.0.0.1:{openai_server.server_port}, model eye-1" in message
    assert len(openai_server.requests) == 1


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (refusal("I will not."), "I will not."),
        (content_filter(), "content filter"),
        (content_policy(), "safety system"),
        (error_status(403, "blocked by our content policy"), "content policy"),
        (json_body({"error": {"code": "content_filter", "message": "Not this"}}), "Not this"),
    ],
)
def test_refusals_say_so_and_what_to_do(
    openai_server: OpenAIServer, api: Api, fault: Fault, words: str
) -> None:
    openai_server.fault = fault
    error = failure(vision(api=api))
    assert isinstance(error, RefusalError)
    assert words in str(error)
    assert "another picture" in str(error)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (cut_short(""), "1024 tokens were used up"),
        (Fault(text=" \n"), "holds no text"),
        (json_body({}), "holds no text"),
        (json_body({"choices": [{"message": 3}, 5], "output": [7]}), "holds no text"),
    ],
)
def test_answers_without_text_are_errors(
    openai_server: OpenAIServer, api: Api, fault: Fault, words: str
) -> None:
    openai_server.fault = fault
    error = failure(vision(api=api))
    assert isinstance(error, AnswerError)
    assert words in str(error)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (broken_json(), "not a JSON object"),
        (json_body([1, 2]), "not a JSON object"),
        (Fault(body=b"<html>Welcome</html>"), "not a JSON object"),
        (cut_connection(), "connection failed without a retry"),
        (error_status(500, "Out of memory"), "failed without a retry (status 500: Out of memory)"),
        (error_status(503), "try again later"),
        (error_status(429), "too many requests"),
        (error_status(429, "No credit", code="insufficient_quota"), "quota is used up"),
        (error_status(401, f"Incorrect key {KEY}"), "OPENAI_API_KEY"),
        (error_status(403, f"Key {KEY} may not"), "Key [key] may not"),
        (error_status(404, "The model `eye-1` does not exist"), "does not have the model"),
        (error_status(404, "Not here"), "the base URL should be"),
        (error_status(413, "x" * 5000), "send smaller pictures"),
        (error_status(422, "Bad field"), "rejected (status 422: Bad field)"),
        (Fault(307, headers={"Location": "http://127.0.0.1:9/v1"}), "has moved"),
        (json_body({"error": "model is loading"}), "model is loading"),
        (json_body({"error": {"detail": {"nothing": "known"}}}), '{"nothing": "known"}'),
    ],
)
def test_failures_say_where_what_and_what_to_do(
    openai_server: OpenAIServer, fault: Fault, words: str
) -> None:
    openai_server.fault = fault
    error = failure(vision())
    message = str(error)
    assert isinstance(error, ServiceError)
    assert message.startswith(f"127.0.0.1:{openai_server.server_port}, model eye-1: ")
    assert words in message
    assert KEY not in message
    assert len(message) < 600
    assert len(openai_server.requests) == 1


def test_service_without_responses_is_to_be_asked_by_chat(openai_server: OpenAIServer) -> None:
    openai_server.fault = error_status(404, "page not found")
    assert "use chat, which all services know" in str(failure(vision(api="responses")))
    openai_server.fault = error_status(404, "model not found")
    assert "name one that it has" in str(failure(vision(api="responses")))


def test_any_other_error_of_the_package_is_told_without_the_key() -> None:
    error = failure_of(openai.OpenAIError(f"no use for {KEY}"), Target("host", "eye-1", KEY), 0)
    assert isinstance(error, ServiceError)
    assert str(error) == (
        "host, model eye-1: the openai package gave up (OpenAIError): no use for [key]"
    )


def test_service_that_does_not_run_is_named(
    openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    message = str(failure(vision()))
    assert message.startswith("127.0.0.1:9, model eye-1: the connection failed")
    assert openai_server.requests == []


def test_slow_service_ends_in_an_error_after_the_retries(openai_server: OpenAIServer) -> None:
    openai_server.fault = slow(30)
    message = str(failure(vision(timeout_s=0.5, retries=1)))
    assert "no answer in time after 1 retry" in message
    assert len(openai_server.requests) == 2


def test_text_that_utf8_cannot_hold_is_an_error(openai_server: OpenAIServer) -> None:
    message = str(failure(vision(), Question("caption-1", "lone \ud800 surrogate")))
    assert "UTF-8" in message
    assert openai_server.requests == []


@pytest.mark.parametrize("wait_s", [0.3, 1.0])
def test_retry_waits_as_long_as_the_service_says(
    openai_server: OpenAIServer, wait_s: float
) -> None:
    openai_server.faults.append(too_many_requests(wait_s))
    begun_s = time.monotonic()
    assert vision(retries=2).ask(ROAD) == ["A red bicycle."]
    assert time.monotonic() - begun_s >= wait_s
    first, second = openai_server.requests
    assert second.time_s - first.time_s >= wait_s


@pytest.mark.parametrize("fault", [error_status(500), cut_connection(), too_many_requests(0.05)])
def test_failures_that_pass_are_tried_again_and_no_more_often_than_allowed(
    openai_server: OpenAIServer, fault: Fault
) -> None:
    openai_server.faults.append(fault)
    model = vision(retries=1)
    assert model.ask(ROAD) == ["A red bicycle."]
    openai_server.fault = fault
    assert isinstance(failure(model), ServiceError)
    assert len(openai_server.requests) == 4


def test_key_is_in_no_exception_log_cache_or_representation(
    openai_server: OpenAIServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    cache = DiskCache(tmp_path / "answers")
    service = Service(ServiceSettings(retries=1), cache)
    model = ServiceVision(service, "eye-1")
    model.ask(ROAD)
    shown = [repr(service.settings), repr(service), repr(model), repr(service.target("eye-1"))]
    faults = [error_status(401, f"Wrong key: {KEY}"), cut_connection(), broken_json(), refusal(KEY)]
    for fault in faults:
        openai_server.fault = fault
        error = failure(model, Question("caption-1", "Describe something else."))
        shown += [repr(error), "".join(traceback.format_exception(error))]
        # What is not shown could still be pickled or logged by somebody.
        assert error.__cause__ is None
        assert error.__context__ is None
    assert openai_server.requests[0].headers["authorization"].endswith(KEY)
    assert caplog.text != ""
    assert KEY not in caplog.text + "".join(shown)
    kept = [path.read_bytes() for path in cache.folder.rglob("*") if path.is_file()]
    assert len(kept) == 1
    assert KEY.encode() not in b"".join(kept)
