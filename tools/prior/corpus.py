"""Training texts for a prior: a folder of one-text-a-line files, weighted, with items made up.

The corpus holds descriptions without items, but documents have them. So that the structure
bytes are learnt where they will stand, some texts are given items made of other texts: the
words before the first verb or preposition as the name, the next words as the detail.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from refcodec.text.content import build_content

# Model-written sentences about a kind of thing rather than one picture.
CLASS_DESCRIPTIONS = frozenset({"mpvr_gpt", "mpvr_mixtral", "protext_gpt", "vdt_gpt4"})
CLASS_DESCRIPTION_SHARE = 0.3
ITEMS_SHARE = 0.05
NAME_MAX_WORDS = 3
DETAIL_MAX_WORDS = 10

_ARTICLE = re.compile(r"^(a|an|the|some|two|three) ", re.IGNORECASE)
_NAME_END = re.compile(
    r" (is|are|has|have|was|with|in|on|at|of|and|that|which|to|for|from|by|near|standing|sitting"
    r"|holding|riding|wearing|walking|next|behind|above|under|over|looking|playing) "
)


def read_texts(folders: Sequence[Path], seed: int) -> Iterator[tuple[bytes, float]]:
    """Content strings of every file of the folders with their weights, in a seeded random order."""
    texts = [
        (line, CLASS_DESCRIPTION_SHARE if path.stem in CLASS_DESCRIPTIONS else 1.0)
        for folder in folders
        for path in sorted(folder.glob("*.txt"))
        for line in path.read_text("utf-8").splitlines()
        if line
    ]
    rng = random.Random(seed)
    rng.shuffle(texts)
    items = [item for text, _ in texts if (item := item_from(text))]
    for text, weight in texts:
        count = rng.randint(1, 4) if rng.random() < ITEMS_SHARE else 0
        yield build_content(text, rng.sample(items, count)), weight


def item_from(text: str) -> tuple[str, str] | None:
    """A name and a detail out of a one-sentence text, or None if it does not split well."""
    phrase = _ARTICLE.sub("", text).rstrip(".")
    name_end = _NAME_END.search(phrase)
    if not name_end:
        return None
    name, detail = phrase[: name_end.start()], phrase[name_end.start() + 1 :]
    if name.count(" ") >= NAME_MAX_WORDS or detail.count(" ") >= DETAIL_MAX_WORDS:
        return None
    return name.lower(), detail
