"""Handle the changes that people make through us: count who is notified of one, or suppress its notifications."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from sqlmodel import Session

from helpdesk.notifications.recipients import Recipients
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.store import feed_state, notifications
from helpdesk.store.database import Database
from helpdesk.store.models.notifications import EventRecord
from helpdesk.tasks.feed import Feed
from helpdesk.tasks.model import Entry

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.0
"""How long the answer to a change waits for the number of its recipients."""


class Suppression:
    """An event is named by its entry in the task's history. The change was made already, so nothing here raises."""

    def __init__(
        self, feed: Feed, database: Database, recipients: Recipients, wakeups: Wakeups, clock: Callable[[], datetime]
    ) -> None:
        self.feed, self.database, self.wakeups, self.clock = feed, database, wakeups, clock
        self.of_events = recipients

    async def silence(self, task_id: int, entries: Iterable[Entry]) -> None:
        """Notify nobody of these events except the pages that show the task. If the poller was quicker, its
        notifications are deleted; an open page may have shown them or played their sound."""
        records, now = [_record(self.feed.key(entry.id), task_id, entry) for entry in entries], self.clock()

        def work(session: Session) -> set[int]:
            return {person for record in records for person in _silence(session, record, now)}

        try:
            people = await self.database.run(work, writes=True)
        except Exception:
            log.warning("notifications could not be suppressed", extra={"task": task_id}, exc_info=True)
        else:
            self.wakeups.wake(people)

    async def deleted(self, task_id: int) -> None:
        """Tell open pages that a task was deleted: the feed has no event for that."""
        now = self.clock()

        def work(session: Session) -> None:
            feed_state.mark_processed(session, feed_state.deleted(task_id, now), now)

        try:
            await self.database.run(work, writes=True)
        except Exception:
            log.warning("pages could not be notified of a deletion", extra={"task": task_id}, exc_info=True)
        else:
            self.wakeups.wake()

    async def recipients(self, task_id: int, entry_ids: Iterable[int]) -> int:
        """Count the people whom the rules name for these events and who may see them, whatever their preferences.
        Return 0 when it can't be known in time."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return len({account for entry_id in entry_ids for account in await self._accounts(task_id, entry_id)})
        except Exception:
            log.warning("the recipients of a change could not be counted", extra={"task": task_id}, exc_info=True)
            return 0

    async def _accounts(self, task_id: int, entry_id: int) -> frozenset[int]:
        event = await self.feed.event(task_id, entry_id)
        return await self.of_events.account_ids(event, self.clock()) if event else frozenset()


def _record(key: str, task_id: int, entry: Entry) -> EventRecord:
    status = next((change for change in entry.changes if change.field == "status"), None)
    old, new = (status.old or "", status.new or "") if status else ("", "")
    author = entry.author.name if entry.author else ""
    return EventRecord(key, task_id, entry.private, old, new, author, entry.created_on)


def _silence(session: Session, record: EventRecord, now: datetime) -> set[int]:
    if feed_state.mark_processed(session, record, now):
        return set()
    return notifications.take_back(session, record.key)  # the poller was quicker
