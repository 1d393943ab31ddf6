"""Fetch a page, and judge its status, its words and its certificate.

Each probe has a connection of its own, so that its whole way is measured until the head of the answer. Redirections are
not followed: they are a status. Nothing is sent over a connection whose certificate is refused; to learn when that
expires, another connection is opened, and closed after the handshake.
"""

import asyncio
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import NamedTuple
from urllib.parse import quote

from cryptography import x509
from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from helpdesk.netmonitor.addresses import Url
from helpdesk.netmonitor.model import Outcome, Target
from helpdesk.netmonitor.probes import tcp
from helpdesk.netmonitor.probes.faults import ProbeFailed, until
from helpdesk.netmonitor.probes.names import Address
from helpdesk.netmonitor.targets import statuses

PORTS = {"http": 80, "https": 443}
READ_BYTES = 16_384
LARGEST_HEAD, LARGEST_BODY = 32_768, 262_144
MOST_PARTS = 4096
"""So many pieces of a body are read: a piece of one byte takes as long as one of many."""
CHARSETS = {
    "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "iso-8859-5", "iso-8859-15", "windows-1250",
    "windows-1251", "windows-1252", "cp1251", "cp866", "koi8-r", "koi8-u", "utf-16", "gb2312", "gbk", "big5",
    "shift_jis", "euc-jp", "euc-kr",
}  # fmt: skip
"""The ones that are taken from a header: Python's others may take long, and it remembers each name it was asked for."""
CHARSET = re.compile(rb"""charset=["']?([a-z0-9_-]{1,20})""")
UNNAMED = ("utf-8", "windows-1251")
"""What a page without a named charset may be written in."""
COMPRESSED = {b"gzip", b"x-gzip", b"deflate"}
ZLIB_OR_GZIP = 47
SWITCHING = 101
UNQUOTED = "%/?#[]@!$&'()*+,;=:~"


class Contexts(NamedTuple):
    """How a certificate is checked, and how it is only looked at."""

    checking: ssl.SSLContext
    looking: ssl.SSLContext


async def probe(
    url: Url, target: Target, addresses: Sequence[Address], contexts: Contexts | None, ends: float
) -> Outcome:
    """Return how long the head of the answer took, if the answer is as expected. It is encrypted by the contexts.

    Raises ProbeFailed and Overloaded.
    """
    page = _Page(url, addresses, ends)
    if contexts is None:
        async with page.opened(None) as stream:
            return _judged(await page.answer(stream), target, None)
    try:
        async with page.opened(contexts.checking) as stream:
            return _judged(await page.answer(stream), target, _expiry(stream.writer))
    except ssl.SSLCertVerificationError as error:
        raise ProbeFailed("certificate", error.verify_message, await page.expiry(contexts.looking)) from error


class _Stream(NamedTuple):
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class _Page:
    """An address on the web that is being probed."""

    def __init__(self, url: Url, addresses: Sequence[Address], ends: float) -> None:
        self.url, self.addresses, self.ends = url, addresses, ends
        self.begins = perf_counter()

    @asynccontextmanager
    async def opened(self, context: ssl.SSLContext | None) -> AsyncIterator[_Stream]:
        """Connect, and let the work within be done in the time that is left. Raises ProbeFailed, Overloaded, and
        SSLCertVerificationError."""
        host = self.url.host if context else None
        with await tcp.connect(self.addresses, self.url.port or PORTS[self.url.scheme], self.ends) as sock:
            try:
                async with until(self.ends, "slow"):
                    reader, writer = await asyncio.open_connection(
                        sock=sock, ssl=context, server_hostname=host, limit=READ_BYTES
                    )
                    try:
                        yield _Stream(reader, writer)
                    finally:
                        writer.transport.abort()
            except ssl.SSLCertVerificationError:
                raise
            except ssl.SSLError as error:
                raise ProbeFailed("nonsense", error.reason or "") from error
            except OSError as error:
                raise ProbeFailed("nonsense", error.strerror or "") from error

    async def answer(self, stream: _Stream) -> "_Answer":
        """Ask for the page, and return what of the answer is looked at. Raises ProbeFailed and OSError."""
        stream.writer.write(self._request())
        answer = _Answer(self.begins)
        while not answer.is_enough and (data := await stream.reader.read(READ_BYTES)):
            answer.feed(data)
        if answer.status is None:
            raise ProbeFailed("nonsense", "the connection was closed")
        return answer

    async def expiry(self, context: ssl.SSLContext) -> datetime | None:
        """Return when a certificate that was refused expires, None when it is not shown again."""
        try:
            async with self.opened(context) as stream:
                return _expiry(stream.writer)
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


