"""Vision models of the transformers package in this process: chat models and plain captioners."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from refcodec.backends.errors import AnswerError, BackendError
from refcodec.backends.in_process import (
    choose_device,
    load_model,
    load_processor,
    model_folder,
    quiet,
    turn,
)
from refcodec.backends.model_names import LOCAL_VISION

if TYPE_CHECKING:
    from refcodec.backends.interfaces import Question

# For several candidates. What models come with may be too narrow for answers to differ.
_SAMPLING = {"temperature": 0.8, "top_p": 0.95, "top_k": 50}
_GREEDY = dict.fromkeys(_SAMPLING)
_END_OF_THOUGHT = "</think>"
# What models without a chat template are given with the picture: the question if they were
# trained to follow instructions, or the words that ask them for a long caption. The others would
# take a question for the beginning of the caption, so they see the picture alone.
_CAPTION_PROMPTS = {
    "florence2": "<MORE_DETAILED_CAPTION>",
    "instructblip": "{question}",
    "paligemma": "<image>caption en",
}


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model, how a question becomes its inputs, and tokens become words."""

    model: Any
    inputs: Callable[[Question], Any]
    decode: Callable[..., list[str]]


class LocalVision:
    """Any image-to-text model of transformers, by its name on the Hugging Face hub or its folder.

    `refcodec.backends.model_names` has the default. It is loaded at the first question, from
    safetensors files only and never with code of its own. A folder is read without touching the
    network; a hub's name may download gigabytes at the first use.

    A model with a chat template is asked the question with all its pictures, a JSON schema in
    words. One without (BLIP, ViT-GPT2, ...) is a captioner: it takes one picture and describes
    it as it was trained to, whatever the question says of lengths or form.

    One candidate is the likeliest word after word; several are sampled, with random numbers
    from `seed` and from how often so many were asked for of the same pictures: a captioner that
    is asked again, in words that it does not see, says something else, and all is the same at
    every run on the same machine with the same packages. Answers are not kept for other runs:
    local models have no cache. `device` is a torch device, or "auto": an accelerator if there is
    one. `dtype` is torch's name of the numbers that the weights become, or "auto": as they are
    saved on an accelerator, float32 on the processor.
    """

    def __init__(
        self,
        model: str | None = None,
        device: str = "auto",
        dtype: str = "auto",
        seed: int = 0,
    ) -> None:
        self._model = LOCAL_VISION.chosen(model)
        self._device = device
        self._dtype = dtype
        self._seed = seed
        self._loaded: _Loaded | None = None
        self._asked: Counter[str] = Counter()

    @property
    def name(self) -> str:
        """The hub's name or the folder, as its user gave it."""
        return self._model

    def ask(self, question: Question) -> list[str]:
        """One to `question.candidates` answers without the prompt and without thoughts.

        Raises BackendError if the model cannot be loaded or run, or takes no such question,
        AnswerError if all it answers is empty.
        """
        loaded = self._load()
        with turn(self.name, "the model cannot answer"), quiet():
            inputs = loaded.inputs(question).to(loaded.model.device, dtype=loaded.model.dtype)
            tokens = self._generate(loaded.model, inputs, question)
            new = _without(inputs.get("input_ids"), tokens)
            answers = [_spoken(text) for text in loaded.decode(new, skip_special_tokens=True)]
        answers = [answer for answer in answers if answer]
        if not answers:
            raise AnswerError(f"{self.name}: the model answered nothing")
        return answers

    def _load(self) -> _Loaded:
        with turn(self.name, "cannot be loaded as an image-to-text model"):
            if self._loaded is None:
                self._loaded = self._read_model()
            return self._loaded

    def _read_model(self) -> _Loaded:
        import torch
        from transformers import AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor

        device = choose_device(self._device)
        dtype: Any = self._dtype
        if dtype == "auto" and device == "cpu":
            # Half precision is slow there, or missing.
            dtype = torch.float32
        folder = model_folder(self.name)
        processor = load_processor(AutoProcessor, folder)
        model = load_model(AutoModelForImageTextToText, folder, device, dtype)
        if not hasattr(processor, "image_processor"):
            # A vision and a language model put together have no processor of their own, and
            # transformers gives the tokenizer alone.
            reader = load_processor(AutoImageProcessor, folder)
            return _Loaded(model, _Captioner(self.name, reader).inputs, processor.batch_decode)
        if processor.chat_template:
            return _Loaded(model, _Chat(processor).inputs, processor.batch_decode)
        prompt = _CAPTION_PROMPTS.get(model.config.model_type)
        inputs = _Captioner(self.name, processor, prompt).inputs
        return _Loaded(model, inputs, processor.batch_decode)

    def _generate(self, model: Any, inputs: Mapping[str, Any], question: Question) -> Any:
        """Token ids, a row for each candidate."""
        import torch

        is_sampled = question.candidates > 1
        asked = _pictures_key(question)
        seed = self._seed + self._asked[asked]
        self._asked[asked] += 1
        devices = [model.device] if model.device.type == "cuda" else []
        with torch.inference_mode(), torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            return model.generate(
                **inputs,
                max_new_tokens=question.max_tokens,
                num_beams=1,
                do_sample=is_sampled,
                num_return_sequences=question.candidates,
                **(_SAMPLING if is_sampled else _GREEDY),
            )


