"""Run blocking work in a bounded number of threads.

A thread cannot be stopped. A call that is cancelled or times out leaves its thread at work, so its place is free only
when the thread has really ended. When abandoned calls hold all places, further calls fail at once instead of waiting.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock
from typing import Any, ParamSpec, TypeVar

from anyio import CancelScope

from helpdesk.errors import Overloaded

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS = 8.0


class Threads:
    """Run at most `most` threads at once; a call waits up to `patience` seconds for a free one.

    Places are counted outside of event loops, since a loop may end while a thread that it started is still at work.
    """

    def __init__(self, most: int, patience: float = PATIENCE_SECONDS) -> None:
        self.most, self.patience = most, patience
        self._pool = ThreadPoolExecutor(most)
        self._lock, self._taken = Lock(), 0
        self._given_up: set[Future[Any]] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def stuck(self) -> bool:
        """Tell whether abandoned calls hold every thread."""
        return len(self._given_up) >= self.most

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a thread. Raises Overloaded when none is free in time; then nothing was done."""
        call = await self._begun(work, *args, **kwargs)
        try:
            return await asyncio.wrap_future(call)
        except asyncio.CancelledError:
            with self._lock:
                if not call.done():
                    self._given_up.add(call)
            raise

    async def run_to_its_end(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work` in a thread, and when cancelled wait for the thread's end before raising.

        This is for work that the caller must undo after a cancellation.
        """
        answer = asyncio.wrap_future(await self._begun(work, *args, **kwargs))
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            with CancelScope(shield=True):
                while not answer.done():
                    with suppress(asyncio.CancelledError):  # a second cancellation changes nothing
                        await asyncio.wait([answer])
            answer.exception()  # retrieve it, so that asyncio does not log it as never retrieved
            raise

    def later(self, work: Callable[[], object]) -> None:
        """Run `work` when a thread is free, without waiting for it. It may take one place more than there are."""
        with self._lock:
            self._taken += 1
        self._submit(work)

    async def _begun(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if self.stuck:
            raise Overloaded(detail="every thread is at work on what was given up")
        await self._take()
        return self._submit(work, *args, **kwargs)

    def _submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start work that has a place."""
        try:
            call = self._pool.submit(work, *args, **kwargs)
        except BaseException:  # no thread can be started, or the process ends
            self._free()
            raise
        call.add_done_callback(self._ended)
        return call

    async def _take(self) -> None:
        with self._lock:
            if self._taken < self.most:
                self._taken += 1
                return
            place = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
        try:
            async with asyncio.timeout(self.patience):
                await place
        except BaseException as error:
            if not self._leave(place):
                self._free()
            if isinstance(error, TimeoutError):
                raise Overloaded(detail=f"no thread was free in {self.patience:g} s") from error
            raise

    def _leave(self, place: asyncio.Future[None]) -> bool:
        """Stop waiting for a place. Return False when the place was given meanwhile."""
        with self._lock:
            if place not in self._waiting:
                return False
            self._waiting.remove(place)
            return True

    def _ended(self, call: Future[Any]) -> None:
        with self._lock:
            self._given_up.discard(call)
        self._free()

    def _free(self) -> None:
        """Give the place to the call that has waited longest, if its event loop still runs."""
        with self._lock:
            while self._waiting and self._taken <= self.most:
                place = self._waiting.popleft()
                try:
                    place.get_loop().call_soon_threadsafe(_give, place)
                except RuntimeError:  # the loop is closed
                    continue
                return
            self._taken -= 1


def _give(place: asyncio.Future[None]) -> None:
    if not place.done():
        place.set_result(None)
