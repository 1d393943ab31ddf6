"""Imitations of hosts at addresses of the loopback network, each of which is up, refuses, is silent, slow or flaps.

Each listens at one port of its address, takes connections and answers HTTP. Ping reaches all of them: it is the kernel
that answers.
"""

import asyncio
import socket
from collections.abc import Coroutine
from contextlib import suppress
from threading import Thread
from typing import Any, Self

from helpdesk.netmonitor.model import Method, Target
from tests.servers.process import free_port

PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\nConnection: close\r\n\r\nHello"
HELD = 4
"""So many connections fill a listener that takes none."""


class ImitatedHosts:
    """Hosts 0 to `count` - 1, all up at first. A change has been made when its method returns."""

    def __init__(self, count: int = 200) -> None:
        self.port = free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._hosts = [_Host(f"127.0.{1 + number // 250}.{1 + number % 250}", self.port) for number in range(count)]

    def __enter__(self) -> Self:
        self._thread.start()
        self._all(host.up() for host in self._hosts)
        return self

    def __exit__(self, *_: object) -> None:
        self._all(host.refuse() for host in self._hosts)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def address(self, number: int) -> str:
        return self._hosts[number].address

    def target(self, number: int, method: Method = "tcp", **more: Any) -> Target:
        """The host as it is probed; its id is its number and one."""
        address = self.address(number)
        shown = f"http://{address}:{self.port}/" if method == "http" else address
        port = self.port if method == "tcp" else None
        return Target(number + 1, f"host {number}", method, shown, port)._replace(**more)

    def up(self, number: int) -> None:
        """It takes connections and answers at once."""
        self._do(self._hosts[number].up())

    def slow(self, number: int, seconds: float) -> None:
        """It takes connections at once, and answers HTTP after so many seconds."""
        self._do(self._hosts[number].up(seconds))

    def refuse(self, number: int) -> None:
        """Its port is closed, and open connections break."""
        self._do(self._hosts[number].refuse())

    def silence(self, number: int) -> None:
        """Its port is open, and nobody takes a connection: the kernel drops what comes."""
        self._do(self._hosts[number].silence())

    def flap(self, number: int, up_seconds: float, down_seconds: float) -> None:
        """It is up and refuses by turns, until the next change."""
        self._do(self._hosts[number].flap(up_seconds, down_seconds))

    def _do(self, change: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(change, self._loop).result(30)

    def _all(self, changes: Any) -> None:
        async def made() -> None:
            for change in changes:
                await change

        self._do(made())


class _Host:
    def __init__(self, address: str, port: int) -> None:
        self.address, self.port = address, port
        self._server: asyncio.Server | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._held: list[socket.socket] = []
        self._flapping: asyncio.Task[None] | None = None

    async def up(self, seconds: float = 0.0) -> None:
        await self._stop()
        await self._listen(seconds)

    async def refuse(self) -> None:
        await self._stop()

    async def silence(self) -> None:
        await self._stop()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.address, self.port))
        listener.listen(0)
        self._held = [listener]
        for _ in range(HELD):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex((self.address, self.port))
            self._held.append(caller)

    async def flap(self, up_seconds: float, down_seconds: float) -> None:
        await self._stop()
        await self._listen(0.0)
        self._flapping = asyncio.create_task(self._flap(up_seconds, down_seconds))

    async def _flap(self, up_seconds: float, down_seconds: float) -> None:
        while True:
            await asyncio.sleep(up_seconds)
            await self._close()
            await asyncio.sleep(down_seconds)
            await self._listen(0.0)

    async def _stop(self) -> None:
        if self._flapping:
            self._flapping.cancel()
            with suppress(asyncio.CancelledError):
                await self._flapping
            self._flapping = None
        await self._close()

    async def _close(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for task in self._answering:
            task.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        await asyncio.sleep(0)  # in which the connections are closed
        for held in self._held:
            held.close()
        self._held = []

    async def _listen(self, seconds: float) -> None:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(_answer(reader, writer, seconds))
            self._answering.add(task)

            def end(_: object) -> None:  # also of one that never began
                self._answering.discard(task)
                writer.transport.abort()

            task.add_done_callback(end)

        self._server = await asyncio.start_server(accept, self.address, self.port, backlog=100)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(seconds)
        writer.write(PAGE)
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        return  # it was only looked whether there is somebody
    finally:
        writer.transport.abort()
