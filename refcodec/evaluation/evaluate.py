"""One case measured after the other, and the means of those that belong together."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from refcodec.backends.errors import BackendError
from refcodec.codec import loads, read_file
from refcodec.document import Document, plain_text
from refcodec.errors import MalformedError
from refcodec.evaluation import measures, text
from refcodec.evaluation.catalogue import ALL, OF_SETS
from refcodec.evaluation.frechet import MIN_PICTURES, USUAL_PICTURES
from refcodec.evaluation.learned import LearnedMeasures, Subject
from refcodec.evaluation.pairing import FILE_SUFFIX, Case
from refcodec.evaluation.rate import PARTS, Rate, rate_of
from refcodec.limits import TEXT_MAX_BYTES
from refcodec.picture.load import LoadedPicture, load_picture
from refcodec.picture.pipeline import render

PREVIEW_MAX_SIDE = 512
_PREVIEW_QUALITY = 82
_TEXT_SCORES: dict[str, Callable[[str, str], float]] = {
    "word-f1": text.word_f1,
    "rouge-l": text.rouge_l,
    "chrf": text.chrf,
}

Scores = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Result:
    """What one case came to.

    `scores` are by measure, None where one could not be computed; `notes` say why, and what
    else a reader should know. `other_text` is the description that it was compared with. The
    previews are JPEG files of at most PREVIEW_MAX_SIDE pixels a side, or empty.
    """

    case: Case
    rate: Rate
    text: str
    other_text: str | None
    scores: Scores
    notes: tuple[str, ...]
    original_preview: bytes = b""
    preview: bytes = b""


@dataclass(frozen=True, slots=True)
class Mean:
    """The means over the results of one system at one point, of `count` pictures.

    A score's mean is over the pictures that have it, None if none has. Measures of sets are
    here alone.
    """

    system: str
    point: str
    count: int
    bits_per_pixel: float
    size_bytes: float
    part_bytes: dict[str, float]
    part_bits_per_pixel: dict[str, float]
    scores: Scores
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """System and point."""
        return f"{self.system} {self.point}".strip()


def evaluate(case: Case, learned: LearnedMeasures, *, with_previews: bool) -> Result:
    """Measure one case.

    Raises SemError for a bad file or picture, OSError for one that cannot be read, and
    BackendError for one that a measure of sets does not take. Where another model cannot take
    these pictures, its score is None and a note says so.
    """
    data = _read(case.file)
    document = loads(data)
    notes: list[str] = []
    original = load_picture(case.original)
    reconstruction = _reconstruction(case, document, notes)
    pictures = _same_size(original, reconstruction, document, notes)
    other_text = None if case.text is None else _other_text(case.text)
    subject = Subject(*pictures, plain_text(document), other_text)
    scores = _basic_scores(*pictures)
    if other_text is not None:
        scores |= {name: of(other_text, subject.description) for name, of in _TEXT_SCORES.items()}
    scores |= _learned_scores(learned, subject, notes)
    for distance in learned.distances.values():
        distance.add((case.system, case.point), *pictures)
    previews = [_preview(picture) for picture in pictures] if with_previews else []
    return Result(
        case, rate_of(data), subject.description, other_text, scores, tuple(notes), *previews
    )


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return read_file(file)


def _reconstruction(case: Case, document: Document, notes: list[str]) -> LoadedPicture:
    if case.picture is not None:
        return load_picture(case.picture)
    flat = "" if document.thumbnail else ", which is plain grey without a thumbnail"
    notes.append(f"no reconstruction is given: this is the baseline rendering{flat}")
    return load_picture(render(document))


def _same_size(
    original: LoadedPicture, reconstruction: LoadedPicture, document: Document, notes: list[str]
) -> tuple[Image.Image, Image.Image]:
    """Both as RGB of the original's size, and notes of what had to be done for it."""
    notes += [f"original: {note}" for note in original.notes]
    notes += [f"reconstruction: {note}" for note in reconstruction.notes]
    if document.canvas != original.canvas:
        notes.append(
            f"the file's canvas is {_size(document.canvas)}, the original {_size(original.canvas)}"
        )
    if original.image.size != original.canvas:
        notes.append(
            f"measured at {_size(original.image.size)}, to which the original of "
            f"{_size(original.canvas)} was reduced"
        )
    picture = reconstruction.image
    if reconstruction.canvas != original.canvas:
        notes.append(
            f"the reconstruction of {_size(reconstruction.canvas)} was resized to "
            f"{_size(original.image.size)}"
        )
    if picture.size != original.image.size:
        picture = picture.resize(original.image.size, Image.Resampling.LANCZOS)
    return original.image, picture


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"


