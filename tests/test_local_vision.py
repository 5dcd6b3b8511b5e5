"""Vision models in this process: real classes of transformers, tiny, loaded from folders."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

from refcodec.backends.errors import AnswerError, BackendError, MissingExtraError
from refcodec.backends.in_process import turn
from refcodec.backends.interfaces import Question, VisionModel
from refcodec.backends.local_vision import LocalVision
from tests import tiny_models
from tests.picture_files import BLUE, RED, quarters

# The processor of PaliGemma meets an old habit of NumPy's.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SPOKEN = "The red bicycle leans on a white wall."
OTHER = '{"text": "A red bicycle.", "items": []}'
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of models, by what they are."""
    folder = tmp_path_factory.mktemp("models")
    return {
        "chat": tiny_models.save_chat_model(folder / "chat"),
        "scripted": tiny_models.save_chat_model(folder / "scripted", [SPOKEN, OTHER]),
        "captioner": tiny_models.save_captioner(folder / "captioner"),
        "composed": tiny_models.save_composed_captioner(folder / "composed"),
        "prompted": tiny_models.save_prompted_captioner(folder / "prompted"),
        "instructed": tiny_models.save_instructed_captioner(folder / "instructed"),
        "clip": tiny_models.save_clip(folder / "clip"),
    }


def question(*images: Image.Image, prompt: str = "the red wall", candidates: int = 1) -> Question:
    return Question("caption-1", prompt, images, candidates=candidates, max_tokens=8)


def red() -> Image.Image:
    return Image.new("RGB", (30, 20), RED)


def blue() -> Image.Image:
    return Image.new("RGB", (30, 20), BLUE)


def test_a_chat_model_answers_without_repeating_the_prompt(models: dict[str, Path]) -> None:
    model: VisionModel = LocalVision(str(models["scripted"]))
    assert model.ask(question(quarters())) == [SPOKEN]
    assert model.name == str(models["scripted"])


def test_several_candidates_are_sampled_and_the_same_at_every_run(models: dict[str, Path]) -> None:
    wanted = question(quarters(), candidates=6)
    answers = LocalVision(str(models["scripted"])).ask(wanted)
    assert len(answers) == 6
    assert set(answers) == {SPOKEN, OTHER}
    assert LocalVision(str(models["scripted"])).ask(wanted) == answers
    assert LocalVision(str(models["scripted"]), seed=1).ask(wanted) != answers


def test_a_captioner_that_is_asked_again_says_something_else(models: dict[str, Path]) -> None:
    def run() -> list[list[str]]:
        model = LocalVision(str(models["captioner"]))
        first = model.ask(question(red(), candidates=3))
        model.ask(question(blue(), candidates=3))
        model.ask(question(red(), candidates=2))
        return [first, model.ask(question(red(), prompt="shorter", candidates=3))]

    first, again = run()
    assert first != again
    assert run() == [first, again]


def test_sampling_leaves_the_random_numbers_of_others_alone(models: dict[str, Path]) -> None:
    model = LocalVision(str(models["scripted"]))
    model.ask(question(quarters()))
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    model.ask(question(quarters(), candidates=2))
    assert torch.equal(torch.rand(3), expected)


def test_the_answer_has_at_most_as_many_tokens_as_allowed(models: dict[str, Path]) -> None:
    model = LocalVision(str(models["scripted"]))
    short = Question("caption-1", "the red wall", (quarters(),), max_tokens=3)
    assert model.ask(short) == ["The red bicycle"]


@pytest.mark.parametrize("kind", ["chat", "captioner", "composed", "prompted", "instructed"])
def test_what_is_said_depends_on_the_picture_and_is_no_part_of_the_prompt(
    models: dict[str, Path], kind: str
) -> None:
    model = LocalVision(str(models[kind]))
    first = model.ask(question(red()))
    assert first == model.ask(question(red()))
    assert first != model.ask(question(blue()))
    assert "the red wall" not in first[0]


@pytest.mark.parametrize("kind", ["captioner", "composed"])
def test_a_captioner_sees_the_picture_alone(models: dict[str, Path], kind: str) -> None:
    model = LocalVision(str(models[kind]))
    assert model.ask(question(red())) == model.ask(question(red(), prompt="big blue sea"))


def test_a_captioner_gives_several_candidates(models: dict[str, Path]) -> None:
    answers = LocalVision(str(models["captioner"])).ask(question(red(), candidates=3))
    assert len(set(answers)) == 3


