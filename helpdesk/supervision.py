"""Keep background tasks running: log one that ends, and restart it after a pause."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

BackgroundTask = Callable[[], Coroutine[Any, Any, None]]

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds before a restart: after the first end, the second, and so on."""
STEADY_SECONDS = 10.0
"""A task that has run so long has recovered."""
FAILING_SECONDS = 5.0
"""A task that has been failing for so long makes the process not ready."""


@dataclass
class WatchedTask:
    """A task, when it was started, and since when it has been failing."""

    task: BackgroundTask
    began: float | None = None
    failing_since: float | None = None
    ends: int = 0

    @property
    def name(self) -> str:
        return getattr(self.task, "__qualname__", repr(self.task))


class Supervisor:
    """Run tasks that must never return. `ticks` gives the seconds of a monotonic clock."""

    def __init__(self, tasks: Iterable[BackgroundTask], ticks: Callable[[], float] = time.monotonic) -> None:
        self.watched = [WatchedTask(task) for task in tasks]
        self.ticks = ticks

    async def run(self) -> None:
        """Run all tasks until cancelled."""
        async with asyncio.TaskGroup() as group:
            for watched in self.watched:
                group.create_task(self._keep_running(watched))

    def failing(self) -> list[str]:
        """Return the names of the tasks that have been failing for FAILING_SECONDS."""
        now = self.ticks()
        return [
            it.name
            for it in self.watched
            if it.failing_since is not None and now - it.failing_since >= FAILING_SECONDS and not self._is_steady(it)
        ]

    async def _keep_running(self, watched: WatchedTask) -> None:
        while True:
            watched.began = self.ticks()
            error = await _run_to_its_end(watched.task)
            await asyncio.sleep(self._note_end(watched, error))

    def _note_end(self, watched: WatchedTask, error: BaseException | None) -> float:
        """Note the end of a task and return the seconds until its restart."""
        if self._is_steady(watched):
            watched.failing_since, watched.ends = None, 0
        if watched.failing_since is None:
            watched.failing_since = self.ticks()
        watched.began = None
        pause = PAUSES[min(watched.ends, len(PAUSES) - 1)]
        watched.ends += 1
        extra = {"task": watched.name, "ends": watched.ends, "pause": pause}
        log.error("a background task ended, it is started again", extra=extra, exc_info=error)
        return pause

    def _is_steady(self, watched: WatchedTask) -> bool:
        return watched.began is not None and self.ticks() - watched.began >= STEADY_SECONDS


async def _run_to_its_end(task: BackgroundTask) -> BaseException | None:
    """Run a task and return the error that ended it; a task that cancels itself has ended, too."""
    try:
        await task()
    except asyncio.CancelledError as cancelled:
        if (this := asyncio.current_task()) and this.cancelling():
            raise
        return cancelled
    except Exception as failed:
        return failed
    return None
