"""Fetch a page, and judge its status, its words and its certificate.

Each probe has a connection of its own, so that its whole way is measured until the head of the answer. Redirections are
not followed: they are a status. Nothing is sent over a connection whose certificate is refused; to learn when that
expires, another connection is opened, and closed after the handshake.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import NamedTuple
from urllib.parse import quote

from helpdesk import tls
from helpdesk.netmonitor.addresses import Url
from helpdesk.netmonitor.model import Outcome, Target
from helpdesk.netmonitor.probes import tcp
from helpdesk.netmonitor.probes.answers import Answer, holds
from helpdesk.netmonitor.probes.faults import ProbeFailed, until
from helpdesk.netmonitor.probes.names import Address
from helpdesk.netmonitor.probes.streams import Plain, Secured
from helpdesk.netmonitor.targets import statuses
from helpdesk.threads import Threads

PORTS = {"http": 80, "https": 443}
MOST_THREADS, MOST_TLS_THREADS = 2, 4
PATIENCE_SECONDS = 1.0
"""So long a probe waits for a thread: less than for the host, since a lack of threads is no fault of the host."""
UNQUOTED = "%/?#[]@!$&'()*+,;=:~"


class Pages:
    """Fetches pages. It trusts the machine's authorities and those of `ca_bundle`."""

    def __init__(self, ca_bundle: Path | None) -> None:
        self._ca_bundle = ca_bundle
        self._threads = Threads(MOST_THREADS, PATIENCE_SECONDS)
        self._tls_threads = Threads(MOST_TLS_THREADS, PATIENCE_SECONDS)

    async def probe(self, url: Url, target: Target, addresses: Sequence[Address], ends: float) -> Outcome:
        """Return how long the head of the answer took, if the answer is as expected. Raises ProbeFailed, Overloaded."""
        page = _Page(url, addresses, ends, self._tls_threads)
        answer, expires_at = await (self._secured(page) if url.scheme == "https" else page.fetched(None))
        if not any(answer.status in each for each in statuses(target.expected_status)):
            raise ProbeFailed("status", f"{answer.status} {answer.reason.decode('latin-1')}", expires_at)
        if target.expected_words and not await self._holds(answer, target.expected_words, ends):
            raise ProbeFailed("words", "", expires_at)
        soon = datetime.now(UTC) + timedelta(days=target.certificate_days)
        is_expiring = bool(target.certificate_days and expires_at and expires_at < soon)
        return Outcome(answer.ms, "expiring" if is_expiring else "", "", expires_at)

    async def _secured(self, page: "_Page") -> "_Fetched":
        """Fetch a page over TLS. Raises ProbeFailed and Overloaded."""
        async with until(page.ends, "slow"):  # in a thread: to read the authorities takes a while at the first time
            context = await self._threads.run(tls.context, self._ca_bundle, bounded=True)
        try:
            return await page.fetched(context)
        except ssl.SSLCertVerificationError as error:
            raise ProbeFailed("certificate", error.verify_message, await page.expiry()) from error

    async def _holds(self, answer: Answer, words: str, ends: float) -> bool:
        """Look for words in a thread: a large page takes 50 ms. Raises ProbeFailed and Overloaded."""
        async with until(ends, "slow"):
            return await self._threads.run(holds, answer, words)


class _Fetched(NamedTuple):
    """An answer, and the end of the certificate, if there is one."""

    answer: Answer
    expires_at: datetime | None


class _Page:
    """An address on the web that is being probed."""

    def __init__(self, url: Url, addresses: Sequence[Address], ends: float, threads: Threads) -> None:
        self.url, self.addresses, self.ends, self.threads = url, addresses, ends, threads
        self._begins = 0.0

    async def fetched(self, context: ssl.SSLContext | None) -> _Fetched:
        """Fetch it, over TLS with a context. Raises ProbeFailed, Overloaded and SSLCertVerificationError."""
        self._begins = perf_counter()
        async with self._opened(context) as stream:
            return _Fetched(await self._answer(stream), stream.expires_at)

    @asynccontextmanager
    async def _opened(self, context: ssl.SSLContext | None) -> AsyncIterator[Plain | Secured]:
        """Connect, and let the work within be done in the time that is left. Raises ProbeFailed, Overloaded, and
        SSLCertVerificationError."""
        with await tcp.connect(self.addresses, self.url.port or PORTS[self.url.scheme], self.ends) as sock:
            try:
                async with until(self.ends, "slow"):
                    yield await self._stream(sock, context)
            except ssl.SSLCertVerificationError:
                raise
            except ssl.SSLError as error:
                raise ProbeFailed("nonsense", error.reason or "") from error
            except OSError as error:
                raise ProbeFailed("nonsense", error.strerror or "") from error

    async def _stream(self, sock: socket.socket, context: ssl.SSLContext | None) -> Plain | Secured:
        if context is None:
            return Plain(sock)
        stream = Secured(Plain(sock), context, self.url.host, self.threads)
        await stream.shake_hands()
        return stream

    async def _answer(self, stream: Plain | Secured) -> Answer:
        """Ask for the page, and return what of the answer is looked at. Raises ProbeFailed, Overloaded, OSError."""
        await stream.send(self._request())
        answer = Answer(self._begins)
        while not answer.is_enough and (data := await stream.receive()):
            answer.feed(data)
        if answer.status is None:
            raise ProbeFailed("nonsense", "the connection was closed")
        return answer

    async def expiry(self) -> datetime | None:
        """Return when a certificate that was refused expires, None when it is not shown again. Raises Overloaded."""
        try:
            async with self._opened(tls.unchecked(bounded=True)) as stream:
                return stream.expires_at
        except ProbeFailed:
            return None

    def _request(self) -> bytes:
        host = f"[{self.url.host}]" if ":" in self.url.host else self.url.host
        port = f":{self.url.port}" if self.url.port else ""
        lines = (
            f"GET {quote(self.url.rest, safe=UNQUOTED)} HTTP/1.1",
            f"Host: {host}{port}",
            "User-Agent: helpdesk",
            "Accept: */*",
            "Accept-Encoding: identity",
            "Connection: close",
        )
        return "\r\n".join((*lines, "", "")).encode("ascii")
