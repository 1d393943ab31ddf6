"""Pages and JSON go compressed to whoever takes it. Pure ASGI, around starlette-compress.

BREACH, which reads a secret off the sizes of compressed answers that repeat an attacker's words, finds little here: no
page holds a secret that lets another act (sessions are in HttpOnly cookies, there is no CSRF token, an idempotency key
is of use only to its person and only once). What tasks say is private, though, and a search is repeated on its page: so
an address with a query that another site sent the browser to is answered uncompressed.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware, add_compress_type, remove_compress_type

from helpdesk.web.edge import PRIVATE, SAFE

BROTLI_QUALITY = 6  # measured: docs/numbers.md
BROTLI_QUALITY_OF_WRITES = 10  # a fragment takes a millisecond; a list of tasks would take six
GZIP_LEVEL = 6
WORTH_IT_BYTES = 400  # below, what is saved is hardly more than the headers that say so
PLAIN = "helpdesk.plain"

remove_compress_type("text/event-stream")  # a compressor would stay in memory as long as the stream
add_compress_type("text/csv")


class Compression:
    """Brotli, else gzip, by Accept-Encoding. Event streams, and files that can be had in parts, go as they are.

    Zstandard is left out: pages come out a tenth larger than by Brotli, and who takes it takes Brotli, too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.of_reads, self.of_writes = (
            CompressMiddleware(
                self._within, minimum_size=WORTH_IT_BYTES, zstd=False, brotli_quality=quality, gzip_level=GZIP_LEVEL
            )
            for quality in (BROTLI_QUALITY, BROTLI_QUALITY_OF_WRITES)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or sent_here_with_words(scope):
            await self.app(scope, receive, send)
        else:
            compressor = self.of_reads if scope["method"] in SAFE else self.of_writes
            await compressor({**scope, PLAIN: send}, receive, send)

    async def _within(self, scope: Scope, receive: Receive, compressing: Send) -> None:
        send = compressing

        async def answer(message: Message) -> None:
            nonlocal send
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "cache-control" not in headers:  # here, so that the compressor adds to this Vary
                    headers.update(PRIVATE)
                if "accept-ranges" in headers:  # the bytes that a part is asked of must always be the same
                    send = scope[PLAIN]
            await send(message)

        await self.app(scope, receive, answer)


def sent_here_with_words(scope: Scope) -> bool:
    """Whether another site sent the browser to an address that carries a query."""
    return bool(scope["query_string"]) and Headers(scope=scope).get("sec-fetch-site") in ("cross-site", "same-site")
