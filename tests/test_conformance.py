"""The conformance suite: the reference decoder passes it, wrong decoders do not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from conformance.make.__main__ import MODULES, write_vector
from conformance.make.pieces import ENTRIES, RENDERING
from tests.commands import SCRIPTS, run

SUITE = Path(__file__).parent.parent / "conformance"
SPECIFICATION = SUITE.parent / "spec" / "sem.md"
SEMCAT = [SCRIPTS / "semcat", "--json", "-"]

# Decoders with one fault each, as programs that wrap the right one. `data` is the file,
# `document` the right answer, `status` the right exit status.
MUTANTS = {
    "ignores the check": "if status == 13: status = 0; document = {}",
    "accepts all that is not canonical": "if status == 12: status = 0; document = {}",
    "calls every fault malformed": "status = 11 if status else 0",
    "prints something for invalid files": "document = document or {}; always = True",
    "drops items": "document and document.update(items=[])",
    "normalises text": "import unicodedata; document and document.update("
    "text=unicodedata.normalize('NFC', document['text']))",
    "drops what it does not know": "document and document.update(extra=[])",
    "rounds the seed": "document and document['seed'] and document.update("
    "seed=str(int(float(document['seed']))))",
    "swaps width and height": "document and document.update(canvas=document['canvas'][::-1])",
    "changes one sample": "document and document['thumbnail'] and document['thumbnail'].update("
    "samples='A' + document['thumbnail']['samples'][1:])",
    "adds a member": "document and document.update(bogus=None)",
    "forgets maps": "document and [item.update(map=None) for item in document['items']]",
}
MUTANT = """
import json, subprocess, sys
always = False
data = sys.stdin.buffer.read()
right = subprocess.run({semcat!r}, input=data, capture_output=True)
status, document = right.returncode, json.loads(right.stdout or b"null")
{fault}
if status == 0 or always:
    print(json.dumps(document))
sys.exit(status)
"""


def test_the_reference_decoder_passes() -> None:
    done = run("semconform", "--", *SEMCAT)
    assert done.returncode == 0, done.stdout.decode()
    count = sum(entry.decoder_class != RENDERING for entry in ENTRIES)
    assert f"{count} passed, 0 failed" in done.stdout.decode()


def test_there_are_enough_vectors_of_every_kind() -> None:
    assert len(ENTRIES) >= 60
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    assert {entry.status for entry in ENTRIES} == {0, 10, 11, 12, 13, 14, 15}
    assert len(MODULES) == 9


def test_every_clause_is_in_the_specification() -> None:
    text = SPECIFICATION.read_text("utf-8")
    for clause in {entry.clause for entry in ENTRIES}:
        assert f"\n## {clause} " in text or f"\n### {clause} " in text, clause


def test_the_programs_make_the_vectors_that_are_there(tmp_path: Path) -> None:
    manifest = json.loads((SUITE / "manifest.json").read_text("utf-8"))
    made = [write_vector(entry, tmp_path) for entry in ENTRIES]
    assert made == manifest["vectors"]
    names = sorted(path.name for path in (SUITE / "vectors").iterdir())
    assert names == sorted(path.name for path in tmp_path.iterdir())
    for name in names:
        assert (SUITE / "vectors" / name).read_bytes() == (tmp_path / name).read_bytes()


@pytest.fixture(scope="module")
def some_vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of fewer vectors, enough to catch every mutant."""
    wanted = {
        "checksum-mismatch-bare-check",
        "non-canonical-chunk-twice",
        "limit-exceeded-sixteen-items",
        "plain-items",
        "plain-unicode",
        "chunk-unknown-ancillary",
        "chunk-seed-largest",
        "canvas-class-4",
        "thumbnail-photograph",
        "maps-of-two-items",
    }
    suite = tmp_path_factory.mktemp("suite")
    manifest = json.loads((SUITE / "manifest.json").read_text("utf-8"))
    vectors = [vector for vector in manifest["vectors"] if vector["name"] in wanted]
    assert {vector["name"] for vector in vectors} == wanted
    (suite / "manifest.json").write_text(json.dumps({"vectors": vectors}), "utf-8")
    shutil.copytree(SUITE / "vectors", suite / "vectors")
    return suite


