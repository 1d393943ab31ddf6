"""An imitated proxy of a company: it connects to any name as it likes, or refuses as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

PIECE = 64 * 1024


class ImitatedOutboundProxy:
    """Every name leads to `target` on this machine. `status` is its answer, and `asked` what was asked of it."""

    def __init__(self, target: int) -> None:
        self.target, self.status, self.port = target, 200, 0
        self.asked: list[str] = []
        self._lines: set[asyncio.StreamWriter] = set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError):
            self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(f"HTTP/1.1 {self.status} So\r\nContent-Length: 0\r\n\r\n".encode())
            if self.status == 200:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
                self._lines.add(far_writer)
                await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        writer.close()

    def end(self) -> None:
        for line in self._lines:
            line.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(PIECE):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def imitated_outbound_proxy(target: int) -> AsyncIterator[ImitatedOutboundProxy]:
    proxy = ImitatedOutboundProxy(target)
    server = await asyncio.start_server(proxy.connected, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.end()
