"""One after another: those who change the same task through this process."""

import asyncio
from weakref import WeakValueDictionary


class Turns:
    """A lock for each task that somebody changes just now; those that nobody holds or awaits are forgotten."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def of(self, task_id: int) -> asyncio.Lock:
        return self._locks.setdefault(task_id, asyncio.Lock())

    def __len__(self) -> int:
        return len(self._locks)
