"""Embedded describer: measurements to sentences of a small, fixed grammar.

Every word comes from the tables here and from the colour names, and every sentence always
has the same form, so that descriptions code small and mean the same in every file.
"""

from __future__ import annotations

from itertools import groupby

from refcodec.picture.colours import NAMES
from refcodec.picture.layout import Horizon, Spot
from refcodec.picture.measure import Cell, Floats, Steps, Texture, Tone

_BAND_WORDS = ("Top", "Middle", "Bottom")
_PLACE_WORDS = ("left", "centre", "right")
# Neighbours to compare before they say what the picture is made like.
_COUNT_LEAST = 64
_SYMMETRIC = 0.68
_EDGE_WORDS = ("upright", "falling", "level", "rising")

_PLAIN_SPREAD = 2.0
# Scales: upper end of each step and its word, empty for the ordinary.
_END = float("inf")
_BRIGHTNESS = (
    (20.0, "very dark"),
    (34.0, "dark"),
    (60.0, ""),
    (80.0, "bright"),
    (_END, "very bright"),
)
_COLOURFULNESS = ((11.0, "muted colours"), (30.0, ""), (_END, "vivid colours"))
_ASPECT = (
    (1 / 2.2, "very tall"),
    (1 / 1.1, "tall"),
    (1.1, "square"),
    (2.2, "wide"),
    (_END, "panoramic"),
)
_HEIGHT = (
    (0.18, "near the top"),
    (0.29, "a quarter down"),
    (0.42, "a third down"),
    (0.58, "halfway down"),
    (0.71, "two thirds down"),
    (0.82, "three quarters down"),
    (_END, "near the bottom"),
)
_SIZE = ((0.003, "tiny "), (0.015, "small "), (0.07, ""), (_END, "large "))
_ACROSS = (
    (0.25, "at left"),
    (0.43, "left of centre"),
    (0.57, "at centre"),
    (0.75, "right of centre"),
    (_END, "at right"),
)
_SKY_NAMES = {"pale blue", "sky blue", "blue", "grey-blue", "lavender"}


def is_plain(measured: Tone) -> bool:
    """True for a picture of one colour."""
    return measured.spread < _PLAIN_SPREAD


def shape_word(canvas: tuple[int, int]) -> str:
    """The format of the canvas."""
    return _scale_word(canvas[0] / canvas[1], _ASPECT)


def is_noise(measured: Steps) -> bool:
    """True where nearly all neighbouring pixels differ a lot."""
    return measured.count >= _COUNT_LEAST and measured.large > 0.6 and measured.equal < 0.1


def kind_words(measured: Steps) -> str:
    """What the picture is made like, as far as neighbouring pixels tell."""
    if measured.count < _COUNT_LEAST:
        return "flat graphic"
    if measured.equal > 0.97 and measured.large == 0.0:
        return "colour gradient"
    if measured.equal > 0.7 and measured.small < 1.5 * measured.large:
        return "flat graphic"
    return "photographic picture"


def tone_words(measured: Tone, neighbours: Steps) -> list[str]:
    """Brightness, contrast and colourfulness, where they are out of the ordinary."""
    words = [_scale_word(measured.lightness, _BRIGHTNESS)]
    if measured.contrast > 27.0:
        words.append("high contrast")
    elif measured.spread < 12.0 and neighbours.large < 0.02:
        words.append("low contrast")
    words.append(_colourfulness_word(measured))
    return [word for word in words if word]


def _scale_word(value: float, scale: tuple[tuple[float, str], ...]) -> str:
    """The word of the first step of a scale whose upper end is above the value."""
    return next(word for limit, word in scale if value < limit)


def _colourfulness_word(measured: Tone) -> str:
    if measured.chroma_high < 8.0:
        return "black and white"
    is_warm = 50.0 <= measured.hue <= 95.0
    if is_warm and measured.hue_unity > 0.985 and measured.chroma < 22.0:
        return "sepia"
    return _scale_word(measured.chroma, _COLOURFULNESS)


