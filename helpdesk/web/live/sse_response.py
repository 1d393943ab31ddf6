"""The response of an event stream: EventSourceResponse of sse-starlette, made light enough for thousands of streams.

As it comes, it keeps a task group and a task for the end of the process in each stream, which is 23 KB more
(docs/streams.md). `hub.at_shutdown` ends all streams together, and one heartbeat serves them all, so neither is needed.
The three methods of the library that start with an underscore may change: pyproject.toml pins its minor version.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from functools import partial

from sse_starlette import EventSourceResponse
from starlette.types import Message, Receive, Scope, Send

from helpdesk.errors import HelpdeskError
from helpdesk.notifications.channels.sse.streams import Stream
from helpdesk.web.live.hub import Live

log = logging.getLogger(__name__)

HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold events back
    "Connection": "close",  # the library says keep-alive, but an ended stream must free its connection
}
FAREWELL_SECONDS = 2.0
"""To read why a stream ended; then its connection is cut off, whatever its client has left unread."""


class EventStream(EventSourceResponse):
    """Send `first`, then the events of the stream that `open_stream` opens, until it ends or the client leaves."""

    def __init__(self, live: Live, open_stream: Callable[[], Stream], first: bytes) -> None:
        self.live, self.open_stream, self.first = live, open_stream, first
        super().__init__(self._events())
        self.init_headers(HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            await super().__call__(scope, receive, send)
            return
        self.stream = self.open_stream()
        if abort := scope["state"].get("abort"):
            self.stream.when_over = partial(asyncio.get_running_loop().call_later, FAREWELL_SECONDS, abort)
        listening = asyncio.create_task(self._listen_for_disconnect(receive))
        try:
            await self._stream_response(send)
        finally:
            listening.cancel()
            self.live.streams.close(self.stream)

    async def _events(self) -> AsyncIterator[bytes]:
        yield self.first
        await self.live.catch_up(self.stream)
        while (event := await self.stream.next()) is not None:
            yield event

    async def _listen_for_disconnect(self, receive: Receive) -> None:
        try:
            await super()._listen_for_disconnect(receive)
        except HelpdeskError:  # the client sends a body that is too large or comes too slowly
            log.info("a stream request had a body, which is not read")
        self.stream.end()

    async def _send_with_timeout(self, send: Send, message: Message) -> None:
        await send(message)  # no time-out is set, so a cancel scope for each event would be in vain
