"""Tell the open pages of agents that something has changed on the phone: only pages of sessions that are signed in as
the agent, and no more than which version they should show, and which call rings."""

import asyncio
import json
from collections.abc import Collection

from helpdesk.notifications.channels.sse.streams import Stream
from helpdesk.services import Services
from helpdesk.store import phone_agents
from helpdesk.store.phone_agents import News
from helpdesk.web.live.events import event

NONE = News()
"""What a page is told that is not signed in to the phone."""


class AgentPages:
    """The streams of pages of people who may handle calls, with the news that each was sent last."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._sent: dict[Stream, News] = {}
        # An earlier question must not be answered after a later one.
        self._one_by_one = asyncio.Lock()

    def watch(self, stream: Stream) -> None:
        """Give a stream that is opened now the news of its agent."""
        if self.services.desk is not None:
            self._sent[stream] = NONE

    async def wake(self, people: Collection[int] | None) -> None:
        """Send the news of these people's agents, or of all. Raises StoreUnavailable."""
        if not self._sent:
            return
        async with self._one_by_one:
            self._sent = {stream: news for stream, news in self._sent.items() if not stream.is_over}
            streams = [it for it in self._sent if people is None or it.person_id in people]
            if streams:
                await self._send(streams)

    async def _send(self, streams: Collection[Stream]) -> None:
        marks = frozenset(stream.session for stream in streams)
        present = await self.services.database.run(lambda db: phone_agents.news(db, marks))
        for stream in streams:
            news = present.get(stream.session, NONE)
            if self._sent.get(stream) != news:
                self._sent[stream] = news
                stream.give(event("call", json.dumps(news._asdict())))
