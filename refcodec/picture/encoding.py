"""A picture to a file of at most so many bytes, with a describer in the loop.

The bytes are shared in this order: the description and its items, as far as their share of the
budget goes; the places of the items; the thumbnail, in all that is left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from refcodec.codec import dumps_many
from refcodec.describers.budgeted import (
    Aim,
    Measured,
    Pool,
    answers,
    choose,
    count_words,
    describe_within,
)
from refcodec.describers.interfaces import Describer, Description, ItemWish, Locator, Wish
from refcodec.document import Archive, Document, Item
from refcodec.errors import LimitError
from refcodec.limits import THUMBNAIL_MAX_BYTES

if TYPE_CHECKING:
    from refcodec.chunk_payloads import Models
    from refcodec.picture.load import LoadedPicture
    from refcodec.visual.maps import Box, Map
    from refcodec.visual.thumbnail import Thumbnail

# A file is as full as it should be from this share of its budget on. Where a thumbnail takes
# what the text leaves, less text is no loss, and asking again would cost more than it brings.
FULL_SHARE: Final = 0.95
_FULL_SHARE_BEFORE_THUMBNAIL: Final = 0.6
# Of a budget with a thumbnail, text has at least this share unless a plan says otherwise.
_LEAST_TEXT_SHARE: Final = 0.4
# A text of fewer bytes says nothing, so it has all of a budget that leaves it less.
_TEXT_LEAST_BYTES: Final = 8
# Type and size of the thumbnail's chunk, and the marker of the text behind a list of chunks.
_CHUNK_HEADER_BYTES: Final = 4
# What the places of items take, roughly, until they are known: a first one and each more.
_FIRST_PLACE_BYTES: Final = 5
_PLACE_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class FileForm:
    """The form of a file: what `refcodec.dumps` takes, and what an archive wants to know."""

    sealed: bool = False
    check: bool = True
    search: bool = False
    models: Models | None = None
    provenance: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a picture becomes a document.

    `fixed` is a description that takes the place of the describer's, and is never cut; `items`
    take the place of the describer's items. `thumbnail_bytes` bounds the thumbnail, 0 makes
    none. All the rest has at least `text_share` of a budget; 1 stands for all that it needs, or
    of a describer who says as much as fits, for what the thumbnail leaves.
    `requests` and `candidates` are those of `refcodec.describers.budgeted.Aim`.
    """

    describer: Describer
    fixed: Description | None = None
    items: tuple[Item, ...] = ()
    item_wish: ItemWish = field(default_factory=ItemWish)
    locator: Locator | None = None
    thumbnail_bytes: int = 0
    text_share: float = 1.0
    seed: int | None = None
    form: FileForm = field(default_factory=FileForm)
    requests: int = 3
    candidates: int = 4


@dataclass(frozen=True, slots=True)
class Encoded:
    """A document, its file, and what it took: `notes` are sentences for standard error."""

    document: Document
    data: bytes
    requests: int
    notes: tuple[str, ...] = ()


