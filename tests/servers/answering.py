"""A small HTTP server of a test's own, in a thread: it answers as it is told to, also badly."""

import asyncio
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import NamedTuple

LARGEST = 64 * 1024
ROUNDS = 3
"""Of the loop at the end, in which sockets are closed."""


class Request(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Answer(NamedTuple):
    """`hangs` answers nothing until the server ends; `drips` sends the body a byte at a time, without an end; `cuts`
    ends the line in place of an answer; `after` so many seconds is it sent."""

    status: int = 201
    headers: Mapping[str, str] = {}
    body: bytes = b""
    hangs: bool = False
    drips: bool = False
    cuts: bool = False
    after: float = 0


class AnsweringServer:
    """Gives each request to `answer`. `connections` counts those that were made."""

    def __init__(self, answer: Callable[[Request], Answer], context: ssl.SSLContext | None = None) -> None:
        self.answer, self.context = answer, context
        self.port, self.connections = 0, 0
        self.dripped = Event()
        self._ready, self._end = Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lines: list[asyncio.StreamWriter] = []
        self._serving: list[asyncio.Task[None] | None] = []

    async def serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.context, limit=LARGEST)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()
        for line in self._lines:
            line.transport.abort()
        await asyncio.gather(*filter(None, self._serving), return_exceptions=True)
        for _ in range(ROUNDS):
            await asyncio.sleep(0)

    def end(self) -> None:
        """End it; once more does nothing."""
        if self._loop:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._end.set)

    def wait(self) -> None:
        assert self._ready.wait(10)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._lines.append(writer)
        self._serving.append(asyncio.current_task())
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        answer = self.answer(await _read(reader))
        if answer.after:
            await asyncio.wait([asyncio.ensure_future(self._end.wait())], timeout=answer.after)
        if answer.hangs:
            await self._end.wait()
        if answer.hangs or answer.cuts:
            return False
        length = len(answer.body) + answer.drips
        lines = [f"HTTP/1.1 {answer.status} Told", f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + (b"" if answer.drips else answer.body))
        await writer.drain()
        for byte in answer.body if answer.drips else b"":
            writer.write(bytes([byte]))
            await writer.drain()
            self.dripped.set()
            await asyncio.sleep(0.01)
        if answer.drips:
            await self._end.wait()
        return True


async def _read(reader: asyncio.StreamReader) -> Request:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    method, path, _ = first.split(" ")
    return Request(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


@contextmanager
def answering(server: AnsweringServer) -> Iterator[None]:
    """Run it in a thread until the end."""
    thread = Thread(target=asyncio.run, args=(server.serve(),), daemon=True)
    thread.start()
    server.wait()
    try:
        yield
    finally:
        server.end()
        thread.join(10)
