"""Acts that are done through us: how many people hear of one, and that nobody shall."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from helpdesk.errors import Unavailable
from helpdesk.notifications.audience import Accounts, Rules, concerned
from helpdesk.notifications.bell import Bell
from helpdesk.store import feed_marks, notifications
from helpdesk.store.database import Database, StoreUnavailable
from helpdesk.store.feed_marks import Act
from helpdesk.tasks.feed import Feed
from helpdesk.tasks.model import Actor, Entry

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.0
"""How long the answer to a write waits to know who hears of it."""


class OwnActs:
    """An act is named by its entry in the task's history. It was done already: nothing of this raises."""

    def __init__(
        self,
        feed: Feed,
        database: Database,
        accounts: Accounts,
        rules: Rules,
        bell: Bell,
        clock: Callable[[], datetime],
    ) -> None:
        self.feed, self.database, self.bell, self.clock = feed, database, bell, clock
        self.accounts, self.rules = accounts, rules

    async def silence(self, task_id: int, entries: Iterable[Entry]) -> None:
        """Tell nobody of these acts but the pages that show the task. What the reader told already, having looked in
        the moment since, is taken back; an open page may have shown or sounded it."""
        acts, now = [_act(self.feed.key(entry.id), task_id, entry) for entry in entries], self.clock()

        def work(session: Session) -> set[int]:
            return {person for act in acts for person in _silence(session, act, now)}

        try:
            people = await self.database.run(work, writes=True)
        except StoreUnavailable:
            log.warning("acts could not be silenced", extra={"task": task_id}, exc_info=True)
        else:
            self.bell.ring(people)

    async def hearers(self, task_id: int, entry_ids: Iterable[int]) -> int:
        """How many people with an account the rules name for these acts, whatever these people chose; 0 while nobody
        tells."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return len({person for number in entry_ids for person in await self._hearers(task_id, number)})
        except (Unavailable, StoreUnavailable, TimeoutError):
            log.warning("it is not known who hears of an act", extra={"task": task_id}, exc_info=True)
            return 0

    async def _hearers(self, task_id: int, entry_id: int) -> set[int]:
        act = await self.feed.act(task_id, entry_id)
        if act is None:
            return set()
        numbers = concerned(act)
        accounts = await self.database.run(lambda db: self.accounts(db, numbers))
        return {it.person for it in self.rules(act, [Actor(it.number, it.login, it.is_admin) for it in accounts])}


def _act(key: str, task_id: int, entry: Entry) -> Act:
    status = next((change for change in entry.changes if change.field == "status"), None)
    old, new = (status.old or "", status.new or "") if status else ("", "")
    author = entry.author.name if entry.author else ""
    return Act(key, task_id, entry.private, old, new, author, entry.created_on)


def _silence(session: Session, act: Act, now: datetime) -> set[int]:
    try:
        with session.begin_nested():
            feed_marks.deal_with(session, act, now)
    except IntegrityError:  # the reader was quicker
        return notifications.take_back(session, act.key)
    return set()
