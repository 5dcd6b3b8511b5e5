"""The library's main calls: documents to bytes and back."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from dataclasses import replace
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given

import refcodec
from refcodec import Archive, Chunk, Document, Item, Models
from refcodec.chunk_payloads import (
    ModelKind,
    decode_digests,
    decode_models,
    decode_source_digest,
    decode_table,
    encode_digests,
    encode_table,
)
from refcodec.document import to_json
from refcodec.registry import lookup, name_of
from refcodec.text.modes import compress_brotli
from refcodec.wire.bare import BareFile, TextMode, TextPayload, parse_bare, serialise_bare
from refcodec.wire.sealed import seal
from tests.strategies import documents

CAPTION = "A red bicycle leans on a white wall."


@given(documents)
def test_round_trip(document: Document) -> None:
    bare = refcodec.dumps(document)
    assert refcodec.loads(bare) == replace(document, archive=Archive())
    assert refcodec.dumps(refcodec.loads(bare)) == bare
    assert refcodec.loads(refcodec.dumps(document, check=False)) == refcodec.loads(bare)


@given(documents)
def test_sealed_round_trip(document: Document) -> None:
    data = refcodec.dumps(document, sealed=True)
    again = refcodec.loads(data)
    assert again == document
    assert refcodec.dumps(again, sealed=True) == data
    assert refcodec.unseal_file(data) == refcodec.dumps(document)


def test_a_caption_is_a_file_of_some_bytes() -> None:
    data = refcodec.dumps(Document(text=CAPTION, canvas=(1024, 1024)))
    assert data[:2] == b"\xb5\x08"
    assert len(data) <= 12
    without_check = refcodec.dumps(Document(text=CAPTION, canvas=(1024, 1024)), check=False)
    assert len(without_check) == len(data) - 1
    assert without_check[:2] == b"\xb5\x00"
    assert without_check[2:] == data[3:]


def test_files_and_lists() -> None:
    many = [Document(text=f"{number} dogs", canvas=(8, 8)) for number in range(5)]
    files = refcodec.dumps_many(many)
    assert files == [refcodec.dumps(document) for document in many]
    assert refcodec.loads_many(files) == many
    assert all(refcodec.unseal_file(data) for data in refcodec.dumps_many(many, sealed=True))
    stream = io.BytesIO()
    refcodec.dump(many[0], stream)
    stream.seek(0)
    assert refcodec.load(stream) == many[0]


def test_the_first_bad_file_of_many_is_named() -> None:
    good = refcodec.dumps(Document(text="A dog.", canvas=(8, 8)))
    for bad, number, error in (
        ([good, good[:-1], b""], 2, refcodec.ChecksumError),
        ([good, good, b"\xb5"], 3, refcodec.TruncatedError),
        ([_with_bad_text(), b""], 1, refcodec.NonCanonicalError),
    ):
        with pytest.raises(error, match=f"^file {number}: "):
            refcodec.loads_many(bad)
    assert refcodec.loads_many([]) == []
    assert refcodec.dumps_many([]) == []


def _with_bad_text() -> bytes:
    bare = parse_bare(refcodec.dumps(Document(text="A dog.", canvas=(8, 8))))
    # It begins with the end token, and the payload of no tokens is empty.
    zero = replace(bare.text, payload=b"\0")
    return serialise_bare(replace(bare, text=zero))


def test_a_style_is_kept() -> None:
    for style in refcodec.Style:
        document = Document(text="A dog.", canvas=(8, 8), style=style)
        assert refcodec.loads(refcodec.dumps(document)).style is style
    assert refcodec.loads(refcodec.dumps(Document(text="x", canvas=(8, 8)))).style is None


def test_searching_never_makes_a_file_larger() -> None:
    document = Document(text="A photo of three xylophones in Paris.", canvas=(8, 8))
    searched = refcodec.dumps(document, search=True)
    assert refcodec.loads(searched) == document
    assert len(searched) <= len(refcodec.dumps(document))


def test_sealing_names_the_prior_by_its_digest() -> None:
    bare = refcodec.dumps(Document(text=CAPTION, canvas=(1024, 1024)))
    document = refcodec.loads(refcodec.seal_file(bare))
    assert document.archive.digests == {
        (ModelKind.PRIOR, 1): bytes.fromhex(lookup("prior", 1).digest)
    }
    assert refcodec.unseal_file(refcodec.seal_file(bare)) == bare


def test_sealing_again_keeps_digests_of_other_models() -> None:
    bare = refcodec.dumps(Document(text=CAPTION, canvas=(1024, 1024)))
    digests = encode_digests(
        {(ModelKind.GENERATOR, 7): bytes(32), (ModelKind.DESCRIBER, 2): bytes(range(32))}
    )
    document = refcodec.loads(seal(bare, [Chunk(0x21, digests)]))
    again = refcodec.loads(refcodec.dumps(document, sealed=True))
    assert dict(document.archive.digests).items() <= dict(again.archive.digests).items()
    assert (ModelKind.PRIOR, 1) in again.archive.digests


def test_sealing_needs_no_prior() -> None:
    bare = serialise_bare(BareFile((8, 8), TextPayload(TextMode.LM, 200, b"xyz")))
    sealed_file = refcodec.seal_file(bare)
    assert refcodec.unseal_file(sealed_file) == bare
    assert "digests" not in str(refcodec.inspect(sealed_file)["parts"])


class Trickle(io.RawIOBase):
    """A stream that gives four bytes at a time, as a pipe may."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 4))


