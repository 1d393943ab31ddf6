"""Limit how long a client may keep a connection waiting, and how many connections there are.

uvicorn limits only the pause between two requests. This protocol also limits the time until a request's head has
arrived and its size, how long a client may leave an answer unread, and the number of open connections. The speed of a
body is checked by `web/core/request_body.py`, which knows whether a handler waits for it.
"""

import asyncio
import logging
import resource
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

log = logging.getLogger(__name__)

HEAD_SECONDS = 20.0
"""From the start of a connection, or the end of an answer, to the last line of the next request's head."""
DRAIN_SECONDS = 60.0
"""For the rest of a body after an early answer: a browser that is still sending does not read the answer."""
CROWDED_SECONDS = 2.0
"""Replaces HEAD_SECONDS while there are too many connections; also the time to read a refusal."""
UNREAD_SECONDS = 60.0
CHECK_SECONDS = 10.0
SHED_SECONDS = 1.0
MOST_HEAD_BYTES = 64 * 1024
LONGEST_URL = 16 * 1024
MOST_RESERVED = 512
"""Descriptors reserved for the store, files and outgoing connections; a quarter of all where there are few."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. It checks itself every CHECK_SECONDS, which is cheap even with thousands of open streams."""

    last_shed = float("-inf")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.most, self.margin = limits()
        self.refused = False
        self.waiting_since = self.loop.time()
        self.in_head = True  # or before it: not in a body
        self.head_begun = False  # a byte of a head has come
        self.head_bytes = 0
        self.chunk_bytes = 0  # of what is being parsed
        self.unread, self.unread_since = 0, 0.0
        self.next_check: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._check_after(CHECK_SECONDS)
        if self._is_crowded():
            self._shed()
        if self._is_crowded(2 * self.margin):
            self.transport.abort()
        elif self._is_crowded(self.margin):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.next_check:
            self.next_check.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.refused:
            return
        self.chunk_bytes = len(data)
        super().data_received(data)
        if self.in_head:
            self.head_bytes += self.chunk_bytes
            if self.head_bytes > MOST_HEAD_BYTES:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        # The same chunk may begin with the end of the previous request.
        self.head_begun, self.head_bytes = True, -self.chunk_bytes
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Cut a URL at LONGEST_URL.

        That is more than `web/core/navigation.py: LONGEST_ADDRESS`, so a cut one is refused there. The parser itself
        refuses much longer ones.
        """
        super().on_url(url[: LONGEST_URL - len(self.url)])

    def on_headers_complete(self) -> None:
        self.in_head = self.head_begun = False
        if self._is_crowded():
            self._shed()
            self.scope["state"]["overloaded"] = True
        self.scope["state"]["abort"] = self.transport.abort
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        # The chunk that ends a body does not count for the next head.
        self.in_head, self.head_bytes, self.waiting_since = True, -self.chunk_bytes, self.loop.time()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self.waiting_since = self.loop.time()
        super().on_response_complete()

    def _is_crowded(self, beyond: int = 0) -> bool:
        return len(self.connections) > self.most + beyond

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _check_after(self, seconds: float) -> None:
        if self.next_check:
            self.next_check.cancel()
        self.next_check = self.loop.call_later(seconds, self._check)

    def _check(self) -> None:
        if self._is_unread():
            log.info("a response was not read", extra={"address": (self.client or ("",))[0]})
            self.transport.abort()
        elif self.refused:
            self.transport.abort()
        else:
            self._check_after(CHECK_SECONDS)
            self._close_if_idle_for(HEAD_SECONDS if self.in_head else DRAIN_SECONDS)

    def _is_unread(self) -> bool:
        """Tell whether the client has read nothing for UNREAD_SECONDS, although the send buffers are full."""
        now, unread = self.loop.time(), self.transport.get_write_buffer_size()
        if not unread or unread != self.unread:
            self.unread, self.unread_since = unread, now
        return now - self.unread_since > UNREAD_SECONDS and unread > 0

    def _close_if_idle_for(self, seconds: float) -> None:
        """Close a connection on which no request has arrived for so long.

        Browsers open some connections in advance; those are closed without an answer.
        """
        if self.refused or self._is_answering() or self.loop.time() - self.waiting_since <= seconds:
            return
        if self.head_begun:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        """Send a short answer that needs no request, and give the client time to read it.

        A connection closed at once with unread data on it would be reset, and the answer would be lost.
        """
        self.refused = True
        if self._is_answering() or self.transport.is_closing():
            self.transport.close()
        else:
            text = status.phrase.encode()
            self.transport.write(
                b"HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nRetry-After: 10\r\n"
                b"Connection: close\r\n\r\n%s" % (status, text, len(text), text)
            )
            self.transport.write_eof()
            self._check_after(CROWDED_SECONDS)

    def _shed(self) -> None:
        """Log that there are too many connections and close idle ones, at most once per SHED_SECONDS."""
        if self.loop.time() - BoundedProtocol.last_shed < SHED_SECONDS:
            return
        BoundedProtocol.last_shed = self.loop.time()
        log.warning("too many connections", extra={"open": len(self.connections), "most": self.most})
        for each in [it for it in self.connections if isinstance(it, BoundedProtocol)]:
            each._close_if_idle_for(CROWDED_SECONDS)


def limits() -> tuple[int, int]:
    """Return how many connections are served at once, and the margin beyond that.

    Within the margin a connection is refused with a full answer, within a second margin with a short one, and beyond
    that without an answer.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    reserved = min(MOST_RESERVED, soft // 4) if soft != resource.RLIM_INFINITY else MOST_RESERVED
    served = soft - reserved if soft != resource.RLIM_INFINITY else 65_536
    return served, reserved // 4
