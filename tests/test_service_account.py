"""Settings, cache, account and dry runs of services."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from refcodec.backends.account import Account, Prices
from refcodec.backends.cache import DiskCache, default_cache_folder, request_key
from refcodec.backends.errors import MissingExtraError, ServiceError
from refcodec.backends.interfaces import Question
from refcodec.backends.model_names import IMAGE, VISION
from refcodec.backends.planning import DryRunStop, picture_tokens
from refcodec.backends.service import Service
from refcodec.backends.service_images import ServiceImages
from refcodec.backends.service_vision import ServiceVision
from refcodec.backends.settings import ServiceSettings, service_key
from tests.openai_faults import slow
from tests.openai_server import OpenAIServer

KEY = "0123456789" * 7
PICTURE = Image.new("RGB", (640, 320), "red")
ASKING = """
import sys
from refcodec.backends.cache import DiskCache, default_cache_folder
from refcodec.backends.interfaces import Question
from refcodec.backends.service import Service
from refcodec.backends.service_vision import ServiceVision
from refcodec.backends.model_names import IMAGE, VISION
from refcodec.backends.settings import ServiceSettings

service = Service(ServiceSettings(), DiskCache(default_cache_folder()))
model = ServiceVision(service, "eye-1")
for number in range(4):
    print(model.ask(Question("caption-1", f"Describe {number}."))[0], flush=True)
print(service.account.requests, service.account.cached)
"""


@pytest.fixture
def no_service(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no service, key or model."""
    for name in ("BASE_URL", "API_KEY"):
        monkeypatch.delenv(f"OPENAI_{name}", raising=False)
    for name in ("VISION_MODEL", "IMAGE_MODEL"):
        monkeypatch.delenv(f"REFCODEC_{name}", raising=False)
    return monkeypatch


def test_base_url_is_the_option_the_variable_or_openai(no_service: pytest.MonkeyPatch) -> None:
    assert ServiceSettings().url() == "https://api.openai.com/v1"
    no_service.setenv("OPENAI_BASE_URL", "http://[::1]:11434/v1/")
    assert ServiceSettings().url() == "http://[::1]:11434/v1"
    assert ServiceSettings("http://localhost:8080/v1").url() == "http://localhost:8080/v1"


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8080",
        "file:///v1",
        "http://",
        "http://host:port/v1",
        "http://[broken/v1",
        "http://user:hunter2@host/v1",
        "https://host/v1?key=hunter2",
        "https://host/v1#hunter2",
    ],
)
def test_base_url_that_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ServiceError, match="not an address of the form") as caught:
        Service(ServiceSettings(url))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"api": "assistants"}, "there is no API 'assistants'; give one of chat, responses"),
        ({"send_side": 15}, "16 to 2048"),
        ({"send_side": 2049}, "16 to 2048"),
        ({"timeout_s": 0.0}, "give seconds"),
        ({"timeout_s": float("nan")}, "give seconds"),
        ({"retries": -1}, "at least 0"),
        ({"concurrency": 0}, "at least 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ServiceError, match=words):
        ServiceSettings(**settings)


def test_openai_wants_a_key_and_other_services_need_none(no_service: pytest.MonkeyPatch) -> None:
    with pytest.raises(ServiceError, match="OPENAI_API_KEY is not set"):
        service_key("https://api.openai.com/v1")
    assert service_key("http://localhost:8080/v1") != ""
    no_service.setenv("OPENAI_API_KEY", " sk-1\n")
    assert service_key("https://api.openai.com/v1") == "sk-1"


@pytest.mark.parametrize("key", ["sk\n1", "sk 1", "sk-\u00e4"])
def test_key_that_no_header_can_hold_is_refused_unseen(
    no_service: pytest.MonkeyPatch, key: str
) -> None:
    no_service.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ServiceError, match="OPENAI_API_KEY") as caught:
        service_key("http://localhost/v1")
    assert key not in str(caught.value)


