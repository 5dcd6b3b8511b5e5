"""Work that mostly waits for others, several pieces at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Thread


def in_threads(work: Callable[[int], int], jobs: int, indices: Sequence[int]) -> Iterator[int]:
    """`work` of each index, in threads, in order; an exception ends it.

    The threads are such as an interrupted process does not wait for: a request may take
    minutes, and whatever is written is written whole or not at all.
    """
    waiting: SimpleQueue[int] = SimpleQueue()
    for index in indices:
        waiting.put(index)
    done: SimpleQueue[tuple[int, int | BaseException]] = SimpleQueue()

    def keep_working() -> None:
        while True:
            try:
                index = waiting.get_nowait()
            except Empty:
                return
            try:
                done.put((index, work(index)))
            except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
                done.put((index, error))

    for _ in range(jobs):
        Thread(target=keep_working, daemon=True).start()
    results: dict[int, int] = {}
    for expected in indices:
        while expected not in results:
            index, result = done.get()
            if isinstance(result, BaseException):
                raise result
            results[index] = result
        yield results[expected]
