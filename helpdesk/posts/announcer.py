"""Notify the people whom an announcement concerns, once it is published.

Of all processes the one that holds a lease does so, some people at a time: their notifications and how far it has come
are written in one transaction, so that a process that is killed leaves nobody out and notifies nobody twice.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from datetime import datetime, tzinfo
from secrets import token_hex
from typing import NamedTuple

from sqlmodel import Session, col

from helpdesk.errors import OutcomeUnknown, StoreUnavailable
from helpdesk.notifications.channels.sse import PAGE
from helpdesk.notifications.messages import of_no_task
from helpdesk.notifications.of_no_task import deliver
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.people.model import load_people
from helpdesk.posts.excerpts import beginning
from helpdesk.store import announcements, leases, rights
from helpdesk.store.announcements import Announcement
from helpdesk.store.database import Database
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.models.tables import Person
from helpdesk.store.post_readers import is_for, reader_of
from helpdesk.store.rights import Named

log = logging.getLogger(__name__)

LEASE = "announcements"
LEASE_SECONDS = 30.0
TICK_SECONDS = 5.0
PEOPLE_AT_ONCE = 200
"""The people in one transaction, for which the poller of the feed waits."""


class Step(NamedTuple):
    """What one transaction did: whose pages are to be woken, and whether there is more to do."""

    listed: frozenset[int] = frozenset()
    is_finished: bool = True


class Announcer:
    """Announces by the preferences of each person; digests without a zone of their own go by `zone`."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        wakeups: Wakeups,
        clock: Callable[[], datetime],
        zone: tzinfo,
        named: Named = (),
    ) -> None:
        self.database, self.outbox, self.wakeups = database, outbox, wakeups
        self.clock, self.zone, self.named = clock, zone, named
        self.holder = token_hex(8)
        self._is_silent = False

    async def watch(self) -> None:
        """Announce what is published, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS * random.uniform(0.8, 1.2))
            await self.step()

    async def step(self) -> None:
        """Announce what waits for it. Raises nothing of a broken store: the next step goes on from there."""
        try:
            for post_id in await self.database.run(lambda db: announcements.waiting(db, self.clock())):
                await self._announce(post_id)
            self._is_silent = False
        except (StoreUnavailable, OutcomeUnknown) as error:
            if not self._is_silent:
                log.warning("nothing is announced, the store does not answer", extra={"error": error.detail})
            self._is_silent = True

    async def _announce(self, post_id: int) -> None:
        is_finished = False
        while not is_finished:
            people, is_finished = await self.database.run(lambda db: self._notify_some(db, post_id), writes=True)
            self.outbox.wake()
            self.wakeups.wake(people)

    def _notify_some(self, session: Session, post_id: int) -> Step:
        now = self.clock()
        if not leases.take(session, LEASE, self.holder, now, LEASE_SECONDS):
            return Step()
        it = announcements.one(session, post_id, now)
        if it is None:
            return Step()
        above = col(Person.id) > it.announced_to, col(Person.joined_into).is_(None), rights.ACTIVE
        people = load_people(session, self.named, *above, limit=PEOPLE_AT_ONCE)
        if not people:
            announcements.finish(session, post_id, now)
            return Step()
        audience = announcements.audience(session, post_id)
        concerned = [each.id for each in people if each.id != it.author_id and is_for(audience, reader_of(each))]
        deliveries = deliver(session, concerned, _notification(it), now, self.outbox, self.zone)
        announcements.note_progress(session, post_id, people[-1].id)
        return Step(frozenset(each.notification.person_id for each in deliveries if PAGE.name in each.options), False)


def _notification(it: Announcement) -> NotificationRow:
    row = of_no_task(0, announcements.event_of(it.id), "post", it.published_from, it.title)
    return row._replace(author=it.author, excerpt=beginning(it.text))
