"""Pictures that are refused: too large, damaged, cut, or no pictures at all."""

from __future__ import annotations

import struct
import threading
import warnings
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from refcodec.errors import LimitError, MalformedError, SemError, TruncatedError
from refcodec.picture import load
from refcodec.picture.load import load_picture
from tests.picture_files import BLUE, GREEN, RED, WHITE, corners, encoded, quarters


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""
    ihdr = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    idat = b"IDAT" + zlib.compress(b"")
    chunks = b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (ihdr, idat)
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("size", [(65536, 1), (1, 65536), (16385, 16385), (65535, 65535)])
def test_too_large_is_refused_before_decoding(size: tuple[int, int]) -> None:
    with pytest.raises(LimitError, match=f"{size[0]} x {size[1]} pixels"):
        load_picture(png_header(*size))


def test_sizes_that_pillow_alone_would_refuse() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TruncatedError):
            load_picture(png_header(16384, 16384))
    icon = png_header(20000, 20000)
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(icon), 22)
    with pytest.raises(LimitError, match="too many pixels"):
        load_picture(b"\0\0\1\0\1\0" + entry + icon)


def test_a_picture_without_pixels_is_malformed() -> None:
    with pytest.raises(MalformedError, match="0 x 5"):
        load_picture(Image.new("RGB", (0, 5)))


def test_a_file_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "PICTURE_MAX_BYTES", 100)
    with pytest.raises(LimitError, match="100 bytes"):
        load_picture(BytesIO(bytes(101)))


@pytest.mark.parametrize(
    "data",
    [
        b"hello, world",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        bytes(1000),
        b"\xb5\x08abc",
    ],
)
def test_other_data_are_malformed(data: bytes) -> None:
    with pytest.raises(MalformedError, match="not a picture in a format"):
        load_picture(data)


def test_names_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m.png"
    path.write_bytes(b"")
    with pytest.raises(TruncatedError, match=r"a\\x1b\[31m\.png': empty"):
        load_picture(path)
    with path.open("rb") as file, pytest.raises(TruncatedError, match=r"\\x1b"):
        load_picture(file)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_picture(tmp_path / "none.png")


def test_targa_needs_its_footer_or_its_name(tmp_path: Path) -> None:
    data = encoded(quarters(), "TGA")
    assert corners(load_picture(data)) == [RED, GREEN, BLUE, WHITE]
    bare = data[: data.rindex(b"TRUEVISION") - 8]
    with pytest.raises(MalformedError):
        load_picture(bare)
    path = tmp_path / "old's.TGA"
    path.write_bytes(bare)
    assert corners(load_picture(path)) == [RED, GREEN, BLUE, WHITE]


def noisy(format_name: str) -> bytes:
    samples = np.random.default_rng(5).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    return encoded(Image.fromarray(samples), format_name)


@pytest.mark.parametrize(
    "format_name", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "JPEG2000", "PPM", "QOI", "ICO"]
)
def test_cut_files_end_in_an_error_class(format_name: str) -> None:
    data = noisy(format_name)
    for size in range(0, len(data) // 2, 97):
        with pytest.raises((TruncatedError, MalformedError)):
            load_picture(data[:size])


@pytest.mark.parametrize("format_name", ["PNG", "JPEG", "GIF", "BMP", "PPM"])
def test_half_a_file_is_truncated(format_name: str) -> None:
    data = noisy(format_name)
    with pytest.raises(TruncatedError, match="ends too early"):
        load_picture(data[: len(data) // 2])


SAMPLES = {name: noisy(name) for name in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "ICO")}


@given(
    name=st.sampled_from(sorted(SAMPLES)),
    damage=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8),
)
@settings(max_examples=150, deadline=None)
def test_damaged_files_raise_nothing_but_the_error_classes(
    name: str, damage: list[tuple[int, int]]
) -> None:
    data = bytearray(SAMPLES[name])
    for position, value in damage:
        data[position % min(len(data), 400)] = value
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            picture = load_picture(bytes(data))
        except SemError:
            return
    assert picture.image.mode == "RGB"
    assert max(picture.image.size) <= 2048


def test_loading_leaves_no_global_state_and_the_given_image_alone() -> None:
    limit = Image.MAX_IMAGE_PIXELS
    filters = list(warnings.filters)
    opened = Image.open(BytesIO(encoded(quarters(4100), "JPEG")))
    load_picture(opened)
    assert (opened.size, opened.mode) == ((8200, 4100), "RGB")
    threads = [threading.Thread(target=load_picture, args=(SAMPLES["PNG"],)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limit == Image.MAX_IMAGE_PIXELS
    assert filters == warnings.filters
