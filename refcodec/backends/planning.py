"""Requests as they would be sent, for dry runs: to whom, what, and about how many tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from refcodec.backends.sending import SentPicture

CHARACTERS_PER_TOKEN: Final = 4
PATCH_SIDE: Final = 32
PICTURE_MAX_TOKENS: Final = 1536


@dataclass(frozen=True)
class PlannedRequest:
    """One request: its endpoint below the base URL, and what would be sent.

    `template` names the prompt's template and version, empty where the prompt has none;
    `schema` is the JSON schema of the answer as text, empty where there is none;
    `max_output_tokens` is None where the request sets no limit.
    """

    endpoint: str
    host: str
    model: str
    template: str
    prompt: str
    pictures: tuple[SentPicture, ...] = ()
    schema: str = ""
    max_output_tokens: int | None = None

    def input_tokens(self) -> int:
        """An estimate: services count differently, and tell the true number afterwards.

        Text: a token for every 4 characters, which holds for English. Pictures: a token for
        every patch of 32 x 32 pixels, at most 1536 a picture, as OpenAI documents for its
        newer models before a factor of each model's own.
        """
        text = math.ceil((len(self.prompt) + len(self.schema)) / CHARACTERS_PER_TOKEN)
        return text + sum(picture_tokens(picture.size) for picture in self.pictures)

    def describe(self) -> str:
        """What a dry run prints: lines of text, the prompt last."""
        template = f", template {self.template}" if self.template else ""
        lines = [f"{self.host} {self.endpoint}, model {self.model}{template}"]
        lines += [
            f"picture {number}: {picture.size[0]} x {picture.size[1]} pixels, "
            f"{len(picture.data)} bytes, {picture.media_type}"
            for number, picture in enumerate(self.pictures, start=1)
        ]
        if self.schema:
            lines.append(f"the answer held to a JSON schema of {len(self.schema)} characters")
        limit = self.max_output_tokens
        out = "" if limit is None else f", at most {limit} out"
        lines.append(f"about {self.input_tokens()} tokens in{out}")
        return "\n".join([*lines, self.prompt])


class DryRunStop(Exception):  # noqa: N818 - an end that was asked for, not an error
    """Nothing was sent, as asked; `planned` is the request that would have been.

    It is no BackendError: whoever makes do without an answer would go on, and write a file.
    """

    def __init__(self, planned: PlannedRequest) -> None:
        super().__init__(
            f"dry run: {planned.host} would be asked, with about {planned.input_tokens()} tokens"
        )
        self.planned = planned


def picture_tokens(size: tuple[int, int]) -> int:
    """About how many tokens a picture of this size in pixels takes (see PlannedRequest)."""
    width, height = size
    patches = math.ceil(width / PATCH_SIDE) * math.ceil(height / PATCH_SIDE)
    return min(patches, PICTURE_MAX_TOKENS)
