"""A vision model of the test server, and what is asked of it."""

from __future__ import annotations

from typing import Any

import pytest
from PIL import Image

from refcodec.backends.errors import BackendError
from refcodec.backends.interfaces import Question
from refcodec.backends.service import Service
from refcodec.backends.service_vision import ServiceVision
from refcodec.backends.settings import Api, ServiceSettings

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"caption": {"type": "string"}},
    "required": ["caption"],
    "additionalProperties": False,
}
ROAD = Question("caption-1", "Describe the road.", (Image.new("RGB", (8, 6), "grey"),))
APIS: tuple[Api, ...] = ("chat", "responses")


def vision(**settings: Any) -> ServiceVision:
    """A model of the server that the environment names; no cache, no retries unless given."""
    return ServiceVision(Service(ServiceSettings(**{"retries": 0, **settings})), "eye-1")


def failure(model: ServiceVision, question: Question = ROAD) -> BackendError:
    """What asking raises."""
    with pytest.raises(BackendError) as caught:
        model.ask(question)
    return caught.value
