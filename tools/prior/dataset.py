"""Texts to tokens: learns the vocabulary, segments all texts, draws the batches of training.

Segmentation is the encoder's own fast one, so the network is trained on the tokens that it
will be asked to code. Needs the extra `train` (the `tokenizers` package).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from refcodec.coding.vocabulary import END, Vocabulary, token_of_byte
from refcodec.text.content import DETAIL_BYTE, ITEM_BYTE
from tools.prior.corpus import Text

MAX_SPELLING_BYTES = 24
SEGMENTATION_ROUNDS = 3
UNSEEN_COUNT = 0.05
# The share of texts that are marked with their style; most documents will not be.
STYLED_SHARE = 0.12

Tokens = NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    """Segmented texts, one after the other, each closed by the end token.

    `ends[i]` is the position after text i; `styles[i]` its style token, or 0; `early` and
    `late` its weights, 0 if it is held out; `costs` are those of the segmentation.
    """

    tokens: NDArray[np.uint16]
    ends: Tokens
    styles: Tokens
    early: NDArray[np.float64]
    late: NDArray[np.float64]
    held_out: NDArray[np.bool_]
    costs: Tokens
    spellings: list[bytes]

    def save(self, path: Path) -> None:
        """Write all arrays to one file."""
        arrays = {name: value for name, value in vars(self).items() if name != "spellings"}
        np.savez(path, spellings=np.array([s.hex() for s in self.spellings]), **arrays)

    @classmethod
    def load(cls, path: Path) -> Dataset:
        """What `save` wrote."""
        with np.load(path) as arrays:
            fields = {name: arrays[name] for name in arrays.files}
        spellings = [bytes.fromhex(str(text)) for text in fields.pop("spellings")]
        return cls(spellings=spellings, **fields)

    def epoch(self, rng: np.random.Generator, *, late: bool) -> Tokens:
        """One pass over the texts in random order, each as often as its weight says."""
        weights = self.late if late else self.early
        copies = np.floor(weights + rng.random(len(weights))).astype(np.int64)
        chosen = rng.permutation(np.repeat(np.arange(len(weights)), copies))
        styled = rng.random(len(chosen)) < STYLED_SHARE
        starts = np.concatenate([[0], self.ends[:-1]])
        pieces: list[NDArray[np.uint16]] = []
        for text, marked in zip(chosen, styled, strict=True):
            if marked and self.styles[text]:
                pieces.append(self.styles[text : text + 1].astype(np.uint16))
            pieces.append(self.tokens[starts[text] : self.ends[text]])
        return np.concatenate(pieces).astype(np.int64)

    def texts(self, chosen: Iterable[int]) -> list[Tokens]:
        """The tokens of some texts, end token included."""
        return [
            self.tokens[self.ends[text - 1] if text else 0 : self.ends[text]].astype(np.int64)
            for text in chosen
        ]


def build_dataset(texts: Sequence[Text], vocabulary_size: int) -> Dataset:
    """Learn a vocabulary on the texts of full weight and segment all of them with it."""
    vocabulary = learn_vocabulary(
        (text.content for text in texts if text.kind.early >= 1.0), vocabulary_size
    )
    costs = [16 * 12] * vocabulary_size
    for _ in range(SEGMENTATION_ROUNDS):
        segmented = segment_all(vocabulary, [text.content for text in texts], costs)
        counts = np.bincount(np.concatenate(segmented), minlength=vocabulary_size).astype(float)
        counts += UNSEEN_COUNT
        costs = token_costs(counts)
    held_out = np.array([text.held_out for text in texts])
    return Dataset(
        tokens=np.concatenate(segmented).astype(np.uint16),
        ends=np.cumsum([len(tokens) for tokens in segmented]),
        styles=np.array(
            [token_of_byte(text.kind.style.value) if text.kind.style else 0 for text in texts]
        ),
        early=np.where(held_out, 0.0, [text.kind.early for text in texts]),
        late=np.where(held_out, 0.0, [text.kind.late for text in texts]),
        held_out=held_out,
        costs=np.array(costs),
        spellings=list(vocabulary.spellings),
    )


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
    vocabulary: Vocabulary, contents: Iterable[bytes], costs: Sequence[int]
) -> list[Tokens]:
    """The tokens of every text and its end token, at the least sum of costs.

    Long tokens cross no space but one before a word, so words are segmented alone, and once.
    """
    by_piece: dict[bytes, list[int]] = {}
    segmented = []
    for content in contents:
        tokens: list[int] = []
        head, *rest = content.split(b" ")
        for piece in [head, *(b" " + word for word in rest)]:
            if piece not in by_piece:
                by_piece[piece] = vocabulary.segment(piece, costs)
            tokens += by_piece[piece]
        segmented.append(np.array([*tokens, END]))
    return segmented


def token_costs(counts: NDArray[np.float64]) -> list[int]:
    """Costs in 1/16 bit of tokens that occur so often."""
    costs: list[int] = np.rint(-16 * np.log2(counts / counts.sum())).astype(int).tolist()
    return costs


def batches(
    dataset: Dataset, rng: np.random.Generator, length: int, rows: int, *, late: bool
) -> Iterator[tuple[Tokens, Tokens]]:
    """Endless (inputs, targets), each of shape (length, rows): a pass cut into rows, shuffled.

    The input at a position is the token before it, the end token at the start of a text.
    """
    while True:
        stream = dataset.epoch(rng, late=late)
        count = len(stream) // length
        targets = stream[: count * length].reshape(count, length)
        inputs = np.concatenate([[END], stream[: count * length - 1]]).reshape(count, length)
        order = rng.permutation(count)
        for first in range(0, count - rows + 1, rows):
            chosen = order[first : first + rows]
            yield inputs[chosen].T.copy(), targets[chosen].T.copy()
