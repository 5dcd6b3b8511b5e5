"""Image models behind a service: the real openai package talks to a server on this machine."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from refcodec.backends import receiving
from refcodec.backends.cache import DiskCache
from refcodec.backends.errors import AnswerError, BackendError, RefusalError, ServiceError
from refcodec.backends.service import Service
from refcodec.backends.service_images import (
    DEFAULT_SIZES,
    ServiceImages,
    Size,
    nearest_size,
    parse_sizes,
)
from refcodec.backends.settings import ServiceSettings
from tests.openai_faults import (
    Fault,
    broken_json,
    content_policy,
    cut_connection,
    error_status,
    json_body,
    too_many_requests,
)
from tests.openai_server import EDITS, GENERATIONS, OpenAIServer, png_bytes

RED = Image.new("RGB", (64, 64), "red")


def images(**settings: Any) -> ServiceImages:
    """A model of the server that the environment names, without a cache."""
    return ServiceImages(Service(ServiceSettings(**{"retries": 0, **settings})), "brush-1")


def opened(data: bytes | None) -> Image.Image:
    """The picture in a file's bytes."""
    assert data is not None
    return Image.open(io.BytesIO(data))


def failure(model: ServiceImages) -> BackendError:
    """What generating raises."""
    with pytest.raises(BackendError) as caught:
        model.generate("A wall.", (512, 512))
    return caught.value


def test_picture_is_drawn_from_words(openai_server: OpenAIServer) -> None:
    openai_server.draw = lambda request, size: Image.new("RGB", size, request.prompt)
    model = images()
    picture = model.generate("orange", (640, 400))
    assert (picture.mode, picture.size, picture.getpixel((9, 9))) == (
        "RGB",
        (1536, 1024),
        (255, 165, 0),
    )
    (request,) = openai_server.requests
    assert (request.path, request.model, request.prompt) == (GENERATIONS, "brush-1", "orange")
    assert model.name == "brush-1"


def test_first_picture_is_edited_with_references_and_mask(openai_server: OpenAIServer) -> None:
    openai_server.draw = lambda request, _: opened(request.pictures[0])
    pixels = np.arange(64 * 32 * 3, dtype=np.uint8).reshape(32, 64, 3)
    mask = Image.new("L", (64, 32), 0)
    mask.paste(255, (0, 0, 16, 32))
    edited = images().edit("Paint it.", [Image.fromarray(pixels), RED], (64, 32), mask)
    assert np.array_equal(np.asarray(edited), pixels)
    (request,) = openai_server.requests
    assert (request.path, request.prompt, request.body["size"]) == (EDITS, "Paint it.", "1536x1024")
    assert [opened(data).size for data in request.pictures] == [(64, 32), (64, 64)]
    sent_mask = opened(request.mask)
    assert (sent_mask.format, sent_mask.mode, sent_mask.size) == ("PNG", "RGBA", (64, 32))
    # Transparent where the picture may change.
    alpha = np.asarray(sent_mask.getchannel("A"))
    assert (alpha[:, :16] == 0).all()
    assert (alpha[:, 16:] == 255).all()


def test_single_picture_is_sent_without_mask(openai_server: OpenAIServer) -> None:
    images().edit("Paint it.", [RED], (64, 64))
    (request,) = openai_server.requests
    assert len(request.pictures) == 1
    assert request.mask is None


def test_mask_is_scaled_with_its_picture(openai_server: OpenAIServer) -> None:
    mask = Image.new("L", (400, 200), 255)
    images(send_side=100).edit("Paint.", [Image.new("RGB", (400, 200))], (400, 200), mask)
    (request,) = openai_server.requests
    assert opened(request.pictures[0]).size == opened(request.mask).size == (100, 50)


def test_edited_pictures_go_without_metadata(openai_server: OpenAIServer) -> None:
    texts = PngInfo()
    texts.add_text("Comment", "SECRET")
    encoded = io.BytesIO()
    RED.save(encoded, "PNG", pnginfo=texts)
    assert b"SECRET" in encoded.getvalue()
    images().edit("Paint.", [Image.open(encoded)], (64, 64))
    (sent,) = openai_server.requests[0].pictures
    assert b"SECRET" not in sent
    assert opened(sent).info == {}


