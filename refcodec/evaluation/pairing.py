"""Which file, which reconstruction and which description belong to which original.

Partners in folders have the same stem: `house.jpg`, `house.sem`, `house.png`, `house.txt`. A file
may also be one of several rates of an original: `house-13.sem` and `house-26.sem` belong to
`house.jpg`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

FILE_SUFFIX = ".sem"
TEXT_SUFFIXES = frozenset({".txt", FILE_SUFFIX})
PICTURE_SUFFIXES = frozenset(
    f".{ending}"
    for ending in (
        *("avif", "bmp", "gif", "ico", "j2k", "jp2", "jpeg", "jpg", "pbm", "pgm", "png", "ppm"),
        *("qoi", "tga", "tif", "tiff", "webp"),
    )
)
_RATE = re.compile(r"(?P<stem>.+)-(?P<rate>[0-9]+)")


class PairingError(Exception):
    """What was given does not pair up; the message names what has no partner."""


@dataclass(frozen=True, slots=True)
class Source:
    """A system's files, a file or a folder, and its reconstructions if they are elsewhere.

    Sources of the same `system` are its rates, told apart by `label`.
    """

    system: str
    files: Path
    pictures: Path | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured together.

    `picture` is None where the baseline rendering is to be drawn, and `text` where there is no
    other description. Cases of the same `system` and `point` are averaged.
    """

    original: Path
    file: Path
    system: str
    point: str = ""
    picture: Path | None = None
    text: Path | None = None


@dataclass(frozen=True, slots=True)
class Pairing:
    """The cases, those of an original together, and in words what has no partner."""

    cases: tuple[Case, ...]
    leftovers: tuple[str, ...]


def pair(originals: Path, sources: Sequence[Source], texts: Path | None = None) -> Pairing:
    """Bring together what belongs together.

    Where the place of a source's reconstructions holds none, all are to be drawn. Raises
    PairingError for a place that is not there or holds nothing of its kind, and for two of a
    kind with the same stem; OSError for a folder that cannot be read.
    """
    by_stem = _by_stem(_found(originals, PICTURE_SUFFIXES, "pictures"))
    leftovers: list[str] = []
    cases: list[Case] = []
    for source in sources:
        cases += _source_cases(source, by_stem, leftovers)
    if texts is not None:
        cases = _with_texts(cases, texts, leftovers)
    order = {original: place for place, original in enumerate(by_stem.values())}
    cases.sort(key=lambda case: order[case.original])
    return Pairing(tuple(cases), tuple(leftovers))


def _found(place: Path, suffixes: Collection[str], kind: str) -> list[Path]:
    """The place itself, or what of the kind lies directly in it, by name."""
    if not place.exists():
        raise PairingError(f"{place}: there is no such file or folder")
    if not place.is_dir():
        return [place]
    found = sorted(path for path in place.iterdir() if path.suffix.lower() in suffixes)
    if not found:
        raise PairingError(f"{place}: there are no {kind} in this folder")
    return found


def _by_stem(paths: Iterable[Path]) -> dict[str, Path]:
    by_stem: dict[str, Path] = {}
    for path in paths:
        other = by_stem.setdefault(path.stem, path)
        if other is not path:
            raise PairingError(f"{other} and {path}: their names differ in the ending only")
    return by_stem


def _source_cases(source: Source, originals: dict[str, Path], leftovers: list[str]) -> list[Case]:
    files = _found(source.files, {FILE_SUFFIX}, f"{FILE_SUFFIX} files")
    if not source.files.is_dir():
        return [_single_case(source, originals)]
    pictures = _pictures(source, originals.values())
    cases = []
    for file in files:
        stem, rate = _owner(file.stem, originals)
        if stem not in originals:
            leftovers.append(f"{file} (no original)")
        elif pictures and file.stem not in pictures:
            leftovers.append(f"{file} (no reconstruction)")
        else:
            point = " ".join(filter(None, (source.label, rate)))
            picture = pictures.get(file.stem)
            cases.append(Case(originals[stem], file, source.system, point, picture))
    without_file = set(originals) - {_owner(file.stem, originals)[0] for file in files}
    leftovers += [f"{originals[stem]} (no file in {source.files})" for stem in sorted(without_file)]
    given = set(map(os.path.realpath, originals.values()))
    strays = set(pictures) - {file.stem for file in files}
    leftovers += [
        f"{pictures[stem]} (no file)"
        for stem in sorted(strays)
        if os.path.realpath(pictures[stem]) not in given
    ]
    return cases


def _single_case(source: Source, originals: dict[str, Path]) -> Case:
    """One original, one file and at most one picture, whatever they are called."""
    if len(originals) > 1:
        raise PairingError(f"{source.files}: one file for {len(originals)} originals")
    if source.pictures is not None:
        _found(source.pictures, PICTURE_SUFFIXES, "pictures")
        if source.pictures.is_dir():
            raise PairingError(f"{source.pictures}: a folder of pictures for one file")
    (original,) = originals.values()
    return Case(original, source.files, source.system, source.label, source.pictures)


def _owner(stem: str, originals: Collection[str]) -> tuple[str, str]:
    """The original's stem and the rate in a file's stem."""
    rated = _RATE.fullmatch(stem)
    if stem in originals or rated is None or rated["stem"] not in originals:
        return stem, ""
    return rated["stem"], rated["rate"]


def _pictures(source: Source, originals: Iterable[Path]) -> dict[str, Path]:
    """The reconstructions by stem, which are no originals that lie in the same folder."""
    if source.pictures is not None:
        if source.pictures.exists() and not source.pictures.is_dir():
            raise PairingError(f"{source.pictures}: one picture for a folder of files")
        return _by_stem(_found(source.pictures, PICTURE_SUFFIXES, "pictures"))
    given = set(map(os.path.realpath, originals))
    found = (path for path in source.files.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    return _by_stem(path for path in sorted(found) if os.path.realpath(path) not in given)


def _with_texts(cases: list[Case], texts: Path, leftovers: list[str]) -> list[Case]:
    """The cases with their other descriptions; one file is for all files of one original."""
    found = _by_stem(_found(texts, TEXT_SUFFIXES, "descriptions (.txt, .sem)"))
    if not texts.is_dir():
        if len({case.original for case in cases}) > 1:
            raise PairingError(f"{texts}: one description for several originals")
        return [replace(case, text=texts) for case in cases]
    with_texts = []
    for case in cases:
        text = found.get(case.file.stem) or found.get(case.original.stem)
        if text is None:
            leftovers.append(f"{case.file} (no description in {texts})")
        with_texts.append(replace(case, text=text))
    return with_texts
