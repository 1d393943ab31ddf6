"""Wake those who wait for news of people. A wakeup says whose news it is, not what: the rows in the store do."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Listener:
    """Collects wakeups from one wait to the next."""

    def __init__(self) -> None:
        self._people: set[int] = set()
        self._anybody = False
        self._woken = asyncio.Event()

    async def wait(self) -> frozenset[int] | None:
        """Return the people of whom there is news since the last wait: nobody when only tasks or the feed's status
        changed, None when there may be news of anybody."""
        await self._woken.wait()
        self._woken.clear()
        people, self._people = frozenset(self._people), set()
        anybody, self._anybody = self._anybody, False
        return None if anybody else people

    def receive(self, people: Iterable[int]) -> None:
        self._people.update(people)
        self._woken.set()

    def receive_for_all(self) -> None:
        self._anybody = True
        self._woken.set()


class Wakeups:
    """The wakeups of one process, sent and received in its event loop."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    def wake(self, people: Iterable[int] = ()) -> None:
        """Say that there is news of these people, by the ids of their accounts; of nobody when only tasks or the feed's
        status changed."""
        people = frozenset(people)
        for listener in self._listeners:
            listener.receive(people)

    def wake_all(self) -> None:
        """Say that there may be news of anybody, in this process alone."""
        for listener in self._listeners:
            listener.receive_for_all()

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """Listen from here to the end of the block, and miss nothing."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
