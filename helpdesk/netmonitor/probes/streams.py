"""Send and receive over a connection, also over TLS.

What TLS takes of the processor is chosen by the other side in part: that work is done in threads, and holds up no other
probe.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from cryptography import x509

from helpdesk.netmonitor.probes.faults import ProbeFailed
from helpdesk.threads import Threads

READ_BYTES = 16_384
MOST_BYTES = 2**20
"""Of TLS are received: handshakes, keys and tickets have no end at a hostile server."""

T = TypeVar("T")


class Plain:
    """A connection as it is. Its methods raise OSError."""

    expires_at: datetime | None = None

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._loop = sock, asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._sock, data)

    async def receive(self) -> bytes:
        """Return what has come, nothing at the end."""
        await asyncio.sleep(0)  # data that is there already comes without a pause for others
        return await self._loop.sock_recv(self._sock, READ_BYTES)


class Secured:
    """A connection over TLS. Its methods raise ProbeFailed, Overloaded and OSError, of which SSLError is one.
    `expires_at` is the end of the certificate that the other side has shown, None when it can't be read."""

    def __init__(self, plain: Plain, context: ssl.SSLContext, host: str, threads: Threads) -> None:
        self._plain, self._threads = plain, threads
        self._in, self._out, self._received = ssl.MemoryBIO(), ssl.MemoryBIO(), 0
        self.expires_at: datetime | None = None
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)

    async def shake_hands(self) -> None:
        self.expires_at = await self._done(self._handshake)

    async def send(self, data: bytes) -> None:
        await self._done(lambda: self._tls.write(data))

    async def receive(self) -> bytes:
        """Return what has come, nothing at the end."""
        try:
            return await self._done(lambda: self._tls.read(READ_BYTES))
        except ssl.SSLEOFError:  # many servers end without a word
            return b""

    def _handshake(self) -> datetime | None:
        self._tls.do_handshake()
        return _expiry(self._tls.getpeercert(True))

    async def _done(self, work: Callable[[], T]) -> T:
        """Do a piece of TLS's work, which goes on whenever something has come."""
        while True:
            try:
                done = await self._threads.run(work)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._take_in()
            else:
                await self._flush()
                return done

    async def _flush(self) -> None:
        if self._out.pending:
            await self._plain.send(self._out.read())

    async def _take_in(self) -> None:
        data = await self._plain.receive()
        self._received += len(data)
        if self._received > MOST_BYTES:
            raise ProbeFailed("nonsense", "its TLS has no end")
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()


def _expiry(shown: bytes | None) -> datetime | None:
    try:
        return x509.load_der_x509_certificate(shown).not_valid_after_utc if shown else None
    except ValueError:
        return None
