"""Compress pages and JSON for clients that accept it. Pure ASGI, around starlette-compress.

BREACH infers a secret from the sizes of compressed answers that repeat an attacker's text. It finds little here: no
page holds a secret that lets another act (sessions are in HttpOnly cookies, there is no CSRF token, an idempotency key
is of use only to its person and only once). But the texts of tasks are private, and a search is repeated on its page.
So an address with a query is answered uncompressed when another site sent the browser there.

Compression runs on the event loop, so no step may take long: only small answers are compressed hard, and large ones in
pieces, between which other requests have their turn.
"""

import asyncio
from collections.abc import Iterator

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

from helpdesk.web.core.faces import SAFE
from helpdesk.web.edge.middleware import PRIVATE

BROTLI_QUALITY = 6  # measured: docs/numbers.md
HARD_BROTLI_QUALITY = 10  # takes 0.7 ms for each KB, ten times as long
HARD_UP_TO_BYTES = 12_288  # a fragment that answers a write, never a page
GZIP_LEVEL = 6
WORTH_IT_BYTES = 400  # below, the gain is hardly more than the added headers
PIECE_BYTES = 65_536  # 4 ms by Brotli
PLAIN, ANSWER = "helpdesk.plain", "helpdesk.answer"

remove_compress_type("text/event-stream")  # a compressor would stay in memory as long as the stream
add_compress_type("text/csv")


class Compression:
    """Compress by Brotli, else gzip, except files that can be requested in parts, and what is sent as it comes.

    Zstandard is left out: pages are a tenth larger than by Brotli, and clients that accept it accept Brotli, too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.compressor = _compressor(self._answer, BROTLI_QUALITY)
        self.hard_compressor = _compressor(_prepared, HARD_BROTLI_QUALITY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_foreign_link_with_query(scope):
            await self.app(scope, receive, send)
        else:
            await self.compressor({**scope, PLAIN: send}, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, compressing: Send) -> None:
        send = compressing
        small: Message | None = None

        async def answer(message: Message) -> None:
            nonlocal send, small
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "cache-control" not in headers:  # here, so that the compressor adds to this Vary
                    headers.update(PRIVATE)
                # Parts are of the same bytes each time; an answer that is sent as it comes compresses itself.
                if "accept-ranges" in headers or "x-accel-buffering" in headers:
                    send = scope[PLAIN]
                elif _is_worth_more(scope, headers):
                    small = message
                    return
            if small is not None:
                start, small = small, None
                if message["type"] == "http.response.body" and not message.get("more_body"):
                    await self.hard_compressor({**scope, ANSWER: (start, message)}, receive, scope[PLAIN])
                    return
                await send(start)
            for piece in _pieces(message):
                if len(piece.get("body", b"")) > HARD_UP_TO_BYTES:
                    await asyncio.sleep(0)
                await send(piece)

        await self.app(scope, receive, answer)


def _compressor(app: ASGIApp, quality: int) -> CompressMiddleware:
    return CompressMiddleware(
        app, minimum_size=WORTH_IT_BYTES, zstd=False, brotli_quality=quality, gzip_level=GZIP_LEVEL
    )


async def _prepared(scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer that is there already."""
    for message in scope[ANSWER]:
        await send(message)


def _is_worth_more(scope: Scope, headers: Headers) -> bool:
    """Tell whether this answers a write and is small; a streamed answer has no length."""
    length = headers.get("content-length", "")
    return scope["method"] not in SAFE and length.isdigit() and int(length) <= HARD_UP_TO_BYTES


def _pieces(message: Message) -> Iterator[Message]:
    """Yield the message, or several when its body is large."""
    body = message.get("body", b"")
    if len(body) <= PIECE_BYTES:
        yield message
        return
    last = (len(body) - 1) // PIECE_BYTES * PIECE_BYTES
    for start in range(0, len(body), PIECE_BYTES):
        more = start < last or message.get("more_body", False)
        yield {**message, "body": body[start : start + PIECE_BYTES], "more_body": more}


def is_foreign_link_with_query(scope: Scope) -> bool:
    """Tell whether another site sent the browser to an address that carries a query."""
    return bool(scope["query_string"]) and Headers(scope=scope).get("sec-fetch-site") in ("cross-site", "same-site")
