"""Reading pictures: orientation, transparency, deep samples, profiles, sizes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from refcodec.picture import flatten, load
from refcodec.picture.load import LoadedPicture, load_picture
from tests.picture_files import BLUE, GREEN, RED, WHITE, corners, encoded, quarters


def test_bytes_path_file_and_image_agree(tmp_path: Path) -> None:
    data = encoded(quarters(), "PNG")
    path = tmp_path / "quarters.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        from_file = load_picture(file)
    pictures = [load_picture(data), load_picture(path), load_picture(str(path)), from_file]
    for picture in pictures:
        assert picture.sha256 == hashlib.sha256(data).digest()
        assert (picture.canvas, picture.notes, picture.image.mode) == ((32, 16), (), "RGB")
        assert corners(picture) == [RED, GREEN, BLUE, WHITE]
    from_image = load_picture(quarters())
    assert from_image.sha256 is None
    assert from_image.image.tobytes() == pictures[0].image.tobytes()


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
        (9, [RED, GREEN, BLUE, WHITE]),
    ],
)
@pytest.mark.parametrize("format_name", ["PNG", "TIFF", "WEBP"])
def test_exif_orientation(
    orientation: int, expected: list[tuple[int, ...]], format_name: str
) -> None:
    exif = Image.Exif()
    exif[0x112] = orientation
    options = {"lossless": True} if format_name == "WEBP" else {}
    picture = load_picture(encoded(quarters(), format_name, exif=exif, **options))
    assert corners(picture) == expected
    assert picture.canvas == ((16, 32) if 5 <= orientation <= 8 else (32, 16))
    assert picture.canvas == picture.image.size


def test_orientation_of_a_jpeg_and_of_a_page() -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    picture = load_picture(encoded(quarters(64), "JPEG", exif=exif, quality=95))
    assert picture.canvas == (64, 128)
    for pixel, colour in zip(corners(picture), [BLUE, RED, WHITE, GREEN], strict=True):
        assert np.abs(np.subtract(pixel, colour)).max() < 10
    pages = encoded(quarters(), "TIFF", exif=exif, save_all=True, append_images=[quarters()])
    picture = load_picture(pages)
    assert corners(picture) == [BLUE, RED, WHITE, GREEN]
    assert picture.notes == ("several pages: the first of 2 pages is used",)


def test_damaged_exif_is_noted_and_ignored() -> None:
    picture = load_picture(encoded(quarters(), "PNG", exif=b"Exif\0\0no TIFF header"))
    assert corners(picture) == [RED, GREEN, BLUE, WHITE]
    assert picture.notes == ("the EXIF data are damaged: taken as upright",)


def half_transparent(mode: str) -> Image.Image:
    """Opaque black at the left, fully transparent at the right."""
    alpha = Image.new("L", (8, 4), 255)
    alpha.paste(0, (4, 0, 8, 4))
    image = Image.new("RGBA", (8, 4), (0, 0, 0, 255))
    image.putalpha(alpha)
    if mode == "PA":
        flat = Image.new("P", (8, 4), 0)
        flat.putpalette([0, 0, 0])
        return Image.merge("PA", (flat, alpha))
    if mode == "P":
        indices = Image.new("P", (8, 4), 0)
        indices.putpalette(bytes([0, 0, 0, 255, 9, 9, 9, 0]), "RGBA")
        indices.paste(1, (4, 0, 8, 4))
        return indices
    return image.convert("LA").convert(mode) if mode == "La" else image.convert(mode)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "La", "RGBa", "PA", "P"])
def test_alpha_is_drawn_over_white(mode: str) -> None:
    picture = load_picture(half_transparent(mode))
    assert corners(picture) == [(0, 0, 0), WHITE, (0, 0, 0), WHITE]
    assert picture.notes == ("transparent: drawn over white",)


def test_half_alpha_mixes_with_white_and_opaque_alpha_says_nothing() -> None:
    picture = load_picture(encoded(Image.new("RGBA", (2, 2), (255, 0, 0, 128)), "PNG"))
    assert picture.image.getpixel((0, 0)) == (255, 127, 127)
    opaque = load_picture(encoded(Image.new("RGBA", (2, 2), (255, 0, 0, 255)), "PNG"))
    assert (opaque.image.getpixel((0, 0)), opaque.notes) == (RED, ())


@pytest.mark.parametrize(
    ("mode", "colours", "key"),
    [
        ("1", (0, 255), 255),
        ("L", (0, 7), 7),
        ("RGB", ((0, 0, 0), (1, 2, 3)), (1, 2, 3)),
        ("P", (0, 1), 1),
        ("P", (0, 1), b"\xff\x00"),
    ],
)
def test_transparent_colour(mode: str, colours: tuple[Any, Any], key: Any) -> None:
    image = Image.new(mode, (8, 4), colours[0])
    if mode == "P":
        image.putpalette([0, 0, 0, 90, 90, 90])
    image.paste(colours[1], (4, 0, 8, 4))
    picture = load_picture(encoded(image, "PNG", transparency=key))
    assert corners(picture) == [(0, 0, 0), WHITE, (0, 0, 0), WHITE]
    assert picture.notes == ("transparent: drawn over white",)


def test_transparent_value_of_a_deep_grey_picture() -> None:
    samples = np.array([[0, 700, 701]], np.uint16)
    picture = load_picture(encoded(Image.fromarray(samples), "PNG", transparency=700))
    assert grey(picture) == [0, 255, 3]
    assert picture.notes == ("transparent: drawn over white",)


def test_transparent_colour_of_a_deep_rgb_picture() -> None:
    image = Image.new("RGB", (2, 1), (0x12, 0x34, 0x56))
    image.putpixel((0, 0), (0, 0, 0))
    image.info["transparency"] = (0x1234, 0x3456, 0x5678)
    picture = load_picture(image)
    assert corners(picture)[:2] == [(0, 0, 0), WHITE]
    assert image.info["transparency"] == (0x1234, 0x3456, 0x5678)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "YCbCr", "HSV", "LAB", "CMYK", "RGBX"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    image = Image.new("RGB", (6, 4), WHITE)
    image.paste((0, 0, 0), (0, 0, 3, 4))
    picture = load_picture(image.convert(mode))
    assert picture.image.mode == "RGB"
    assert picture.image.info == {}
    assert np.abs(np.subtract(corners(picture)[0], (0, 0, 0))).max() <= 2
    assert np.abs(np.subtract(corners(picture)[1], WHITE)).max() <= 2


def grey(picture: LoadedPicture) -> list[int]:
    """The first row of a grey picture."""
    samples = np.asarray(picture.image)
    assert (samples == samples[..., :1]).all()
    return [int(value) for value in samples[0, :, 0]]


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_sixteen_bit_grey_is_scaled(dtype: str) -> None:
    samples = np.array([[0, 257, 0x8080, 65535]], dtype=dtype)
    file = encoded(Image.fromarray(samples.astype("<u2")), "PNG")
    assert grey(load_picture(file)) == [0, 1, 128, 255]
    big_endian = Image.frombytes("I;16B", (4, 1), samples.astype(">u2").tobytes())
    assert grey(load_picture(big_endian)) == [0, 1, 128, 255]


@pytest.mark.parametrize(
    ("samples", "expected", "noted"),
    [
        (np.array([[0, 1, 255]], np.int32), [0, 1, 255], False),
        (np.array([[0, 257, 65535]], np.int32), [0, 1, 255], False),
        (np.array([[-1000, 0, 1000]], np.int32), [0, 128, 255], True),
        (np.array([[0, 1 << 20, 1 << 21]], np.int32), [0, 128, 255], True),
        (np.array([[0.0, 0.2, 1.0]], np.float32), [0, 51, 255], False),
        (np.array([[0.0, 51.0, 255.0]], np.float32), [0, 51, 255], False),
        (np.array([[0.0, 0.0, 65535.0]], np.float32), [0, 0, 255], False),
        (np.array([[-1.0, np.nan, 1.0]], np.float32), [0, 0, 255], True),
        (np.array([[np.inf, 0.0, -np.inf]], np.float32), [255, 0, 0], False),
        (np.array([[np.nan, np.nan]], np.float32), [0, 0], False),
        (np.array([[70000, 70000]], np.int32), [0, 0], True),
    ],
)
def test_deep_samples_are_scaled_not_clipped(
    samples: Any, expected: list[int], noted: bool
) -> None:
    picture = load_picture(Image.fromarray(samples))
    assert grey(picture) == expected
    assert bool(picture.notes) == noted


def test_cmyk_jpeg() -> None:
    image = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    picture = load_picture(encoded(image, "JPEG", quality=95))
    red, green, blue = corners(picture)[0]
    assert red > 240
    assert max(green, blue) < 15


def gamma_profile(swap: bool) -> bytes:
    """The sRGB profile under another name, with red and green changed over on request."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
    profile = profile.replace(b"sRGB built-in", b"test built-in")
    return (
        profile.replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ").replace(b"tXYZ", b"gXYZ")
        if swap
        else profile
    )


