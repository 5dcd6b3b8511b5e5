"""Answers that nobody can use are not kept: whoever runs a program again asks again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from refcodec import Document
from refcodec.backends.cache import DiskCache, request_key
from refcodec.backends.errors import AnswerError
from refcodec.backends.interfaces import Question, VisionModel
from refcodec.backends.service import Service
from refcodec.backends.service_vision import ServiceVision
from refcodec.backends.settings import Api, ServiceSettings
from refcodec.describers.interfaces import Wish
from refcodec.describers.locators import BoxLocator
from refcodec.describers.prompted import PromptedDescriber
from refcodec.describers.templates import CAPTION, ITEMS, load_template
from refcodec.picture.load import load_picture
from refcodec.reflection.judge import ModelJudge
from refcodec.reflection.losses import ModelLossFinder
from tests.asking import APIS, ROAD
from tests.openai_faults import cut_short
from tests.openai_server import OpenAIServer

RED = Image.new("RGB", (16, 12), "red")
DOCUMENT = Document("a red wall", (16, 12))
REFUSED = "Sorry, I cannot help with that."


def caption(model: VisionModel) -> object:
    describer = PromptedDescriber(model, load_template(CAPTION), 2)
    return describer.describe(load_picture(RED), Wish())


def captions(model: VisionModel) -> object:
    describer = PromptedDescriber(model, load_template(CAPTION), 2)
    return describer.describe(load_picture(RED), Wish(candidates=2))


def items(model: VisionModel) -> object:
    return PromptedDescriber(model, load_template(ITEMS), 2).describe(load_picture(RED), Wish())


def boxes(model: VisionModel) -> object:
    return BoxLocator(model).locate(load_picture(RED), ["wall"])


def judgement(model: VisionModel) -> object:
    return ModelJudge(model).judge(RED, DOCUMENT)


def losses(model: VisionModel) -> object:
    return ModelLossFinder(model).find(RED, RED, DOCUMENT)


@pytest.mark.parametrize(
    ("ask", "bad", "good"),
    [
        (caption, REFUSED, "A red wall."),
        (captions, REFUSED, {"descriptions": ["A red wall.", "A wall."]}),
        (items, "no idea", {"items": [{"name": "wall", "detail": "red"}], "overall": "A wall."}),
        (boxes, "no idea", {"boxes": [{"name": "wall", "box": [0, 0, 500, 500]}]}),
        (judgement, "no idea", {"differences": [], "score": 0.5}),
        (losses, "no idea", {"losses": [{"words": "a door", "weight": 1}], "score": 0.5}),
    ],
)
def test_a_bad_answer_is_asked_for_again_and_a_good_one_is_not(
    openai_server: OpenAIServer,
    tmp_path: Path,
    ask: Callable[[VisionModel], object],
    bad: str,
    good: object,
) -> None:
    openai_server.texts.extend([bad, good if isinstance(good, str) else json.dumps(good)])

    def run() -> object:
        return ask(ServiceVision(Service(ServiceSettings(), DiskCache(tmp_path)), "eye-1"))

    with pytest.raises(AnswerError):
        run()
    used = run()
    assert used
    assert run() == used
    assert len(openai_server.requests) == 2


@pytest.mark.parametrize("api", APIS)
def test_an_answer_that_was_cut_short_is_not_kept(
    openai_server: OpenAIServer, tmp_path: Path, api: Api
) -> None:
    openai_server.faults.append(cut_short("A long wall with"))
    model = ServiceVision(Service(ServiceSettings(api=api), DiskCache(tmp_path)), "eye-1")
    assert model.ask(ROAD) == ["A long wall with"]
    assert [model.ask(ROAD), model.ask(ROAD)] == [["A red bicycle."]] * 2
    assert len(openai_server.requests) == 2


def test_a_kept_answer_that_nobody_can_use_counts_as_absent(
    openai_server: OpenAIServer, tmp_path: Path
) -> None:
    """As one may be that an earlier version of the program has kept."""
    service = Service(ServiceSettings(), DiskCache(tmp_path))
    request = {"prompt": "Describe."}
    DiskCache(tmp_path).put_texts(request_key({**request, "base_url": service.url}), ["no idea"])
    assert service.texts(request, list, lambda answer: answer == "no idea") == ["no idea"]
    assert service.account.cached == 1
    assert service.texts(request, list, lambda answer: answer != "no idea") == []
    assert service.account.cached == 1
    assert openai_server.requests == []


def test_a_check_is_no_part_of_what_is_asked() -> None:
    checked = Question("caption-1", "Describe.", check=len)
    assert checked == Question("caption-1", "Describe.")
    assert "check" not in repr(checked)
