"""A wire between somebody and a server of ours that can be cut, or go dead without a word, and come back."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

Weather = Literal["fair", "cut", "dead"]
ROUNDS = 3
"""Of the loop at the end: a line that was just taken gets its task in the next one, and sockets are closed there."""


class Proxy:
    """Listens on 127.0.0.1:`port`. `cut`: whoever comes is sent away, and all lines are closed. `dead`: lines stay open
    and new ones are taken, but not a byte gets through."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.port = 0
        self.taken = 0
        self.loop = asyncio.new_event_loop()
        self.weather: Weather = "fair"
        self._lines: set[asyncio.StreamWriter] = set()
        self._fair = asyncio.Event()

    def becomes(self, weather: Weather) -> None:
        """From when this returns."""
        asyncio.run_coroutine_threadsafe(self._becomes(weather), self.loop).result(10)

    async def _becomes(self, weather: Weather) -> None:
        self.weather = weather
        if weather == "fair":
            self._fair.set()
            return
        self._fair.clear()
        if weather == "cut":
            for line in list(self._lines):
                line.transport.abort()

    async def serve(self) -> asyncio.Server:
        self._fair.set()
        server = await asyncio.start_server(self._line, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.taken += 1
        self._lines.add(writer)
        try:
            with suppress(asyncio.CancelledError):  # the end of the block; the loop would complain in the log
                if self.weather != "cut":
                    await self._fair.wait()
                    await self._joined(reader, writer)
        finally:
            self._lines.discard(writer)
            writer.transport.abort()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        their_reader, their_writer = await asyncio.open_connection(*self.target)
        self._lines.add(their_writer)
        try:
            ways = (self._carry(reader, their_writer), self._carry(their_reader, writer))
            await asyncio.wait([asyncio.ensure_future(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._lines.discard(their_writer)
            their_writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._fair.wait()
                writer.write(data)
                await writer.drain()


@contextmanager
def proxy_to(host: str, port: int) -> Iterator[Proxy]:
    """A proxy in a thread of its own, for the length of the block."""
    proxy = Proxy(host, port)
    thread = threading.Thread(target=proxy.loop.run_forever, name="proxy")
    thread.start()
    server = asyncio.run_coroutine_threadsafe(proxy.serve(), proxy.loop).result(10)
    try:
        yield proxy
    finally:
        asyncio.run_coroutine_threadsafe(_ended(server), proxy.loop).result(10)
        proxy.loop.call_soon_threadsafe(proxy.loop.stop)
        thread.join()
        proxy.loop.close()


async def _ended(server: asyncio.Server) -> None:
    server.close()
    for _ in range(ROUNDS):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