@dataclass(frozen=True, slots=True)
class _Chat:
    """Questions for a model with a chat template."""

    processor: Any

    def inputs(self, question: Question) -> Any:
        """The tensors of one turn of the user: the pictures, then the prompt."""
        pictures = [{"type": "image", "image": image.convert("RGB")} for image in question.images]
        words = {"type": "text", "text": _prompt(question)}
        # Thinking would use up the tokens that the answer may have; templates of models that
        # cannot think do not know the word.
        thinks = "enable_thinking" in str(self.processor.chat_template)
        return self.processor.apply_chat_template(
            [{"role": "user", "content": [*pictures, words]}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            **({"enable_thinking": False} if thinks else {}),
        )


@dataclass(frozen=True, slots=True)
class _Captioner:
    """Questions for a model without a chat template."""

    name: str
    reader: Any
    prompt: str | None = None

    def inputs(self, question: Question) -> Any:
        """The tensors of the picture, and of words where the model takes any."""
        if len(question.images) != 1:
            raise BackendError(
                f"{self.name}: {len(question.images)} pictures; a model without a chat template "
                "takes one; give a chat model"
            )
        image = question.images[0].convert("RGB")
        if self.prompt is None:
            return self.reader(images=image, return_tensors="pt")
        text = self.prompt.format(question=question.prompt)
        return self.reader(images=image, text=text, return_tensors="pt")


def _prompt(question: Question) -> str:
    """The prompt, and in words the form that the answer should have."""
    if question.schema is None:
        return question.prompt
    schema = json.dumps(question.schema, ensure_ascii=False)
    return (
        f"{question.prompt}\n\nAnswer with JSON alone, nothing before or after it, "
        f"valid by this JSON schema:\n{schema}"
    )


def _pictures_key(question: Question) -> str:
    """The same for questions with the same pictures that want as many candidates."""
    digest = hashlib.sha256(str(question.candidates).encode())
    for image in question.images:
        digest.update(f" {image.mode} {image.size} ".encode())
        digest.update(image.tobytes())
    return digest.hexdigest()


def _without(prompt: Any, tokens: Any) -> Any:
    """Rows of token ids without the prompt's, which only some models repeat before the answer."""
    if prompt is None:
        return tokens
    length = prompt.shape[1]
    is_repeated = tokens.shape[1] >= length and bool((tokens[:, :length] == prompt).all())
    return tokens[:, length:] if is_repeated else tokens


def _spoken(answer: str) -> str:
    """An answer without what a model thought before it."""
    return answer.rpartition(_END_OF_THOUGHT)[2].strip()
