"""The tools, run on small data: what they print is read off, not asserted as a target."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from refcodec.coding.ngram import NgramPrior
from refcodec.coding.range_coder import TOTAL
from refcodec.coding.token_stream import cost_bits, decode_tokens, encode_tokens
from tests.commands import PICTURES
from tools.prior.corpus import item_from, read_texts

ROOT = Path(__file__).parent.parent
COLOURS = ("red", "blue", "green", "grey", "yellow")
THINGS = ("dog", "cat", "bicycle", "house", "boat", "horse")
PLACES = ("on a beach", "in a garden", "near a wall", "under a tree")


def run_tool(module: str, *arguments: object) -> str:
    command = [sys.executable, "-m", f"tools.{module}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    texts = [
        f"A {colour} {thing} {place}, and the {other} is {second}."
        for colour in COLOURS
        for thing in THINGS
        for place in PLACES
        for other in THINGS
        for second in COLOURS
    ]
    for name, part in (("train", texts[::2]), ("dev", texts[1::40])):
        (folder / name).mkdir()
        (folder / name / "texts.txt").write_text("\n".join(part) + "\n", "utf-8")
    return folder


def test_a_prior_is_fitted_reproducibly(corpus: Path, tmp_path: Path) -> None:
    files = [tmp_path / "first.bin", tmp_path / "second.bin"]
    for file in files:
        options = ["--vocabulary", 300, "--pairs", 400, 800, 400]
        printed = run_tool("prior.fit_ngram", corpus / "train", "-o", file, *options)
        assert str(file.stat().st_size) in printed
    assert files[0].read_bytes() == files[1].read_bytes()
    prior = NgramPrior(files[0].read_bytes())
    assert int(prior.unigram.sum()) == TOTAL
    known = prior.segment(b"A red dog on a beach, and the cat is blue.")
    payload = encode_tokens(prior, known)
    assert decode_tokens(prior, payload) == known
    unknown = prior.segment(b"Quartz glyph jocks vex dwarf bmk.")
    assert 5 * cost_bits(prior, known) < cost_bits(prior, unknown)


def test_made_up_items(corpus: Path) -> None:
    contents = [content for content, _ in read_texts([corpus / "train"], 1)]
    with_items = [content for content in contents if b"\xfe" in content]
    assert 0 < len(with_items) < len(contents) / 5
    assert item_from("A black dog sitting on a bench.") == ("black dog", "sitting on a bench")
    assert item_from("Nothing here splits") is None
    assert item_from("A very long name of many words here on a bench") == (
        "very long name",
        "of many words here on a bench",
    )
    assert item_from("dog in " + "word " * 20) is None


def test_descriptions_for_fitting(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    with Image.open(PICTURES / "kodim23.png") as picture:
        picture.resize((192, 128)).save(pictures / "a.png")
    (pictures / "notes.txt").write_text("not a picture")
    file = tmp_path / "texts.txt"
    printed = run_tool("prior.describe_folder", pictures, "-o", file, "--each", 4)
    lines = file.read_text("utf-8").splitlines()
    assert printed == f"{file}: {len(lines)} texts\n"
    assert len(lines) >= 3


def test_bench_of_texts(corpus: Path) -> None:
    rows = run_tool("bench.text", corpus, "--limit", 20, "--dictionary-bytes", 4096).splitlines()
    assert rows[0].startswith("| texts | mean characters | brotli 11 | zstd 22")
    assert len(rows) == 3
    assert rows[2].startswith("| texts |")


def test_bench_of_targets(corpus: Path) -> None:
    captions = corpus / "dev" / "texts.txt"
    options = ["--texts", 20, "--trials", 200, "--runs", 1]
    rows = run_tool("bench.targets", captions, *options).splitlines()
    assert len(rows) == 8
    assert rows[2].endswith("| 2, with check 3 | 2, with check 3 |")
    assert "none | 0.000% |" in rows[6]
