"""Write the vectors and the manifest anew: `python -m conformance.make [FOLDER]`."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from conformance.make import (
    bare_files,
    chunk_files,
    lm_texts,
    maps,
    orders,
    renderings,
    sealed_files,
    texts,
    thumbnails,
)
from conformance.make.pieces import ENTRIES, Entry

# Importing the modules registers their vectors.
MODULES = (
    bare_files,
    chunk_files,
    sealed_files,
    texts,
    lm_texts,
    thumbnails,
    maps,
    orders,
    renderings,
)


def write_vector(entry: Entry, folder: Path) -> dict[str, Any]:
    """Write a vector's files; return its entry of the manifest."""
    made = entry.make()
    document = made if isinstance(made, dict) else made[1] if isinstance(made, tuple) else None
    if document is not None:
        data = (json.dumps(document, indent=1, ensure_ascii=True) + "\n").encode()
        (folder / f"{entry.name}.json").write_bytes(data)
    if not isinstance(made, dict):
        data = made[0] if isinstance(made, tuple) else made
        (folder / f"{entry.name}.sem").write_bytes(data)
    return {
        "name": entry.name,
        "class": entry.decoder_class,
        "clause": entry.clause,
        "about": entry.about,
        "status": entry.status,
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def main() -> None:
    """Write everything."""
    suite = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent
    folder = suite / "vectors"
    folder.mkdir(parents=True, exist_ok=True)
    vectors = [write_vector(entry, folder) for entry in ENTRIES]
    manifest = {"specification": "spec/sem.md, draft, version 0", "vectors": vectors}
    (suite / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")
    print(f"{len(vectors)} vectors from {len(MODULES)} modules")


if __name__ == "__main__":
    main()
