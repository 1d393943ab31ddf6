"""What runs beside the requests so that open pages hear of news: the bell wakes streams, and a heart beats for all."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

from sqlmodel import Session

from helpdesk.notifications.channels.streams import Face, Stream, Streams
from helpdesk.services import Services
from helpdesk.store import notifications, sessions
from helpdesk.store.database import StoreUnavailable
from helpdesk.store.notifications import Kept
from helpdesk.web.ending import heard
from helpdesk.web.events import Events, session_ended
from helpdesk.web.onlookers import Onlookers

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 20.0
"""Between two signs of life. What another process wrote, sessions that it ended among it, is seen as late as that."""


class Live:
    """The streams of this process."""

    def __init__(self, services: Services, told: Events, heartbeat: float | None = None) -> None:
        self.services, self.events, self.heartbeat = services, told, heartbeat or HEARTBEAT_SECONDS
        self.streams: Streams[Kept] = Streams(self._read, self._unread, told.kept, told.unread)
        self.onlookers = Onlookers(services, self.streams, told)
        self._was_live: bool | None = None
        self._acts = asyncio.Event()

    def state(self, face: Face) -> bytes:
        """How fresh pages are, as an event."""
        return self.events.feed(face, self.services.freshness())

    async def catch_up(self, stream: Stream) -> None:
        """Give a stream that was just opened what it has missed. Raises StoreUnavailable."""
        await self.streams.catch_up(stream)
        await self.onlookers.catch_up(stream)

    async def end_finished(self) -> None:
        """End the streams of sessions that are over. Raises StoreUnavailable."""
        self.streams.end_sessions(await self._ended(), session_ended())

    async def watch(self) -> None:
        """Until cancelled; when the process is to end, all streams do."""
        with self.services.bell.listening() as listener, heard(self.streams.end_all):
            async with asyncio.TaskGroup() as beside:
                beside.create_task(self._beat())
                beside.create_task(self._look_on())
                while True:
                    await self._heard(await listener.wait())

    async def _heard(self, people: Collection[int] | None) -> None:
        with self._surviving():
            await self.streams.wake(self.streams.people if people is None else people)
        self._acts.set()
        if self.services.freshness().live != self._was_live:
            self._tell_state()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat)
            self._tell_state()
            with self._surviving():
                await self.end_finished()
                await self.streams.wake(self.streams.people)  # another process may have written, whose bell is not ours
            self._acts.set()

    async def _look_on(self) -> None:
        """Apart from the wake-ups: who sees an act is asked of the tracker, which may take its time."""
        while True:
            await self._acts.wait()
            self._acts.clear()
            with self._surviving():
                await self.onlookers.tell()

    def _tell_state(self) -> None:
        self._was_live = self.services.freshness().live
        self.streams.tell_all(self.state)

    @contextmanager
    def _surviving(self) -> Iterator[None]:
        """Whatever fails with one waking: the next one reads from the same place, and without us nobody would."""
        try:
            yield
        except StoreUnavailable:
            log.warning("streams were not woken: our store does not answer")
        except Exception:
            log.exception("streams were not woken")

    async def _ended(self) -> frozenset[str]:
        marks, now = self.streams.sessions, self.services.clock()
        if not marks:
            return frozenset()
        return marks - await self.services.database.run(lambda db: sessions.lasting(db, marks, now))

    async def _read(self, lasts: Mapping[int, int]) -> Iterable[Kept]:
        return await self.services.database.run(lambda db: notifications.after(db, lasts))

    async def _unread(self, people: Collection[int]) -> Mapping[int, int]:
        def work(db: Session) -> Mapping[int, int]:
            return notifications.unread(db, people)

        return await self.services.database.run(work)