def _other_text(path: Path) -> str:
    data = _read(path)
    if path.suffix.lower() == FILE_SUFFIX:
        return plain_text(loads(data))
    if len(data) > TEXT_MAX_BYTES:
        raise MalformedError(f"{path}: a description of more than {TEXT_MAX_BYTES} bytes")
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise MalformedError(f"{path}: the description is not UTF-8") from error


def _basic_scores(original: Image.Image, reconstruction: Image.Image) -> Scores:
    pair = np.asarray(original), np.asarray(reconstruction)
    return {
        "psnr": measures.psnr(*pair),
        "ssim": measures.ssim(*pair),
        "ms-ssim": measures.ms_ssim(*pair),
    }


def _learned_scores(learned: LearnedMeasures, subject: Subject, notes: list[str]) -> Scores:
    scores: Scores = {}
    for name, scorer in learned.scorers.items():
        try:
            scores[name] = scorer(subject)
        except BackendError as error:
            scores[name] = None
            notes.append(str(error))
    if {"clip-text", "clip-texts"} & learned.scorers.keys() and learned.clip is not None:
        texts = [subject.description]
        if "clip-texts" in learned.scorers and subject.other_description is not None:
            texts.append(subject.other_description)
        if not all(map(learned.clip.reads_whole, texts)):
            count = learned.clip.max_tokens()
            notes.append(f"CLIP read the first {count} tokens of a longer description")
    return scores


def _preview(picture: Image.Image) -> bytes:
    small = picture.copy()
    small.thumbnail((PREVIEW_MAX_SIDE, PREVIEW_MAX_SIDE), Image.Resampling.LANCZOS)
    encoded = BytesIO()
    small.save(encoded, "JPEG", quality=_PREVIEW_QUALITY, optimize=True)
    return encoded.getvalue()


def means(results: Sequence[Result], learned: LearnedMeasures) -> list[Mean]:
    """The means by system, in the order of the results, and within a system by size."""
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.case.system, result.case.point), []).append(result)
    systems = list(dict.fromkeys(system for system, _ in groups))
    found = [_mean(group, of_group, learned) for group, of_group in groups.items()]
    return sorted(found, key=lambda mean: (systems.index(mean.system), mean.size_bytes))


def _mean(group: tuple[str, str], results: list[Result], learned: LearnedMeasures) -> Mean:
    scores = {
        measure.name: _mean_of(result.scores.get(measure.name) for result in results)
        for measure in ALL
        if any(measure.name in result.scores for result in results)
    }
    notes = []
    for measure in OF_SETS:
        if measure.name in learned.distances:
            scores[measure.name] = learned.distances[measure.name].value(group)
            notes.append(set_note(measure.label, learned.distances[measure.name].count(group)))
    return Mean(
        *group,
        count=len(results),
        bits_per_pixel=_average(result.rate.bits_per_pixel for result in results),
        size_bytes=_average(result.rate.size_bytes for result in results),
        part_bytes={
            part: _average(result.rate.part_bytes[part] for result in results) for part in PARTS
        },
        part_bits_per_pixel={
            part: _average(result.rate.part_bits_per_pixel(part) for result in results)
            for part in PARTS
        },
        scores=scores,
        notes=tuple(notes),
    )


def set_note(label: str, count: int) -> str:
    """What a reader must know of a measure of sets of so many pictures."""
    if count < MIN_PICTURES:
        return f"{label}: not computed, it takes at least {MIN_PICTURES} pictures"
    if count < USUAL_PICTURES:
        return f"{label} over {count} pictures: below some {USUAL_PICTURES:,} it means little"
    return f"{label} over {count} pictures"


def _average(values: Iterable[float]) -> float:
    known = list(values)
    return math.fsum(known) / len(known)


def _mean_of(scores: Iterable[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return _average(known) if known else None
