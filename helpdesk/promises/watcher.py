"""Warn people of promises of time: at 75 percent of what was promised, and when it is over.

Of all processes the one that holds a lease does so, once a minute. The notifications of some tasks and the note that
their warnings were given are one transaction, so that a process that is killed leaves nobody out and warns nobody
twice. What had been reached before a promise was made or edited is noted without a warning.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta, tzinfo
from secrets import token_hex
from typing import NamedTuple, TypeVar

from sqlmodel import Session

from helpdesk.errors import NotAllowed, NotFound, Unavailable
from helpdesk.notifications.channels.sse import PAGE
from helpdesk.notifications.messages import Warned, of_no_task
from helpdesk.notifications.of_no_task import deliver
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.promises import warnings
from helpdesk.promises.recipients import Candidates, read
from helpdesk.promises.service import Promises
from helpdesk.promises.warnings import DueWarning
from helpdesk.reports.model import Involved
from helpdesk.reports.source import ReportSource
from helpdesk.store import feed_state, leases, promise_warnings
from helpdesk.store.database import Database, in_batches
from helpdesk.store.models.notifications import EventRecord, NotificationRow
from helpdesk.store.people import Accounts
from helpdesk.store.promise_warnings import Key
from helpdesk.tasks.model import Actor
from helpdesk.threads import Threads

log = logging.getLogger(__name__)
T = TypeVar("T")

NAME = "promises"
EDITED = "promises.edited"
"""The names of two moments in the store: of the last whole look, and from which on warnings are given since the last
edit; each with a fingerprint of the promises."""
NOTHING = ""
"""The fingerprint while nothing is promised."""
LEASE_SECONDS = 180.0
TICK_SECONDS = 60.0
WARNINGS_AT_ONCE = 100
"""The warnings that are asked about together, and given in one transaction, for which the poller of the feed waits."""
MOST_ALONE = 5
"""Of more warnings in a look a person gets one notification."""
ASKED_AT_ONCE = 8
LONGEST_SILENCE = timedelta(minutes=10)
"""After an edit of the promises, warnings are given of what was reached since the last look, but no longer ago."""
VisibleTo = Callable[[EventRecord, Iterable[Actor]], Awaitable[frozenset[int]]]


class LeaseLost(Exception):
    """Another process watches now; nothing was written."""


class Addressed(NamedTuple):
    """A warning with its task, None where that is gone, and the ids of the accounts that are to get it, each with the
    name of the absent person whose deputy it is, or with none."""

    warning: DueWarning
    task: Involved | None
    ids: Mapping[int, str]


class PromiseWatcher:
    """Warns by the preferences of each person; digests without a zone of their own go by `zone`."""

    def __init__(
        self,
        promises: Promises,
        source: ReportSource,
        database: Database,
        accounts: Accounts,
        visible_to: VisibleTo,
        outbox: Outbox,
        wakeups: Wakeups,
        clock: Callable[[], datetime],
        zone: tzinfo,
    ) -> None:
        self.promises, self.source, self.database = promises, source, database
        self.accounts, self.visible_to = accounts, visible_to
        self.outbox, self.wakeups, self.clock, self.zone = outbox, wakeups, clock, zone
        self.threads, self.holder = Threads(1), token_hex(8)
        self._is_silent = False

    async def watch(self) -> None:
        """Warn of what is due, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            await self.step()

    async def step(self) -> None:
        """Look once at all open tasks. Raises nothing of a backend or a store that is down: the next step goes on."""
        try:
            left = await self._look()
            if left and not self._is_silent:
                log.warning("warnings of promises are left for the next look", extra={"number": left})
            self._is_silent = bool(left)
        except LeaseLost:
            pass
        except Unavailable as error:
            if not self._is_silent:
                log.warning("nobody is warned of promises", extra={"error": error.detail})
            self._is_silent = True

    async def _look(self) -> int:
        """Return how many warnings are left for the next look."""
        book, now = await self.promises.book(), self.clock()
        if not book.rules:
            await self._rest(now)
            return 0
        fingerprint = await self.threads.run(warnings.fingerprint, book)
        since = await self._write(lambda db: _since(db, fingerprint, now))
        new: list[DueWarning] = []
        async with aclosing(self.source.open_lives(book.open_tasks())) as found:
            async for lives in found:
                seen = await self.threads.run(warnings.seen, book, lives, int(now.timestamp()))
                await self._forget(seen.ahead)
                new += await self._new(seen.due, since) if seen.due else ()
        left = await self._warn(new)
        await self._write(lambda db: _finish(db, fingerprint, now))
        return left

    async def _rest(self, now: datetime) -> None:
        """Note that nothing is promised any more, so that a promise that is made later begins anew."""
        last = await self.database.run(lambda db: feed_state.cursor(db, NAME))
        if last is not None and last.position != NOTHING:
            await self._write(lambda db: _finish(db, NOTHING, now))

    async def _forget(self, ahead: Sequence[Key]) -> None:
        """Have what was only noted given when it is reached again: the working hours of a task became others, so that
        its clock stands before it now."""
        if early := await self.database.run(lambda db: promise_warnings.silent(db, ahead)):
            await self._write(lambda db: promise_warnings.forget(db, early))

    async def _new(self, due: Sequence[DueWarning], since: int) -> list[DueWarning]:
        """Return those of these warnings that were not given before, and only note what was reached before `since`."""
        given = await self._write(lambda db: promise_warnings.given(db, [it.key for it in due], self.clock()))
        new = [it for it in due if it.key not in given]
        if passed := [it for it in new if it.reached < since]:
            await self._write(lambda db: _note(db, passed, self.clock(), silent=True))
        return [it for it in new if it.reached >= since]

    async def _warn(self, new: Sequence[DueWarning]) -> int:
        """Give all new warnings of a look. Return how many are left for the next one."""
        addressed = [each async for some in self._addressed(new) for each in some]
        for part in await self.threads.run(_parted, addressed):
            listed = await self._write(lambda db: self._notify(db, part))  # noqa: B023  # it is called here and now
            self.outbox.wake()
            self.wakeups.wake(listed)
        return len(new) - len(addressed)

    async def _addressed(self, new: Sequence[DueWarning]) -> AsyncGenerator[list[Addressed], None]:
        """Yield the warnings with those who are to get them, without those of which this can't be said now. Where the
        backend answers about none of many, the rest is not asked."""
        gate, today = asyncio.Semaphore(ASKED_AT_ONCE), self.clock().astimezone(self.zone).date()
        for some in in_batches(new, WARNINGS_AT_ONCE):
            tasks = await self.source.involved({it.key.task_id for it in some})
            candidates = await self._write(lambda db: read(db, self.accounts, some, tasks, today))  # noqa: B023  # and keeps the lease

            async def ask(warning: DueWarning) -> Addressed | None:
                task = tasks.get(warning.key.task_id)  # noqa: B023
                async with gate:
                    try:
                        return Addressed(warning, task, await self._seeing(warning, task, candidates))  # noqa: B023
                    except (NotAllowed, NotFound, Unavailable):
                        return None

            known = [it for it in await asyncio.gather(*map(ask, some)) if it is not None]
            if not known:
                return
            yield known

    async def _seeing(self, warning: DueWarning, task: Involved | None, candidates: Candidates) -> dict[int, str]:
        """Return the ids of the accounts of those who are to be warned and see the task."""
        its = candidates.of(warning, task)
        if not its:
            return {}
        record = EventRecord(warning.event, warning.key.task_id, False, "", "", "", self.clock())
        visible_to = await self.visible_to(record, [Actor(it.number, it.login) for it in its])
        return {it.id: absent for it, absent in its.items() if it.number in visible_to}

    def _notify(self, session: Session, addressed: Sequence[Addressed]) -> frozenset[int]:
        """Note the warnings and store their notifications. Return who has one in the list."""
        now = self.clock()
        new = set(_note(session, [it.warning for it in addressed], now))
        given = [it for it in addressed if it.warning in new]
        many = _many(given)
        rows = [
            (_notification(it.warning, it.task, now)._replace(absent=absent), alone)
            for it in given
            for absent in sorted({*it.ids.values()})
            if it.task and (alone := frozenset(id for id in it.ids.keys() - {*many} if it.ids[id] == absent))
        ]
        rows += [(_of_many(number, now), frozenset({id})) for id, number in many.items()]
        deliveries = [it for row, ids in rows for it in deliver(session, sorted(ids), row, now, self.outbox, self.zone)]
        return frozenset(it.notification.person_id for it in deliveries if PAGE.name in it.options)

    async def _write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in a transaction in which this process holds the lease. Raises LeaseLost."""

        def held(session: Session) -> T:
            if not leases.take(session, NAME, self.holder, self.clock(), LEASE_SECONDS):
                raise LeaseLost
            return work(session)

        return await self.database.run(held, writes=True)


def _parted(addressed: Sequence[Addressed]) -> list[Sequence[Addressed]]:
    """Return what is given in one transaction each: all together of what somebody gets many, so that these are one
    notification, and the rest some at a time."""
    many = _many(addressed).keys()
    together = [it for it in addressed if it.ids.keys() & many]
    return [
        *([together] if together else ()),
        *in_batches((it for it in addressed if not it.ids.keys() & many), WARNINGS_AT_ONCE),
    ]


def _many(addressed: Iterable[Addressed]) -> dict[int, int]:
    """Return the accounts that get one notification instead of so many."""
    of_person = Counter(id for it in addressed for id in it.ids)
    return {id: number for id, number in of_person.items() if number > MOST_ALONE}


def _since(session: Session, fingerprint: str, now: datetime) -> int:
    """Return the moment until which warnings are only noted: none, while the promises are as in the last whole look.
    After an edit it is chosen once, however many looks it takes until one is whole."""
    last, edited = feed_state.cursor(session, NAME), feed_state.cursor(session, EDITED)
    if last is not None and last.position == fingerprint:
        return 0
    if edited is None or edited.position != fingerprint:
        since = now if last is None or last.position == NOTHING else max(last.as_of, now - LONGEST_SILENCE)
        feed_state.save_cursor(session, EDITED, fingerprint, since)
        return int(since.timestamp())
    return int(edited.as_of.timestamp())


def _finish(session: Session, fingerprint: str, now: datetime) -> None:
    for name, position in ((NAME, fingerprint), (EDITED, NOTHING)):
        feed_state.save_cursor(session, name, position, now)
    promise_warnings.prune(session, now)


def _note(session: Session, some: Iterable[DueWarning], now: datetime, *, silent: bool = False) -> list[DueWarning]:
    """Note that these warnings are given, and return those that were not before."""
    some = list(some)
    keys = {key for it in some for key in it.keys}
    given = promise_warnings.given(session, keys, now)
    promise_warnings.note(session, keys - given, now, silent=silent)
    return [it for it in some if it.key not in given]


def _notification(warning: DueWarning, task: Involved, now: datetime) -> NotificationRow:
    row = of_no_task(0, warning.event, warning.kind, now, task.subject)
    excerpt = Warned(warning.key.minutes, warning.left).written()
    return row._replace(task_id=warning.key.task_id, project_id=task.project_id, excerpt=excerpt)


def _of_many(number: int, now: datetime) -> NotificationRow:
    return of_no_task(0, f"promises.many.{token_hex(8)}", "promises", now, str(number))