@pytest.mark.parametrize(
    ("wanted", "size"),
    [
        ((100, 100), (1024, 1024)),
        ((4000, 3000), (1536, 1024)),
        ((1, 9000), (1024, 1536)),
        ((1200, 1000), (1024, 1024)),
    ],
)
def test_size_nearest_in_shape_is_asked_for(wanted: Size, size: Size) -> None:
    assert nearest_size(wanted, DEFAULT_SIZES) == size


def test_among_sizes_of_a_shape_the_nearest_in_area_is_asked_for() -> None:
    sizes = parse_sizes("256x256, 512x512,1024x1024,512x256")
    assert nearest_size((500, 500), sizes) == (512, 512)
    assert nearest_size((2000, 2000), sizes) == (1024, 1024)
    assert nearest_size((90, 40), sizes) == (512, 256)


@pytest.mark.parametrize("text", ["", "512", "512x", "0x8", "8x8,", "-8x8", "axb"])
def test_what_is_no_list_of_sizes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size like 1024x1024"):
        parse_sizes(text)


def test_sizes_that_a_model_takes_are_an_option(openai_server: OpenAIServer) -> None:
    model = ServiceImages(Service(ServiceSettings()), "brush-1", [(320, 200)])
    assert model.generate("A wall.", (64, 64)).size == (320, 200)
    assert openai_server.requests[0].body["size"] == "320x200"


def test_pictures_of_wrong_size_are_accepted(openai_server: OpenAIServer) -> None:
    openai_server.draw = lambda *_: Image.new("RGBA", (33, 7), (0, 0, 0, 0))
    picture = images().generate("A wall.", (512, 512))
    assert (picture.mode, picture.size, picture.getpixel((0, 0))) == ("RGB", (33, 7), (255,) * 3)


def test_picture_at_an_address_of_the_service_is_fetched_without_the_key(
    openai_server: OpenAIServer,
) -> None:
    openai_server.answers_with_urls = True
    openai_server.draw = lambda *_: RED
    assert images().generate("A wall.", (64, 64)).tobytes() == RED.tobytes()
    fetch = openai_server.requests[1]
    assert fetch.path.startswith("/pictures/")
    assert "authorization" not in fetch.headers


def test_picture_in_a_data_url_is_read(openai_server: OpenAIServer) -> None:
    encoded = base64.b64encode(png_bytes(RED)).decode()
    for entry in ({"url": "data:image/png;base64," + encoded}, {"b64_json": encoded}):
        openai_server.fault = json_body({"data": [entry]})
        assert images().generate("A wall.", (64, 64)).size == (64, 64)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/hostname",
        "ftp://127.0.0.1/picture.png",
        "http://192.0.2.1/picture.png",
        "http://127.0.0.1:1/picture.png",
        "http://[broken/picture.png",
        "https:///picture.png",
        "picture.png",
        "",
    ],
)
def test_other_addresses_are_not_fetched(openai_server: OpenAIServer, url: str) -> None:
    openai_server.fault = json_body({"data": [{"url": url}]})
    error = failure(images())
    assert isinstance(error, AnswerError)
    assert "was not fetched; have the service answer with b64_json" in str(error)


def test_picture_that_is_not_at_its_address_is_an_error(openai_server: OpenAIServer) -> None:
    openai_server.fault = json_body({"data": [{"url": openai_server.root + "/gone.png"}]})
    error = failure(images())
    assert isinstance(error, ServiceError)
    assert "could not be fetched (status 404)" in str(error)


def test_address_where_nobody_answers_is_an_error(openai_server: OpenAIServer) -> None:
    openai_server.fault = json_body({"data": [{"url": "https://127.0.0.1:9/picture.png"}]})
    error = failure(images(timeout_s=5.0))
    assert isinstance(error, ServiceError)
    assert "could not be fetched" in str(error)


def test_picture_too_large_is_not_read_to_its_end(
    openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "RECEIVED_MAX_BYTES", 100)
    openai_server.answers_with_urls = True
    assert "more than 100 bytes" in str(failure(images()))


