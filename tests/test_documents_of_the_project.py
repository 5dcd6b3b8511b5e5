"""README, specification and model card say what is so."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import refcodec
from refcodec.commands.seminfo import table
from refcodec.registry import lookup
from tools import readme_example, spec_examples

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SPECIFICATION = (ROOT / "spec" / "sem.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_example_of_the_readme_is_a_file() -> None:
    lines = re.findall(r"^[0-9a-f]{8}: ([0-9a-f ]+)$", README, re.MULTILINE)
    data = bytes.fromhex(" ".join(lines))
    document = refcodec.loads(data)
    assert document.text == readme_example.TEXT
    assert document.thumbnail is not None
    assert table("house.sem", refcodec.inspect(data)) in README
    assert f"{len(data)} bytes" in README
    text_only = refcodec.dumps(refcodec.Document(text=document.text, canvas=document.canvas))
    assert f"Without the thumbnail the file has {len(text_only)} bytes" in README


def test_the_python_of_the_readme_runs() -> None:
    (program,) = blocks("python")
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, timeout=60)


def test_the_first_command_of_the_readme_runs(tmp_path: Path) -> None:
    """`make demo`, in a copy of the checkout and with the environment that is there already."""
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True
    ).stdout.split(b"\0")[:-1]
    for name in map(bytes.decode, names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    target = tmp_path / "venv"
    done = subprocess.run(
        ["make", "demo", f"VENV={target}", f"PYTHON={sys.executable}"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "demo" / "picture.sem").stat().st_size < 200
    assert (tmp_path / "demo" / "picture.png").read_bytes().startswith(b"\x89PNG")
    installed = target / "bin"
    command: list[Path | str] = [
        installed / "semconform",
        "--",
        installed / "semcat",
        "--json",
        "-",
    ]
    subprocess.run(command, check=True, cwd=tmp_path, timeout=300, capture_output=True)


def test_commands_of_the_readme_exist() -> None:
    for block in blocks("sh"):
        for line in block.splitlines():
            command = line.split()[0]
            if command.startswith("sem"):
                assert (Path(sys.executable).parent / command).exists()


def test_examples_of_the_specification(capsys: pytest.CaptureFixture[str]) -> None:
    spec_examples.main()
    assert capsys.readouterr().out in SPECIFICATION
    example = re.search(r"### A\.1.*?```\n([0-9A-F ]+)\n```", SPECIFICATION, re.DOTALL)
    assert example is not None
    assert refcodec.loads(bytes.fromhex(example[1])).text == spec_examples.CAPTION


def test_readme_example_can_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(readme_example, "SIDE_BY_SIDE", tmp_path / "both.jpg")
    readme_example.main()
    assert readme_example.TEXT in capsys.readouterr().out
    assert (tmp_path / "both.jpg").read_bytes().startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("kind", "name"),
    [("prior", "refcodec/data/prior-1"), ("thumbnail-weights", "spec/thumbnail-1")],
)
def test_model_cards_are_of_the_shipped_weights(kind: str, name: str) -> None:
    card = (ROOT / f"{name}.md").read_text("utf-8")
    weights = (ROOT / f"{name}.bin").read_bytes()
    digest = hashlib.sha256(weights).hexdigest()
    assert digest == lookup(kind, 1).digest
    assert digest in card
    assert f"{len(weights):,} bytes" in card


def test_every_section_that_is_referred_to_exists() -> None:
    headings = set(re.findall(r"^#{2,3} ([0-9]+(?:\.[0-9]+)?) ", SPECIFICATION, re.MULTILINE))
    for path in [ROOT / "spec" / "sem.md", *ROOT.glob("refcodec/**/*.py")]:
        for numbers in re.findall(
            r"[Ss]ections? ([0-9][0-9., and]*[0-9])", path.read_text("utf-8")
        ):
            for number in re.findall(r"[0-9.]+[0-9]|[0-9]", numbers):
                assert number in headings, (path, numbers)


def test_nothing_is_left_to_be_filled_in() -> None:
    for path in ROOT.glob("**/*.md"):
        if ".venv" not in path.parts:
            assert "@@" not in path.read_text("utf-8"), path