def test_server_is_asked_without_a_key_of_the_user(
    openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    model = ServiceVision(Service(ServiceSettings()), "eye-1")
    assert model.ask(Question("caption-1", "Describe.")) == ["A red bicycle."]
    assert openai_server.requests[0].headers["authorization"] == "Bearer no-key"


def test_model_names_are_options_then_variables_then_defaults(
    no_service: pytest.MonkeyPatch,
) -> None:
    assert (VISION.chosen(), IMAGE.chosen()) == (VISION.default, IMAGE.default)
    no_service.setenv("REFCODEC_VISION_MODEL", "eye-2")
    no_service.setenv("REFCODEC_IMAGE_MODEL", "brush-2")
    assert (VISION.chosen(), IMAGE.chosen()) == ("eye-2", "brush-2")
    assert (VISION.chosen("eye-3"), IMAGE.chosen("brush-3")) == ("eye-3", "brush-3")


def test_missing_package_is_named_with_its_extra(
    openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'refcodec\[openai\]'"):
        ServiceVision(Service(ServiceSettings()), "eye-1").ask(Question("caption-1", "Describe."))
    assert openai_server.requests == []


def test_package_is_loaded_by_the_first_request_only() -> None:
    code = "import sys, refcodec.backends.service_vision, refcodec.backends.service_images; "
    code += "from refcodec.backends.service import Service, ServiceSettings; "
    code += "Service(ServiceSettings('http://localhost/v1')); print('openai' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"False\n"


def test_requests_tokens_and_pictures_are_counted(openai_server: OpenAIServer) -> None:
    account = Account(Prices(input_per_million=2.0, output_per_million=10.0, per_picture=0.04))
    service = Service(ServiceSettings(retries=0), account=account)
    vision, images = ServiceVision(service, "eye-1"), ServiceImages(service, "brush-1")
    vision.ask(Question("caption-1", "Describe."))
    images.generate("A wall.", (64, 64))
    openai_server.reports_usage = False
    images.edit("A wall.", [PICTURE], (64, 64))
    # The server reports 100 and 10 tokens for an answer in words, 50 and 200 for a picture.
    assert (account.input_tokens, account.output_tokens, account.unreported) == (150, 210, 1)
    assert account.cost() == pytest.approx(150 * 2e-6 + 210 * 10e-6 + 2 * 0.04)
    assert account.report() == (
        "3 requests sent, 0 answered from the cache, 150 tokens in and 210 out, "
        "2 pictures received, 1 answer without a count of tokens, about 0.0824 at the prices given"
    )


def test_retries_count_as_requests(openai_server: OpenAIServer) -> None:
    service = Service(ServiceSettings(retries=1, timeout_s=2.0))
    openai_server.faults.append(slow(30))
    ServiceVision(service, "eye-1").ask(Question("caption-1", "Describe."))
    assert service.account.requests == len(openai_server.requests) == 2


@pytest.mark.parametrize(
    "usage", [None, 7, {}, {"input_tokens": "7", "output_tokens": 1}, {"input_tokens": -1}]
)
def test_usage_that_makes_no_sense_is_not_counted(usage: object) -> None:
    account = Account()
    account.add_usage(usage)
    assert (account.input_tokens, account.output_tokens, account.unreported) == (0, 0, 1)
    assert account.cost() is None


def test_nothing_is_lost_when_threads_count(openai_server: OpenAIServer, tmp_path: Path) -> None:
    openai_server.answer = lambda request: request.prompt
    service = Service(ServiceSettings(concurrency=8), DiskCache(tmp_path))
    model = ServiceVision(service, "eye-1")
    questions = [Question("caption-1", f"Describe {number}.") for number in range(24)]
    for _ in range(2):
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(model.ask, questions))
        assert answers == [[question.prompt] for question in questions]
    account = service.account
    assert (account.requests, account.cached, account.input_tokens) == (24, 24, 2400)


def test_cache_folder_follows_the_base_directory_specification(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_folder() == tmp_path / "refcodec"
    monkeypatch.setenv("HOME", "/home/somebody")
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", ignored)
        assert default_cache_folder() == Path("/home/somebody/.cache/refcodec")


def test_order_of_fields_does_not_matter_to_a_key() -> None:
    assert request_key({"a": 1, "b": {"c": 2, "d": 3}}) == request_key(
        {"b": {"d": 3, "c": 2}, "a": 1}
    )
    assert request_key({"a": 1}) != request_key({"a": 2})


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"{}", b'{"answers": []}', b'{"answers": [1]}', b"\xff", b"[" * 100_000],
)
def test_damaged_answers_count_as_absent(tmp_path: Path, damage: bytes) -> None:
    cache = DiskCache(tmp_path)
    cache.put_texts(KEY, ["A wall."])
    assert cache.texts(KEY) == ["A wall."]
    (entry,) = tmp_path.rglob("*.json")
    entry.write_bytes(damage)
    assert cache.texts(KEY) is None


