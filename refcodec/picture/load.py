"""Pictures in (outside the format; advice for encoders is section 11.2): any file to 8-bit RGB.

Pillow decodes; this module settles what a user expects of orientation, transparency, colour
profiles, deep samples and animation, keeps memory small, and turns all that can go wrong into
the errors of the specification. No external program is run, whatever the file says.
"""

from __future__ import annotations

import hashlib
import os
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile

from refcodec.errors import LimitError, MalformedError, SemError, TruncatedError
from refcodec.limits import CANVAS_MAX_SIDE
from refcodec.picture.flatten import fitted_size, to_working_rgb, uncovered

PICTURE_MAX_PIXELS = 1 << 28
PICTURE_MAX_BYTES = 1 << 30
WORKING_MAX_SIDE = 2048

# Formats that Pillow decodes within the process. The order is that of trying.
FORMATS = (
    "PNG",
    "JPEG",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
    "AVIF",
    "JPEG2000",
    "PPM",
    "QOI",
    "ICO",
    "TGA",
)
_READ_BYTES = 1 << 20
_PREFIX_BYTES = 16
_TGA_FOOTER = b"TRUEVISION-XFILE.\0"
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow's EXIF reader has been seen to let out over damaged data, and their kin.
_EXIF_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    struct.error,
    SyntaxError,
    TypeError,
    ValueError,
)
_SIDEWAYS = {5, 6, 7, 8}
_warnings_lock = threading.Lock()


@dataclass(frozen=True)
class LoadedPicture:
    """A picture ready for analysis.

    `image` is upright 8-bit RGB, its longest side at most WORKING_MAX_SIDE pixels; `alpha` is
    of its size, 8-bit grey, None for a picture that is nowhere transparent; `canvas`
    is the (width, height) in pixels of the whole picture, upright; `sha256` is the digest of
    the file's bytes, None where there was no file; `notes` are sentences for standard error.
    """

    image: Image.Image
    canvas: tuple[int, int]
    sha256: bytes | None
    notes: tuple[str, ...]
    alpha: Image.Image | None = None

    def with_alpha(self) -> Image.Image:
        """The image as RGBA, or as it is where it is nowhere transparent."""
        return self.image if self.alpha is None else uncovered(self.image, self.alpha)


def load_picture(
    source: str | os.PathLike[str] | bytes | BinaryIO | Image.Image,
) -> LoadedPicture:
    """Read a picture from a path, a file's bytes, a binary file or a Pillow image.

    Raises TruncatedError or MalformedError for data that are not a whole picture, LimitError
    for a picture too large (before its pixels are decoded), OSError for a file that cannot
    be read at all.
    """
    if isinstance(source, Image.Image):
        with _pillow_errors("picture"):
            _check_size(source, "picture")
            return _prepare(source, source.size, None, [])
    name, data = _read(source)
    if not data:
        raise TruncatedError(f"{name}: empty, so not a picture")
    with _pillow_errors(name), _open(data, name) as image:
        _check_size(image, name)
        canvas = image.size
        notes = _frame_notes(image)
        # Of a JPEG, Pillow can decode a half, a quarter or an eighth of each side.
        image.draft(None, fitted_size(canvas, WORKING_MAX_SIDE))
        return _prepare(image, canvas, hashlib.sha256(data).digest(), notes)


def load_mask(source: str | os.PathLike[str] | bytes | BinaryIO | Image.Image) -> Image.Image:
    """A mask as an upright grey (L) image: 255 where something is, 0 where nothing is.

    That is the opacity of a picture with transparent places, else its lightness. Raises what
    `load_picture` raises.
    """
    if isinstance(source, Image.Image):
        with _pillow_errors("mask"):
            _check_size(source, "mask")
            return _prepare_mask(source)
    name, data = _read(source)
    if not data:
        raise TruncatedError(f"{name}: empty, so not a picture")
    with _pillow_errors(name), _open(data, name) as image:
        _check_size(image, name)
        return _prepare_mask(image)


def _prepare_mask(image: Image.Image) -> Image.Image:
    image.load()
    orientation = _orientation(image, [])
    working, alpha = to_working_rgb(image, WORKING_MAX_SIDE, [])
    mask = alpha or working.convert("L")
    return mask.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else mask