def test_a_stream_that_gives_little_at_a_time_is_read_whole() -> None:
    document = Document(text="Hello there everyone", canvas=(8, 8))
    stream = cast(BinaryIO, Trickle(refcodec.dumps(document, check=False)))
    assert refcodec.load(stream) == document


def test_a_prior_of_another_digest_is_refused() -> None:
    bare = refcodec.dumps(Document(text=CAPTION, canvas=(1024, 1024)))
    digests = encode_digests({(ModelKind.PRIOR, 1): bytes(32)})
    with pytest.raises(refcodec.UnsupportedError, match="not those registered"):
        refcodec.loads(seal(bare, [Chunk(0x21, digests)]))


def test_unknown_critical_chunks_refuse_but_are_listed() -> None:
    text = TextPayload(TextMode.PLAIN, 0, b"x")
    data = serialise_bare(BareFile((8, 8), text, (Chunk(0x9F, b"abc"),)))
    with pytest.raises(refcodec.UnsupportedError, match="0x9f"):
        refcodec.loads(data)
    report = refcodec.inspect(data)
    assert report["unknown_critical"] == [0x9F]
    assert sum(part["size_bytes"] for part in report["parts"]) == len(data)


def test_unknown_modes_and_priors_are_listed() -> None:
    for text, mode in [
        (TextPayload(6, 0, b"x"), "unknown mode 6"),
        (TextPayload(0, 99, b"x"), None),
    ]:
        data = serialise_bare(BareFile((8, 8), text))
        report = refcodec.inspect(data)
        assert report["text"]["mode"] == (mode or "LM, prior 99")
        with pytest.raises(refcodec.UnsupportedError):
            refcodec.loads(data)


@given(documents)
def test_inspection_accounts_for_every_byte(document: Document) -> None:
    for options in ({}, {"sealed": True}, {"check": False}, {"sealed": True, "check": False}):
        data = refcodec.dumps(document, **options)
        report = refcodec.inspect(data)
        offset = 0
        for part in report["parts"]:
            assert part["offset"] == offset
            assert part["size_bytes"] >= 0
            offset += part["size_bytes"]
        assert offset == len(data) == report["size_bytes"]
        pixels = document.canvas[0] * document.canvas[1]
        assert report["bits_per_pixel"] == 8 * len(data) / pixels


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"canvas": (0, 8)}, refcodec.LimitError),
        ({"canvas": (65536, 8)}, refcodec.LimitError),
        ({"text": "\ud800"}, refcodec.MalformedError),
        ({"text": "x" * 65536}, refcodec.LimitError),
        ({"items": [Item("")]}, refcodec.MalformedError),
        ({"items": [Item("x")] * 16}, refcodec.LimitError),
        ({"models": Models(1 << 32)}, refcodec.LimitError),
        ({"models": Models(0, -1)}, refcodec.LimitError),
        ({"canvas": (8.5, 8)}, refcodec.MalformedError),
        ({"canvas": (8, 8, 8)}, refcodec.MalformedError),
        ({"seed": 1.5}, refcodec.MalformedError),
        ({"extra": [Chunk(0x90, b"")]}, refcodec.UnsupportedError),
        ({"seed": -1}, refcodec.LimitError),
        ({"seed": 1 << 64}, refcodec.LimitError),
        ({"extra": [Chunk(0x11, b"")]}, refcodec.MalformedError),
        ({"extra": [Chunk(0x31, b""), Chunk(0x30, b"")]}, refcodec.NonCanonicalError),
    ],
)
def test_documents_that_no_file_could_hold(
    members: dict[str, Any], error: type[refcodec.SemError]
) -> None:
    with pytest.raises(error):
        Document(**({"text": "x", "canvas": (8, 8)} | members))