def test_a_captioner_that_needs_words_does_not_repeat_them(models: dict[str, Path]) -> None:
    answer = LocalVision(str(models["prompted"])).ask(question(red()))[0]
    assert answer
    assert "caption" not in answer


def test_a_captioner_that_takes_instructions_is_asked_the_question(
    models: dict[str, Path],
) -> None:
    model = LocalVision(str(models["instructed"]))
    answers = [model.ask(question(red(), prompt=prompt))[0] for prompt in ("red wall", "blue {sea")]
    assert answers[0] != answers[1]


@pytest.mark.parametrize("kind", ["captioner", "composed"])
@pytest.mark.parametrize("count", [0, 2])
def test_a_captioner_refuses_other_than_one_picture(
    models: dict[str, Path], kind: str, count: int
) -> None:
    with pytest.raises(BackendError, match=f"{count} pictures; .* takes one"):
        LocalVision(str(models[kind])).ask(question(*[red()] * count))


def test_a_chat_model_sees_every_picture_in_its_order(models: dict[str, Path]) -> None:
    model = LocalVision(str(models["chat"]))
    pictures = [(red(), blue()), (blue(), red()), (red(),), ()]
    answers = [model.ask(question(*images))[0] for images in pictures]
    assert len(set(answers)) == len(answers)


def test_a_chat_model_reads_the_prompt_and_the_schema(models: dict[str, Path]) -> None:
    model = LocalVision(str(models["chat"]))
    plain = question(red())
    with_schema = Question(
        "items-1", plain.prompt, plain.images, schema=SCHEMA, max_tokens=plain.max_tokens
    )
    other = question(red(), prompt="big blue sea")
    assert len({model.ask(each)[0] for each in (plain, with_schema, other)}) == 3


