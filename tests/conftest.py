"""Settings that all tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

import refcodec
from refcodec import Document
from tests import service_eye
from tests.commands import CAPTION, PICTURES
from tests.evaluation_files import save_originals
from tests.openai_server import KEY, OpenAIServer, running_server

# Tiny models gain nothing from threads, and lose much where several tests share two cores. Set
# before torch is imported, and for the commands that tests run.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Tests that are run in the background ignore interrupts, and so would the commands they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Time on shared machines says nothing of correctness; examples are the same at every run.
settings.register_profile(
    "project",
    deadline=None,
    derandomize=True,
    max_examples=int(os.environ.get("HYPOTHESIS_MAX_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("project")


@pytest.fixture
def caption_file(tmp_path: Path) -> Path:
    """A file with a caption."""
    path = tmp_path / "caption.sem"
    path.write_bytes(refcodec.dumps(Document(text=CAPTION, canvas=(1024, 1024))))
    return path


@pytest.fixture
def small_picture(tmp_path: Path) -> Path:
    """A photograph of 96 x 64 pixels."""
    path = tmp_path / "small.png"
    with Image.open(PICTURES / "kodim23.png") as picture:
        picture.resize((96, 64)).save(path)
    return path


@pytest.fixture
def openai_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    """A local server that the openai package takes for the service; caches go to `tmp_path`."""
    with running_server() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        for name in ("REFCODEC_VISION_MODEL", "REFCODEC_IMAGE_MODEL"):
            monkeypatch.delenv(name, raising=False)
        yield server


@pytest.fixture
def service(openai_server: OpenAIServer) -> OpenAIServer:
    """The local server, with a vision model that has seen the house."""
    openai_server.answer = service_eye.answer
    return openai_server


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    """A folder of small originals."""
    return save_originals(tmp_path / "originals")
