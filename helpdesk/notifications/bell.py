"""The bell wakes those who wait for news of people. It says who, not what: the rows in the store are the truth."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Listener:
    """One who waits; what rings meanwhile is kept until the next wait."""

    def __init__(self) -> None:
        self._people: set[int] = set()
        self._anybody = False
        self._rang = asyncio.Event()

    async def wait(self) -> frozenset[int] | None:
        """The people of whom there is news since the last wait; nobody, when only the reader's state is new; None, when
        there may be news of anybody."""
        await self._rang.wait()
        self._rang.clear()
        people, self._people = frozenset(self._people), set()
        anybody, self._anybody = self._anybody, False
        return None if anybody else people

    def hear(self, people: Iterable[int]) -> None:
        self._people.update(people)
        self._rang.set()

    def hear_of_all(self) -> None:
        self._anybody = True
        self._rang.set()


class Bell:
    """The bell of one process, rung and heard in its event loop."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    def ring(self, people: Iterable[int] = ()) -> None:
        """There is news of these people, by their accounts' ids; of nobody: what happened concerns no one by name,
        or the reader's state has changed."""
        people = frozenset(people)
        for listener in self._listeners:
            listener.hear(people)

    def ring_for_all(self) -> None:
        """There may be news of anybody, in this process alone."""
        for listener in self._listeners:
            listener.hear_of_all()

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """A listener who misses nothing from here to the end of the block."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