def test_colour_profile_is_applied() -> None:
    image = Image.new("RGB", (4, 4), RED)
    swapped = load_picture(encoded(image, "PNG", icc_profile=gamma_profile(swap=True)))
    assert np.abs(np.subtract(corners(swapped)[0], GREEN)).max() <= 2
    assert swapped.notes == ()
    kept = load_picture(encoded(image, "PNG", icc_profile=gamma_profile(swap=False)))
    assert np.abs(np.subtract(corners(kept)[0], RED)).max() <= 2


def test_srgb_profile_changes_nothing_and_a_bad_one_is_noted() -> None:
    image = Image.new("RGB", (4, 4), (12, 34, 56))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = load_picture(encoded(image, "PNG", icc_profile=srgb))
    assert (corners(picture)[0], picture.notes) == ((12, 34, 56), ())
    for profile, mode in ((b"not a profile", "RGB"), (gamma_profile(swap=True), "L")):
        picture = load_picture(encoded(image.convert(mode), "PNG", icc_profile=profile))
        assert picture.notes == ("the colour profile does not fit the picture: ignored",)
        assert corners(picture)[0] == image.convert(mode).convert("RGB").getpixel((0, 0))


@pytest.mark.parametrize("format_name", ["GIF", "PNG", "WEBP"])
def test_animation_gives_the_first_frame(format_name: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if format_name == "WEBP" else {}
    data = encoded(
        frames[0], format_name, save_all=True, append_images=frames[1:], duration=50, **options
    )
    picture = load_picture(data)
    assert corners(picture)[0] == RED
    assert picture.notes == ("animated: the first of 3 frames is used",)


def test_multi_picture_jpeg_is_no_animation() -> None:
    data = encoded(quarters(64), "MPO", save_all=True, append_images=[quarters(64)])
    assert load_picture(data).notes == ()


def test_large_pictures_are_shrunk_and_the_canvas_kept() -> None:
    picture = load_picture(Image.new("L", (65535, 1), 200))
    assert (picture.canvas, picture.image.size) == ((65535, 1), (2048, 1))
    assert picture.image.getpixel((2047, 0)) == (200, 200, 200)
    data = encoded(quarters(4100), "JPEG")
    picture = load_picture(data)
    assert (picture.canvas, picture.image.size) == ((8200, 4100), (2048, 1024))
    for pixel, colour in zip(corners(picture), [RED, GREEN, BLUE, WHITE], strict=True):
        assert np.abs(np.subtract(pixel, colour)).max() < 10
    picture = load_picture(quarters(1500))
    assert (picture.canvas, picture.image.size) == ((3000, 1500), (2048, 1024))


def test_strips_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = np.linspace(0, 65535, 900).astype(np.uint16)
    image = Image.fromarray(np.repeat(rows[:, None], 5, axis=1))
    whole = load_picture(image).image.tobytes()
    monkeypatch.setattr(flatten, "_STRIP_PIXELS", 64)
    assert load_picture(image).image.tobytes() == whole
    monkeypatch.setattr(load, "WORKING_MAX_SIDE", 100)
    small = np.asarray(load_picture(image).image)[:, 0, 0].astype(int)
    assert len(small) == 100
    assert (np.diff(small) >= 0).all()
    assert (small[0], small[-1]) == (1, 254)
