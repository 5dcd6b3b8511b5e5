"""Vision models behind a service, by chat completions or by responses.

Servers and models differ in what they take. What one complains of is left out and the question
asked again, and that is remembered for the model: structured output (the schema is then put into
the prompt), the name of the limit on tokens, and several answers at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from refcodec.backends.errors import AnswerError, BackendError, RefusalError, ServiceError
from refcodec.backends.failures import REFUSAL_ADVICE, UNKNOWN_ENDPOINT, RejectedError, Target
from refcodec.backends.interfaces import Question
from refcodec.backends.planning import PlannedRequest
from refcodec.backends.sending import SentPicture, to_look_at
from refcodec.backends.service import Fields, Service, Text

if TYPE_CHECKING:
    import openai

# Names of the limit on tokens, the first one that a server takes; none if it takes none.
_LIMITS: Final = {
    "chat": ("max_completion_tokens", "max_tokens"),
    "responses": ("max_output_tokens",),
}
_SCHEMA_WORDS = ("response_format", "schema", "text.format", "structured output", "grammar")
_SEVERAL_PATTERN = re.compile(r"['\"`]n['\"`]|\bn (?:must|should|is|>|=)|only one|\bn$")
_NAME_MAX_CHARACTERS = 64
SCHEMA_IN_WORDS: Final = (
    "\n\nAnswer with one JSON object and nothing else. It must fit this JSON schema:\n"
)


@dataclass(frozen=True, slots=True)
class _Abilities:
    """What a model is taken to know until its server complains."""

    limits: tuple[str, ...]
    schema: bool = True
    several: bool = True

    def without(self, complaint: str, question: Question) -> _Abilities | None:
        """What remains after a complaint, None if it is about nothing that can be left out."""
        if self.limits and self.limits[0] in complaint:
            return replace(self, limits=self.limits[1:])
        if self.schema and question.schema and any(word in complaint for word in _SCHEMA_WORDS):
            return replace(self, schema=False)
        if self.several and question.candidates > 1 and _SEVERAL_PATTERN.search(complaint):
            return replace(self, several=False)
        return None


@dataclass(frozen=True, slots=True)
class _Answer:
    """One candidate: its text, the words of a refusal, whether the limit on tokens cut it."""

    text: str = ""
    refusal: str = ""
    is_cut: bool = False


class ServiceVision:
    """A vision model of a service (see VisionModel)."""

    def __init__(self, service: Service, model: str) -> None:
        self._service = service
        self._model = model

    @property
    def name(self) -> str:
        """The model's name, as the service knows it."""
        return self._model

    def ask(self, question: Question) -> list[str]:
        """The answers, from the cache where it has some that pass the question's check.

        Fewer than `question.candidates` come from a server that gives one at a time. An answer
        that the limit on tokens has cut is given as it is, but not kept. Raises RefusalError,
        AnswerError where there is no text, ServiceError, DryRunStop.
        """
        side = self._service.settings.send_side
        pictures = tuple(to_look_at(image, side) for image in question.images)
        request = {
            "api": self._service.settings.api,
            "model": self._model,
            "template": question.template,
            "prompt": question.prompt,
            "schema": question.schema,
            "candidates": question.candidates,
            "max_tokens": question.max_tokens,
            "pictures": [picture.digest for picture in pictures],
        }
        return self._service.texts(
            request, lambda: self._ask_service(question, pictures), question.is_answered_by
        )

    def _ask_service(self, question: Question, pictures: tuple[SentPicture, ...]) -> list[Text]:
        api = self._service.settings.api
        known = self._service.abilities.get((api, self._model))
        abilities: _Abilities = known or _Abilities(_LIMITS[api])
        while True:
            try:
                reply = self._send(question, pictures, abilities)
            except RejectedError as error:
                fewer = abilities.without(error.complaint, question)
                if fewer is None:
                    raise self._explained(error) from None
                abilities = fewer
            else:
                self._service.abilities[api, self._model] = abilities
                answers = list(_chat_answers(reply) if api == "chat" else _response_answers(reply))
                return _texts(answers, self._service.target(self._model), question)

    def _explained(self, error: RejectedError) -> BackendError:
        """The error, or that the service does not know responses, which few do."""
        is_chat = self._service.settings.api == "chat"
        if is_chat or error.status not in UNKNOWN_ENDPOINT or "model" in error.complaint:
            return error
        what = "the service does not know the responses API; use chat, which all services know"
        return ServiceError(self._service.target(self._model).says(what))

    def _send(
        self, question: Question, pictures: tuple[SentPicture, ...], abilities: _Abilities
    ) -> Fields:
        api = self._service.settings.api
        schema = json.dumps(question.schema) if question.schema else ""
        prompt = question.prompt
        if schema and not abilities.schema:
            prompt, schema = prompt + SCHEMA_IN_WORDS + schema, ""
        planned = PlannedRequest(
            endpoint="/chat/completions" if api == "chat" else "/responses",
            host=self._service.host,
            model=self._model,
            template=question.template,
            prompt=prompt,
            pictures=pictures,
            schema=schema,
            max_output_tokens=question.candidates * question.max_tokens,
        )

        def call(client: openai.OpenAI) -> Any:
            if api == "chat":
                fields = _chat_fields(question, planned, abilities)
                return client.chat.completions.with_raw_response.create(**fields)
            fields = _response_fields(question, planned, abilities)
            return client.responses.with_raw_response.create(**fields)

        return self._service.send(planned, call)