class PictureEncoder:
    """Makes files of one picture; what a describer has said is kept from one to the next."""

    def __init__(self, picture: LoadedPicture, plan: Plan) -> None:
        self.picture = picture
        self.plan = plan
        self._pool: Pool | None = None
        self._unbudgeted = 0
        self._places: dict[str, Map | Box | None] = {}

    def encode(self, max_bytes: int | None = None) -> Encoded:
        """The file within `max_bytes`; None leaves description and thumbnail as they come.

        Raises LimitError with the smallest size reached if nothing fits.
        """
        before = self._requests()
        described, document = self._describe(max_bytes)
        data = self.dump([document])[0]
        if max_bytes is not None and len(data) > max_bytes:
            raise LimitError(
                f"budget: the file takes at least {len(data)} bytes, {max_bytes} are allowed; "
                "shorten the text, leave out items or maps, or allow more"
            )
        requests = self._requests() - before
        return Encoded(document, data, requests, self._notes(described, document))

    def refit(self, document: Document, max_bytes: int) -> Encoded:
        """The file of a document with other words, and as large a thumbnail as fits now."""
        document = self._with_thumbnail(replace(document, thumbnail=None), max_bytes)
        described = Measured(Description(document.text, document.items), 0)
        return Encoded(document, self.dump([document])[0], 0, self._notes(described, document))

    def describe(self, max_bytes: int | None = None) -> Document:
        """The document that `encode` makes a file of; without a budget none is coded."""
        if max_bytes is not None:
            return self.encode(max_bytes).document
        return self._describe(None)[1]

    def document(self, description: Description) -> Document:
        """The document of a description, without places and thumbnail."""
        plan = self.plan
        archive = Archive(source_sha256=self.picture.sha256, provenance=plan.form.provenance)
        document = Document(
            text=description.text,
            style=description.style,
            canvas=self.picture.canvas,
            items=plan.items or description.items,
            seed=plan.seed,
            archive=archive,
        )
        return document if plan.form.models is None else replace(document, models=plan.form.models)

    def dump(self, documents: Sequence[Document]) -> list[bytes]:
        """The files of documents, in the form that the plan asks for."""
        form = self.plan.form
        return dumps_many(documents, sealed=form.sealed, check=form.check, search=form.search)

    def _describe(self, max_bytes: int | None) -> tuple[Measured, Document]:
        described = self._described(max_bytes)
        document = self._located(self.document(described.description), max_bytes)
        return described, self._with_thumbnail(document, max_bytes)

    def _requests(self) -> int:
        """The requests made of the describer so far."""
        return self._unbudgeted + (self._pool.requests if self._pool else 0)

    def _described(self, max_bytes: int | None) -> Measured:
        """The description; within its share of the budget if there is one."""
        plan = self.plan
        wish = Wish(items=plan.item_wish)
        if plan.fixed is not None:
            return Measured(plan.fixed, 0)
        if max_bytes is None:
            self._unbudgeted += 1
            return Measured(answers(plan.describer, self.picture, wish)[0], 0)
        if self._pool is None:
            self._pool = Pool(self._sizes([Description("")])[0])
        if max_bytes < self._pool.empty_bytes:
            raise LimitError(
                f"budget: a file without a word takes {self._pool.empty_bytes} bytes, {max_bytes} "
                "are allowed; allow more"
            )
        share = min(max_bytes - self._reserve(), self._text_limit(max_bytes))
        if share < self._pool.empty_bytes + _TEXT_LEAST_BYTES:
            share = max_bytes
        fills_rest = plan.thumbnail_bytes >= max_bytes - _FULL_SHARE_BEFORE_THUMBNAIL * share
        full = _FULL_SHARE_BEFORE_THUMBNAIL if fills_rest else FULL_SHARE
        aim = Aim(share, math.ceil(full * share), plan.requests, plan.candidates)
        try:
            found, _ = describe_within(
                self.picture, plan.describer, wish, aim, measure=self._sizes, pool=self._pool
            )
        except LimitError:
            found = None
        if found is not None and (found.description.items or not self._reserve()):
            return found
        # The text may need more than its share, and there are no items to keep bytes for.
        limit = max_bytes if found is None else min(max_bytes, share + self._reserve())
        whole = replace(aim, max_bytes=limit, enough_bytes=math.ceil(FULL_SHARE * limit))
        return choose(self._pool, whole, self._sizes)

    def _text_limit(self, max_bytes: int) -> int:
        """The bytes that a description, and all but a thumbnail, may have of a budget."""
        plan = self.plan
        if not plan.thumbnail_bytes:
            return max_bytes
        least = plan.text_share
        if least == 1 and plan.describer.obeys_wishes:
            # Whoever says as much as there is room for would leave none for the thumbnail.
            least = _LEAST_TEXT_SHARE
        left = max_bytes - plan.thumbnail_bytes - _CHUNK_HEADER_BYTES
        return max(left, math.floor(least * max_bytes))

    def _sizes(self, descriptions: Sequence[Description]) -> list[int]:
        """The sizes of files; a search, which takes long, makes them no larger."""
        form = self.plan.form
        documents = [self.document(one) for one in descriptions]
        return [len(data) for data in dumps_many(documents, sealed=form.sealed, check=form.check)]

    def _reserve(self) -> int:
        """The bytes to keep for places that are not known yet."""
        if self.plan.locator is None or self.plan.items or not self.plan.item_wish.count:
            return 0
        return _FIRST_PLACE_BYTES + _PLACE_BYTES * (self.plan.item_wish.count - 1)

    def _located(self, document: Document, limit: int | None) -> Document:
        """The document with the places of its items, from the first on, as far as they fit."""
        if self.plan.locator is None or all(item.map for item in document.items):
            return document
        unplaced = dict.fromkeys(item.name for item in document.items if item.map is None)
        names = [name for name in unplaced if name not in self._places]
        if names:
            places = self.plan.locator.locate(self.picture, names)
            self._places |= dict(zip(names, places, strict=True))
        located = [
            replace(item, map=item.map or self._places[item.name]) for item in document.items
        ]
        if limit is None:
            return replace(document, items=tuple(located))
        candidates = [
            replace(document, items=(*located[:count], *document.items[count:]))
            for count in range(len(located), -1, -1)
        ]
        files = zip(candidates, self.dump(candidates), strict=True)
        return next((one for one, data in files if len(data) <= limit), document)

    def _with_thumbnail(self, document: Document, limit: int | None) -> Document:
        """The document with the largest thumbnail that both bounds leave room for, or without."""
        room = self.plan.thumbnail_bytes
        if room and limit is not None:
            room = min(room, limit - len(self.dump([document])[0]))
        while room > 0:
            try:
                candidate = replace(document, thumbnail=self._thumbnail(room))
            except LimitError:
                break
            excess = 0 if limit is None else len(self.dump([candidate])[0]) - limit
            if excess <= 0:
                return candidate
            room -= excess
        return document

    def _thumbnail(self, max_bytes: int) -> Thumbnail:
        from refcodec.visual.thumbnail import Thumbnail

        return Thumbnail.from_image(
            self.picture.with_alpha(),
            min(max_bytes, THUMBNAIL_MAX_BYTES),
            canvas=self.picture.canvas,
            thorough=self.plan.form.search,
        )

    def _notes(self, described: Measured, document: Document) -> tuple[str, ...]:
        notes = []
        if self._pool is not None and self._pool.failure is not None:
            notes.append(f"asked again in vain: {self._pool.failure}")
        if described.is_cut:
            kept = count_words(described.description)
            notes.append(f"the description was cut to {kept} words to fit the budget")
        if self.plan.locator is not None and any(item.map is None for item in document.items):
            unknown = [item.name for item in document.items if item.map is None]
            notes.append(f"no place found, or no room for it: {', '.join(unknown)}")
        if self.plan.locator is not None and not document.items:
            notes.append("the describer named no items")
        if self.plan.thumbnail_bytes and document.thumbnail is None:
            notes.append("no thumbnail fits the bytes that are allowed")
        return tuple(notes)