def mutant(folder: Path, fault: str) -> list[str]:
    program = folder / "mutant.py"
    program.write_text(MUTANT.format(semcat=list(map(str, SEMCAT)), fault=fault), "utf-8")
    return [sys.executable, str(program)]


def test_a_wrapper_without_a_fault_passes(some_vectors: Path, tmp_path: Path) -> None:
    done = run("semconform", "--suite", some_vectors, "--", *mutant(tmp_path, ""))
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("fault", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_wrong_decoder_fails(some_vectors: Path, tmp_path: Path, fault: str) -> None:
    done = run("semconform", "--suite", some_vectors, "--", *mutant(tmp_path, fault))
    assert done.returncode == 1
    assert b"FAILED" in done.stdout


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ("import time; time.sleep(9)", b"no answer"),
        ("print('[]')", b"not a JSON object"),
        ("print('hello')", b"not JSON"),
        ("print('{}')", b"lacks"),
    ],
)
def test_decoders_that_make_no_sense(some_vectors: Path, command: str, complaint: bytes) -> None:
    done = run(
        "semconform", "--suite", some_vectors, "--timeout", 2, "--", sys.executable, "-c", command
    )
    assert done.returncode == 1
    assert complaint in done.stdout


def test_a_suite_that_cannot_fail_is_refused(tmp_path: Path, some_vectors: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"vectors": []}', "utf-8")
    empty = run("semconform", "--suite", tmp_path, "--", "true")
    assert empty.returncode == 1
    assert b"no vectors" in empty.stderr
    damaged = shutil.copytree(some_vectors, tmp_path / "damaged")
    (damaged / "vectors" / "plain-items.sem").write_bytes(b"")
    changed = run("semconform", "--suite", damaged, "--", "true")
    assert changed.returncode == 1
    assert b"not the one of the manifest" in changed.stderr
    assert run("semconform", "--suite", tmp_path / "none", "--", "true").returncode == 1
    (tmp_path / "manifest.json").write_text("{}", "utf-8")
    assert b"cannot be read" in run("semconform", "--suite", tmp_path, "--", "true").stderr
    assert run("semconform", "--", "/no/such/decoder").returncode == 1
    assert run("semconform").returncode == 2


def test_classes_select_vectors(some_vectors: Path) -> None:
    done = run("semconform", "--suite", some_vectors, "--class", "maps", "-v", "--", *SEMCAT)
    assert done.stdout.splitlines() == [b"passed maps-of-two-items", b"1 passed, 0 failed"]


def test_a_decoder_of_texts_may_leave_out_pictures(some_vectors: Path, tmp_path: Path) -> None:
    program = mutant(
        tmp_path,
        "document and (document.pop('thumbnail'), [item.pop('map') for item in document['items']])",
    )
    as_text = run("semconform", "--suite", some_vectors, "--class", "text", "--", *program)
    assert as_text.returncode == 0, as_text.stdout.decode()
    as_full = run("semconform", "--suite", some_vectors, "--", *program)
    assert as_full.returncode == 1


def test_the_runner_knows_nothing_of_the_reference_codec() -> None:
    code = (
        "import sys, semconform.runner;"
        "sys.exit(any(name.startswith('refcodec') for name in sys.modules))"
    )
    environment = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    assert run("python", "-c", code, env=environment).returncode == 0
    manifest = json.loads((SUITE / "manifest.json").read_text("utf-8"))
    for vector in manifest["vectors"]:
        ending = "json" if vector["class"] == RENDERING else "sem"
        data = (SUITE / "vectors" / f"{vector['name']}.{ending}").read_bytes()
        assert hashlib.sha256(data).hexdigest() == vector["sha256"]
