"""An event stream as an answer.

Thousands are open at once, so each is two tasks and little else: EventSourceResponse of sse-starlette, which this was
before, keeps a task more, a task group and their locks: 50 KB a stream where now there are 28 or so (docs/streams.md).
"""

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from helpdesk.notifications.channels.streams import Stream
from helpdesk.web.live import Live

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # nginx would hold events back


class EventStream(Response):
    """`first`, then what the stream that `opened` gives is given, until it ends or the other side has gone."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, opened: Callable[[], Stream], first: bytes) -> None:
        self.live, self.opened, self.first = live, opened, first
        self.status_code = 200
        self.init_headers(HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            await self._tell(receive, send)
        await send({"type": "http.response.body", "body": b""})

    async def _tell(self, receive: Receive, send: Send) -> None:
        stream = self.opened()
        listening = asyncio.create_task(_until_gone(receive, stream))
        try:
            await _send(send, self.first)
            await self.live.catch_up(stream)
            while (piece := await stream.next()) is not None:
                await _send(send, piece)
        finally:
            listening.cancel()
            self.live.streams.close(stream)


async def _send(send: Send, piece: bytes) -> None:
    await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _until_gone(receive: Receive, stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.end()
