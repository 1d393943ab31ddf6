"""Send the events of a task to the pages that show it, if their person may see them.

An event is done with for a stream when it was sent, or when the stream's person may not see it. Until then it is
pending, and tried again in later rounds. When too many events are pending, or one for too long, the streams are told
that they missed something, and their pages fetch their content again.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from helpdesk.errors import Unavailable
from helpdesk.notifications.channels.sse.streams import Stream, Streams
from helpdesk.services import Services
from helpdesk.store import feed_state
from helpdesk.store.models.notifications import EventRecord, NotificationRow
from helpdesk.web.live import events as stream_events
from helpdesk.web.live.events import Events
from helpdesk.web.live.removed_tasks import RemovedTasks

log = logging.getLogger(__name__)

OVERLAP = timedelta(seconds=10)
"""The clocks of processes differ, a row's time is before its commit, and a page takes time to open its stream. All of
this takes less than OVERLAP."""
MOST_BEHIND = timedelta(minutes=5)
MOST_READ = 20_000
"""Events in one round. With more, or after a longer pause, pages are told that they missed something."""
EVENTS_AT_ONCE = 10
"""Then other requests have their turn: each event may concern thousands of streams."""
STREAMS_AT_ONCE = 250
MOST_SENT = 100
"""Events that one stream gets in one round. Instead of more it is told that it missed some."""
MOST_PENDING = 1_000
TRIES = 5
PATIENCE = timedelta(minutes=15)
"""How long an event is tried again while the backend does not answer. After another error it has TRIES."""
PAUSES = [timedelta(seconds=it) for it in (0, 0, 1, 2, 4, 8, 15)]
"""After the first failure, the second, and so on."""
OUTAGE_SECONDS = 5.0
"""After so much of a round was spent on a backend that does not answer, the rest waits for the next round."""
AGAIN_SECONDS = 2.0
"""Until the next round after one that could not read our store, or broke off."""


@dataclass
class PendingEvent:
    """An event, the streams that wait for it, since when, when it is due again, and how often it has failed."""

    record: EventRecord
    streams: set[Stream]
    since: datetime
    due: datetime
    tries: int = 0


class TaskViewers:
    """Reads the events that were processed since the last round. Events of tasks on nobody's screen are skipped."""

    def __init__(self, services: Services, streams: Streams[NotificationRow], events: Events) -> None:
        self.services, self.streams, self.events = services, streams, events
        self.removed = RemovedTasks(services)
        self._read_to: datetime = services.clock()
        self._known: set[EventRecord] = set()
        self._pending: dict[str, PendingEvent] = {}
        self._new: dict[Stream, datetime] = {}
        self._sent: Counter[Stream] = Counter()
        self._broke_off = False

    @property
    def pause(self) -> float | None:
        """Return the seconds until the next round is needed; None while nothing is pending."""
        if self._broke_off:
            return AGAIN_SECONDS
        due = min((event.due for event in self._pending.values()), default=None)
        if due is None:
            return None
        return min(max(0.0, (due - self.services.clock()).total_seconds()), PAUSES[-1].total_seconds())

    async def run_round(self) -> None:
        """Run one round. Raises StoreUnavailable; the next round then starts at the same place."""
        now = self.services.clock()
        if not self.streams.has_task_viewers:
            self._read_to, self._broke_off = now, False
            for state in (self._known, self._pending, self._new):
                state.clear()
            return
        self._broke_off = True
        self._sent.clear()
        new = await self._read(now)
        self._broke_off = False
        # A due time later than any pause was set while the clock was ahead.
        late = [event for event in self._pending.values() if not now < event.due <= now + PAUSES[-1]]
        seconds_left = OUTAGE_SECONDS
        for start in range(0, len(new), EVENTS_AT_ONCE):
            some = self._new_events(new[start : start + EVENTS_AT_ONCE], now)
            seconds_left = await self._send_all(some, seconds_left)
            await asyncio.sleep(0)
        await self._send_all(sorted(late, key=lambda event: event.tries), seconds_left)
        self._forget(now)

    async def catch_up(self, stream: Stream) -> None:
        """Give a stream that was just opened the events since its page was rendered. Raises StoreUnavailable."""
        if stream.viewer is None:
            return
        now = self.services.clock()
        self._new[stream] = now
        self.removed.watch(stream)
        records = await self.services.database.run(lambda db: feed_state.processed_since(db, now - OVERLAP, MOST_READ))
        its = [it for it in records if stream.viewer.of([it.task_id]) and not _is_deletion(it)]
        if len(its) > MOST_SENT and not stream.viewer.every:
            # Events of tasks that the person may not see must not count: "missed" would reveal that they exist.
            try:
                seen = await self.services.visible_tasks.seen(stream.viewer.signed_in, {it.task_id for it in its})
            except Unavailable:
                its = its[-MOST_SENT:]
            else:
                its = [it for it in its if it.task_id in seen]
        if len(its) > MOST_SENT:
            self._tell_missed([stream])
            if stream.given_early is not None:
                stream.given_early.update(record.key for record in its)
            return
        pending = [
            PendingEvent(record, {stream}, now, now) for record in its if record.key not in (stream.given_early or ())
        ]
        await self._send_all(pending, OUTAGE_SECONDS)

    async def _read(self, now: datetime) -> list[EventRecord]:
        """Return the events that were processed since the last round."""
        since = min(self._read_to, now) - OVERLAP  # the clock may have been put back
        is_behind = now - self._read_to > MOST_BEHIND
        if is_behind:
            since = now - OVERLAP
        records = await self.services.database.run(lambda db: feed_state.processed_since(db, since, MOST_READ + 1))
        # Compare whole records, not keys: a store restored from a backup gives the same keys again.
        new = [record for record in records if record not in self._known]
        self._read_to, self._known = now, set(records)
        if is_behind or len(records) > MOST_READ:
            self._tell_missed(self.streams.viewing)
            return []
        for record in new:
            if _is_deletion(record):
                self.removed.announce_deleted(record.task_id)
        return [record for record in new if not _is_deletion(record)]

    def _new_events(self, records: Sequence[EventRecord], now: datetime) -> list[PendingEvent]:
        """Return these events with the streams that have their tasks on the screen."""
        showing = self.streams.showing({record.task_id for record in records})
        pending = []
        for record in records:
            streams = {
                stream
                for _, stream in showing.get(record.task_id, ())
                if self._sent[stream] <= MOST_SENT and record.key not in (stream.given_early or ())
            }
            if streams:
                pending.append(PendingEvent(record, streams, now, now))
        return pending

    async def _send_all(self, pending: Iterable[PendingEvent], seconds_left: float) -> float:
        """Send these events, each by itself; failed ones become pending.

        Return the seconds that may still be spent on a backend that does not answer.
        """
        for event in pending:
            if seconds_left <= 0:
                self._hold(event)
                self._broke_off = True
                continue
            began = time.monotonic()
            try:
                await self._send(event)
            except Unavailable as error:
                seconds_left -= time.monotonic() - began
                self._failed(event, error, is_outage=True)
            except Exception as error:
                self._failed(event, error, is_outage=False)
            else:
                self._drop_if_done(event)
        return seconds_left

    async def _send(self, event: PendingEvent) -> None:
        """Send an event to the streams that wait for it, and remove each from them when it is done.

        Raises the errors of the backend and of writing the event.
        """
        record = event.record
        event.streams = {it for it in event.streams if not it.is_over and self._sent[it] <= MOST_SENT}
        streams = list(event.streams)  # others may come to wait for it during the question
        actors = {it.viewer.actor.id: it.viewer.actor for it in streams if it.viewer and it.viewer.actor}
        visible_to = await self.services.visible_to(record, actors.values()) if actors else frozenset()
        requesters = await self._requesters(record, (it for it in streams if not _is_among(it, visible_to)))
        for number, stream in enumerate(streams, start=1):
            if number % STREAMS_AT_ONCE == 0:
                await asyncio.sleep(0)
            if not _is_among(stream, visible_to) and stream.person_id not in requesters:
                self.removed.check_soon(stream, record.task_id)
            elif record.key not in (stream.given_early or ()):
                self._give(stream, record)
            if stream.given_early is not None:
                stream.given_early.add(record.key)
            event.streams.discard(stream)

    async def _requesters(self, record: EventRecord, streams: Iterable[Stream]) -> frozenset[int]:
        """Return the people of these streams who show the task as their request, and may know of the event."""
        showing = {it.person_id: it.viewer for it in streams if it.viewer and record.task_id in it.viewer.tasks}
        if record.is_private:
            return frozenset()
        own = self.services.visible_tasks.as_requests
        return frozenset([id for id, viewer in showing.items() if await own(viewer.signed_in, [record.task_id])])

    def _give(self, stream: Stream, record: EventRecord) -> None:
        if self._sent[stream] >= MOST_SENT:
            self._tell_missed([stream])
            return
        stream.give(self.events.task_changed(stream.face, record))
        self._sent[stream] += 1
        self.removed.add_seen(stream, record.task_id)

    def _drop_if_done(self, event: PendingEvent) -> None:
        if not event.streams and self._pending.get(event.record.key) is event:
            del self._pending[event.record.key]

    def _failed(self, event: PendingEvent, error: Exception, is_outage: bool) -> None:
        now = self.services.clock()
        event.tries += 1
        event.due = now + PAUSES[min(event.tries, len(PAUSES)) - 1]
        if event.tries == 1:
            log.warning("pages could not be notified of an event, it is tried again", extra={"event": event.record.key})
        if (now - event.since >= PATIENCE) if is_outage else event.tries >= TRIES:
            log.error("pages are not notified of an event", extra={"event": event.record.key}, exc_info=error)
            self._tell_missed(event.streams)
            event.streams = set()
            self._drop_if_done(event)
        else:
            self._hold(event)

    def _hold(self, event: PendingEvent) -> None:
        """Keep an event for later rounds, with streams that wait for it already. Of too many the oldest is dropped."""
        known = self._pending.setdefault(event.record.key, event)
        known.streams |= event.streams
        if len(self._pending) > MOST_PENDING:
            self._tell_missed(self._pending.pop(next(iter(self._pending))).streams)

    def _tell_missed(self, streams: Iterable[Stream]) -> None:
        """Tell these pages to fetch what they show. For the rest of the round they get nothing else."""
        for stream in streams:
            if self._sent[stream] <= MOST_SENT:
                self._sent[stream] = MOST_SENT + 1
                stream.give(stream_events.missed())

    def _forget(self, now: datetime) -> None:
        """Forget what streams got while they were new, when they have been open for a while."""
        for stream, opened in list(self._new.items()):
            if stream.is_over or opened < now - 2 * OVERLAP:
                stream.given_early = None
                del self._new[stream]


def _is_among(stream: Stream, numbers: Collection[int]) -> bool:
    """Tell whether the person of a stream is one of these by the number in the backend."""
    return bool(stream.viewer and stream.viewer.actor and stream.viewer.actor.id in numbers)


def _is_deletion(record: EventRecord) -> bool:
    return record.key.startswith(feed_state.GONE)
