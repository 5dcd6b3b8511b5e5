"""Fit prior 1: `python -m tools.prior.fit_ngram FOLDER... -o WEIGHTS`.

Each FOLDER holds UTF-8 files, one text a line. Reads them, learns a byte-level BPE
vocabulary, segments every text as the encoder does, counts, discounts, prunes, and
writes the weights file of specification section 6.4 and its digest. Deterministic.
Needs the extra `train` (the `tokenizers` package).
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from refcodec.coding.ngram import MAGIC, SHARE_BITS
from refcodec.coding.range_coder import TOTAL
from refcodec.coding.vocabulary import END, Vocabulary
from refcodec.text.content import DETAIL_BYTE, ITEM_BYTE
from tools.prior.corpus import read_texts

SEED = 20261120
MAX_SPELLING_BYTES = 24
SEGMENTATION_ROUNDS = 3
UNSEEN_COUNT = 0.05


Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class Stream:
    """All texts as one run of tokens, each text closed by the end token, with weights."""

    tokens: Keys
    weights: Floats
    vocabulary_size: int


@dataclass(frozen=True)
class Level:
    """The (context, token) pairs of one context length in ascending order.

    `own` is the pair's discounted share, `probability` that plus what the shorter context
    adds, `gain` the bits that the corpus saves by keeping the pair.
    """

    contexts: Keys
    tokens: Keys
    probability: Floats
    own: Floats
    gain: Floats


def learn_vocabulary(texts: Iterable[bytes], size: int) -> Vocabulary:
    """End token, 256 single bytes, and the merges of a byte-level BPE, most frequent first."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size - 1,
        initial_alphabet=alphabet,
        show_progress=False,
        max_token_length=MAX_SPELLING_BYTES,
    )
    separators = bytes.maketrans(ITEM_BYTE + DETAIL_BYTE, b"\n\n")
    tokenizer.train_from_iterator((text.translate(separators).decode() for text in texts), trainer)
    byte_of = _byte_of_letter()
    learnt = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    spellings = [bytes(byte_of[letter] for letter in word) for word, _ in learnt]
    long_spellings = [spelling for spelling in spellings if len(spelling) > 1]
    return Vocabulary([b"", *(bytes([byte]) for byte in range(256)), *long_spellings])