@pytest.mark.parametrize(
    "body",
    [
        {"data": [{"b64_json": "not base64!"}]},
        {"data": [{"b64_json": "aGVsbG8="}]},
        {"data": [{"b64_json": "\u00e4"}]},
        {"data": [{"b64_json": ""}]},
        {"data": [{}]},
        {"data": [7]},
        {"data": []},
        {"data": None},
        {},
    ],
)
def test_answers_without_a_picture_are_errors(
    openai_server: OpenAIServer, body: dict[str, Any]
) -> None:
    openai_server.fault = json_body(body)
    error = failure(images())
    assert isinstance(error, AnswerError)
    assert "try again" in str(error)


def test_cut_picture_is_an_error(openai_server: OpenAIServer) -> None:
    openai_server.draw = lambda *_: png_bytes(RED)[:-30]
    assert "not a picture that can be read" in str(failure(images()))


@pytest.mark.parametrize(
    ("fault", "error_class", "words"),
    [
        (content_policy(), RefusalError, "another picture"),
        (error_status(400, "No", code="moderation_blocked"), RefusalError, "refused"),
        (error_status(404, "The model brush-1 is unknown"), ServiceError, "have the model"),
        (error_status(404, "page not found"), ServiceError, "cannot draw pictures"),
        (error_status(400, "Bad", param="size"), ServiceError, "sizes that the model takes"),
        (error_status(400, "Bad prompt"), ServiceError, "rejected (status 400: Bad prompt)"),
        (broken_json(), ServiceError, "not a JSON object"),
        (cut_connection(), ServiceError, "connection failed"),
        (too_many_requests(0.05), ServiceError, "too many requests"),
    ],
)
def test_failures_say_what_to_do(
    openai_server: OpenAIServer, fault: Fault, error_class: type[BackendError], words: str
) -> None:
    openai_server.fault = fault
    error = failure(images())
    assert isinstance(error, error_class)
    assert words in str(error)
    assert error.__cause__ is None


def test_server_that_cannot_edit_says_so(openai_server: OpenAIServer) -> None:
    openai_server.knows_edits = False
    with pytest.raises(ServiceError, match="cannot edit pictures"):
        images().edit("Paint.", [RED], (64, 64))


def test_edits_are_sent_again_whole_after_a_failure(openai_server: OpenAIServer) -> None:
    openai_server.faults.append(too_many_requests(0.05))
    images(retries=1).edit("Paint.", [RED, RED], (64, 64), Image.new("L", (64, 64), 255))
    first, second = openai_server.requests
    assert first.files == second.files
    assert len(second.pictures) == 2


def test_repeated_run_makes_no_request(openai_server: OpenAIServer, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 60, 3), np.uint8)
    openai_server.draw = lambda *_: Image.fromarray(noise)
    mask = Image.new("L", (64, 64), 255)
    for run in range(2):
        service = Service(ServiceSettings(), DiskCache(tmp_path))
        model = ServiceImages(service, "brush-1")
        pictures = [
            model.generate("A wall.", (64, 64)),
            model.edit("A wall.", [RED], (64, 64)),
            model.edit("A wall.", [RED], (64, 64), mask),
        ]
        assert all(np.array_equal(np.asarray(picture), noise) for picture in pictures)
        assert service.account.cached == 3 * run
    assert len(openai_server.requests) == 3


def test_whatever_shapes_a_picture_tells_cached_ones_apart(
    openai_server: OpenAIServer, tmp_path: Path
) -> None:
    model = ServiceImages(Service(ServiceSettings(), DiskCache(tmp_path)), "brush-1")
    mask = Image.new("L", (64, 64), 255)
    for _ in range(2):
        model.generate("A wall.", (64, 64))
        model.generate("A door.", (64, 64))
        model.generate("A wall.", (64, 30))
        model.edit("A wall.", [RED], (64, 64))
        model.edit("A wall.", [RED, RED], (64, 64))
        model.edit("A wall.", [RED], (64, 64), mask)
        model.edit("A wall.", [RED], (64, 64), Image.new("L", (64, 64), 0))
    assert len(openai_server.requests) == 7
