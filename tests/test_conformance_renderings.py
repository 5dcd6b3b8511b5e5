"""The rendering vectors: the reference renderer and the twin pass them, wrong ones do not."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import baseline_twin
from tests.commands import run

SUITE = Path(__file__).parent.parent / "conformance"
VECTORS = sorted((SUITE / "vectors").glob("rendering-*.json"))
RENDERER = [sys.executable, "-m", "refcodec.commands.render_vector"]
# The others are too large for a renderer that takes one integer at a time.
SMALL_VECTORS = [path for path in VECTORS if not path.stem.endswith(("large", "widest", "highest"))]

# Renderers with one fault each: what they change in the vector, or in the pixels (h, w, channels).
MUTANTS = {
    "forgets maps": "vector['maps'] = []",
    "takes one map only": "vector['maps'] = vector['maps'][:1]",
    "takes maps for those of one bit": "[grid.update(bits=1, cells=''.join('01'[cell > '0'] "
    "for cell in grid['cells'][1::2]).replace('0', '00').replace('1', '01')) "
    "for grid in vector['maps']]",
    "turns maps around": "[grid.update(cells=bytes.fromhex(grid['cells'])[::-1].hex()) "
    "for grid in vector['maps']]",
    "rounds down": "fault = lambda pixels: pixels - (pixels > 0)",
    "writes blue first": "fault = lambda pixels: pixels[:, :, [2, 1, 0, 3][:pixels.shape[2]]]",
    "drops alpha": "fault = lambda pixels: pixels[:, :, :3]",
    "multiplies with alpha": "fault = lambda pixels: np.minimum(pixels, pixels[:, :, -1:])",
    "writes columns": "fault = lambda pixels: pixels.swapaxes(0, 1)",
    "is wrong in one place": "fault = lambda pixels: pixels ^ (np.arange(pixels.size) == 40)"
    ".reshape(pixels.shape)",
    "draws maps without a thumbnail": "fault = lambda pixels: pixels if vector['thumbnail'] else "
    "pixels + 1",
}
MUTANT = """
import json, sys
import numpy as np
from refcodec.commands.render_vector import draw
vector = json.load(sys.stdin)
fault = lambda pixels: pixels
{fault}
sys.stdout.buffer.write(fault(draw(vector)).astype(np.uint8).tobytes())
"""


def judged(*command: str | Path, suite: Path = SUITE) -> tuple[int, str]:
    done = run("semconform", "--suite", suite, "--class", "rendering", "--", *command)
    return done.returncode, done.stdout.decode()


def grid(encoded: str, width: int, channels: int) -> list[list[list[int]]]:
    """Bytes as planes, rows and columns."""
    return [
        np.frombuffer(base64.b64decode(encoded)[plane::channels], np.uint8)
        .reshape(-1, width)
        .tolist()
        for plane in range(channels)
    ]


def rows(item: dict[str, Any]) -> list[list[int]]:
    """The cells of a map."""
    cells, width = bytes.fromhex(item["cells"]), item["width"]
    return [list(cells[start : start + width]) for start in range(0, len(cells), width)]


def test_the_reference_renderer_passes() -> None:
    assert len(VECTORS) >= 15
    assert judged(*RENDERER) == (0, f"{len(VECTORS)} passed, 0 failed\n")


@pytest.mark.parametrize("path", SMALL_VECTORS, ids=lambda path: path.stem)
def test_the_twin_draws_the_same(path: Path) -> None:
    vector: dict[str, Any] = json.loads(path.read_text("utf-8"))
    thumbnail, expected = vector["thumbnail"], vector["pixels"]
    width, height = vector["canvas"]
    assert [expected["width"], expected["height"]] == vector["canvas"]
    if thumbnail is None:
        drawn = bytes([128] * (3 * width * height))
    else:
        planes = grid(thumbnail["samples"], thumbnail["width"], 3)
        if thumbnail["alpha"] is not None:
            planes += grid(thumbnail["alpha"], thumbnail["width"], 1)
        maps = [baseline_twin.map_samples(rows(item), item["bits"]) for item in vector["maps"]]
        drawn = np.array(baseline_twin.render((width, height), planes, maps), np.uint8).tobytes()
    assert len(drawn) == width * height * expected["channels"]
    assert hashlib.sha256(drawn).hexdigest() == expected["sha256"]
    assert base64.b64decode(expected.get("bytes", base64.b64encode(drawn))) == drawn


@pytest.fixture(scope="module")
def some_vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite of fewer vectors, enough to catch every mutant."""
    wanted = {
        "rendering-without-thumbnail",
        "rendering-small",
        "rendering-small-with-alpha",
        "rendering-maps-of-more-bits",
        "rendering-maps-that-overlap",
    }
    suite = tmp_path_factory.mktemp("suite")
    manifest = json.loads((SUITE / "manifest.json").read_text("utf-8"))
    vectors = [vector for vector in manifest["vectors"] if vector["name"] in wanted]
    assert len(vectors) == len(wanted)
    (suite / "manifest.json").write_text(json.dumps({"vectors": vectors}), "utf-8")
    shutil.copytree(SUITE / "vectors", suite / "vectors")
    return suite


def test_a_wrapper_without_a_fault_passes(some_vectors: Path, tmp_path: Path) -> None:
    program = tmp_path / "right.py"
    program.write_text(MUTANT.format(fault=""), "utf-8")
    assert judged(sys.executable, program, suite=some_vectors)[0] == 0


@pytest.mark.parametrize("fault", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_wrong_renderer_fails(some_vectors: Path, tmp_path: Path, fault: str) -> None:
    program = tmp_path / "mutant.py"
    program.write_text(MUTANT.format(fault=fault), "utf-8")
    status, printed = judged(sys.executable, program, suite=some_vectors)
    assert status == 1
    assert "FAILED" in printed


def test_faults_are_described(some_vectors: Path) -> None:
    grey = "import json, sys; w, h = json.load(sys.stdin)['canvas']; "
    grey += "sys.stdout.buffer.write(bytes([128] * (3 * w * h)))"
    status, printed = judged(sys.executable, "-c", grey, suite=some_vectors)
    assert status == 1
    assert "rendering-without-thumbnail" not in printed
    assert "channel 0 of pixel (0, 0) is 128, not " in printed
    assert "the pixels have another SHA-256" in printed
    status, printed = judged("true", suite=some_vectors)
    assert "0 bytes, not 9 x 7 x 3" in printed
    assert "exit status 1, not 0" in judged("false", suite=some_vectors)[1]


def test_renderers_and_decoders_are_not_judged_together() -> None:
    done = run("semconform", "--class", "rendering", "--class", "maps", "--", "true")
    assert done.returncode == 2
    assert b"for renderers" in done.stderr


def test_the_right_answer_is_not_sent() -> None:
    program = "import json, sys; sys.exit('pixels' in json.load(sys.stdin) or 7)"
    assert "exit status 7, not 0" in judged(sys.executable, "-c", program)[1]
