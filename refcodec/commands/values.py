"""Values of options: words to numbers, or an error that says what is wrong."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable


def integer(least: int, most: int) -> Callable[[str], int]:
    """A type of option: a whole number in a range."""

    def parse(word: str) -> int:
        try:
            value = int(word)
        except ValueError:
            raise ArgumentTypeError(f"{word!r} is not a whole number") from None
        if not least <= value <= most:
            raise ArgumentTypeError(f"{value} is not in {least} to {most}")
        return value

    return parse


def integers(least: int, most: int) -> Callable[[str], list[int]]:
    """A type of option: different whole numbers in a range, with commas between."""
    one = integer(least, most)

    def parse(word: str) -> list[int]:
        values = [one(part) for part in word.split(",")]
        if len(set(values)) < len(values):
            raise ArgumentTypeError(f"{word!r} has a number twice")
        return values

    return parse


def number(word: str) -> float:
    """A type of option: a number above 0."""
    try:
        value = float(word)
    except ValueError:
        raise ArgumentTypeError(f"{word!r} is not a number") from None
    if not 0 < value < float("inf"):
        raise ArgumentTypeError(f"{word} is not a number above 0")
    return value


def fraction(word: str) -> float:
    """A type of option: a number above 0, at most 1."""
    value = number(word)
    if value > 1:
        raise ArgumentTypeError(f"{word} is above 1")
    return value


def numbers(count: int) -> Callable[[str], list[float]]:
    """A type of option: so many numbers of 0 or more, with commas between."""

    def parse(word: str) -> list[float]:
        parts = word.split(",")
        if len(parts) != count:
            raise ArgumentTypeError(f"{word!r} is not {count} numbers with commas between")
        return [amount(part) for part in parts]

    return parse


def amount(word: str) -> float:
    """A type of option: a number of 0 or more."""
    is_zero = "0" in word and not word.strip("0.") and word.count(".") <= 1
    return 0.0 if is_zero else number(word)