def _read(source: str | os.PathLike[str] | bytes | BinaryIO) -> tuple[str, bytes]:
    """A name for messages, control characters escaped, and the file's bytes."""
    if isinstance(source, bytes):
        return "picture data", source
    if isinstance(source, (str, os.PathLike)):
        name = repr(os.fspath(source))
        with Path(source).open("rb") as file:
            return name, _read_all(file, name)
    stated = getattr(source, "name", None)
    name = repr(stated) if isinstance(stated, str) else "picture data"
    return name, _read_all(source, name)


def _read_all(file: BinaryIO, name: str) -> bytes:
    """All bytes of a file, in blocks so that an endless one ends in an error."""
    blocks = []
    size_bytes = 0
    while block := file.read(_READ_BYTES):
        blocks.append(block)
        size_bytes += len(block)
        if size_bytes > PICTURE_MAX_BYTES:
            raise LimitError(f"{name}: the picture file has more than {PICTURE_MAX_BYTES} bytes")
    return b"".join(blocks)


@contextmanager
def _pillow_errors(name: str) -> Iterator[None]:
    """Turn whatever Pillow raises over bad data into an error class, and hide its warnings.

    Pillow's decoders let many exception classes out (OSError, ValueError, KeyError, ...), so
    all are caught; its warnings can only be silenced for the whole process, hence the lock.
    """
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except SemError:
            raise
        except (Image.DecompressionBombError, MemoryError) as error:
            raise LimitError(f"{name}: too many pixels; scale the picture down first") from error
        except Exception as error:
            if isinstance(error, EOFError) or "truncated" in str(error).lower():
                raise TruncatedError(f"{name}: the picture ends too early ({error})") from error
            raise MalformedError(f"{name}: the picture is damaged or cut ({error})") from error


def _open(data: bytes, name: str) -> ImageFile:
    """The picture, its header read by the format whose signature it bears.

    `Image.open` is not used, because its limit on the size is a global variable.
    """
    Image.init()
    for format_name in FORMATS:
        factory, accept = Image.OPEN[format_name]
        if accept is None:
            # TGA has no signature, and its reader would take all sorts of data for its own.
            accepted = data.endswith(_TGA_FOOTER) or name.lower().strip("'\"").endswith(".tga")
        else:
            accepted = accept(data[:_PREFIX_BYTES]) is True
        if accepted:
            return factory(BytesIO(data), "")
    raise MalformedError(
        f"{name}: not a picture in a format that can be read; convert it to one of "
        + ", ".join(FORMATS)
    )


def _check_size(image: Image.Image, name: str) -> None:
    """Refuse a picture without pixels, or with more than analysis or the format can take."""
    width, height = image.size
    if not (width and height):
        raise MalformedError(f"{name}: the picture is {width} x {height} pixels")
    if max(width, height) > CANVAS_MAX_SIDE or width * height > PICTURE_MAX_PIXELS:
        raise LimitError(
            f"{name}: {width} x {height} pixels; the limit is {CANVAS_MAX_SIDE} a side "
            f"and {PICTURE_MAX_PIXELS} in all; scale the picture down first"
        )


def _frame_notes(image: ImageFile) -> list[str]:
    """What to say of a file that holds several pictures, of which the first is used."""
    # An MPO is a JPEG with a preview or a second eye behind it, not an animation.
    if not getattr(image, "is_animated", False) or image.format == "MPO":
        return []
    kind, unit = ("several pages", "pages") if image.format == "TIFF" else ("animated", "frames")
    count: int = getattr(image, "n_frames", 0)
    return [f"{kind}: the first of {count} {unit} is used"]


def _prepare(
    image: Image.Image, canvas: tuple[int, int], sha256: bytes | None, notes: list[str]
) -> LoadedPicture:
    """Decode, make plain 8-bit RGB of working size, turn upright."""
    image.load()
    orientation = _orientation(image, notes)
    working, alpha = to_working_rgb(image, WORKING_MAX_SIDE, notes)
    if orientation in _UPRIGHT:
        working = working.transpose(_UPRIGHT[orientation])
        alpha = alpha and alpha.transpose(_UPRIGHT[orientation])
    if orientation in _SIDEWAYS:
        canvas = canvas[1], canvas[0]
    return LoadedPicture(working, canvas, sha256, tuple(notes), alpha)


def _orientation(image: Image.Image, notes: list[str]) -> int:
    """The EXIF orientation, 1 (upright) where there is none that can be read."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except _EXIF_ERRORS:
        notes.append("the EXIF data are damaged: taken as upright")
        return 1