class _Answer:
    """What has come of an answer; the parser calls its methods `on_…`."""

    def __init__(self, begins: float) -> None:
        self.status: int | None = None
        self.reason, self.ms = b"", 0.0
        self.headers: dict[bytes, bytes] = {}
        self.body = bytearray()
        self.is_enough = False
        self._begins, self._head, self._parts = begins, 0, 0
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(lenient_headers=True, lenient_optional_cr_before_lf=True)

    def feed(self, data: bytes) -> None:
        """Read more of it. Raises ProbeFailed."""
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self.is_enough = True
        except HttpParserError as error:
            raise ProbeFailed("nonsense", str(error)) from error
        self._head += len(data) if self.status is None else 0
        if self._head > LARGEST_HEAD:
            raise ProbeFailed("nonsense", "its head has no end")

    def on_status(self, reason: bytes) -> None:
        self.reason = reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200 or status == SWITCHING:
            self.status, self.ms = status, (perf_counter() - self._begins) * 1000
        else:
            self.headers.clear()

    def on_body(self, part: bytes) -> None:
        if not self.is_enough:
            self.body += part
            self._parts += 1
            self.is_enough = len(self.body) >= LARGEST_BODY or self._parts >= MOST_PARTS

    def on_message_complete(self) -> None:
        self.is_enough = self.is_enough or self.status is not None


def _judged(answer: _Answer, target: Target, expires_at: datetime | None) -> Outcome:
    """Return what is to be said of an answer. Raises ProbeFailed."""
    if not any(answer.status in each for each in statuses(target.expected_status)):
        reason = answer.reason.decode("latin-1")
        raise ProbeFailed("status", f"{answer.status} {reason}", expires_at)
    if target.expected_words and not _holds(answer, target.expected_words):
        raise ProbeFailed("words", "", expires_at)
    soon = datetime.now(UTC) + timedelta(days=target.certificate_days)
    is_expiring = bool(target.certificate_days and expires_at and expires_at < soon)
    return Outcome(answer.ms, "expiring" if is_expiring else "", "", expires_at)


def _holds(answer: _Answer, words: str) -> bool:
    """Tell whether a page holds words, in small or large letters, with any blanks between them. Raises ProbeFailed."""
    body, looked_for = _plain_body(answer), _squeezed(words)
    return any(looked_for in _squeezed(body.decode(charset, "replace")) for charset in _charsets(answer))


def _plain_body(answer: _Answer) -> bytes:
    """Return the begin of a body, which may be compressed although nobody asked for that."""
    encoding = answer.headers.get(b"content-encoding", b"").strip().lower()
    if encoding not in COMPRESSED:
        return bytes(answer.body[:LARGEST_BODY])
    try:
        return zlib.decompressobj(ZLIB_OR_GZIP).decompress(answer.body, LARGEST_BODY)
    except zlib.error as error:
        raise ProbeFailed("nonsense", "its content can't be unpacked") from error


def _charsets(answer: _Answer) -> Sequence[str]:
    found = CHARSET.search(answer.headers.get(b"content-type", b"").lower())
    named = found[1].decode() if found else ""
    return (named,) if named in CHARSETS else UNNAMED


def _squeezed(text: str) -> str:
    return " ".join(text.casefold().split())


def _expiry(writer: asyncio.StreamWriter) -> datetime | None:
    """Return the end of the certificate that the other side has shown, None when it can't be read."""
    shown = writer.get_extra_info("ssl_object").getpeercert(True)
    try:
        return x509.load_der_x509_certificate(shown).not_valid_after_utc if shown else None
    except ValueError:
        return None
