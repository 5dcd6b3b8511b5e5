"""Training texts for a prior: a folder of one-text-a-line files, weighted, with items made up.

The corpus holds descriptions without items, but documents have them. So that the structure
bytes are learnt where they will stand, some texts are given items made of other texts: the
words before the first verb or preposition as the name, the next words as the detail.
Each file has a style and two weights: one for most of the training, one for its end, when
the texts most like those that users write count for more.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from refcodec.text.content import Style, build_content

ITEMS_SHARE = 0.03
NAME_MAX_WORDS = 3
DETAIL_MAX_WORDS = 10
HELD_OUT_EVERY = 101

_ARTICLE = re.compile(r"^(a|an|the|some|two|three) ", re.IGNORECASE)
_NAME_END = re.compile(
    r" (is|are|has|have|was|with|in|on|at|of|and|that|which|to|for|from|by|near|standing|sitting"
    r"|holding|riding|wearing|walking|next|behind|above|under|over|looking|playing) "
)


@dataclass(frozen=True)
class Kind:
    """How the texts of a file count: early and late weight, and the style they may be marked."""

    early: float = 1.0
    late: float = 1.0
    style: Style | None = None


# Model-written sentences about a kind of thing rather than one picture.
_CLASS_DESCRIPTION = Kind(0.3, 0.15)
# Long, repetitive descriptions of the same few pictures by early vision-language models.
_MACHINE_PARAGRAPH = Kind(0.6, 0.3, Style.PARAGRAPH)
_CAPTION = Kind(1.0, 1.0, Style.CAPTION)
_CLOSE_CAPTION = Kind(1.0, 1.5, Style.CAPTION)
_PARAGRAPH = Kind(1.0, 1.0, Style.PARAGRAPH)
_CLOSE_PARAGRAPH = Kind(1.5, 1.5, Style.PARAGRAPH)
_PROMPT = Kind(1.0, 1.5, Style.PROMPT)
# Few and short: more than twice would teach them by heart.
_CLOSE_PROMPT = Kind(2.0, 2.0, Style.PROMPT)

KINDS = {
    "agiqa3k_prompts": _CLOSE_PROMPT,
    "amber_halbench_llava": _MACHINE_PARAGRAPH,
    "chronomagic_gpt4o": _PARAGRAPH,
    "coco_30k_val2014": _CLOSE_CAPTION,
    "coco_8k_dalle3eval": _CLOSE_CAPTION,
    "coco_precomp": Kind(0.7, 0.5, Style.CAPTION),
    "coco_val2017": _CLOSE_CAPTION,
    "comprecap_gpt4o": _CLOSE_PARAGRAPH,
    "comprecap_llavanext34b": _CLOSE_PARAGRAPH,
    "dpg_bench": _PARAGRAPH,
    "drawbench_upsampled": _CLOSE_PARAGRAPH,
    "dream1k": _PARAGRAPH,
    "dsg1k": _CLOSE_PROMPT,
    "embedded_describer": Kind(1.0, 1.0, Style.RASTER),
    "flowgrpo_ocr": _PROMPT,
    "gcc_val": _CAPTION,
    "gecko_t2i": _CLOSE_PROMPT,
    "geneval": _PROMPT,
    "halc_chair": _MACHINE_PARAGRAPH,
    "iiw400_objects": _CAPTION,
    "iiw_human": _CLOSE_PARAGRAPH,
    "iiw_model_p5b": _CLOSE_PARAGRAPH,
    "imagecode": _CAPTION,
    "jrp_checkmodels": _CLOSE_PARAGRAPH,
    "jrp_checkmodels_html": _CLOSE_PARAGRAPH,
    "kelly_idt": _CLOSE_PARAGRAPH,
    "lessismore_chair": _MACHINE_PARAGRAPH,
    "llava_coco_caps80": _CLOSE_CAPTION,
    "mpvr_gpt": _CLASS_DESCRIPTION,
    "mpvr_mixtral": _CLASS_DESCRIPTION,
    "nlvr2": _CAPTION,
    "opera_chair": _MACHINE_PARAGRAPH,
    "parti_prompts": _CLOSE_PROMPT,
    "pica_vinvl": _CAPTION,
    "protext_gpt": _CLASS_DESCRIPTION,
    "sugar_crepe": _CLOSE_CAPTION,
    "t2i_compbench": _PROMPT,
    "tifa_v1": _CLOSE_PROMPT,
    "unigen_test_en": _PROMPT,
    "unigen_train": _PROMPT,
    "valse": _CAPTION,
    "vbench_short": _PROMPT,
    "vbench_zh": _PROMPT,
    "vdt_gpt4": Kind(0.3, 0.3),
    "vizwiz_fakecap_val": _CAPTION,
    "vlmdecoding_chair": _MACHINE_PARAGRAPH,
}


@dataclass(frozen=True)
class Text:
    """One training text: its content string, the kind of its file, held out of training or not."""

    content: bytes
    kind: Kind
    held_out: bool


def read_texts(folders: Sequence[Path], seed: int) -> list[Text]:
    """The texts of every file of the folders, in a seeded random order.

    A file that KINDS does not name counts as paragraphs.
    """
    lines = [
        (line, KINDS.get(path.stem, _PARAGRAPH))
        for folder in folders
        for path in sorted(folder.glob("*.txt"))
        for line in path.read_text("utf-8").splitlines()
        if line
    ]
    rng = random.Random(seed)
    rng.shuffle(lines)
    items = [item for line, _ in lines if (item := item_from(line))]
    texts = []
    for number, (line, kind) in enumerate(lines, start=1):
        count = rng.randint(1, 4) if items and rng.random() < ITEMS_SHARE else 0
        content = build_content(line, rng.choices(items, k=count))
        texts.append(Text(content, kind, held_out=number % HELD_OUT_EVERY == 0))
    return texts


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
