"""A prior's vocabulary (specification section 6.1): token number to bytes, and segmentation.

Token 0 ends the text, tokens 1 to 256 are the single bytes 0 to 255, so that every byte
string can be spelt; the others spell longer strings. A decoder needs the spelling alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

END = 0
SPELLING_MAX_BYTES = 255


def token_of_byte(byte: int) -> int:
    """The token that spells this one byte."""
    return byte + 1


class Vocabulary:
    """Spellings by token number; `spellings[0]` is empty, 1 to 256 are single bytes."""

    def __init__(self, spellings: Sequence[bytes]) -> None:
        self.spellings = tuple(spellings)
        self._tokens = {spelling: token for token, spelling in enumerate(self.spellings) if token}
        self._longest = max(map(len, self.spellings))

    def __len__(self) -> int:
        return len(self.spellings)

    def spell(self, tokens: Iterable[int]) -> bytes:
        """The byte string that the tokens spell."""
        return b"".join(self.spellings[token] for token in tokens)

    def matches(self, content: bytes, start: int) -> Iterator[tuple[int, int]]:
        """Every token that spells what stands at `start`, and where it ends, shortest first."""
        for end in range(start + 1, min(start + self._longest, len(content)) + 1):
            token = self._tokens.get(content[start:end])
            if token is not None:
                yield token, end

    def segment(self, content: bytes, costs: Sequence[int]) -> list[int]:
        """The tokens that spell `content` at the least sum of `costs` (one integer a token).

        Dynamic programming over end positions; of equally cheap segmentations the one
        with the longest last token wins, so the result is the same everywhere.
        """
        best_cost = [0]
        best_token = [END]
        for end in range(1, len(content) + 1):
            cost, token = min(
                (
                    (best_cost[start] + costs[token], token)
                    for start in range(max(0, end - self._longest), end)
                    if (token := self._tokens.get(content[start:end])) is not None
                ),
                key=lambda candidate: candidate[0],
            )
            best_cost.append(cost)
            best_token.append(token)
        return self._trace_back(best_token)

    def _trace_back(self, best_token: list[int]) -> list[int]:
        tokens = []
        end = len(best_token) - 1
        while end:
            tokens.append(best_token[end])
            end -= len(self.spellings[best_token[end]])
        return tokens[::-1]
