"""Results as an aligned table, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import Any

from refcodec.evaluation.catalogue import ALL, Measure
from refcodec.evaluation.evaluate import Mean, Result, Scores
from refcodec.evaluation.rate import PARTS

MISSING = "-"


def measured(scores: Iterable[Scores]) -> list[Measure]:
    """The measures that some of the scores have, in the order of the catalogue."""
    names = {name for each in scores for name in each}
    return [measure for measure in ALL if measure.name in names]


def written(value: float | None, digits: int) -> str:
    """A score for people."""
    return MISSING if value is None else f"{value:.{digits}f}"


def text_table(results: Sequence[Result], averages: Sequence[Mean]) -> str:
    """A row a file, then a row of means for each system and rate."""
    shown = measured([*(result.scores for result in results), *(each.scores for each in averages)])
    rows = [["picture", "system", "bytes", "ubpp", *(measure.label for measure in shown)]]
    rows += [
        [
            result.case.original.name,
            f"{result.case.system} {result.case.point}".strip(),
            str(result.rate.size_bytes),
            f"{result.rate.micro_bits_per_pixel:.1f}",
            *_score_words(result.scores, shown),
        ]
        for result in results
    ]
    rows += [
        [
            f"mean of {mean.count}",
            mean.name,
            f"{mean.size_bytes:.1f}",
            f"{1e6 * mean.bits_per_pixel:.1f}",
            *_score_words(mean.scores, shown),
        ]
        for mean in averages
    ]
    return aligned(rows, text_columns=2)


def parts_table(averages: Sequence[Mean]) -> str:
    """What the bits are spent on: mean micro-bits per pixel of each part, by system and rate."""
    rows = [["ubpp of", "whole", *PARTS]]
    rows += [
        [
            mean.name,
            f"{1e6 * mean.bits_per_pixel:.1f}",
            *(f"{1e6 * mean.part_bits_per_pixel[part]:.1f}" for part in PARTS),
        ]
        for mean in averages
    ]
    return aligned(rows, text_columns=1)


def aligned(rows: Sequence[Sequence[str]], text_columns: int) -> str:
    """Columns of equal width: the first ones to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place < text_columns else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _score_words(scores: Scores, shown: Sequence[Measure]) -> list[str]:
    return [written(scores.get(measure.name), measure.digits) for measure in shown]


def to_csv(results: Sequence[Result], averages: Sequence[Mean]) -> str:
    """A row a file and a row a mean (`kind` tells them apart), numbers in full.

    What was not computed is empty; an infinite PSNR is `inf`.
    """
    shown = measured([*(result.scores for result in results), *(each.scores for each in averages)])
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        [
            *("kind", "original", "file", "system", "point", "pictures", "bytes"),
            *(f"{part}_bytes" for part in PARTS),
            "bits_per_pixel",
            *(f"{part}_bits_per_pixel" for part in PARTS),
            *(measure.name for measure in shown),
        ]
    )
    for result in results:
        case, rate = result.case, result.rate
        writer.writerow(
            [
                *("file", case.original, case.file, case.system, case.point, 1, rate.size_bytes),
                *(rate.part_bytes[part] for part in PARTS),
                rate.bits_per_pixel,
                *(rate.part_bits_per_pixel(part) for part in PARTS),
                *(result.scores.get(measure.name) for measure in shown),
            ]
        )
    for mean in averages:
        writer.writerow(
            [
                *("mean", "", "", mean.system, mean.point, mean.count, mean.size_bytes),
                *(mean.part_bytes[part] for part in PARTS),
                mean.bits_per_pixel,
                *(mean.part_bits_per_pixel[part] for part in PARTS),
                *(mean.scores.get(measure.name) for measure in shown),
            ]
        )
    return file.getvalue()


def to_json(results: Sequence[Result], averages: Sequence[Mean]) -> dict[str, Any]:
    """All of it as a JSON object; an infinite PSNR is the string "inf"."""
    return {
        "files": [_result_json(result) for result in results],
        "means": [
            {
                "system": mean.system,
                "point": mean.point,
                "pictures": mean.count,
                "size_bytes": mean.size_bytes,
                "bits_per_pixel": mean.bits_per_pixel,
                "parts": _parts_json(mean.part_bytes, mean.part_bits_per_pixel),
                "scores": _scores_json(mean.scores),
                "notes": list(mean.notes),
            }
            for mean in averages
        ],
    }


def _result_json(result: Result) -> dict[str, Any]:
    case, rate = result.case, result.rate
    return {
        "original": str(case.original),
        "file": str(case.file),
        "picture": None if case.picture is None else str(case.picture),
        "system": case.system,
        "point": case.point,
        "canvas": list(rate.canvas),
        "size_bytes": rate.size_bytes,
        "bits_per_pixel": rate.bits_per_pixel,
        "parts": _parts_json(
            rate.part_bytes, {part: rate.part_bits_per_pixel(part) for part in PARTS}
        ),
        "text": result.text,
        "other_text": result.other_text,
        "scores": _scores_json(result.scores),
        "notes": list(result.notes),
    }


def _parts_json(sizes: dict[str, Any], rates: dict[str, float]) -> dict[str, dict[str, float]]:
    return {part: {"size_bytes": sizes[part], "bits_per_pixel": rates[part]} for part in PARTS}


def _scores_json(scores: Scores) -> dict[str, float | str | None]:
    return {
        name: str(score) if score is not None and math.isinf(score) else score
        for name, score in scores.items()
    }
