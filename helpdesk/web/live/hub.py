"""Feed the open streams of this process: wakeups send news to some, a heartbeat goes to all."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType

from sqlmodel import Session

from helpdesk.errors import StoreUnavailable
from helpdesk.notifications.channels.sse.streams import Face, Stream, Streams
from helpdesk.services import Services
from helpdesk.store import notifications, second_factors, sessions
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.web.live.agent_pages import AgentPages
from helpdesk.web.live.events import Events, session_ended
from helpdesk.web.live.monitor_pages import MonitorPages
from helpdesk.web.live.task_viewers import TaskViewers
from helpdesk.web.notifications.render import without_unreadable

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 20.0
"""Seconds between two heartbeats. They also find what another process wrote, and sessions that it ended."""


SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Live:
    """The streams of this process."""

    def __init__(self, services: Services, events: Events, heartbeat: float | None = None) -> None:
        self.services, self.events, self.heartbeat = services, events, heartbeat or HEARTBEAT_SECONDS
        self.streams: Streams[NotificationRow] = Streams(self._read, self._unread, events.new_row, events.unread)
        self.task_viewers = TaskViewers(services, self.streams, events)
        self.agent_pages, self.monitor_pages = AgentPages(services), MonitorPages(services)
        self._was_live: bool | None = None
        self._has_events = asyncio.Event()

    def state(self, face: Face) -> bytes:
        """Write the status of the feed as an event."""
        return self.events.feed(face, self.services.feed_status())

    async def catch_up(self, stream: Stream) -> None:
        """Give a stream that was just opened the events that it has missed. Raises StoreUnavailable."""
        await self.streams.catch_up(stream)
        await self.agent_pages.wake([stream.person_id])
        await self.task_viewers.catch_up(stream)
        if self.task_viewers.pause is not None:
            self._has_events.set()

    async def end_finished(self) -> None:
        """End the streams of sessions that are over. Raises StoreUnavailable."""
        self.streams.end_sessions(await self._ended(), session_ended())

    async def watch(self) -> None:
        """Feed the streams until cancelled. When the process is to end, end all streams."""
        with self.services.wakeups.listening() as listener, at_shutdown(self.streams.end_all):
            async with asyncio.TaskGroup() as beside:
                beside.create_task(self._beat())
                beside.create_task(self._run_rounds())
                beside.create_task(self._check_removed())
                while True:
                    await self._wake(await listener.wait())

    async def _wake(self, people: Collection[int] | None) -> None:
        with self._surviving():
            await self.streams.wake(self.streams.people if people is None else people)
        with self._surviving():
            await self.agent_pages.wake(people)
        with self._surviving():
            await self.monitor_pages.wake()
        self._has_events.set()
        with self._surviving():
            if self.services.feed_status().live != self._was_live:
                self._broadcast_state()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat)
            with self._surviving():
                self._broadcast_state()
            with self._surviving():
                await self.end_finished()
                await self.streams.wake(self.streams.people)  # another process may have written
            with self._surviving():
                await self.agent_pages.wake(None)
            with self._surviving():
                await self.monitor_pages.wake()
            self._has_events.set()

    async def _run_rounds(self) -> None:
        """Send events to pages, apart from the wake-ups: the backend, which is asked who may see them, may be slow.

        Failed events are tried again even without new ones.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.task_viewers.pause):
                    await self._has_events.wait()
            self._has_events.clear()
            with self._surviving():
                await self.task_viewers.run_round()

    async def _check_removed(self) -> None:
        """Find deleted tasks, and tasks that are no longer visible: the feed has no event for them."""
        while True:
            await asyncio.sleep(await self.task_viewers.removed.step())

    def _broadcast_state(self) -> None:
        self._was_live = self.services.feed_status().live
        self.streams.broadcast(self.state)

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """Survive any error of one wake-up: the next one reads from the same place."""
        try:
            yield
        except StoreUnavailable:
            log.warning("streams were not woken: the store does not answer")
        except Exception:
            log.exception("streams were not woken")

    async def _ended(self) -> frozenset[str]:
        """Return the sessions with streams that are over, or whose people lack the second factor that they need."""
        marks, now, settings = self.streams.sessions, self.services.clock(), self.services.settings
        if not marks:
            return frozenset()
        lacking = second_factors.missing(settings.second_factor, settings.administrators)
        return marks - await self.services.database.run(lambda db: sessions.lasting(db, marks, now, lacking))

    async def _read(self, lasts: Mapping[int, int]) -> Iterable[NotificationRow]:
        """Read the new rows, without what their people may not read any more of what is about no task."""
        now, rules = self.services.clock(), self.services.readers

        def work(db: Session) -> list[NotificationRow]:
            return without_unreadable(db, notifications.after(db, lasts), rules, now)

        return await self.services.database.run(work)

    async def _unread(self, people: Collection[int]) -> Mapping[int, int]:
        def work(db: Session) -> Mapping[int, int]:
            return notifications.unread(db, people)

        return await self.services.database.run(work)


@contextmanager
def at_shutdown(end: Callable[[], None]) -> Iterator[None]:
    """Call `end` in this event loop when the process is told to end, and then the handlers that were there before.

    The server waits for open streams and would cut them off after a while. A loop in another thread than the main one
    gets no signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(end)
        before[signal.Signals(number)](number, frame)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