def _byte_of_letter() -> dict[str, int]:
    """The byte that each letter of the byte-level alphabet stands for."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = {chr(byte): byte for byte in printable}
    return letters | {chr(256 + index): byte for index, byte in enumerate(others)}


def segment_all(
    vocabulary: Vocabulary, texts: list[tuple[bytes, float]], costs: list[int]
) -> Stream:
    """Every text as the encoder segments it."""
    by_piece: dict[bytes, list[int]] = {}
    tokens: list[int] = []
    weights: list[float] = []
    for text, weight in texts:
        before = len(tokens)
        for piece in _pieces(text):
            if piece not in by_piece:
                by_piece[piece] = vocabulary.segment(piece, costs)
            tokens += by_piece[piece]
        tokens.append(END)
        weights += [weight] * (len(tokens) - before)
    return Stream(np.array(tokens, np.uint64), np.array(weights), len(vocabulary))


def _pieces(text: bytes) -> list[bytes]:
    """Words with the space before them; long tokens cross no word, so words segment alone."""
    head, *rest = text.split(b" ")
    return [head, *(b" " + piece for piece in rest)]


def token_costs(frequencies: Floats) -> list[int]:
    """Costs in 1/16 bit, as the encoder computes them from the unigram table."""
    costs: list[int] = np.rint(-16 * np.log2(frequencies / frequencies.sum())).astype(int).tolist()
    return costs


def unigram_level(frequencies: Floats) -> Level:
    """The level of the empty context."""
    size = len(frequencies)
    probability = frequencies / frequencies.sum()
    zeros = np.zeros(size, np.uint64)
    return Level(zeros, np.arange(size, dtype=np.uint64), probability, probability, frequencies)


def count_level(stream: Stream, length: int, discount: float, lower: Level) -> Level:
    """Every pair with `length` tokens of context, by interpolated absolute discounting."""
    size = np.uint64(stream.vocabulary_size)
    unique, inverse = np.unique(
        _contexts(stream, length) * size + stream.tokens, return_inverse=True
    )
    counts = np.bincount(inverse, stream.weights)
    contexts, tokens = np.divmod(unique, size)
    _, context_of = np.unique(contexts, return_inverse=True)
    totals = np.bincount(context_of, counts)[context_of]
    own = np.maximum(counts - discount * np.minimum(counts, 1.0), 0.0) / totals
    share = 1.0 - np.bincount(context_of, own)[context_of]
    shorter = contexts % np.uint64(stream.vocabulary_size ** (length - 1))
    below = lower.probability[
        np.searchsorted(lower.contexts * size + lower.tokens, shorter * size + tokens)
    ]
    probability = own + share * below
    return Level(
        contexts, tokens, probability, own, counts * np.log2(probability / (share * below))
    )


def _contexts(stream: Stream, length: int) -> Keys:
    """The key of the `length` tokens before each token; before a text there are end tokens."""
    contexts = np.zeros(len(stream.tokens), np.uint64)
    inside = np.ones(len(stream.tokens), bool)
    for back in range(1, length + 1):
        previous = np.concatenate([np.zeros(back, np.uint64), stream.tokens[:-back]])
        inside &= previous != END
        scale = np.uint64(stream.vocabulary_size ** (back - 1))
        contexts += np.where(inside, previous, np.uint64(END)) * scale
    return contexts


def level_bytes(level: Level, kept: int) -> tuple[tuple[int, int], bytes]:
    """The `kept` most useful pairs as arrays in file order, and (contexts, entries)."""
    weights = np.floor(level.own * (1 << SHARE_BITS)).astype(np.int64)
    threshold = np.sort(level.gain)[-kept] if kept < len(level.gain) else -np.inf
    keep = (level.gain >= threshold) & (weights > 0)
    contexts, tokens, weights = level.contexts[keep], level.tokens[keep], weights[keep]
    keys, first = np.unique(contexts, return_index=True)
    shares = (1 << SHARE_BITS) - np.add.reduceat(weights, first)
    arrays = (
        keys.astype("<u8"),
        np.append(first, len(tokens)).astype("<u4"),
        np.minimum(shares, (1 << SHARE_BITS) - 1).astype("<u2"),
        tokens.astype("<u2"),
        weights.astype("<u2"),
    )
    return (len(keys), len(tokens)), b"".join(array.tobytes() for array in arrays)


def unigram_table(frequencies: Floats) -> NDArray[np.int64]:
    """Positive integers in proportion that sum to 2**24."""
    spread = TOTAL - len(frequencies)
    table: NDArray[np.int64] = np.floor(frequencies / frequencies.sum() * spread).astype(np.int64)
    table += 1
    table[np.argmax(table)] += TOTAL - table.sum()
    return table


def fit(texts: list[tuple[bytes, float]], size: int, pruning: list[tuple[int, float]]) -> bytes:
    """The weights file; `pruning` gives pairs kept and discount for each context length."""
    vocabulary = learn_vocabulary((text for text, weight in texts if weight == 1.0), size)
    costs = [16 * 12] * size
    for _ in range(SEGMENTATION_ROUNDS):
        stream = segment_all(vocabulary, texts, costs)
        counts = np.bincount(stream.tokens.astype(np.int64), stream.weights, size)
        frequencies = counts.astype(np.float64) + UNSEEN_COUNT
        costs = token_costs(frequencies)
    level = unigram_level(frequencies)
    sizes, blocks = [], []
    for length, (kept, discount) in enumerate(pruning, start=1):
        level = count_level(stream, length, discount, level)
        level_sizes, block = level_bytes(level, kept)
        sizes.append(level_sizes)
        blocks.append(block)
    spellings = b"".join(vocabulary.spellings)
    header = np.array([size, len(pruning), len(spellings), *np.ravel(sizes)], "<u4")
    lengths = bytes(map(len, vocabulary.spellings))
    unigram = unigram_table(frequencies).astype("<u4").tobytes()
    return b"".join([MAGIC, header.tobytes(), unigram, *blocks, lengths, spellings])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--vocabulary", type=int, default=4096)
    parser.add_argument("--pairs", type=int, nargs="+", default=[80_000, 110_000, 50_000])
    parser.add_argument("--discounts", type=float, nargs="+", default=[0.6, 0.75, 0.85])
    arguments = parser.parse_args()
    texts = list(read_texts(arguments.folders, SEED))
    pruning = list(zip(arguments.pairs, arguments.discounts, strict=True))
    weights = fit(texts, arguments.vocabulary, pruning)
    arguments.output.write_bytes(weights)
    print(f"{arguments.output}: {len(weights)} bytes, sha256 {hashlib.sha256(weights).hexdigest()}")


if __name__ == "__main__":
    main()
