"""The calls of one verb over Redmine's REST API: within a deadline, and written once.

Redmine answers 204 to what it ignores (a forbidden transition, a read-only field, a private note of somebody without
that permission), and its last writer wins. So every write is checked before and read back after. When somebody else
writes between the check and the write, Redmine refuses where we know the task's lock (`lock_version`); else the history
shows it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Hashable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar
from weakref import WeakValueDictionary

from helpdesk.errors import HelpdeskError, OutcomeUnknown, Unavailable, WrongKey
from helpdesk.redmine_client import NotSent, RedmineClient, Unanswered, within
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.rest import json_mapper
from helpdesk.tasks.redmine.rest.metadata_cache import MetadataCache
from helpdesk.tasks.redmine.rest.user_cache import UserCache

T = TypeVar("T")

LOCK_SECONDS = 8.0
"""How long a write waits for other writes to the same task, besides its own deadline."""


class EqualWrites:
    """Writes of the same content at the same time: the numbers taken, and how many writes still search theirs."""

    def __init__(self) -> None:
        self.taken: set[int] = set()
        self.searching = 0


class Claim:
    """One of several equal writes: Redmine's answers to writes name no number."""

    def __init__(self, equal: EqualWrites) -> None:
        self.equal = equal
        self.is_searching = True

    def take(self, numbers: Iterable[int], surely: bool = True) -> int | None:
        """Take the first number that no other write has taken. A write that is not `surely` done takes only a number
        beyond those that the others need."""
        equal, free = self.equal, sorted(set(numbers) - self.equal.taken)
        if len(free) < (1 if surely else equal.searching):
            return None
        equal.taken.add(free[0])
        self.end()
        return free[0]

    def end(self) -> None:
        """Stop searching."""
        self.equal.searching -= self.is_searching
        self.is_searching = False


class Claims:
    """The writes of this process; finished ones are forgotten."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[Hashable, EqualWrites] = WeakValueDictionary()

    @contextmanager
    def among(self, *content: Hashable) -> Iterator[Claim]:
        """Add a write to those that are equal in `content`."""
        equal = self._known.setdefault(content, EqualWrites())
        equal.searching += 1
        claim = Claim(equal)
        try:
            yield claim
        finally:
            claim.end()

    def __len__(self) -> int:
        return len(self._known)


class Write:
    """One write. `lost` is a failure that leaves open whether it was done: then reading back decides."""

    def __init__(self) -> None:
        self.sent = False
        self.lost: Unavailable | None = None
        self.deadline: asyncio.Timeout | None = None
        self.waited = 0.0

    @asynccontextmanager
    async def after_others(self, lock: asyncio.Lock) -> AsyncIterator[None]:
        """Hold a lock. Waiting for it does not count against the write's own deadline, up to LOCK_SECONDS in all."""
        clock, began = asyncio.get_running_loop().time, asyncio.get_running_loop().time()
        ends = self.deadline.when() if self.deadline else None
        self._end_at(ends, LOCK_SECONDS - self.waited)
        async with lock:
            waited = clock() - began
            self.waited += waited
            self._end_at(ends, waited)
            yield

    def _end_at(self, ends: float | None, later: float) -> None:
        if self.deadline and ends:
            self.deadline.reschedule(ends + later)

    async def send(self, call: Awaitable[T]) -> T | None:
        """Return the answer; None when it was lost. Raises the errors which say that nothing was written."""
        self.sent = True
        try:
            return await call
        except Unavailable as error:
            if isinstance(error, NotSent | WrongKey):
                self.sent = False
                raise
            self.lost = error
            return None
        except HelpdeskError:
            self.sent = False
            raise

    def missing(self, refusal: HelpdeskError) -> HelpdeskError:
        """Return the error for a change that can't be read back: `refusal` if Redmine answered the write."""
        if isinstance(self.lost, Unanswered):
            return OutcomeUnknown(detail=self.lost.detail)
        return self.lost or refusal


class RestCalls:
    """The client with the caches and claims that all parts of the REST backend share."""

    def __init__(self, client: RedmineClient) -> None:
        self.client = client
        self.metadata = MetadataCache(client)
        self.users = UserCache(client, self.metadata)
        self.claims = Claims()

    @asynccontextmanager
    async def reading(self, seconds: float | None = None) -> AsyncIterator[asyncio.Timeout]:
        """Bound the calls of one verb by the deadline. Raises BadResponse for an answer without its fields."""
        try:
            async with within(self.client.deadline if seconds is None else seconds) as deadline:
                yield deadline
        except json_mapper.BROKEN as error:
            raise json_mapper.bad_response(error) from error

    @asynccontextmanager
    async def writing(self, actor: Actor) -> AsyncIterator[Write]:
        """Bound a write as `reading` does; any failure after the write was sent is OutcomeUnknown.

        Raises WrongKey when Redmine would act as somebody else: reading by SQL does not show that.
        """
        write = Write()
        try:
            async with self.reading() as write.deadline:
                await self.users.me(actor)
                yield write
        except Unavailable as error:
            if write.sent:
                raise OutcomeUnknown(detail=error.detail) from error
            raise
