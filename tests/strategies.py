"""Hypothesis strategies for documents and their parts."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from refcodec.chunk_payloads import Models
from refcodec.document import Archive, Document, Item
from refcodec.text.content import Style
from refcodec.visual.maps import Box, Map
from refcodec.wire.chunks import ARCHIVAL_TYPES, CONTENT_TYPES, FIRST_CHUNK_TYPE, Chunk

unicode_text = st.text(max_size=60)
words = st.text(min_size=1, max_size=12)
captions = st.lists(
    st.sampled_from(["a", "the", "man", "dog", "red", "on", "Two", "street,", "éclair.", "犬"]),
    max_size=20,
).map(" ".join)
texts = st.one_of(unicode_text, captions)
canvases = st.one_of(
    st.sampled_from([(1024, 1024), (1536, 1024), (512, 768), (640, 480), (2048, 8), (2056, 8)]),
    st.tuples(st.integers(1, 65535), st.integers(1, 65535)),
)
maps = st.tuples(st.integers(1, 4), st.integers(4, 12), st.integers(4, 12)).flatmap(
    lambda sizes: st_numpy.arrays(
        np.uint8, sizes[1:], elements=st.integers(0, (1 << sizes[0]) - 1)
    ).map(Map.from_array)
)
intervals = st.lists(st.integers(0, 64), min_size=2, max_size=2, unique=True).map(sorted)
boxes = st.builds(
    lambda across, down: Box(across[0], down[0], across[1], down[1]), intervals, intervals
)
items = st.builds(
    Item, name=words, detail=st.one_of(st.just(""), words), map=st.one_of(st.none(), maps, boxes)
)
numbers = st.one_of(st.integers(0, 300), st.integers(0, (1 << 32) - 1))
seeds = st.one_of(st.integers(0, 300), st.integers(0, (1 << 64) - 1))
tables = st.dictionaries(words, unicode_text, max_size=3)
chunk_numbers = st.sampled_from(
    [
        number
        for number in range(FIRST_CHUNK_TYPE, 0x80)
        if number not in CONTENT_TYPES | ARCHIVAL_TYPES
    ]
)
extra_chunks = st.dictionaries(chunk_numbers, st.binary(max_size=8), max_size=2).map(
    lambda payloads: tuple(Chunk(number, payloads[number]) for number in sorted(payloads))
)
archives = st.builds(
    Archive,
    provenance=tables,
    source_sha256=st.one_of(st.none(), st.binary(min_size=32, max_size=32)),
    extra=extra_chunks,
)
documents = st.builds(
    Document,
    text=texts,
    style=st.one_of(st.none(), st.sampled_from(Style)),
    canvas=canvases,
    items=st.lists(items, max_size=4).map(tuple),
    models=st.builds(Models, numbers, numbers, numbers),
    seed=st.one_of(st.none(), seeds),
    metadata=tables,
    archive=archives,
    extra=extra_chunks,
)
