"""Notify the watchers of quality control of new requests.

Of all processes the one that holds a lease looks every half a minute. The notifications and how far it has come are one
transaction, so that a process that is killed leaves nobody out and notifies nobody twice. Many requests at once are one
notification, and so are those of the second Redmine, whose tasks have no page here; of a few it tells the subjects.
"""

import asyncio
import json
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta, tzinfo
from secrets import token_hex
from typing import NamedTuple

from sqlmodel import Session, col

from helpdesk.errors import NotAllowed, Unavailable
from helpdesk.notifications.channels.sse import PAGE
from helpdesk.notifications.messages import of_no_task
from helpdesk.notifications.of_no_task import deliver
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.people.model import Person, SignedIn, load_people
from helpdesk.people.rights import QUALITY
from helpdesk.quality.assessed_tasks import AssessedTasks
from helpdesk.quality.service import Quality
from helpdesk.reports.model import Involved, Selection
from helpdesk.reports.source import MOST_LIVES
from helpdesk.store import feed_state, leases, quality_watchers, rights
from helpdesk.store.database import Database, in_batches
from helpdesk.store.models import tables
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.rights import Named
from helpdesk.tasks.model import Actor
from helpdesk.texts import squeezed

log = logging.getLogger(__name__)

LEASE_SECONDS = 90.0
TICK_SECONDS = 30.0
OVERLAP = timedelta(minutes=10)
"""Requests may appear so much later than they say: transactions last, and clocks differ."""
MOST_ALONE = 3
"""Of more requests at once a person gets one notification."""
LONGEST = 70
"""As many characters of a subject are told where several are: a notification's subject has 255."""
MOST_NEW = 2_000
"""So many new requests are looked at in one step; the others in the next one."""


class Progress(NamedTuple):
    """How far the requests were looked at: until `as_of`, and those of these ids, which are found once more."""

    as_of: datetime
    seen: frozenset[int] = frozenset()

    def written(self) -> str:
        return json.dumps(sorted(self.seen))


class Begun(NamedTuple):
    """What a step begins with: the progress, None at first, and the people to notify, each with the moment since
    when."""

    progress: Progress | None
    watchers: Mapping[int, tuple[Person, datetime]]


class Seen(NamedTuple):
    """The new requests that a person sees, and what one notification of all of them tells: their subjects or number."""

    ids: Sequence[int] = ()
    told: str = ""