def _chat_fields(question: Question, planned: PlannedRequest, abilities: _Abilities) -> Fields:
    content: str | list[Fields] = planned.prompt
    if planned.pictures:
        pictures = [
            {"type": "image_url", "image_url": {"url": picture.data_url()}}
            for picture in planned.pictures
        ]
        content = [{"type": "text", "text": planned.prompt}, *pictures]
    fields: Fields = {
        "model": planned.model,
        "messages": [{"role": "user", "content": content}],
    }
    fields.update((name, question.max_tokens) for name in abilities.limits[:1])
    if question.candidates > 1 and abilities.several:
        fields["n"] = question.candidates
    if planned.schema:
        named = _named_schema(question)
        fields["response_format"] = {"type": "json_schema", "json_schema": named}
    return fields


def _response_fields(question: Question, planned: PlannedRequest, abilities: _Abilities) -> Fields:
    content: list[Fields] = [{"type": "input_text", "text": planned.prompt}]
    content += [
        {"type": "input_image", "image_url": picture.data_url(), "detail": "auto"}
        for picture in planned.pictures
    ]
    fields: Fields = {
        "model": planned.model,
        "input": [{"role": "user", "content": content}],
        # Services keep responses for later turns unless told otherwise; there are none.
        "store": False,
    }
    fields.update((name, question.max_tokens) for name in abilities.limits[:1])
    if planned.schema:
        fields["text"] = {"format": {"type": "json_schema", **_named_schema(question)}}
    return fields


def _named_schema(question: Question) -> Fields:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", question.template)[:_NAME_MAX_CHARACTERS] or "answer"
    return {"name": name, "schema": dict(question.schema or {}), "strict": True}


def _chat_answers(reply: Fields) -> Iterator[_Answer]:
    """The candidates of a chat completion, whatever else is in it."""
    for choice in _objects(reply.get("choices")):
        message = choice.get("message")
        fields: Mapping[str, Any] = message if isinstance(message, dict) else {}
        content = fields.get("content")
        if not isinstance(content, str):
            texts = [part.get("text") for part in _objects(content)]
            content = "".join(text for text in texts if isinstance(text, str))
        yield _answer(content, fields.get("refusal"), choice.get("finish_reason"))


def _response_answers(reply: Fields) -> Iterator[_Answer]:
    """The one answer of a response: the text of all its messages."""
    messages = [part for part in _objects(reply.get("output")) if part.get("type") == "message"]
    parts = [part for message in messages for part in _objects(message.get("content"))]
    texts = [part.get("text") for part in parts if part.get("type") == "output_text"]
    refusals = [part.get("refusal") for part in parts if part.get("type") == "refusal"]
    details = reply.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    text = "".join(text for text in texts if isinstance(text, str))
    yield _answer(text, next(iter(refusals), None), reason)


def _answer(text: str, refusal: object, reason: object) -> _Answer:
    if refusal:
        return _Answer(refusal=str(refusal))
    if reason == "content_filter":
        return _Answer(refusal="a content filter took the answer away")
    return _Answer(text, is_cut=reason in {"length", "max_output_tokens"})


def _objects(value: object) -> list[Fields]:
    """The JSON objects in what should be an array of them."""
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _texts(answers: list[_Answer], target: Target, question: Question) -> list[Text]:
    """The texts of those answers that have one; the failure that explains it if none has."""
    texts = [Text(answer.text, answer.is_cut) for answer in answers if answer.text.strip()]
    if texts:
        return texts[: question.candidates]
    raise _failure(answers, target, question.max_tokens)


def _failure(answers: list[_Answer], target: Target, max_tokens: int) -> BackendError:
    for answer in answers:
        if answer.refusal:
            words = target.quoted(answer.refusal)
            return RefusalError(
                target.says(f"the model refused to answer ({words}); {REFUSAL_ADVICE}")
            )
    if any(answer.is_cut for answer in answers):
        what = (
            f"{max_tokens} tokens were used up before any text; allow more tokens, or use a "
            "model that thinks less"
        )
    else:
        what = "the answer holds no text; try again, or use another model"
    return AnswerError(target.says(what))
