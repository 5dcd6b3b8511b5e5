"""Vision models behind a service: the real openai package talks to a server on this machine."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from refcodec.backends.cache import DiskCache
from refcodec.backends.errors import RefusalError
from refcodec.backends.interfaces import Question
from refcodec.backends.service import Service
from refcodec.backends.service_vision import ServiceVision
from refcodec.backends.settings import Api, ServiceSettings
from tests.asking import APIS, ROAD, SCHEMA, failure, vision
from tests.openai_faults import (
    cut_short,
    error_status,
    json_body,
    refusal,
    slow,
)
from tests.openai_server import CHAT, KEY, RESPONSES, OpenAIServer


@pytest.mark.parametrize(("api", "path"), [("chat", CHAT), ("responses", RESPONSES)])
def test_question_and_pictures_reach_the_service_and_its_answer_comes_back(
    openai_server: OpenAIServer, api: Api, path: str
) -> None:
    pictures = (Image.new("RGB", (40, 20), "red"), Image.new("RGB", (10, 10), "blue"))
    question = Question("compare-1", "What differs?", pictures, max_tokens=77)
    model = vision(api=api)
    assert model.ask(question) == ["A red bicycle."]
    assert model.name == "eye-1"
    (request,) = openai_server.requests
    assert (request.path, request.model, request.prompt) == (path, "eye-1", "What differs?")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    limit = "max_completion_tokens" if api == "chat" else "max_output_tokens"
    assert request.body[limit] == 77
    assert request.schema is None
    sent = [Image.open(io.BytesIO(data)) for data in request.pictures]
    assert [image.size for image in sent] == [(40, 20), (10, 10)]
    assert [image.format for image in sent] == ["JPEG", "JPEG"]


def test_responses_are_not_kept_by_the_service(openai_server: OpenAIServer) -> None:
    vision(api="responses").ask(ROAD)
    assert openai_server.requests[0].body["store"] is False


def test_question_without_pictures_is_sent_as_plain_text(openai_server: OpenAIServer) -> None:
    vision().ask(Question("merge-1", "Which of these is shorter?"))
    assert openai_server.requests[0].body["messages"] == [
        {"role": "user", "content": "Which of these is shorter?"}
    ]


def test_several_candidates_come_from_one_request(openai_server: OpenAIServer) -> None:
    openai_server.texts.extend(["one", "two", "three"])
    question = Question("caption-1", "Describe.", candidates=3)
    assert vision().ask(question) == ["one", "two", "three"]
    assert [request.candidates for request in openai_server.requests] == [3]


def test_more_answers_than_wanted_are_left_out(openai_server: OpenAIServer) -> None:
    answers = [{"message": {"content": text}} for text in ("one", "two")]
    openai_server.fault = json_body({"choices": answers})
    assert vision().ask(ROAD) == ["one"]


def test_server_that_gives_one_answer_at_a_time_is_not_asked_again(
    openai_server: OpenAIServer,
) -> None:
    openai_server.knows_candidates = False
    question = Question("caption-1", "Describe.", candidates=3)
    assert vision().ask(question) == ["A red bicycle."]
    assert len(openai_server.requests) == 1


def test_server_that_rejects_several_candidates_is_asked_for_one(
    openai_server: OpenAIServer,
) -> None:
    openai_server.faults.append(error_status(400, "Only one completion choice is allowed"))
    question = Question("caption-1", "Describe.", candidates=3)
    model = vision()
    assert model.ask(question) == ["A red bicycle."]
    assert model.ask(question) == ["A red bicycle."]
    assert [request.candidates for request in openai_server.requests] == [3, 1, 1]


@pytest.mark.parametrize("api", APIS)
def test_structured_output_is_asked_for_with_the_schema(
    openai_server: OpenAIServer, api: Api
) -> None:
    openai_server.answer = lambda request: json.dumps({"caption": request.prompt})
    question = Question("caption 1.2", "Describe.", schema=SCHEMA)
    (answer,) = vision(api=api).ask(question)
    assert json.loads(answer) == {"caption": "Describe."}
    stated = openai_server.requests[0].schema
    assert stated is not None
    assert stated["type"] == "json_schema"
    named = stated["json_schema"] if api == "chat" else stated
    assert (named["name"], named["schema"], named["strict"]) == ("caption_1_2", SCHEMA, True)


@pytest.mark.parametrize("api", APIS)
def test_server_without_structured_output_is_told_the_schema_in_words_and_never_asked_twice_again(
    openai_server: OpenAIServer, api: Api
) -> None:
    openai_server.knows_schema = False
    question = Question("caption-1", "Describe.", schema=SCHEMA)
    service = Service(ServiceSettings(api=api, retries=0))
    assert ServiceVision(service, "eye-1").ask(question) == ["A red bicycle."]
    assert [request.schema is None for request in openai_server.requests] == [False, True]
    assert json.dumps(SCHEMA) in openai_server.requests[1].prompt
    ServiceVision(service, "eye-1").ask(question)
    assert [request.schema is None for request in openai_server.requests] == [False, True, True]
    ServiceVision(service, "eye-2").ask(question)
    assert len(openai_server.requests) == 5


def test_server_that_breaks_over_a_schema_is_asked_without(openai_server: OpenAIServer) -> None:
    openai_server.faults.append(error_status(500, "failed to parse grammar"))
    assert vision().ask(Question("caption-1", "Describe.", schema=SCHEMA)) == ["A red bicycle."]


def test_older_name_of_the_token_limit_is_used_where_the_newer_is_unknown(
    openai_server: OpenAIServer,
) -> None:
    openai_server.knows_max_completion_tokens = False
    model = vision()
    model.ask(Question("caption-1", "Describe.", max_tokens=50))
    model.ask(Question("caption-1", "Describe.", max_tokens=60))
    limits = [request.body.get("max_tokens") for request in openai_server.requests]
    assert limits == [None, 50, 60]


@pytest.mark.parametrize(("api", "requests"), [("chat", 3), ("responses", 2)])
def test_no_limit_is_sent_where_none_is_known(
    openai_server: OpenAIServer, api: Api, requests: int
) -> None:
    openai_server.knows_max_completion_tokens = openai_server.knows_max_tokens = False
    vision(api=api).ask(ROAD)
    assert len(openai_server.requests) == requests
    assert not [name for name in openai_server.requests[-1].body if "tokens" in name]


@pytest.mark.parametrize("api", APIS)
def test_answer_cut_by_the_limit_is_given_as_it_is(openai_server: OpenAIServer, api: Api) -> None:
    openai_server.fault = cut_short("A long wall with")
    assert vision(api=api).ask(ROAD) == ["A long wall with"]


def test_candidates_that_were_refused_are_left_out(openai_server: OpenAIServer) -> None:
    openai_server.fault = json_body(
        {"choices": [{"message": {"refusal": "No"}}, {"message": {"content": "A wall."}}]}
    )
    assert vision().ask(Question("caption-1", "Describe.", candidates=2)) == ["A wall."]


def test_text_in_parts_is_joined(openai_server: OpenAIServer) -> None:
    parts = [{"type": "text", "text": "A "}, {"type": "text", "text": "wall."}, {"type": "other"}]
    openai_server.fault = json_body({"choices": [{"message": {"content": parts}}]})
    assert vision().ask(ROAD) == ["A wall."]


def test_no_more_requests_are_under_way_than_allowed(openai_server: OpenAIServer) -> None:
    openai_server.fault = slow(0.1)
    model = vision(concurrency=2)
    questions = [Question("caption-1", f"Describe {number}.") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(model.ask, questions))
    assert answers == [["A red bicycle."]] * 6
    assert openai_server.most_at_once == 2


def test_threads_learn_together_what_a_server_lacks(openai_server: OpenAIServer) -> None:
    openai_server.knows_schema = openai_server.knows_max_completion_tokens = False
    openai_server.fault = slow(0.05)
    model = vision(concurrency=4)
    questions = [Question("items-1", f"Describe {i}.", schema=SCHEMA) for i in range(4)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(model.ask, questions)) == [["A red bicycle."]] * 4
    before = len(openai_server.requests)
    model.ask(questions[0])
    assert len(openai_server.requests) == before + 1


def test_repeated_run_makes_no_request(openai_server: OpenAIServer, tmp_path: Path) -> None:
    openai_server.texts.extend(["one", "two"])
    question = Question("caption-1", "Describe.", ROAD.images, candidates=2)
    for run in range(3):
        service = Service(ServiceSettings(), DiskCache(tmp_path))
        assert ServiceVision(service, "eye-1").ask(question) == ["one", "two"]
        assert (service.account.requests, service.account.cached) == (
            (1, 0) if run == 0 else (0, 1)
        )
    assert len(openai_server.requests) == 1


@pytest.mark.parametrize(
    "other",
    [
        Question("caption-2", "Describe the road.", ROAD.images),
        Question("caption-1", "Describe the road!", ROAD.images),
        Question("caption-1", "Describe the road.", (Image.new("RGB", (8, 6), "black"),)),
        Question("caption-1", "Describe the road.", (Image.new("RGB", (6, 8), "grey"),)),
        Question("caption-1", "Describe the road.", ROAD.images, schema=SCHEMA),
        Question("caption-1", "Describe the road.", ROAD.images, candidates=2),
        Question("caption-1", "Describe the road.", ROAD.images, max_tokens=9),
    ],
)
def test_whatever_shapes_an_answer_tells_cached_ones_apart(
    openai_server: OpenAIServer, tmp_path: Path, other: Question
) -> None:
    model = ServiceVision(Service(ServiceSettings(), DiskCache(tmp_path)), "eye-1")
    model.ask(ROAD)
    model.ask(other)
    model.ask(ROAD)
    assert len(openai_server.requests) == 2


def test_other_models_apis_and_services_have_their_own_cached_answers(
    openai_server: OpenAIServer, tmp_path: Path
) -> None:
    cache = DiskCache(tmp_path)
    ServiceVision(Service(ServiceSettings(), cache), "eye-1").ask(ROAD)
    ServiceVision(Service(ServiceSettings(), cache), "eye-2").ask(ROAD)
    ServiceVision(Service(ServiceSettings(api="responses"), cache), "eye-1").ask(ROAD)
    elsewhere = openai_server.url.replace("127.0.0.1", "localhost")
    ServiceVision(Service(ServiceSettings(elsewhere), cache), "eye-1").ask(ROAD)
    assert len(openai_server.requests) == 4


def test_failures_are_not_cached(openai_server: OpenAIServer, tmp_path: Path) -> None:
    openai_server.faults.append(refusal())
    model = ServiceVision(Service(ServiceSettings(), DiskCache(tmp_path)), "eye-1")
    assert isinstance(failure(model), RefusalError)
    assert model.ask(ROAD) == ["A red bicycle."]


def test_answer_that_cannot_be_cached_is_given_and_the_report_says_why(
    openai_server: OpenAIServer, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    service = Service(ServiceSettings(), DiskCache(tmp_path / "file"))
    assert ServiceVision(service, "eye-1").ask(ROAD) == ["A red bicycle."]
    assert "could not be kept in the cache: Not a directory" in service.account.report()
    assert len(openai_server.requests) == 1


def test_nothing_but_scaled_pixels_is_sent(openai_server: OpenAIServer) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "SECRETCAMERA"
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "SECRETPLACE"
    encoded = io.BytesIO()
    Image.new("RGB", (3000, 1500), "red").save(
        encoded, "JPEG", exif=exif, comment=b"SECRETCOMMENT", xmp=b"<x>SECRETXMP</x>"
    )
    assert encoded.getvalue().count(b"SECRET") == 4
    with Image.open(encoded) as image:
        vision(send_side=200).ask(Question("caption-1", "Describe.", (image,)))
    (sent,) = openai_server.requests[0].pictures
    assert b"SECRET" not in sent
    picture = Image.open(io.BytesIO(sent))
    assert picture.size == (100, 200)  # upright, as its orientation says
    assert not picture.getexif()
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_transparent_places_are_sent_white(openai_server: OpenAIServer) -> None:
    vision().ask(Question("caption-1", "Describe.", (Image.new("RGBA", (16, 16), (0, 0, 0, 0)),)))
    (sent,) = openai_server.requests[0].pictures
    assert Image.open(io.BytesIO(sent)).getpixel((8, 8)) == (255, 255, 255)
