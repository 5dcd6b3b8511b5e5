"""The tools, run on small data: what they print is read off, not asserted as a target."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from refcodec.coding.network_prior import NetworkPrior
from refcodec.coding.segmentation import fast_segmentation
from refcodec.coding.token_stream import cost_bits, decode_tokens, encode_tokens
from tests.commands import PICTURES
from tools.prior import compare
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


def test_a_prior_is_trained_and_resumed(corpus: Path, tmp_path: Path) -> None:
    """A tiny network learns what is in the texts; an interrupted run goes on where it was."""
    work, file = tmp_path / "work", tmp_path / "prior.bin"
    sizes = {
        "vocabulary": 300,
        "width": 32,
        "recurrent": 32,
        "hidden": 48,
        "output": 32,
        "rows": 64,
        "row-width": 4,
        "length": 64,
        "batch": 8,
    }
    options = [word for name, size in sizes.items() for word in (f"--{name}", size)]
    for steps in (60, 120):
        printed = run_tool("prior.train", corpus / "train", "-o", work, *options, "--steps", steps)
        assert printed.splitlines()[-2].startswith(f"{steps} steps, {steps * 8 * 64} tokens")
    assert {path.name for path in work.glob("*.pt")} == {
        "checkpoint.pt",
        "kept-1.pt",
        "kept-2.pt",
    }
    printed = run_tool("prior.export", work, "-o", file, "--budget", 4000)
    assert str(file.stat().st_size) in printed
    assert hashlib.sha256(file.read_bytes()).hexdigest() in printed
    trained, exact, mixed = (float(number) for number in re.findall(r"(\d\.\d+) bits", printed))
    assert abs(trained - exact) < 0.02 * trained
    assert mixed < exact
    prior = NetworkPrior(file.read_bytes())
    known = fast_segmentation(prior, b"A red dog on a beach, and the cat is blue.")
    assert decode_tokens(prior, encode_tokens(prior, known)) == known
    unknown = fast_segmentation(prior, b"Quartz glyph jocks vex dwarf bmk.")
    assert 4 * cost_bits(prior, known) < cost_bits(prior, unknown)


def test_shapes_are_compared(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tiny networks by the options; the narrower of two is the worse one."""
    small = "--vocabulary 300 --recurrent 32 --hidden 48 --output 32 --rows 64 --row-width 4"
    shapes = {"wide": {"width": 32}, "narrow": {"width": 2}}
    options = [f"--train-options={small} --length 64 --batch 8", "--steps", "60", "--limit", "5"]
    monkeypatch.setattr(compare, "SHAPES", shapes)
    monkeypatch.setattr(sys, "argv", ["compare", str(corpus), *options])
    compare.main()
    rows = [row.strip("| ").split(" | ") for row in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["60 steps", "million weights", "texts"]
    assert [row[0] for row in rows[2:]] == ["wide", "narrow"]
    assert float(rows[2][2]) < float(rows[3][2])


def test_made_up_items(corpus: Path) -> None:
    texts = read_texts([corpus / "train"], 1)
    contents = [text.content for text in texts]
    assert 0 < sum(text.held_out for text in texts) < len(texts) / 50
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
    options = ["--limit", 20, "--dictionary-bytes", 4096, "--search"]
    rows = run_tool("bench.text", corpus, *options).splitlines()
    assert rows[0].startswith("| texts | mean characters | brotli 11 | zstd 22")
    assert rows[0].endswith("| LM, prior 1 | LM, prior 1, search |")
    assert len(rows) == 3
    assert rows[2].startswith("| texts |")


def test_bench_of_targets(corpus: Path) -> None:
    captions = corpus / "dev" / "texts.txt"
    options = ["--texts", 20, "--trials", 200]
    rows = run_tool("bench.targets", captions, *options).splitlines()
    assert len(rows) == 7
    assert rows[2].endswith("| 2, with check 3 | 2, with check 3 |")
    assert "none | 0.000% |" in rows[5]


def test_bench_of_parts(corpus: Path) -> None:
    rows = run_tool("bench.ablation", corpus, "--limit", 10).splitlines()
    assert len(rows) == 9
    costs = {row.split(" | ")[0]: float(row.split(" | ")[1].strip(" |")) for row in rows[2:]}
    assert costs["| network alone"] < costs["| network alone, its hash tables empty"]


def test_bench_of_speed(corpus: Path) -> None:
    texts = corpus / "dev" / "texts.txt"
    rows = run_tool("bench.speed", texts, texts, "--runs", 1).splitlines()
    assert len(rows) == 11
    assert all(row.count("|") == 4 for row in rows)
