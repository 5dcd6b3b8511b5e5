"""Payloads that hold numbers and words (specification sections 3.2, 3.3, 3.6 and 4.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import construct

from refcodec.errors import LimitError, MalformedError, NonCanonicalError
from refcodec.limits import METADATA_MAX_BYTES
from refcodec.text.modes import compress_brotli, decompress_brotli
from refcodec.text.utf8 import decode_utf8, encode_utf8
from refcodec.wire.reading import parse_repeated, parse_whole
from refcodec.wire.varint import NUMBER, SIZE, VARINT, encode_varint

SHA256_BYTES = 32


class ModelKind(IntEnum):
    """The kinds of model that a digest can be of, by their byte in the digests chunk."""

    PRIOR = 1
    DESCRIBER = 2
    GENERATOR = 3
    TEMPLATE = 4


@dataclass(frozen=True, slots=True)
class Models:
    """Registry numbers of what made the text and what should draw it; 0 is unspecified."""

    describer: int = 0
    generator: int = 0
    template: int = 0


MODELS_LAYOUT = construct.Struct("describer" / NUMBER, "generator" / NUMBER, "template" / NUMBER)
PAIR_LAYOUT = construct.Struct(
    "key" / construct.Prefixed(SIZE, construct.GreedyBytes),
    "value" / construct.Prefixed(SIZE, construct.GreedyBytes),
)
DIGEST_LAYOUT = construct.Struct(
    "kind" / construct.Int8ub, "number" / NUMBER, "sha256" / construct.Bytes(SHA256_BYTES)
)


def encode_models(models: Models) -> bytes:
    """Three varints."""
    return b"".join(map(encode_varint, (models.describer, models.generator, models.template)))


def decode_models(payload: bytes) -> Models:
    """Three varints, not all of them zero."""
    fields = parse_whole(MODELS_LAYOUT, payload, "models chunk")
    models = Models(fields.describer, fields.generator, fields.template)
    if models == Models():
        raise NonCanonicalError("models chunk: names no model; it must be left out")
    return models


def decode_seed(payload: bytes) -> int:
    """One varint."""
    seed: int = parse_whole(VARINT, payload, "seed chunk")
    return seed


def encode_table(table: Mapping[str, str], where: str) -> bytes:
    """Words by key, keys ascending by their UTF-8 bytes, brotli-compressed."""
    pairs = sorted(
        (encode_utf8(key, where), encode_utf8(value, where)) for key, value in table.items()
    )
    if any(not key for key, _ in pairs):
        raise MalformedError(f"{where}: a key is empty")
    data = b"".join(PAIR_LAYOUT.build({"key": key, "value": value}) for key, value in pairs)
    if len(data) > METADATA_MAX_BYTES:
        raise LimitError(f"{where}: {len(data)} bytes; the limit is {METADATA_MAX_BYTES}")
    return compress_brotli(data)


def decode_table(payload: bytes, where: str) -> dict[str, str]:
    """Words by key; keys must ascend strictly, and at least one there must be."""
    data = decompress_brotli(payload, METADATA_MAX_BYTES, where)
    pairs = list(parse_repeated(PAIR_LAYOUT, data, where))
    keys = [pair.key for pair in pairs]
    if not keys:
        raise NonCanonicalError(f"{where}: an empty table; the chunk must be left out")
    if keys[0] == b"":
        raise MalformedError(f"{where}: a key is empty")
    if any(first >= second for first, second in pairwise(keys)):
        raise NonCanonicalError(f"{where}: keys must ascend, each once")
    return {decode_utf8(pair.key, where): decode_utf8(pair.value, where) for pair in pairs}


def encode_digests(digests: Mapping[tuple[ModelKind, int], bytes]) -> bytes:
    """Kind, number and SHA-256 of each model, ascending by kind and number."""
    return b"".join(
        DIGEST_LAYOUT.build({"kind": kind, "number": number, "sha256": digest})
        for (kind, number), digest in sorted(digests.items())
    )


def decode_digests(payload: bytes) -> dict[tuple[ModelKind, int], bytes]:
    """SHA-256 by kind and number."""
    where = "digests chunk"
    entries = list(parse_repeated(DIGEST_LAYOUT, payload, where))
    names = [(entry.kind, entry.number) for entry in entries]
    if not names:
        raise NonCanonicalError(f"{where}: empty; it must be left out")
    if any(first >= second for first, second in pairwise(names)):
        raise NonCanonicalError(f"{where}: entries must ascend by kind and number, each once")
    for kind, number in names:
        if kind not in set(ModelKind) or number == 0:
            raise MalformedError(f"{where}: kind {kind}, number {number} is no model")
    return {(ModelKind(entry.kind), entry.number): entry.sha256 for entry in entries}


def decode_source_digest(payload: bytes) -> bytes:
    """The 32 bytes of a SHA-256."""
    if len(payload) != SHA256_BYTES:
        raise MalformedError(f"source digest chunk: {len(payload)} bytes; a SHA-256 has 32")
    return payload
