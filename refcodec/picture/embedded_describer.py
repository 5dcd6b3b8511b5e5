"""The embedded describer (outside the format): what can be measured, as a raster scan in words.

It needs no model and no network, names no objects, and goes from the whole to the parts:
format, tone, colours, edges, symmetry, horizon, what stands out, then three bands from top
to bottom, each from left to right.
"""

from __future__ import annotations

from typing import NamedTuple

from PIL import Image

from refcodec.picture import layout, measure, wording

LENGTH_MOST = 400


class _Detail(NamedTuple):
    """How much is said: spots, colours for each cell, edges or not, symmetry and horizon or not."""

    spots: int
    names: int
    edges: bool
    lines: bool


# From full detail to less; the last fits in LENGTH_MOST whatever the words.
_DETAIL_LEVELS = (
    _Detail(3, 2, edges=True, lines=True),
    _Detail(3, 2, edges=False, lines=True),
    _Detail(2, 2, edges=False, lines=True),
    _Detail(2, 1, edges=False, lines=True),
    _Detail(1, 1, edges=False, lines=True),
    _Detail(0, 1, edges=False, lines=False),
)


def describe_picture(image: Image.Image, canvas: tuple[int, int] | None = None) -> str:
    """Describe an upright image; `canvas` is its true (width, height) where it was shrunk.

    One line of at most LENGTH_MOST characters of ASCII; the same picture gives the same text.
    """
    image = image.convert("RGB")
    shape = wording.shape_word(canvas or image.size)
    plane = measure.colour_plane(image)
    tone = measure.tone(plane)
    palette = measure.palette(plane)
    if wording.is_plain(tone):
        return f"Plain {shape} picture, {wording.names_words(palette[:1])} all over."
    steps = measure.steps(image)
    if wording.is_noise(steps):
        return f"{shape} noise all over: {wording.names_words(palette)}.".capitalize()
    detail = measure.detail_plane(image)
    grid = measure.cells(plane, detail)
    kind = f"{shape} {wording.kind_words(steps)}".capitalize()
    head = ", ".join([kind, *wording.tone_words(tone, steps)])
    edges = wording.edges_sentence(measure.edge_shares(detail))
    symmetry = wording.symmetry_sentence(*measure.symmetry(image))
    horizon = wording.horizon_sentence(layout.find_horizon(plane))
    spots = layout.find_spots(plane)
    texts = (
        " ".join(
            filter(
                None,
                [
                    f"{head}: {wording.names_words(palette)}.",
                    edges if level.edges else "",
                    symmetry if level.lines else "",
                    horizon if level.lines else "",
                    wording.spots_sentence(spots[: level.spots]),
                    *wording.band_sentences(grid, level.names),
                ],
            )
        )
        for level in _DETAIL_LEVELS
    )
    return next(text for text in texts if len(text) <= LENGTH_MOST)
