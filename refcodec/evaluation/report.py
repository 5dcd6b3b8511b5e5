"""The report: one HTML page with its pictures in it, without script and without requests.

Descriptions, names and messages are a stranger's text. They are escaped, their control and
format characters made visible, and a Content-Security-Policy forbids the page everything but
its own style sheet and its own pictures.
"""

from __future__ import annotations

import base64
import hashlib
import html
import math
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from importlib.resources import files

from refcodec.evaluation.catalogue import Measure
from refcodec.evaluation.evaluate import Mean, Result, Scores
from refcodec.evaluation.plot import Point, Series, rate_plot
from refcodec.evaluation.rate import PARTS
from refcodec.evaluation.table import measured, written
from refcodec.text.visible import visible

RATE_LABEL = "micro-bits per pixel (logarithmic)"


def to_html(results: Sequence[Result], averages: Sequence[Mean]) -> str:
    """The page; at least one result, and their means."""
    style = files("refcodec.evaluation").joinpath("report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'"
    scores = [*(result.scores for result in results), *(mean.scores for mean in averages)]
    shown = measured(scores)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>Pictures from meaning: rate and quality</title>
<style>{style}</style>
</head>
<body>
<header>
<h1>Pictures from meaning</h1>
<p>{_headline(results, averages)}</p>
</header>
<main>
{_means_section(averages, shown)}
{_plots_section(results, averages, shown)}
{_pictures_section(results)}
{_measures_section(shown)}
</main>
<footer><p>Made by semeval, refcodec {_safe(version("refcodec"))}.</p></footer>
</body>
</html>
"""


def _safe(text: str) -> str:
    """A stranger's text as HTML."""
    return html.escape(visible(text, keep="\n\t"))


def _headline(results: Sequence[Result], averages: Sequence[Mean]) -> str:
    originals = len({result.case.original for result in results})
    systems = len({mean.system for mean in averages})
    return ", ".join(
        f"{count} {noun}{'' if count == 1 else 's'}"
        for count, noun in (
            (originals, "original picture"),
            (len(results), "reconstruction"),
            (systems, "system"),
        )
    )


def _means_section(averages: Sequence[Mean], shown: Sequence[Measure]) -> str:
    titles = ["system", "pictures", "bytes", "ubpp", *(_label(measure) for measure in shown)]
    heads = "".join(f'<th scope="col">{html.escape(title)}</th>' for title in titles)
    rows = []
    for mean in averages:
        cells = [
            str(mean.count),
            f"{mean.size_bytes:,.1f}",
            f"{1e6 * mean.bits_per_pixel:,.1f}",
            *(written(mean.scores.get(measure.name), measure.digits) for measure in shown),
        ]
        rows.append(
            f'<tr><th scope="row">{_safe(mean.name)}</th>'
            + "".join(f"<td>{cell}</td>" for cell in cells)
            + "</tr>"
        )
    bars = "\n".join(
        f'<div class="share"><h3>{_safe(mean.name)}</h3>'
        f"{_parts_bar(mean.part_bytes, mean.part_bits_per_pixel)}</div>"
        for mean in averages
    )
    table = "\n".join(rows)
    return f"""<section>
<h2>Means</h2>
<div class="wide"><table>
<thead><tr>{heads}</tr></thead>
<tbody>
{table}
</tbody>
</table></div>
{_notes_list(note for mean in averages for note in mean.notes)}
<h2>Where the bytes go</h2>
<div class="shares">
{bars}
</div>
</section>"""


def _label(measure: Measure) -> str:
    return f"{measure.label} {'↑' if measure.higher_is_better else '↓'}"


def _parts_bar(sizes: dict[str, float], rates: dict[str, float]) -> str:
    """A bar in proportion, and bytes and micro-bits per pixel of each part in words."""
    whole = math.fsum(sizes.values())
    start = 0.0
    blocks, words = [], []
    for part in PARTS:
        if not sizes[part]:
            continue
        width = 100 * sizes[part] / whole
        blocks.append(f'<rect class="{part}" x="{start:.2f}" width="{width:.2f}" height="4"/>')
        words.append(
            f'<li><svg class="key" viewBox="0 0 4 4" aria-hidden="true">'
            f'<rect class="{part}" width="4" height="4"/></svg>'
            f"{part} {sizes[part]:,.4g} B, {1e6 * rates[part]:,.1f} ubpp</li>"
        )
        start += width
    return (
        '<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">'
        f'{"".join(blocks)}</svg><ul class="parts">{"".join(words)}</ul>'
    )


def _notes_list(notes: Iterable[str]) -> str:
    # Repeated for every system, once is enough.
    items = "".join(f"<li>{_safe(note)}</li>" for note in dict.fromkeys(notes))
    return f'<ul class="notes">{items}</ul>' if items else ""


def _plots_section(
    results: Sequence[Result], averages: Sequence[Mean], shown: Sequence[Measure]
) -> str:
    """A plot for each measure, if there is more than one file to compare."""
    figures = []
    for measure in shown:
        series = _series(results, averages, measure)
        if series and len(results) > 1:
            plot = rate_plot(RATE_LABEL, _label(measure), series)
            figures.append(f"<figure>{plot}</figure>")
    if not figures:
        return ""
    plots = "\n".join(figures)
    return f"""<section>
<h2>Rate and quality</h2>
<p>Large marks are means of a system at a rate, small dots single pictures. Arrows point to the
better side.</p>
<div class="plots">
{plots}
</div>
</section>"""


def _series(results: Sequence[Result], averages: Sequence[Mean], measure: Measure) -> list[Series]:
    found = []
    for number, system in enumerate(dict.fromkeys(mean.system for mean in averages)):
        points = _points(
            (1e6 * mean.bits_per_pixel, mean.scores.get(measure.name))
            for mean in averages
            if mean.system == system
        )
        dots = _points(
            (result.rate.micro_bits_per_pixel, result.scores.get(measure.name))
            for result in results
            if result.case.system == system
        )
        if points:
            found.append(Series(visible(system), number, points, dots))
    return found


def _points(values: Iterable[tuple[float, float | None]]) -> tuple[Point, ...]:
    """Those that can be drawn: the PSNR of equal pictures is infinite."""
    return tuple(
        (rate, score) for rate, score in values if score is not None and math.isfinite(score)
    )


def _pictures_section(results: Sequence[Result]) -> str:
    by_original: dict[str, list[Result]] = {}
    for result in results:
        if result.preview:
            by_original.setdefault(str(result.case.original), []).append(result)
    articles = "\n".join(map(_article, by_original.values()))
    left_out = len({result.case.original for result in results}) - len(by_original)
    more = f"<p>Not shown, but in measures.csv: {left_out} more.</p>" if left_out else ""
    return f"""<section>
<h2>Side by side</h2>
{articles}
{more}
</section>"""


def _article(results: Sequence[Result]) -> str:
    """An original and all its reconstructions."""
    first = results[0]
    name = _safe(first.case.original.name)
    figures = "\n".join(map(_figure, results))
    return f"""<article>
<h3>{name}</h3>
<div class="pictures">
<figure>
{_image(first.original_preview, f"original of {first.case.original.name}")}
<figcaption><h4>original</h4></figcaption>
</figure>
{figures}
</div>
</article>"""


def _figure(result: Result) -> str:
    rate = result.rate
    system = f"{result.case.system} {result.case.point}".strip()
    scores = "".join(
        f"<div><dt>{html.escape(measure.label)}</dt><dd>{value}</dd></div>"
        for measure, value in _written_scores(result.scores)
    )
    sizes = {part: float(size) for part, size in rate.part_bytes.items()}
    rates = {part: rate.part_bits_per_pixel(part) for part in PARTS}
    other = ""
    if result.other_text is not None:
        other = f'<h5>compared with</h5><p class="text" dir="auto">{_safe(result.other_text)}</p>'
    return f"""<figure>
{_image(result.preview, f"reconstruction by {system}")}
<figcaption>
<h4>{_safe(system)}</h4>
<p class="rate">{rate.size_bytes:,} bytes, {rate.micro_bits_per_pixel:,.1f} ubpp</p>
{_parts_bar(sizes, rates)}
<dl>{scores}</dl>
<details open><summary>description</summary>
<p class="text" dir="auto">{_safe(result.text)}</p>
{other}</details>
{_notes_list(result.notes)}
</figcaption>
</figure>"""


def _written_scores(scores: Scores) -> list[tuple[Measure, str]]:
    return [
        (measure, written(scores[measure.name], measure.digits)) for measure in measured([scores])
    ]


def _image(preview: bytes, says: str) -> str:
    data = base64.b64encode(preview).decode()
    return f'<img src="data:image/jpeg;base64,{data}" alt="{_safe(says)}" loading="lazy">'


def _measures_section(shown: Sequence[Measure]) -> str:
    items = "\n".join(
        f"<div><dt>{html.escape(_label(measure))}</dt><dd>{html.escape(measure.says)}</dd></div>"
        for measure in shown
    )
    return f"""<section>
<h2>What is measured</h2>
<dl class="measures">
<div><dt>ubpp</dt><dd>micro-bits per pixel: 8,000,000 times the file's bytes over the pixels of its
canvas; the container is signature, head, checks and all chunks that are not text, thumbnail or
maps</dd></div>
{items}
</dl>
<p>Both pictures as 8-bit RGB at the size of the original, at most 2048 pixels a side.</p>
</section>"""