def names_words(names: tuple[int, ...]) -> str:
    """Colour names joined: "red", "red and blue", "red, blue and black"."""
    words = [NAMES[name] for name in names]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def edges_sentence(shares: Floats) -> str:
    """The direction of most edges, or nothing."""
    order = shares.argsort()[::-1]
    first, second = float(shares[order[0]]), float(shares[order[1]])
    if first > 0.45 and first > 1.6 * second:
        return f"Mostly {_EDGE_WORDS[order[0]]} edges."
    if first + second > 0.74 and {int(order[0]), int(order[1])} == {0, 2}:
        return "Mostly upright and level edges."
    return ""


def symmetry_sentence(left_right: float, top_bottom: float) -> str:
    """Which halves mirror each other, or nothing."""
    halves = [
        words
        for value, words in ((left_right, "left and right"), (top_bottom, "top and bottom"))
        if value > _SYMMETRIC
    ]
    return f"{', '.join(halves).capitalize()} mirror each other." if halves else ""


def horizon_sentence(horizon: Horizon | None) -> str:
    """Where the horizon is and what it divides, or nothing.

    It is called a horizon where what is above could be sky; a floor meets a wall, too.
    """
    if horizon is None or horizon.above == horizon.below:
        return ""
    line = "Horizon" if NAMES[horizon.above[0]] in _SKY_NAMES else "Level divide"
    place = _scale_word(horizon.height, _HEIGHT)
    above, below = names_words(horizon.above), names_words(horizon.below)
    return f"{line} {place}: {above} above, {below} below."


def spots_sentence(spots: list[Spot]) -> str:
    """What stands out: size, colour and place of each, or nothing."""
    if not spots:
        return ""
    return f"Stands out: {', '.join(_spot_words(spot) for spot in spots)}."


def _spot_words(spot: Spot) -> str:
    size = _scale_word(spot.share, _SIZE)
    return f"{size}{NAMES[spot.name]} area {place_words(spot.across, spot.down)}"


def place_words(across: float, down: float) -> str:
    """A place in words, from its distance across and down (0 to 1)."""
    if 0.36 <= down <= 0.64:
        return _scale_word(across, _ACROSS)
    is_upper = down < 0.5
    if 0.4 <= across <= 0.6:
        return "above centre" if is_upper else "below centre"
    return f"{'upper' if is_upper else 'lower'} {'left' if across < 0.5 else 'right'}"


def texture_word(texture: Texture) -> str:
    """One word for a texture; empty where none fits."""
    if texture.fine < 4.5:
        if texture.coarse < 8.0:
            return "smooth"
        return "soft" if texture.coarse < 15.0 else ""
    if texture.fine > 0.9 * texture.coarse:
        return "grainy"
    return "rough" if texture.coarse < 20.0 else "busy"


def band_sentences(grid: list[list[Cell]], names_most: int) -> list[str]:
    """The raster scan: a sentence a band, neighbours that look alike joined.

    At most `names_most` colours are named for each cell.
    """
    rows = [[_cell_words(cell, names_most) for cell in row] for row in grid]
    if len({words for row in rows for words in row}) == 1:
        return [f"All over: {rows[0][0]}."]
    sentences = []
    if rows[0] == rows[1] == rows[2]:
        return [f"Top to bottom: {_row_words(rows[0])}."]
    for words, bands in groupby(zip(_BAND_WORDS, rows, strict=True), key=lambda pair: pair[1]):
        names = [band if not index else band.lower() for index, (band, _) in enumerate(bands)]
        sentences.append(f"{' and '.join(names)}: {_row_words(words)}.")
    return sentences


def _cell_words(cell: Cell, names_most: int) -> str:
    return f"{texture_word(cell.texture)} {names_words(cell.names[:names_most])}".strip()


def _row_words(words: list[str]) -> str:
    """ "left red; centre and right blue", or only "red" where it is so right across."""
    if len(set(words)) == 1:
        return words[0]
    parts = []
    for look, places in groupby(zip(_PLACE_WORDS, words, strict=True), key=lambda pair: pair[1]):
        parts.append(f"{' and '.join(place for place, _ in places)} {look}")
    return "; ".join(parts)
