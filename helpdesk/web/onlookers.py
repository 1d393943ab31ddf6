"""Pages that show a task hear of what happens to it, if their person may see that."""

from collections import deque
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from helpdesk.errors import Unavailable
from helpdesk.notifications.channels.streams import Onlooker, Stream, Streams
from helpdesk.services import Services
from helpdesk.store import feed_marks
from helpdesk.store.feed_marks import Act
from helpdesk.store.notifications import Kept
from helpdesk.web.events import Events

OVERLAP = timedelta(seconds=10)
"""Clocks of several processes differ, and the moment of a row is before that of its transaction. A page is not longer
than that on its way."""
REMEMBERED = 2_000


class Onlookers:
    """Reads what was dealt with since the last time; what nobody has on the screen is asked about no further."""

    def __init__(self, services: Services, streams: Streams[Kept], events: Events) -> None:
        self.services, self.streams, self.events = services, streams, events
        self._read_to: datetime = services.clock()
        self._told: deque[Act] = deque(maxlen=REMEMBERED)

    async def tell(self) -> None:
        """Raises StoreUnavailable; while the tracker does not answer, pages are left as they are."""
        since, self._read_to = self._read_to - OVERLAP, self.services.clock()
        if not self.streams.has_onlookers:
            return
        acts = await self.services.database.run(lambda db: feed_marks.lately(db, since))
        new = [act for act in acts if act not in self._told]
        self._told.extend(new)
        showing = self.streams.showing({act.task_id for act in new})
        for act in new:
            if act.task_id in showing:
                await self._tell(act, showing[act.task_id])

    async def catch_up(self, stream: Stream) -> None:
        """Tell a stream that was just opened what happened while its page was on the way. Raises StoreUnavailable."""
        if stream.onlooker is None:
            return
        since = self.services.clock() - OVERLAP
        for act in await self.services.database.run(lambda db: feed_marks.lately(db, since)):
            if stream.onlooker.of([act.task_id]):
                await self._tell(act, [(stream.onlooker, stream)])

    async def _tell(self, act: Act, found: Sequence[tuple[Onlooker, Stream]]) -> None:
        actors = {onlooker.actor.id: onlooker.actor for onlooker, _ in found}
        try:
            seers: Collection[int] = await self.services.seers(act, actors.values())
        except Unavailable:
            return
        for onlooker, stream in found:
            if onlooker.actor.id in seers:
                stream.give(self.events.became(stream.face, act))
