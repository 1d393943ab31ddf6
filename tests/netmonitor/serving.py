"""Servers of a test's own that say what they are told to, to whoever connects."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Reply = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Serving:
    """A server at `port`: what it has read of the last connection is `read`, and `connections` counts all."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.port, self.connections, self.read = 0, 0, b""
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note a connection at once: the task of one that comes at the very end may never begin."""
        self._writers.add(writer)
        self._tasks.add(asyncio.ensure_future(self.connected(reader, writer)))

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with suppress(OSError, asyncio.CancelledError):
                await self._answer(reader, writer)
        finally:
            writer.close()

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # in which they are closed

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not isinstance(self.reply, bytes):
            return await self.reply(reader, writer)
        with suppress(asyncio.IncompleteReadError):
            self.read = await reader.readuntil(b"\r\n\r\n")
        writer.write(self.reply)
        await writer.drain()


@asynccontextmanager
async def serving(
    reply: Reply, context: ssl.SSLContext | None = None, address: str = "127.0.0.1"
) -> AsyncIterator[Serving]:
    it = Serving(reply)
    server = await asyncio.start_server(it.accept, address, 0, ssl=context)
    it.port = server.sockets[0].getsockname()[1]
    try:
        yield it
    finally:
        server.close()
        await it.end()


async def forever(writer: asyncio.StreamWriter, part: bytes, seconds: float = 0.0) -> None:
    """Send a part again and again."""
    while True:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(seconds)
