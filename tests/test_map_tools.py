"""The tools of the maps' codec, run on small data."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from refcodec.visual.map_model import HIDDEN, INPUTS, Network
from tests.commands import PICTURES

ROOT = Path(__file__).parent.parent


def run_tool(module: str, *arguments: object) -> str:
    command = [sys.executable, "-m", f"tools.{module}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_bench_of_maps() -> None:
    rows = run_tool("bench.maps", PICTURES, "--shapes", 3).splitlines()
    assert len(rows) == 9
    assert rows[0].endswith("| packed | zlib (raw deflate) | brotli 11 | maps chunk |")
    assert all("| 24.0 |" in row for row in rows[2:])


def test_fitting_of_maps(tmp_path: Path) -> None:
    (tmp_path / "house.jpg").write_bytes((PICTURES / "house.jpg").read_bytes())
    file = tmp_path / "tables.json"
    printed = run_tool("maps.fit", tmp_path, "-o", file, "--crops", 8)
    assert re.match(r"[0-9]+ files, [0-9]+ bits\n", printed)
    tables = json.loads(file.read_text("ascii"))
    assert np.array(tables["hidden"]).shape == (HIDDEN, INPUTS)
    Network(tables)