class QualityNews:
    """Notifies by the preferences of each person; digests without a zone of their own go by `zone`."""

    def __init__(
        self,
        quality: Quality,
        database: Database,
        outbox: Outbox,
        wakeups: Wakeups,
        clock: Callable[[], datetime],
        zone: tzinfo,
        named: Named = (),
    ) -> None:
        self.quality, self.database, self.outbox, self.wakeups = quality, database, outbox, wakeups
        self.clock, self.zone, self.named = clock, zone, named
        self.name, self.holder = f"quality.{quality.name}", token_hex(8)
        self._is_silent = False

    async def watch(self) -> None:
        """Notify of new requests, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            await self.step()

    async def step(self) -> None:
        """Look once. Raises nothing of a backend or a store that is down: the next step goes on from there."""
        try:
            await self._look()
            self._is_silent = False
        except Unavailable as error:
            if not self._is_silent:
                log.warning("nobody is notified of new requests", extra={"error": error.detail})
            self._is_silent = True

    async def _look(self) -> None:
        now, choices = self.clock(), await self.quality.choices()
        if not choices.tracker_ids or not await self.database.run(quality_watchers.all):
            return
        begun = await self.database.run(lambda db: self._begin(db, now), writes=True)
        if begun is None or not begun.watchers:
            return
        before = begun.progress or Progress(min(since for _, since in begun.watchers.values()) + OVERLAP)
        selection = Selection(choices.projects, choices.tracker_ids, created_since=before.as_of - OVERLAP)
        found, is_whole = await self._created(selection, before.seen)
        new = {id: created for id, created in found.items() if id not in before.seen}
        recent = frozenset(id for id, created in found.items() if created >= int((now - OVERLAP).timestamp()))
        after = Progress(now, recent) if is_whole else Progress(before.as_of, before.seen | new.keys())
        news = {id: await self._seen(*begun.watchers[id], new) for id in begun.watchers} if new else {}
        tasks = await self._tasks(news)
        listed = await self.database.run(lambda db: self._notify(db, begun.progress, after, news, tasks), writes=True)
        if listed is not None:
            self.outbox.wake()
            self.wakeups.wake(listed)

    def _begin(self, session: Session, now: datetime) -> Begun | None:
        if not leases.take(session, self.name, self.holder, now, LEASE_SECONDS):
            return None
        since = quality_watchers.all(session)
        active = rights.ACTIVE, col(tables.Person.joined_into).is_(None)
        people = [
            person
            for ids in in_batches(since)
            for person in load_people(session, self.named, col(tables.Person.id).in_(ids), *active)
        ]
        allowed = {it.id: (it, since[it.id]) for it in people if it.is_admin or QUALITY in it.rights}
        return Begun(self._progress(session), allowed)

    def _progress(self, session: Session) -> Progress | None:
        row = feed_state.cursor(session, self.name)
        return Progress(row.as_of, frozenset(json.loads(row.position))) if row else None

    async def _created(self, selection: Selection, seen: frozenset[int]) -> tuple[dict[int, int], bool]:
        """Return when the requests were created, by their ids, and whether these are all."""
        found: dict[int, int] = {}
        async with aclosing(self.quality.source.open_lives(selection)) as batches:
            async for lives in batches:
                found |= {life.id: life.created for life in lives}
                if len(found.keys() - seen) >= MOST_NEW:
                    return found, False
        return found, True

    async def _seen(self, person: Person, since: datetime, new: Mapping[int, int]) -> Seen:
        """Return the requests since then that the person sees."""
        wanted = [id for id, created in new.items() if created >= int(since.timestamp())]
        try:
            actor = await self.quality.actor(SignedIn(person, ""))
        except NotAllowed:
            return Seen()
        ids = [id for some in in_batches(wanted, MOST_LIVES) for id in await self.quality.source.lives(actor, some)]
        subjects = await self._subjects(actor, ids) if self._is_elsewhere and 0 < len(ids) <= MOST_ALONE else ""
        return Seen(ids, subjects or str(len(ids)))

    async def _subjects(self, actor: Actor, ids: Sequence[int]) -> str:
        """Return the subjects of a few requests, as their reader sees them."""
        rows = await AssessedTasks(self.quality.name, self.quality.source, actor, frozenset()).rows(ids)
        return "; ".join(f"#{id} {squeezed(row.subject)[:LONGEST]}".strip() for id, row in rows.items())

    async def _tasks(self, news: Mapping[int, Seen]) -> Mapping[int, Involved]:
        """Return the tasks of the notifications that name one."""
        alone = {id for seen in news.values() if self._is_few(seen.ids) for id in seen.ids}
        found: dict[int, Involved] = {}
        for ids in in_batches(alone, MOST_LIVES):
            found |= await self.quality.source.involved(ids)
        return found

    @property
    def _is_elsewhere(self) -> bool:
        return self.quality.name != "main"

    def _is_few(self, ids: Sequence[int]) -> bool:
        return not self._is_elsewhere and len(ids) <= MOST_ALONE

    def _notify(
        self,
        session: Session,
        before: Progress | None,
        after: Progress,
        news: Mapping[int, Seen],
        tasks: Mapping[int, Involved],
    ) -> frozenset[int] | None:
        """Store the notifications and the progress, and return who has one in the list; None if another process has
        gone on meanwhile."""
        now = self.clock()
        if not leases.take(session, self.name, self.holder, now, LEASE_SECONDS) or self._progress(session) != before:
            return None
        feed_state.save_cursor(session, self.name, after.written(), after.as_of)
        people_of = defaultdict[int, list[int]](list)
        rows: list[tuple[NotificationRow, list[int]]] = []
        for person_id, seen in news.items():
            if seen.ids and not self._is_few(seen.ids):
                rows.append((_of_many(seen.told, now), [person_id]))
                continue
            for id in seen.ids:
                people_of[id].append(person_id)
        rows += [(_of_one(id, tasks[id], now), its) for id, its in people_of.items() if id in tasks]
        deliveries = [it for row, its in rows for it in deliver(session, its, row, now, self.outbox, self.zone)]
        return frozenset(it.notification.person_id for it in deliveries if PAGE.name in it.options)


def _of_one(task_id: int, task: Involved, now: datetime) -> NotificationRow:
    row = of_no_task(0, f"quality.{task_id}", "quality", now, task.subject)
    return row._replace(task_id=task_id, project_id=task.project_id)


def _of_many(told: str, now: datetime) -> NotificationRow:
    return of_no_task(0, f"quality_new.many.{token_hex(8)}", "quality_new", now, told)
