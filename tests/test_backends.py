"""Names to describers, locators and generators; and work in threads."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from refcodec.commands.threads import in_threads
from refcodec.commands.values import fraction, integers, number, numbers
from refcodec.describers.locators import BoxLocator, SaliencyLocator
from refcodec.describers.templates import load_template
from refcodec.errors import UnsupportedError
from refcodec.picture.backends import Backends, GeneratorOptions, ModelOptions
from refcodec.registry import lookup
from tests.asking import ROAD
from tests.openai_server import OpenAIServer


def test_what_is_made_is_made_once_and_shares_an_account() -> None:
    backends = Backends()
    assert backends.vision("openai") is backends.vision("openai")
    assert backends.generator("openai") is backends.generator("openai")
    assert backends.account.is_empty
    assert "0 requests" in backends.account.report()


@pytest.mark.parametrize("name", ["embedded", "openai", "transformers"])
def test_describers_have_the_numbers_of_the_registry(name: str) -> None:
    describer = Backends().describer(name, "items")
    row = lookup("describer", describer.number)
    assert row.name
    template = lookup("template", describer.template_number)
    assert template.name == ("embedded raster scan" if name == "embedded" else "items 1")
    assert describer.obeys_wishes == (name != "embedded")


@pytest.mark.parametrize("name", ["baseline", "openai", "diffusers"])
def test_generators_have_the_numbers_of_the_registry(name: str) -> None:
    generator = Backends().generator(name)
    assert lookup("generator", generator.number).name
    assert generator.is_trained == (name != "baseline")


def test_options_reach_generators() -> None:
    options = ModelOptions(
        image_model="somebody/model", generator=GeneratorOptions(sizes=((64, 64),), steps=3)
    )
    backends = Backends(options)
    assert backends.generator("openai").name == "openai somebody/model"
    assert backends.generator("diffusers").name == "diffusers somebody/model"


def test_a_user_without_a_home_has_no_cache(
    openai_server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in a container that is run by a user whom it does not know."""
    monkeypatch.delenv("HOME")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 5)
    backends = Backends()
    for _ in range(2):
        assert backends.vision("openai").ask(ROAD) == ["A red bicycle."]
    assert len(openai_server.requests) == 2
    assert "2 requests sent, 0 answered from the cache" in backends.account.report()
    assert backends.account.report().endswith("there is no home folder; give --cache")
    for options in (ModelOptions(uses_cache=False), ModelOptions(cache_folder=tmp_path)):
        told = Backends(options)
        told.vision("openai").ask(ROAD)
        assert "no home folder" not in told.account.report()


def test_locators() -> None:
    backends = Backends()
    assert backends.locator("none", "openai") is None
    assert isinstance(backends.locator("boxes", "openai"), BoxLocator)
    assert isinstance(backends.locator("saliency", "openai"), SaliencyLocator)


def test_a_template_of_ones_own() -> None:
    template = load_template("caption-1")
    assert Backends().describer("openai", template).template_number == template.number


@pytest.mark.parametrize(
    ("what", "name"),
    [("describer", "oracle"), ("generator", "painter"), ("vision", "embedded")],
)
def test_unknown_names(what: str, name: str) -> None:
    with pytest.raises(UnsupportedError, match="not known; there is"):
        getattr(Backends(), what)(name)
    with pytest.raises(UnsupportedError, match="locator 'dowser'"):
        Backends().locator("dowser", "openai")


@pytest.mark.parametrize("jobs", [1, 3])
def test_threads_keep_the_order(jobs: int) -> None:
    assert list(in_threads(lambda index: index * index, jobs, range(7))) == [
        index * index for index in range(7)
    ]


def test_an_exception_in_a_thread_is_raised_where_its_result_is_awaited() -> None:
    def work(index: int) -> int:
        return 1 // (index - 1)

    results = in_threads(work, 1, range(3))
    assert next(results) == -1
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_values_of_options() -> None:
    assert integers(1, 9)("3,1") == [3, 1]
    assert number("0.5") == fraction("0.5") == 0.5
    assert numbers(3)("0,0.00,2") == [0, 0, 2]
    for parse, word in [
        (integers(1, 9), "3,3"),
        (integers(1, 9), "10"),
        (number, "nan"),
        (number, "inf"),
        (number, "x"),
        (fraction, "1.5"),
        (numbers(3), "1,2"),
        (numbers(3), "1,2,-1"),
    ]:
        with pytest.raises(ArgumentTypeError):
            parse(word)
