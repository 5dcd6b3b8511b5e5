"""The embedded describer: right words for pictures whose content is known, and a closed grammar."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from refcodec.picture import colours, layout, measure, wording
from refcodec.picture.embedded_describer import LENGTH_MOST, describe_picture
from refcodec.picture.saliency import MAP_SIDE, saliency_map

PICTURES = Path(__file__).parent / "pictures"


def flat(width: int, height: int, colour: str) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def random_image(seed: int, *shape: int) -> Image.Image:
    samples = np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)
    return Image.fromarray(samples)


def scene() -> Image.Image:
    """Blue over green, divided at six tenths, and a yellow disc at the upper right."""
    image = flat(600, 400, "#148cdc")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 240, 600, 400), fill="#288c28")
    draw.ellipse((450, 30, 520, 100), fill="#ffe628")
    return image


def photograph() -> Image.Image:
    with Image.open(PICTURES / "kodim23.png") as image:
        return image.convert("RGB")


def stripes(function: Any) -> Image.Image:
    """Black and white stripes along the lines of equal `function` of row and column."""
    rows, columns = np.indices((512, 512))
    return Image.fromarray((function(rows, columns) // 24 % 2 * 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("image", "text"),
    [
        (flat(64, 64, "black"), "Plain square picture, black all over."),
        (flat(300, 200, "white"), "Plain wide picture, white all over."),
        (flat(1, 1, "#dc1e1e"), "Plain square picture, red all over."),
        (flat(1, 9, "#808080"), "Plain very tall picture, grey all over."),
        (random_image(1, 512, 512), "Square noise all over: "),
        (random_image(1, 40, 10), "Very tall noise all over: "),
        (
            scene(),
            "Wide flat graphic, vivid colours: blue and green. Horizon two thirds down: "
            "blue above, green below. Stands out: yellow area upper right. "
            "Top and middle: smooth blue. Bottom: smooth green.",
        ),
        (
            scene().transpose(Image.Transpose.ROTATE_90),
            "Tall flat graphic, vivid colours: blue and green. "
            "Stands out: yellow area upper left. Top to bottom: left and centre smooth blue; "
            "right smooth green.",
        ),
        (
            scene().transpose(Image.Transpose.ROTATE_180),
            "Wide flat graphic, vivid colours: blue and green. Level divide a third down: "
            "green above, blue below. Stands out: yellow area lower left. Top: smooth green. "
            "Middle and bottom: smooth blue.",
        ),
        (
            Image.linear_gradient("L").resize((512, 512)),
            "Square colour gradient, high contrast, black and white: pale grey, grey and "
            "dark grey. Top: smooth dark grey and black. Middle: smooth grey. "
            "Bottom: smooth pale grey and white.",
        ),
    ],
)
def test_known_pictures(image: Image.Image, text: str) -> None:
    described = describe_picture(image)
    assert described == text or (text.endswith(": ") and described.startswith(text))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda _, columns: columns, "Mostly upright edges."),
        (lambda rows, _: rows, "Mostly level edges."),
        (lambda rows, columns: rows + columns, "Mostly rising edges."),
        (lambda rows, columns: rows - columns + 512, "Mostly falling edges."),
        (lambda rows, columns: rows // 24 * 24 + columns // 24 * 24, "upright and level edges."),
    ],
)
def test_edge_directions(function: Any, words: str) -> None:
    assert words in describe_picture(stripes(function))


@pytest.mark.parametrize(
    ("canvas", "word"),
    [
        ((1000, 1000), "Square"),
        ((1080, 1000), "Square"),
        ((1500, 1000), "Wide"),
        ((65535, 1), "Panoramic"),
        ((1000, 1500), "Tall"),
        ((1, 65535), "Very tall"),
    ],
)
def test_format_is_that_of_the_canvas(canvas: tuple[int, int], word: str) -> None:
    assert describe_picture(scene(), canvas).startswith(f"{word} flat graphic")


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#ffffff", "white"),
        ("#000000", "black"),
        ("#808080", "grey"),
        ("#404040", "dark grey"),
        ("#ff0000", "red"),
        ("#8b0000", "dark red"),
        ("#008000", "green"),
        ("#006400", "dark green"),
        ("#0000ff", "blue"),
        ("#000080", "dark blue"),
        ("#87ceeb", "sky blue"),
        ("#ffff00", "yellow"),
        ("#ffa500", "orange"),
        ("#ff00ff", "magenta"),
        ("#ffc0cb", "pink"),
        ("#f5f5dc", "cream"),
        ("#d2b48c", "tan"),
        ("#008080", "teal"),
        ("#40e0d0", "turquoise"),
        ("#808000", "olive"),
        ("#a0522d", "rust"),
        ("#708090", "grey-blue"),
        ("#800080", "purple"),
        ("#ffd700", "yellow"),
        ("#daa520", "gold"),
    ],
)
def test_colour_names_are_those_of_the_web_where_people_agree(colour: str, name: str) -> None:
    assert describe_picture(flat(8, 8, colour)) == f"Plain square picture, {name} all over."


def test_every_prototype_has_its_own_name() -> None:
    for index, (_, group) in enumerate(colours.PROTOTYPES):
        for lightness, chroma, hue in group:
            angle = np.radians(hue)
            lab = np.array([lightness, chroma * np.cos(angle), chroma * np.sin(angle)])
            assert colours.nearest_names(lab) == index


def test_lab_of_known_colours() -> None:
    samples = np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)
    expected = np.array([[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.2], [32.3, 79.19, -107.86]])
    assert np.allclose(colours.srgb_to_lab(samples), expected, atol=0.02)


def test_tones_of_grey_sepia_muted_and_dark_pictures() -> None:
    image = photograph()
    grey = image.convert("L")
    assert ", black and white:" in describe_picture(grey)
    assert "muted colours" in describe_picture(Image.blend(grey.convert("RGB"), image, 0.2))
    warm = Image.merge(
        "RGB", [grey.point([min(255, round(v * f)) for v in range(256)]) for f in (1.1, 0.95, 0.75)]
    )
    assert ", sepia:" in describe_picture(warm)
    dark = describe_picture(image.point([v // 2 for v in range(256)] * 3))
    assert dark.startswith("Wide photographic picture, dark")
    night = describe_picture(image.point([v // 4 for v in range(256)] * 3))
    assert night.startswith("Wide photographic picture, very dark, low contrast")
    bright = describe_picture(image.point([128 + v // 2 for v in range(256)] * 3))
    assert bright.startswith("Wide photographic picture, bright")


def test_a_symmetric_picture_is_called_so() -> None:
    half = photograph().crop((0, 0, 384, 512))
    both = Image.new("RGB", (768, 512))
    both.paste(half, (0, 0))
    both.paste(half.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (384, 0))
    assert "Left and right mirror each other." in describe_picture(both)
    turned = both.transpose(Image.Transpose.ROTATE_90)
    assert "Top and bottom mirror each other." in describe_picture(turned)
    assert "mirror" not in describe_picture(photograph())
    disc = flat(600, 400, "white")
    ImageDraw.Draw(disc).ellipse((180, 80, 420, 320), fill="#bc002d")
    text = describe_picture(disc)
    assert "Left and right, top and bottom mirror each other." in text
    assert "Stands out: large red area at centre." in text


def test_photographs_that_ship_with_the_project() -> None:
    birds = describe_picture(photograph())
    assert birds.startswith("Wide photographic picture: green, ")
    assert "yellow area lower left" in birds
    assert "large red area at right" in birds
    mirrored = describe_picture(photograph().transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert "yellow area lower right" in mirrored
    assert "large red area at left" in mirrored
    with Image.open(PICTURES / "house.jpg") as image:
        house = describe_picture(image)
    assert house.startswith("Square photographic picture: sky blue, dark green and red.")
    assert "large red area at centre" in house
    assert house.endswith("Bottom: grainy dark green.")


def test_length_is_bounded_by_leaving_out_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("refcodec.picture.embedded_describer.LENGTH_MOST", 300)
    image = photograph()
    short = describe_picture(image)
    assert 150 <= len(short) <= 300
    assert short.endswith("right smooth dark red.")
    assert " and " not in short.split("Top: ")[1].replace("left and centre", "")


def test_a_speck_and_a_background_do_not_stand_out() -> None:
    image = flat(500, 500, "#808080")
    image.paste((255, 0, 0), (240, 240, 262, 262))
    assert "Stands out: tiny red area at centre." in describe_picture(image)
    image = flat(500, 500, "#808080")
    image.paste((255, 0, 0), (250, 250, 256, 256))
    assert "Stands out" not in describe_picture(image)
    halves = flat(500, 500, "#808080")
    halves.paste((255, 0, 0), (0, 0, 250, 500))
    assert "Stands out" not in describe_picture(halves)


def test_of_two_shades_side_by_side_the_larger_stands_out() -> None:
    shades = [
        layout.Spot(colours.NAMES.index(name), 0.5, 0.5, share)
        for name, share in (("dark red", 0.01), ("red", 0.04), ("blue", 0.02), ("red", 0.01))
    ]
    kept: list[layout.Spot] = []
    for spot in shades:
        layout._add_spot(kept, spot)
    assert kept == shades[1:3]


@pytest.mark.parametrize(
    ("across", "down", "words"),
    [
        (0.1, 0.5, "at left"),
        (0.3, 0.5, "left of centre"),
        (0.5, 0.5, "at centre"),
        (0.7, 0.5, "right of centre"),
        (0.9, 0.5, "at right"),
        (0.5, 0.1, "above centre"),
        (0.5, 0.9, "below centre"),
        (0.1, 0.1, "upper left"),
        (0.9, 0.1, "upper right"),
        (0.1, 0.9, "lower left"),
        (0.9, 0.9, "lower right"),
    ],
)
def test_places(across: float, down: float, words: str) -> None:
    assert wording.place_words(across, down) == words


@pytest.mark.parametrize(
    ("fine", "coarse", "word"),
    [
        (1, 1, "smooth"),
        (2, 12, "soft"),
        (2, 30, ""),
        (9, 8, "grainy"),
        (9, 15, "rough"),
        (9, 30, "busy"),
    ],
)
def test_textures(fine: float, coarse: float, word: str) -> None:
    assert wording.texture_word(measure.Texture(fine, coarse)) == word


def test_steps_of_pictures_too_small_to_tell() -> None:
    assert measure.steps(flat(1, 1, "red")) == measure.Steps(1.0, 0.0, 0.0, 0)
    assert measure.steps(flat(2, 3, "red")) == measure.Steps(1.0, 0.0, 0.0, 7)


def test_a_horizon_must_be_clear_straight_and_right_across() -> None:
    plane = measure.colour_plane(scene())
    found = layout.find_horizon(plane)
    assert found is not None
    assert found.height == pytest.approx(0.6, abs=0.02)
    slope = flat(600, 400, "#148cdc")
    ImageDraw.Draw(slope).polygon([(0, 0), (600, 400), (0, 400)], fill="#288c28")
    assert layout.find_horizon(measure.colour_plane(slope)) is None
    steep = flat(600, 400, "#148cdc")
    ImageDraw.Draw(steep).polygon([(0, 80), (600, 320), (600, 400), (0, 400)], fill="#288c28")
    assert layout.find_horizon(measure.colour_plane(steep)) is None
    soft = Image.linear_gradient("L").resize((600, 400)).convert("RGB")
    assert layout.find_horizon(measure.colour_plane(soft)) is None
    same = layout.Horizon(0.5, (1,), (1,))
    assert wording.horizon_sentence(same) == ""


def test_saliency_marks_the_odd_one_out() -> None:
    image = flat(320, 160, "#407040")
    draw = ImageDraw.Draw(image)
    for x in range(20, 320, 40):
        for y in range(20, 160, 40):
            draw.ellipse(
                (x - 6, y - 6, x + 6, y + 6), fill="#d02020" if x == 220 == y + 120 else "#305830"
            )
    found = saliency_map(image)
    assert found.shape == (32, MAP_SIDE)
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert abs(row - 20) <= 2
    assert abs(column - 44) <= 2
    assert (found.min(), found.max()) == (0.0, 1.0)


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (64, 64), (333, 7)])
def test_saliency_of_plain_pictures_is_zero(size: tuple[int, int]) -> None:
    found = saliency_map(Image.new("L", size, 77))
    assert max(found.shape) == MAP_SIDE or max(size) < MAP_SIDE
    assert not found.any()


def grammar() -> re.Pattern[str]:
    """All that the describer can say."""
    name = "|".join(sorted((re.escape(n) for n in colours.NAMES), key=len, reverse=True))
    names = f"(?:(?:{name}), )?(?:(?:{name}) and )?(?:{name})"
    shape = "(?:square|wide|panoramic|tall|very tall)"
    kind = "(?:photographic picture|flat graphic|colour gradient)"
    tones = "(?:, (?:very dark|dark|bright|very bright))?(?:, (?:low|high) contrast)?" + (
        "(?:, (?:black and white|sepia|muted colours|vivid colours))?"
    )
    edges = r"(?: Mostly (?:upright|level|rising|falling|upright and level) edges\.)?"
    halves = "(?:Left and right|Top and bottom|Left and right, top and bottom)"
    symmetry = rf"(?: {halves} mirror each other\.)?"
    line = f"(?: (?:Horizon|Level divide) [a-z ]+: {names} above, {names} below" + r"\.)?"
    side = "(?:left|right)"
    place = (
        f"(?:at {side}|at centre|(?:above|below) centre|{side} of centre|(?:upper|lower) {side})"
    )
    spot = f"(?:tiny |small |large )?(?:{name}) area {place}"
    spots = rf"(?: Stands out: {spot}(?:, {spot}){{0,2}}\.)?"
    look = f"(?:(?:smooth|soft|grainy|rough|busy) )?{names}"
    where = "(?:left|centre|right|left and centre|centre and right)"
    row = f"(?:{look}|{where} {look}(?:; {where} {look})+)"
    bands = "(?:Top|Middle|Bottom|Top and middle|Middle and bottom|Top to bottom|All over)"
    body = f"{shape} {kind}{tones}: {names}" + r"\." + edges + symmetry + line + spots
    return re.compile(
        rf"Plain {shape} picture, (?:{name}) all over\.|{shape} noise all over: {names}\.|"
        rf"{body}(?: {bands}: {row}\.){{1,3}}",
        re.IGNORECASE,
    )


GRAMMAR = grammar()


@st.composite
def pictures(draw: st.DrawFn) -> Image.Image:
    """Random blocks of colour, enlarged smoothly or not, in many formats."""
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    image = random_image(draw(st.integers(0, 10**6)), rows, columns)
    width, height = draw(st.integers(1, 400)), draw(st.integers(1, 400))
    filters = [Image.Resampling.NEAREST, Image.Resampling.BICUBIC]
    image = image.resize((width, height), draw(st.sampled_from(filters)))
    grain = draw(st.sampled_from([0, 0, 4, 30]))
    noise = np.random.default_rng(1).integers(-grain, grain + 1, (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


@given(pictures())
@settings(max_examples=60, deadline=None)
def test_every_text_is_short_ascii_and_of_the_grammar(image: Image.Image) -> None:
    text = describe_picture(image)
    assert len(text) <= LENGTH_MOST
    assert text.isascii()
    assert GRAMMAR.fullmatch(text), text
    assert describe_picture(image.copy()) == text


@pytest.mark.parametrize("size", [(2048, 1), (1, 2048), (2, 1), (3, 2048), (2048, 2048)])
def test_extreme_sizes(size: tuple[int, int]) -> None:
    image = Image.radial_gradient("L").resize(size).convert("RGB")
    image.putpixel((0, 0), (255, 0, 0))
    assert GRAMMAR.fullmatch(describe_picture(image))


def test_only_numpy_and_pillow_are_loaded() -> None:
    program = (
        "import sys, refcodec.picture.embedded_describer, refcodec.picture.load\n"
        "heavy = {'constriction', 'construct', 'brotli', 'openai', 'torch'} & set(sys.modules)\n"
        "sys.exit(sorted(heavy) or 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