@pytest.mark.parametrize(
    "metadata", [{"": "x"}, {"\ud800": ""}, {"x": "\ud800"}, {"x": "y" * 65536}]
)
def test_metadata_that_cannot_be_written(metadata: dict[str, str]) -> None:
    with pytest.raises(refcodec.SemError):
        refcodec.dumps(Document(text="x", canvas=(8, 8), metadata=metadata))


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        ("", refcodec.NonCanonicalError),
        ("0000", refcodec.MalformedError),
        ("0161 0162 0161 0162", refcodec.NonCanonicalError),
        ("0162 00 0161 00", refcodec.NonCanonicalError),
        ("01ff 00", refcodec.MalformedError),
        ("0161 02ff", refcodec.TruncatedError),
    ],
)
def test_bad_tables(pairs: str, error: type[refcodec.SemError]) -> None:
    with pytest.raises(error):
        decode_table(compress_brotli(bytes.fromhex(pairs)), "table")


def test_tables_are_in_the_order_of_their_bytes() -> None:
    table = {"é": "1", "z": "2", "a": "3"}
    assert list(decode_table(encode_table(table, "table"), "table")) == ["a", "z", "é"]


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (b"", refcodec.NonCanonicalError),
        (b"\x01\x01" + bytes(31), refcodec.TruncatedError),
        (b"\x05\x01" + bytes(32), refcodec.MalformedError),
        (b"\x01\x00" + bytes(32), refcodec.MalformedError),
        ((b"\x01\x01" + bytes(32)) * 2, refcodec.NonCanonicalError),
    ],
)
def test_bad_digests(payload: bytes, error: type[refcodec.SemError]) -> None:
    with pytest.raises(error):
        decode_digests(payload)


def test_other_bad_payloads() -> None:
    with pytest.raises(refcodec.NonCanonicalError):
        decode_models(bytes(3))
    with pytest.raises(refcodec.MalformedError):
        decode_source_digest(bytes(33))


def test_json_form() -> None:
    document = Document(
        text="x",
        canvas=(8, 16),
        items=(Item("y", "z"),),
        models=Models(1, 2, 3),
        seed=1 << 63,
        metadata={"k": "v"},
        archive=Archive({"p": "q"}, hashlib.sha256(b"").digest(), extra=(Chunk(0x30, b"\1"),)),
        extra=(Chunk(0x3F, b"\xff"),),
    )
    assert to_json(document) == {
        "canvas": [8, 16],
        "style": None,
        "text": "x",
        "items": [{"name": "y", "detail": "z", "map": None}],
        "thumbnail": None,
        "models": {"describer": 1, "generator": 2, "template": 3},
        "seed": "9223372036854775808",
        "metadata": {"k": "v"},
        "archive": {
            "provenance": {"p": "q"},
            "source_sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "digests": [],
            "extra": [{"type": 48, "payload": "01"}],
        },
        "extra": [{"type": 63, "payload": "ff"}],
    }


@pytest.mark.parametrize("payload", [b"", b"\xff" * 20])
def test_a_thumbnail_that_does_not_decode_is_not_written(payload: bytes) -> None:
    thumbnail = refcodec.Thumbnail(payload, (1024, 1024))
    with pytest.raises(refcodec.MalformedError):
        refcodec.dumps(Document(text="x", canvas=(1024, 1024), thumbnail=thumbnail))


def test_a_thumbnail_of_another_canvas_is_refused() -> None:
    with pytest.raises(refcodec.MalformedError, match="made for"):
        Document(text="x", canvas=(8, 8), thumbnail=refcodec.Thumbnail(b"", (1024, 1024)))


def test_public_names() -> None:
    for name in refcodec.__all__:
        assert getattr(refcodec, name) is not None
    assert dir(refcodec) == refcodec.__all__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = refcodec.nothing


def test_names_of_the_registry() -> None:
    assert name_of("chunk", 0x11) == "seed"
    assert name_of("chunk", 0x77) == "119"
    with pytest.raises(refcodec.UnsupportedError):
        lookup("prior", 99)


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import sys, refcodec; refcodec.Document;"
        "heavy = {'openai', 'torch', 'numpy', 'PIL', 'transformers', 'diffusers'};"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
