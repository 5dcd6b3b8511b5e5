"""Image models behind a service: pictures from words, and pictures changed by words.

Hosted models take no seed, and only certain sizes; what comes back is of the size nearest in
shape to the one wanted, or of any other, and it is for the caller to resize it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from refcodec.backends.errors import BackendError, ServiceError
from refcodec.backends.failures import UNKNOWN_ENDPOINT, RejectedError
from refcodec.backends.planning import PlannedRequest
from refcodec.backends.receiving import received_picture
from refcodec.backends.sending import SentPicture, edit_mask, to_edit
from refcodec.backends.service import Fields, Service

if TYPE_CHECKING:
    import openai
    from PIL.Image import Image

Size = tuple[int, int]

# What the GPT image models take; other models may take others.
DEFAULT_SIZES: Final[tuple[Size, ...]] = ((1024, 1024), (1536, 1024), (1024, 1536))


def parse_sizes(text: str) -> tuple[Size, ...]:
    """Sizes in pixels from "512x512,768x512"; raises ValueError that says what is wrong."""
    sizes = []
    for word in text.split(","):
        width, _, height = word.strip().partition("x")
        if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            raise ValueError(f"{word.strip()!r} is not a size like 1024x1024")
        sizes.append((int(width), int(height)))
    return tuple(sizes)


def nearest_size(wanted: Size, sizes: Sequence[Size]) -> Size:
    """The size nearest in shape (ratio of sides), of those the nearest in area."""

    def distance(size: Size) -> tuple[float, float]:
        shape = abs(math.log(size[0] * wanted[1] / (size[1] * wanted[0])))
        area = abs(math.log(size[0] * size[1] / (wanted[0] * wanted[1])))
        return round(shape, 9), area

    return min(sizes, key=distance)


class ServiceImages:
    """An image model of a service (see ImageModel), which takes the sizes given."""

    def __init__(self, service: Service, model: str, sizes: Sequence[Size] = DEFAULT_SIZES) -> None:
        self._service = service
        self._model = model
        self._sizes = tuple(sizes)

    @property
    def name(self) -> str:
        """The model's name, as the service knows it."""
        return self._model

    def generate(self, prompt: str, size: Size) -> Image:
        """A picture near the size, from the cache where it is there.

        Raises RefusalError, AnswerError for what is not a picture, ServiceError, DryRunStop.
        """
        planned = self._planned("/images/generations", prompt, ())
        size_word = self._size_word(size)

        def call(client: openai.OpenAI) -> Any:
            return client.images.with_raw_response.generate(
                model=self._model, prompt=prompt, size=size_word
            )

        request = _request(planned, size_word)
        return self._service.picture(request, lambda: self._receive(planned, call))

    def edit(
        self, prompt: str, images: Sequence[Image], size: Size, mask: Image | None = None
    ) -> Image:
        """The first picture changed, from the cache where it is there; raises as `generate`.

        The mask (L, 255: may change) is sent as the service wants it: transparent where the
        picture may change, that is from 128 on.
        """
        side = self._service.settings.send_side
        sent = tuple(to_edit(image, side) for image in images)
        masks = () if mask is None else (edit_mask(mask, sent[0].size),)
        planned = self._planned("/images/edits", prompt, sent + masks)
        size_word = self._size_word(size)

        def call(client: openai.OpenAI) -> Any:
            files = [_file(f"picture-{number}", picture) for number, picture in enumerate(sent, 1)]
            fields: Fields = {"model": self._model, "prompt": prompt, "size": size_word}
            if masks:
                fields["mask"] = _file("mask", masks[0])
            # Servers of the older protocol know one picture only, in a field of another name.
            fields["image"] = files if len(files) > 1 else files[0]
            return client.images.with_raw_response.edit(**fields)

        request = {**_request(planned, size_word), "has_mask": bool(masks)}
        return self._service.picture(request, lambda: self._receive(planned, call))

    def _planned(
        self, endpoint: str, prompt: str, pictures: tuple[SentPicture, ...]
    ) -> PlannedRequest:
        return PlannedRequest(
            endpoint=endpoint,
            host=self._service.host,
            model=self._model,
            template="",
            prompt=prompt,
            pictures=pictures,
        )

    def _size_word(self, wanted: Size) -> str:
        width, height = nearest_size(wanted, self._sizes)
        return f"{width}x{height}"

    def _receive(self, planned: PlannedRequest, call: Callable[[openai.OpenAI], Any]) -> Image:
        """Send, and take the picture out of the answer."""
        try:
            answer = self._service.send(planned, call)
        except RejectedError as error:
            raise self._explained(error, planned) from None
        target = self._service.target(self._model)
        data = answer.get("data")
        entry = data[0] if isinstance(data, list) and data else None
        picture = received_picture(
            entry if isinstance(entry, dict) else {},
            self._service.url,
            self._service.settings.timeout_s,
            target,
        )
        self._service.account.add_picture()
        return picture

    def _explained(self, error: RejectedError, planned: PlannedRequest) -> BackendError:
        """The error, in terms of pictures where they are the reason."""
        says = self._service.target(self._model).says
        if error.status in UNKNOWN_ENDPOINT and "model" not in error.complaint:
            verb = "edit" if planned.pictures else "draw"
            return ServiceError(
                says(
                    f"the service cannot {verb} pictures ({planned.endpoint} is unknown there); "
                    "use another service or generator"
                )
            )
        if "size" in error.complaint:
            return ServiceError(f"{error}; give the sizes that the model takes")
        return error


def _request(planned: PlannedRequest, size: str) -> Fields:
    """What shapes the picture, for the cache."""
    return {
        "endpoint": planned.endpoint,
        "model": planned.model,
        "prompt": planned.prompt,
        "size": size,
        "pictures": [picture.digest for picture in planned.pictures],
    }


def _file(name: str, picture: SentPicture) -> tuple[str, bytes, str]:
    """A file of a form, as the package takes it: its name, bytes and type."""
    return f"{name}.png", picture.data, picture.media_type