def test_a_model_that_can_think_is_told_not_to(models: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(models["chat"], folder)
    template = folder / "chat_template.jinja"
    text = template.read_text()
    assert "enable_thinking" in text
    template.write_text(text[: text.index("{% if enable")] + text[text.index("{% if add_gen") :])
    answers = [LocalVision(str(each)).ask(question(red())) for each in (models["chat"], folder)]
    assert answers[0] != answers[1]


def test_thoughts_before_the_answer_are_not_part_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    tiny_models.save_chat_model(folder, ["A wall? Yes. </think> A wall."])
    assert LocalVision(str(folder)).ask(question(red())) == ["A wall."]


def test_an_empty_answer_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    tiny_models.save_chat_model(folder, [""])
    with pytest.raises(AnswerError, match="answered nothing"):
        LocalVision(str(folder)).ask(question(red()))


def test_a_model_is_loaded_at_the_first_question_and_once(
    models: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    model = LocalVision(str(folder))
    shutil.copytree(models["scripted"], folder)
    assert model.ask(question(red())) == [SPOKEN]
    shutil.rmtree(folder)
    assert model.ask(question(red())) == [SPOKEN]


def test_a_failed_load_is_tried_again(models: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    model = LocalVision(str(folder))
    with pytest.raises(BackendError, match="no such folder"):
        model.ask(question(red()))
    shutil.copytree(models["scripted"], folder)
    assert model.ask(question(red())) == [SPOKEN]


def test_numbers_of_weights_and_device_can_be_chosen(models: dict[str, Path]) -> None:
    model = LocalVision(str(models["scripted"]), device="cpu", dtype="bfloat16")
    assert model.ask(question(red())) == [SPOKEN]


@pytest.mark.parametrize("name", ["./nowhere", "/no/where", "~/no-where"])
def test_a_missing_folder_is_not_asked_of_the_hub(name: str) -> None:
    with pytest.raises(BackendError, match="no such folder"):
        LocalVision(name).ask(question(red()))


def test_a_file_is_not_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BackendError, match="no such folder"):
        LocalVision("model").ask(question(red()))


def test_a_name_of_the_hub_without_a_network_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        BackendError, match=r"nobody/nothing: .* cannot be fetched from the Hugging"
    ):
        LocalVision("nobody/nothing").ask(question(red()))


def test_a_folder_is_read_without_touching_the_network(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    assert LocalVision(str(models["scripted"])).ask(question(red())) == [SPOKEN]
    assert LocalVision(str(models["composed"])).ask(question(red()))


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="cannot be loaded as an image-to-text model"):
        LocalVision(str(tmp_path)).ask(question(red()))


def test_another_kind_of_model_is_an_error(models: dict[str, Path]) -> None:
    with pytest.raises(BackendError, match="cannot be loaded as an image-to-text model"):
        LocalVision(str(models["clip"])).ask(question(red()))


def test_damaged_weights_are_an_error(models: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(models["chat"], folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(BackendError, match="cannot be loaded"):
        LocalVision(str(folder)).ask(question(red()))


def test_weights_of_another_model_are_an_error(models: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(models["chat"], folder)
    shutil.copy(models["clip"] / "model.safetensors", folder)
    with pytest.raises(BackendError, match=r"weights of LlavaFor\w+ are not in its files"):
        LocalVision(str(folder)).ask(question(red()))


def test_pickled_weights_are_not_read(models: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(models["chat"], folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BackendError, match="not in the safetensors format"):
        LocalVision(str(folder)).ask(question(red()))


def test_code_that_comes_with_a_model_is_not_run(models: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(models["chat"], folder)
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "own"
    config["auto_map"] = {
        "AutoConfig": "own.Config",
        "AutoModelForImageTextToText": "own.Model",
    }
    (folder / "config.json").write_text(json.dumps(config))
    trace = tmp_path / "ran"
    (folder / "own.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    with pytest.raises(BackendError, match="code of its own, which is never run"):
        LocalVision(str(folder)).ask(question(red()))
    assert not trace.exists()


@pytest.mark.parametrize("device", ["abacus", "cuda:99"])
def test_a_device_that_is_not_there_is_an_error(models: dict[str, Path], device: str) -> None:
    with pytest.raises(BackendError, match=f"device '{device}' cannot be used: .*; give auto"):
        LocalVision(str(models["chat"]), device=device).ask(question(red()))


def test_a_question_that_the_model_cannot_take_is_an_error(models: dict[str, Path]) -> None:
    model = LocalVision(str(models["chat"]))
    with pytest.raises(BackendError, match="the model cannot answer: "):
        model.ask(Question("caption-1", "the red wall", (red(),), max_tokens=0))


@pytest.mark.parametrize("package", ["torch", "accelerate", "transformers"])
def test_a_package_that_is_not_installed_is_named(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=rf"{package} is not installed; .*\[local\]"):
        LocalVision(str(models["chat"])).ask(question(red()))


def test_a_package_that_only_some_models_need_is_named() -> None:
    message = "\nOwnProcessor requires the Torchvision library but it was not found. Check ..."
    with (
        pytest.raises(BackendError, match=r"^m: f: it needs .* pip install torchvision$"),
        turn("m", "f"),
    ):
        raise ImportError(message)


@pytest.mark.parametrize(("said", "told"), [(" two\n lines ", "two lines"), ("", "KeyError")])
def test_other_failures_are_told_on_one_line(said: str, told: str) -> None:
    error = ValueError(said) if said else KeyError()
    with pytest.raises(BackendError, match=f"^m: f: {told}$"), turn("m", "f"):
        raise error


@pytest.mark.parametrize("has_bars", [True, False])
def test_verbosity_and_bars_of_transformers_stay_as_they_were(
    models: dict[str, Path], has_bars: bool
) -> None:
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    switch = logging.enable_progress_bar if has_bars else logging.disable_progress_bar
    try:
        switch()
        logging.set_verbosity_info()
        assert LocalVision(str(models["scripted"])).ask(question(red())) == [SPOKEN]
        assert logging.is_progress_bar_enabled() is has_bars
        assert logging.get_verbosity() == logging.INFO
    finally:
        logging.set_verbosity(verbosity)
        logging.enable_progress_bar()


def test_nothing_is_printed_while_models_load_and_answer(models: dict[str, Path]) -> None:
    program = """
import sys
from PIL import Image
from refcodec.backends.interfaces import Question
from refcodec.backends.local_vision import LocalVision

for folder in sys.argv[1:]:
    picture = Image.new("RGB", (30, 20))
    LocalVision(folder).ask(Question("caption-1", "a", (picture,), max_tokens=4))
"""
    folders = [str(models[kind]) for kind in ("chat", "captioner", "composed")]
    done = subprocess.run(
        [sys.executable, "-c", program, *folders], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_the_backends_loads_no_heavy_package() -> None:
    program = (
        "import sys, refcodec.backends.local_vision, refcodec.backends.clip\n"
        "heavy = {'torch', 'transformers', 'accelerate', 'huggingface_hub'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