def test_damaged_pictures_count_as_absent(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    assert cache.picture(KEY) is None
    cache.put_picture(KEY, PICTURE)
    kept = cache.picture(KEY)
    assert kept is not None
    assert kept.tobytes() == PICTURE.tobytes()
    (entry,) = tmp_path.rglob("*.png")
    whole = entry.read_bytes()
    for damage in (b"", whole[: len(whole) // 2], b"not a picture"):
        entry.write_bytes(damage)
        assert cache.picture(KEY) is None


def test_entry_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path)
    (tmp_path / KEY[:2] / f"{KEY}.json").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        cache.put_texts(KEY, ["A wall."])
    assert [path.name for path in (tmp_path / KEY[:2]).iterdir()] == [f"{KEY}.json"]


def test_entries_are_for_their_owner_alone(tmp_path: Path) -> None:
    DiskCache(tmp_path / "answers").put_texts(KEY, ["A wall."])
    for path in (tmp_path / "answers").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_run_continues_where_it_was(
    openai_server: OpenAIServer, tmp_path: Path, number: signal.Signals
) -> None:
    openai_server.answer = lambda request: f"answer to {request.prompt}"
    openai_server.faults.extend([slow(0), slow(0), slow(60)])
    process = subprocess.Popen(
        [sys.executable, "-c", ASKING],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
        text=True,
    )
    deadline_s = time.monotonic() + 60
    while len(openai_server.requests) < 3 and time.monotonic() < deadline_s:
        time.sleep(0.02)
    process.send_signal(number)
    process.communicate()
    kept = [path for path in (tmp_path / "cache" / "refcodec").rglob("*") if path.is_file()]
    assert sorted(json.loads(path.read_bytes())["answers"][0] for path in kept) == [
        "answer to Describe 0.",
        "answer to Describe 1.",
    ]
    done = subprocess.run(
        [sys.executable, "-c", ASKING], capture_output=True, check=True, text=True
    )
    answers = [f"answer to Describe {number}." for number in range(4)]
    assert done.stdout.splitlines() == [*answers, "2 2"]


def test_dry_run_sends_nothing_and_tells_the_request(
    openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)  # it is not even needed
    monkeypatch.delenv("OPENAI_API_KEY")
    model = ServiceVision(Service(ServiceSettings(dry_run=True, send_side=320)), "eye-1")
    with pytest.raises(DryRunStop, match="dry run") as caught:
        model.ask(Question("caption-1", "Describe it.", (PICTURE,), candidates=2, max_tokens=50))
    planned = caught.value.planned
    # 12 characters are 3 tokens, and 320 x 160 pixels are 10 x 5 patches.
    assert planned.input_tokens() == 3 + 50
    assert planned.max_output_tokens == 100
    size_bytes = len(planned.pictures[0].data)
    assert planned.describe() == (
        f"127.0.0.1:{openai_server.server_port} /chat/completions, model eye-1, "
        "template caption-1\n"
        f"picture 1: 320 x 160 pixels, {size_bytes} bytes, image/jpeg\n"
        "about 53 tokens in, at most 100 out\n"
        "Describe it."
    )
    assert openai_server.requests == []


def test_dry_run_counts_the_schema_and_knows_the_other_endpoints(no_service: object) -> None:
    del no_service
    service = Service(ServiceSettings(dry_run=True, api="responses"))
    with pytest.raises(DryRunStop) as asked:
        ServiceVision(service, "eye-1").ask(Question("items-1", "Say.", schema={"type": "object"}))
    assert asked.value.planned.endpoint == "/responses"
    # 4 characters of the prompt and 18 of the schema.
    assert asked.value.planned.input_tokens() == 6
    assert "held to a JSON schema of 18 characters" in asked.value.planned.describe()
    images = ServiceImages(service, "brush-1")
    with pytest.raises(DryRunStop) as drawn:
        images.generate("A wall.", (64, 64))
    assert drawn.value.planned.describe() == (
        "api.openai.com /images/generations, model brush-1\nabout 2 tokens in\nA wall."
    )
    with pytest.raises(DryRunStop) as edited:
        images.edit("A wall.", [PICTURE], (64, 64), Image.new("L", (64, 64), 255))
    assert [picture.size for picture in edited.value.planned.pictures] == [(640, 320)] * 2


def test_dry_run_answers_from_the_cache(openai_server: OpenAIServer, tmp_path: Path) -> None:
    question = Question("caption-1", "Describe.")
    ServiceVision(Service(ServiceSettings(), DiskCache(tmp_path)), "eye-1").ask(question)
    dry = ServiceVision(Service(ServiceSettings(dry_run=True), DiskCache(tmp_path)), "eye-1")
    assert dry.ask(question) == ["A red bicycle."]
    with pytest.raises(DryRunStop):
        dry.ask(Question("caption-1", "Describe more."))
    assert len(openai_server.requests) == 1


def test_large_pictures_take_no_more_tokens_than_services_say() -> None:
    assert picture_tokens((1, 1)) == 1
    assert picture_tokens((33, 32)) == 2
    assert picture_tokens((2048, 2048)) == 1536
