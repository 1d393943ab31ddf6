"""Answers that many requests share: asked for once, however many want them, and kept for a while."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, NamedTuple

from cachetools import LRUCache

from helpdesk.errors import HelpdeskError, Unavailable, WrongKey
from helpdesk.redmine_client import within
from helpdesk.timings import measured

log = logging.getLogger(__name__)

STALE_SECONDS = 15.0
"""How much longer an answer is given out while a newer one is fetched; a fetch that is well takes far less."""
FETCH_SECONDS = 30.0
"""How long one fetch may take in all. Who waits for it may have less patience, and goes without ending it."""


class Answer(NamedTuple):
    value: Any
    since: float


class Cache:
    """At most `size` answers, each fresh for `seconds`.

    Of those who find one out of date a single one fetches it anew and waits; the others have the old one meanwhile, or
    wait for the same fetch when there is none, or one that is too old. A fetch that fails changes nothing for later
    ones, except that a refusal takes away what was kept. `ticks` are seconds of a clock that is never put back.
    """

    def __init__(self, size: int, seconds: float, ticks: Callable[[], float] = monotonic) -> None:
        self.seconds, self.ticks = seconds, ticks
        self._answers: LRUCache[object, Answer] = LRUCache(size)
        self._fetches: dict[object, asyncio.Task[Any]] = {}

    async def get(self, key: object, fetch: Callable[[], Awaitable[Any]]) -> Any:
        """The answer under `key`. Raises what `fetch` does, and Unavailable when that takes too long."""
        answer, running = self._answers.get(key), self._fetches.get(key)
        age = self.ticks() - answer.since if answer else 0.0
        if answer and age < self.seconds + (STALE_SECONDS if running else 0):
            return answer.value
        with measured("backend"):  # also for those who wait for what another request fetches
            return await asyncio.shield(running or self._begin(key, fetch))

    def _begin(self, key: object, fetch: Callable[[], Awaitable[Any]]) -> asyncio.Task[Any]:
        """A task of its own: it goes on for the others when who began it is cancelled."""
        task = self._fetches[key] = asyncio.create_task(self._fetched(key, fetch))
        task.add_done_callback(lambda done: self._ended(key, done))
        return task

    async def _fetched(self, key: object, fetch: Callable[[], Awaitable[Any]]) -> Any:
        began = self.ticks()
        try:
            async with within(FETCH_SECONDS):
                value = await fetch()
        except HelpdeskError as error:
            if isinstance(error, WrongKey) or not isinstance(error, Unavailable):
                self._answers.pop(key, None)
            raise
        self._answers[key] = Answer(value, began)
        return value

    def _ended(self, key: object, task: asyncio.Task[Any]) -> None:
        if self._fetches.get(key) is task:
            del self._fetches[key]
        if not task.cancelled() and (error := task.exception()):
            log.debug("a response could not be fetched", exc_info=error)  # whoever waits for it is told
