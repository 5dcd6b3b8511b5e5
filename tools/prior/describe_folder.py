"""Texts by the embedded describer: `python -m tools.prior.describe_folder PICTURES -o FILE`.

Describes random crops of every picture of a folder, mirrored, brightened and tinted at
random, so that a prior fitted on the result knows the describer's wording. Deterministic.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

from refcodec.picture.embedded_describer import describe_picture
from refcodec.picture.load import load_picture

SEED = 20261120
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def variation(picture: Image.Image, rng: random.Random) -> Image.Image:
    """A random crop, at least two fifths of each side, with other light and colours."""
    width, height = picture.size
    crop_width = rng.randint(2 * width // 5, width)
    crop_height = rng.randint(2 * height // 5, height)
    left, top = rng.randint(0, width - crop_width), rng.randint(0, height - crop_height)
    crop = picture.crop((left, top, left + crop_width, top + crop_height))
    if rng.random() < 0.5:
        crop = ImageOps.mirror(crop)
    if rng.random() < 0.3:
        red, green, blue = crop.split()
        crop = Image.merge("RGB", rng.sample([red, green, blue], 3))
    crop = ImageEnhance.Color(crop).enhance(rng.uniform(0.5, 1.6))
    return ImageEnhance.Brightness(crop).enhance(rng.uniform(0.5, 1.5))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--each", type=int, default=60, help="texts for each picture")
    arguments = parser.parse_args()
    rng = random.Random(SEED)
    texts: dict[str, None] = {}
    for path in sorted(arguments.pictures.iterdir()):
        if path.suffix.lower() in SUFFIXES:
            picture = load_picture(path).image
            for _ in range(arguments.each):
                texts[describe_picture(variation(picture, rng))] = None
    arguments.output.write_text("".join(f"{text}\n" for text in texts), "utf-8")
    print(f"{arguments.output}: {len(texts)} texts")


if __name__ == "__main__":
    main()
