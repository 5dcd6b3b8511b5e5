"""Running the installed commands as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Hostile files take a minute, and several on a machine that has other things to do.
TIMEOUT_S = 600
SCRIPTS = Path(sysconfig.get_path("scripts"))
PICTURES = Path(__file__).parent / "pictures"
HOUSE = PICTURES / "house.jpg"
CAPTION = "A house with a red roof behind a hedge."


def run(command: str, *arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """Run an installed command; standard output and standard error as bytes."""
    return subprocess.run(
        [SCRIPTS / command, *map(str, arguments)],
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
        **options,
    )


def run_on_terminal(command: Sequence[str], columns: int = 80) -> bytes:
    """What a command writes to a terminal (a pseudo-terminal that is its standard output)."""
    code = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    environment = os.environ | {"COLUMNS": str(columns)}
    return subprocess.run(
        [sys.executable, "-c", code, *command],
        capture_output=True,
        check=True,
        timeout=TIMEOUT_S,
        stdin=subprocess.DEVNULL,
        env=environment,
    ).stdout
