"""Process the events that the feed returns: decide who is notified, store that, and hand it to the channels.

An event that cannot be processed must not block the rest. An event that raises is tried again for a while
(`retry_queue.py`). An event that kills its process, or holds it until it is killed, cannot be caught, so each event is
recorded before the work on it begins. What another process left behind is tried once more, alone; after KILLS it is
dropped, and only administrators are notified.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.errors import StoreUnavailable, Unavailable
from helpdesk.notifications.channels.sse import PAGE
from helpdesk.notifications.delivery import Delivery
from helpdesk.notifications.messages import dropped_notification
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.recipients import Recipients
from helpdesk.notifications.retry_queue import RetryQueue
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.store import feed_state, leases, notifications
from helpdesk.store.database import Database, is_broken
from helpdesk.store.models.notifications import EventRecord
from helpdesk.tasks.feed import Change, Event, Feed
from helpdesk.tasks.model import Actor

log = logging.getLogger(__name__)

NAME = "feed"
LEASE_SECONDS = 10.0
EVENTS_AT_ONCE = 50
"""Events in one transaction. When a poll breaks off, no more than these are read again."""
KILLS = 2


class Decision(NamedTuple):
    """What is stored of an event and delivered of it. An event that is `dropped` is told to administrators alone."""

    record: EventRecord
    deliveries: list[Delivery]
    dropped: Event | None = None


class LeaseLost(Exception):
    """Another process reads the feed now; nothing was written."""


class EventProcessor:
    """Works for `holder`, while that one holds the lease."""

    def __init__(
        self,
        database: Database,
        recipients: Recipients,
        outbox: Outbox,
        wakeups: Wakeups,
        clock: Callable[[], datetime],
        holder: str,
    ) -> None:
        self.database, self.recipients, self.clock = database, recipients, clock
        self.outbox, self.wakeups = outbox, wakeups
        self.holder = holder
        self.retry_queue = RetryQueue(clock)

    async def process(self, events: Mapping[str, Event]) -> None:
        """Process the new ones of these events, given by key. Raises Unavailable, StoreUnavailable, LeaseLost."""
        processed, kills = await self.database.run(lambda db: self._known(db, events))
        new = [event for key, event in events.items() if key not in processed]
        self.retry_queue.keep_only({event.key for event in new})
        # Events that failed come last, so that the others do not wait for them.
        new.sort(key=lambda event: (kills.get(event.key, 0), self.retry_queue.tries(event.key)))
        left = iter([event for event in new if event.key not in kills])
        while some := list(islice(left, EVENTS_AT_ONCE)):
            await self._process_some(some)
        for event in new:
            if event.key in kills:
                await self._process_suspect(event, kills[event.key])

    async def write(
        self,
        decisions: Mapping[str, Decision],
        cursor: str | None = None,
        as_of: datetime | None = None,
        ended: Collection[str] = (),
    ) -> None:
        """Store what was decided and the feed's cursor, and forget the attempts at the `ended` events. Raises
        LeaseLost, StoreUnavailable."""
        now = self.clock()

        def work(session: Session) -> tuple[list[Delivery], dict[str, Exception]]:
            self._hold(session, now)
            written = _written(session, decisions, now, self.recipients.administrators, self.outbox)
            feed_state.end_attempts(session, ended)
            if cursor is not None and as_of is not None:
                feed_state.save_cursor(session, NAME, cursor, as_of)
            return written

        deliveries, failed = await self.database.run(work, writes=True)
        for key in decisions:
            if key in failed:
                self.retry_queue.add(key, failed[key])
            else:
                self.retry_queue.remove(key)
        if deliveries:
            self.outbox.wake()
        if decisions:  # pages that show these tasks hear of them, also when nobody is notified
            self.wakeups.wake({it.notification.person_id for it in deliveries if PAGE.name in it.options})

    async def stop(self) -> None:
        """Record that the events under way are not to blame for the end of this process. Raises StoreUnavailable."""
        await self.database.run(lambda db: feed_state.stop_attempts(db, self.holder), writes=True)

    async def _process_suspect(self, event: Event, kills: int) -> None:
        if kills < KILLS:
            await self._process_some([event])
            return
        log.error(
            "an event is dropped: each process that worked on it was killed",
            extra={"event": event.key, "tries": kills},
        )
        await self.write({event.key: Decision(record_of(event), [], event)}, ended=[event.key])

    async def _process_some(self, events: Sequence[Event]) -> None:
        keys = [event.key for event in events]
        await self._begin(keys)
        decisions: dict[str, Decision] = {}
        try:
            for event in events:
                await self._decide(event, decisions)
        except Unavailable:
            await self.write(decisions, ended=keys)
            raise
        await self.write(decisions, ended=keys)

    async def _begin(self, keys: Iterable[str]) -> None:
        now = self.clock()

        def work(session: Session) -> None:
            self._hold(session, now)
            feed_state.begin_attempts(session, keys, self.holder, now)

        await self.database.run(work, writes=True)

    async def _decide(self, event: Event, decisions: dict[str, Decision]) -> None:
        """Add the decision about an event. Raises Unavailable, StoreUnavailable; any other error concerns this event
        alone, which is tried again."""
        if self.retry_queue.is_hopeless(event.key):
            self.retry_queue.log_dropped(event.key)
            decisions[event.key] = Decision(record_of(event), [], event)
            return
        try:
            deliveries = await self.recipients.deliveries(event, self.clock())
            decisions[event.key] = Decision(record_of(event), deliveries)
        except StoreUnavailable:
            raise
        except Exception as error:
            self.retry_queue.add(event.key, error)
            if isinstance(error, Unavailable):
                raise

    def _known(self, session: Session, keys: Collection[str]) -> tuple[set[str], dict[str, int]]:
        return feed_state.processed(session, keys), feed_state.left_behind(session, keys, self.holder)

    def _hold(self, session: Session, now: datetime) -> None:
        if not leases.take(session, NAME, self.holder, now, LEASE_SECONDS):
            raise LeaseLost


def record_of(event: Event) -> EventRecord:
    """Return what is stored of an event for the pages that show its task."""
    status = event.status or Change("", "")
    author = event.by.name if event.by else ""
    return EventRecord(event.key, event.task_id, event.private, status.old, status.new, author, event.at)


def records_visible_to(feed: Feed) -> Callable[[EventRecord, Iterable[Actor]], Awaitable[frozenset[int]]]:
    """Return a function that asks the feed which of some people may see a stored event. It raises as `Feed.visible_to`
    does."""

    async def visible_to(record: EventRecord, people: Iterable[Actor]) -> frozenset[int]:
        at, private = record.happened_at, record.is_private
        return await feed.visible_to(Event(record.key, record.task_id, "", 0, "", at, None, private=private), people)

    return visible_to


def _written(
    session: Session,
    decisions: Mapping[str, Decision],
    now: datetime,
    administrators: Callable[[Session], Sequence[int]],
    outbox: Outbox,
) -> tuple[list[Delivery], dict[str, Exception]]:
    """Store each decision by itself, so that one that fails takes no other along. Return what is to be delivered, and
    the errors by event."""
    processed, deliveries = feed_state.processed(session, decisions), list[Delivery]()
    failed = dict[str, Exception]()
    for key, decision in decisions.items():
        if key in processed:
            continue
        try:
            with session.begin_nested():
                # The person who acted through us may have suppressed it just now.
                if feed_state.mark_processed(session, decision.record, now):
                    deliveries += listed(session, _to_deliver(session, decision, administrators), now, outbox)
        except Exception as error:
            if is_broken(error):  # the store failed, not this event
                raise
            failed[key] = error
    return deliveries, failed


def _to_deliver(
    session: Session, decision: Decision, administrators: Callable[[Session], Sequence[int]]
) -> list[Delivery]:
    if decision.dropped is None:
        return decision.deliveries
    event, options = decision.dropped, frozenset({PAGE.name})
    return [Delivery(dropped_notification(event, person), options) for person in administrators(session)]


def listed(session: Session, deliveries: Sequence[Delivery], now: datetime, outbox: Outbox) -> list[Delivery]:
    """Store the notifications that their people want listed, and what is to be sent over other channels. Return those
    that are new, with their ids, and the rest as they are."""
    listed = [it.notification for it in deliveries if PAGE.name in it.options]
    stored = {row.person_id: row for row in notifications.add(session, listed, now)}
    new = [
        it._replace(notification=stored.get(it.notification.person_id, it.notification))
        for it in deliveries
        if it.notification.person_id in stored or PAGE.name not in it.options
    ]
    outbox.add(session, new, now)
    return new
