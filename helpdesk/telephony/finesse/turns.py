"""Let an agent ask Finesse one thing at a time, and those who want to know the same share the answer.

So one agent keeps nobody else waiting, however often a program asks, and a question that is not answered is the only
one of its kind that is on its way with the agent's password.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from helpdesk.telephony.phone import PhoneUnanswered, PhoneUnavailable

PATIENCE_SECONDS = 4.0
"""So long a question waits for its turn."""

R = TypeVar("R")


class Lane:
    """The questions of one kind that an agent asks; `unanswered` counts those without an answer."""

    def __init__(self) -> None:
        self.turn, self.unanswered = asyncio.Lock(), 0


class Turns:
    """The lanes of all agents who ask now, and the questions that wait in them."""

    def __init__(self) -> None:
        self._lanes: WeakValueDictionary[Hashable, Lane] = WeakValueDictionary()
        self._next: dict[Hashable, asyncio.Task[Any]] = {}

    async def shared(self, question: Hashable, lane: Hashable, ask: Callable[[], Awaitable[R]]) -> R:
        """Ask in turn, or share the answer of the same question that waits already. One that is on its way is not
        shared: its answer may be older than this question."""
        if (task := self._next.get(question)) is None:

            async def begin() -> R:
                self._next.pop(question, None)
                return await ask()

            task = self._next[question] = asyncio.ensure_future(self.alone(lane, begin))
            task.add_done_callback(lambda done: self._ended(question, done))
        answer: R = await asyncio.shield(task)  # whoever gives up, the outcome is learnt
        return answer

    async def alone(self, lane: Hashable, ask: Callable[[], Awaitable[R]]) -> R:
        """Ask in turn. Raises PhoneUnavailable when the turn does not come, or the one before was not answered."""
        own = self._lanes.setdefault(lane, Lane())
        before = own.unanswered
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await own.turn.acquire()
        except TimeoutError as error:
            raise PhoneUnavailable(detail="not asked: the agent's questions before take too long") from error
        try:
            if own.unanswered != before:
                raise PhoneUnavailable(detail="not asked: the question before was not answered")
            return await ask()
        except PhoneUnanswered:
            own.unanswered += 1
            raise
        finally:
            own.turn.release()

    def _ended(self, question: Hashable, done: asyncio.Task[Any]) -> None:
        if self._next.get(question) is done:
            del self._next[question]
        if not done.cancelled():
            done.exception()  # retrieve it: perhaps nobody waits any more
