"""Documents to bytes and back: the library's main calls (specification sections 2 to 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from refcodec.chunk_payloads import (
    ModelKind,
    Models,
    decode_digests,
    decode_models,
    decode_seed,
    decode_source_digest,
    decode_table,
    encode_digests,
    encode_models,
    encode_table,
)
from refcodec.document import Archive, Document, Item
from refcodec.errors import SemError, UnsupportedError
from refcodec.limits import FILE_MAX_BYTES
from refcodec.registry import entries, lookup
from refcodec.text.content import NamedDetail, build_content, parse_content
from refcodec.text.modes import decode_text, decode_texts, encode_texts, lm_cost_bits_many
from refcodec.wire.bare import BareFile, TextPayload, parse_bare, serialise_bare
from refcodec.wire.chunks import (
    ARCHIVAL_TYPES,
    CONTENT_TYPES,
    DIGESTS,
    MAPS,
    METADATA,
    MODELS,
    PROVENANCE,
    SEED,
    SOURCE_DIGEST,
    THUMBNAIL,
    Chunk,
)
from refcodec.wire.sealed import is_sealed, parse_sealed, seal
from refcodec.wire.varint import encode_varint

if TYPE_CHECKING:
    from refcodec.visual.thumbnail import Thumbnail

KNOWN_TYPES: Final = CONTENT_TYPES | ARCHIVAL_TYPES


def dumps(
    document: Document, *, sealed: bool = False, check: bool = True, search: bool = False
) -> bytes:
    """The file of a document: bare, default prior, smallest text mode, one-byte check.

    `sealed` adds the archival wrapping; `check=False` saves the byte; `search` looks for the
    cheapest tokens, which makes most files no smaller, some by a few bytes, and takes some
    hundred times as long. Raises SemError if the document cannot be written.
    """
    (file,) = dumps_many([document], sealed=sealed, check=check, search=search)
    return file


def dumps_many(
    documents: Iterable[Document],
    *,
    sealed: bool = False,
    check: bool = True,
    search: bool = False,
) -> list[bytes]:
    """`dumps` of each, the prior evaluated for all together; no file depends on the others."""
    documents = list(documents)
    chunks = [_content_chunks(document) for document in documents]
    texts = encode_texts(
        [document.content() for document in documents],
        in_chunk_lists=[bool(own) for own in chunks],
        search=search,
    )
    files = []
    for document, own, text in zip(documents, chunks, texts, strict=True):
        bare = serialise_bare(BareFile(document.canvas, text, own, has_check=check))
        files.append(seal(bare, _archival_chunks(document.archive, text)) if sealed else bare)
    return files


def loads(data: bytes) -> Document:
    """The document of a file of either form; raises a subclass of SemError, nothing else."""
    opened = _open(data)
    return _finish(opened, decode_text(opened.bare.text))


def loads_many(files: Iterable[bytes]) -> list[Document]:
    """`loads` of each, the prior evaluated for all together.

    Raises what the first bad file raises, with its number from 1 on.
    """
    opened = []
    error: SemError | None = None
    for data in files:
        try:
            opened.append(_open(data))
        except SemError as found:
            error = found
            break
    documents = []
    for number, (part, content) in enumerate(
        zip(opened, decode_texts([part.bare.text for part in opened]), strict=True), start=1
    ):
        with _numbered(number):
            if isinstance(content, SemError):
                raise content
            documents.append(_finish(part, content))
    if error is not None:
        with _numbered(len(opened) + 1):
            raise error
    return documents


@contextmanager
def _numbered(number: int) -> Iterator[None]:
    try:
        yield
    except SemError as error:
        raise type(error)(f"file {number}: {error}") from error


def parse_file(data: bytes) -> tuple[BareFile, tuple[Chunk, ...]]:
    """A file of either form as its bare part and its archival chunks, payloads still coded."""
    if is_sealed(data):
        sealed = parse_sealed(data)
        return parse_bare(sealed.bare), sealed.chunks
    return parse_bare(data), ()


def dump(document: Document, file: BinaryIO, *, sealed: bool = False, check: bool = True) -> None:
    """`dumps` into a binary file; nothing is written if it fails."""
    file.write(dumps(document, sealed=sealed, check=check))


def load(file: BinaryIO) -> Document:
    """`loads` of all that a binary file holds."""
    return loads(read_file(file))


def read_file(file: BinaryIO) -> bytes:
    """All that a binary file holds, or a byte more than any `.sem` file has.

    A pipe or socket may give less than it is asked for, so it is asked until it ends.
    """
    data = bytearray()
    while block := file.read(FILE_MAX_BYTES + 1 - len(data)):
        data += block
    return bytes(data)


def cost_bits(text: str) -> float:
    """What a description costs under the default prior, in bits, its end included.

    The text payload of its file has about as many bits: it is whole bytes, and its size
    itself tells something of where the text ends (specification section 5.6).
    """
    (bits,) = cost_bits_many([text])
    return bits


def cost_bits_many(texts: Iterable[str]) -> list[float]:
    """`cost_bits` of each, the prior evaluated for all together."""
    return lm_cost_bits_many([build_content(text, []) for text in texts])


def seal_file(data: bytes) -> bytes:
    """A bare file in the sealed form, with the digest of its prior if that is registered.

    `unseal_file` undoes it.
    """
    return seal(data, _archival_chunks(Archive(), parse_bare(data).text))


def unseal_file(data: bytes) -> bytes:
    """The bare file inside a sealed one, byte for byte; the archival chunks are left behind."""
    bare = parse_sealed(data).bare
    parse_bare(bare)
    return bare


def _content_chunks(document: Document) -> tuple[Chunk, ...]:
    """The chunks of the bare part, in file order."""
    payloads = {chunk.type: chunk.payload for chunk in document.extra}
    if document.models != Models():
        payloads[MODELS] = encode_models(document.models)
    if document.seed is not None:
        payloads[SEED] = encode_varint(document.seed)
    if document.thumbnail is not None:
        _thumbnail(document.thumbnail.data, document.canvas)
        payloads[THUMBNAIL] = document.thumbnail.data
    maps = {index: item.map for index, item in enumerate(document.items) if item.map is not None}
    if maps:
        from refcodec.visual.maps import encode_maps

        payloads[MAPS] = encode_maps(maps, len(document.items))
    if document.metadata:
        payloads[METADATA] = encode_table(document.metadata, "metadata chunk")
    return _in_order(payloads)


def _archival_chunks(archive: Archive, text: TextPayload) -> tuple[Chunk, ...]:
    """The chunks of the sealed form, in file order."""
    payloads = {chunk.type: chunk.payload for chunk in archive.extra}
    if archive.provenance:
        payloads[PROVENANCE] = encode_table(archive.provenance, "provenance chunk")
    digests = dict(archive.digests)
    if ("prior", text.prior) in entries():
        digest = bytes.fromhex(lookup("prior", text.prior).digest)
        digests[ModelKind.PRIOR, text.prior] = digest
    if digests:
        payloads[DIGESTS] = encode_digests(digests)
    if archive.source_sha256 is not None:
        payloads[SOURCE_DIGEST] = decode_source_digest(archive.source_sha256)
    return _in_order(payloads)


def _in_order(payloads: Mapping[int, bytes]) -> tuple[Chunk, ...]:
    return tuple(Chunk(number, payload) for number, payload in sorted(payloads.items()))


@dataclass(frozen=True)
class _Opened:
    """A file of which all is read but the text and what refers to it."""

    bare: BareFile
    archive: Archive
    models: Models
    seed: int | None
    thumbnail: Thumbnail | None
    metadata: dict[str, str]


def _open(data: bytes) -> _Opened:
    """Read in the order of section 2.5: all that bounds work before a prior is loaded."""
    bare, archival = parse_file(bytes(data))
    for chunk in (*bare.chunks, *archival):
        if chunk.is_critical and chunk.type not in KNOWN_TYPES:
            raise UnsupportedError(
                f"chunk {chunk.type:#04x}: critical, and unknown to this decoder"
            )
    archive = _read_archive(archival)
    payloads = {chunk.type: chunk.payload for chunk in bare.chunks}
    opened = _Opened(
        bare=bare,
        archive=archive,
        models=decode_models(payloads[MODELS]) if MODELS in payloads else Models(),
        seed=decode_seed(payloads[SEED]) if SEED in payloads else None,
        thumbnail=_thumbnail(payloads.get(THUMBNAIL), bare.canvas),
        metadata=_table(payloads.get(METADATA), "metadata chunk"),
    )
    _compare_prior(archive.digests.get((ModelKind.PRIOR, bare.text.prior)), bare.text.prior)
    return opened


def _finish(opened: _Opened, content_string: bytes) -> Document:
    """The document, now that its content string is known."""
    content = parse_content(content_string)
    maps = next((chunk.payload for chunk in opened.bare.chunks if chunk.type == MAPS), None)
    return Document(
        text=content.text,
        canvas=opened.bare.canvas,
        items=_items(content.items, maps),
        thumbnail=opened.thumbnail,
        models=opened.models,
        seed=opened.seed,
        metadata=opened.metadata,
        archive=opened.archive,
        extra=_unknown(opened.bare.chunks),
        style=content.style,
    )


def _read_archive(chunks: tuple[Chunk, ...]) -> Archive:
    payloads = {chunk.type: chunk.payload for chunk in chunks}
    provenance = _table(payloads.get(PROVENANCE), "provenance chunk")
    digests = decode_digests(payloads[DIGESTS]) if DIGESTS in payloads else {}
    source = payloads.get(SOURCE_DIGEST)
    return Archive(
        provenance=provenance,
        source_sha256=None if source is None else decode_source_digest(source),
        digests=digests,
        extra=_unknown(chunks),
    )


def _compare_prior(digest: bytes | None, number: int) -> None:
    if digest is not None and digest.hex() != lookup("prior", number).digest:
        raise UnsupportedError(
            f"prior {number}: the file was written with weights of digest {digest.hex()}, "
            "which are not those registered under this number"
        )


def _unknown(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    return tuple(chunk for chunk in chunks if chunk.type not in KNOWN_TYPES)


def _table(payload: bytes | None, where: str) -> dict[str, str]:
    return {} if payload is None else decode_table(payload, where)


def _thumbnail(payload: bytes | None, canvas: tuple[int, int]) -> Thumbnail | None:
    if payload is None:
        return None
    from refcodec.visual.thumbnail import Thumbnail

    return Thumbnail.decode(payload, canvas)


def _items(named_details: list[NamedDetail], maps_payload: bytes | None) -> tuple[Item, ...]:
    if maps_payload is None:
        return tuple(Item(name, detail) for name, detail in named_details)
    from refcodec.visual.maps import decode_maps

    maps = decode_maps(maps_payload, len(named_details))
    return tuple(
        Item(name, detail, maps.get(index)) for index, (name, detail) in enumerate(named_details)
    )
