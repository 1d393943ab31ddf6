"""Read the answer of a server of the web, as far as it is looked at, and look for words in it."""

import re
import zlib
from collections.abc import Sequence
from time import perf_counter

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from helpdesk.netmonitor.probes.faults import ProbeFailed

LARGEST_HEAD, LARGEST_BODY = 32_768, 262_144
LARGEST_ANSWER = LARGEST_HEAD + 2 * LARGEST_BODY
"""Of all that is sent: the sizes and extensions of pieces and the trailers are no body, and may have no end."""
MOST_PARTS = 4096
"""So many pieces of a body are read: a piece of one byte takes as long as one of many."""
CHARSETS = {
    "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1", "iso-8859-5", "iso-8859-15", "windows-1250",
    "windows-1251", "windows-1252", "cp1251", "cp866", "koi8-r", "koi8-u", "gb2312", "gbk", "big5",
    "shift_jis", "euc-jp", "euc-kr",
}  # fmt: skip
"""The ones that are taken from a header: Python's others may take long, and it remembers each name it was asked for."""
CHARSET = re.compile(rb"""charset=["']?([a-z0-9_-]{1,20})""")
UNNAMED = ("utf-8", "windows-1251")
"""The charsets of a page that names none."""
COMPRESSED = {b"gzip", b"x-gzip", b"deflate"}
ZLIB_OR_GZIP = 47
SWITCHING = 101


class Answer:
    """The part of an answer that has come; the parser calls its methods `on_…`."""

    def __init__(self, begins: float) -> None:
        self.status: int | None = None
        self.reason, self.ms = b"", 0.0
        self.headers: dict[bytes, bytes] = {}
        self.body = bytearray()
        self.is_enough = False
        self._begins, self._read, self._parts = begins, 0, 0
        self._parser = HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(lenient_headers=True, lenient_optional_cr_before_lf=True)

    def feed(self, data: bytes) -> None:
        """Read more of it. Raises ProbeFailed."""
        self._read += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self.is_enough = True
        except HttpParserError as error:
            raise ProbeFailed("nonsense", str(error)) from error
        if self.status is None and self._read > LARGEST_HEAD:
            raise ProbeFailed("nonsense", "its head has no end")
        self.is_enough = self.is_enough or self._read >= LARGEST_ANSWER

    def on_status(self, reason: bytes) -> None:
        if not self.is_enough:
            self.reason = reason

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.status is None:  # later ones are trailers, or of another answer
            self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if self.is_enough:
            return  # another answer comes behind this one
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


def holds(answer: Answer, words: str) -> bool:
    """Tell whether a page holds words, in small or large letters, with any blanks between them. Raises ProbeFailed."""
    body, looked_for = _plain_body(answer), _squeezed(words)
    return any(looked_for in _squeezed(body.decode(charset, "replace")) for charset in _charsets(answer))


def _plain_body(answer: Answer) -> bytes:
    """Return the begin of a body, which may be compressed although nobody asked for that."""
    encoding = answer.headers.get(b"content-encoding", b"").strip().lower()
    if encoding not in COMPRESSED:
        return bytes(answer.body[:LARGEST_BODY])
    try:
        return zlib.decompressobj(ZLIB_OR_GZIP).decompress(answer.body, LARGEST_BODY)
    except zlib.error as error:
        raise ProbeFailed("nonsense", "its content can't be unpacked") from error


def _charsets(answer: Answer) -> Sequence[str]:
    found = CHARSET.search(answer.headers.get(b"content-type", b"").lower())
    named = found[1].decode() if found else ""
    return (named,) if named in CHARSETS else UNNAMED


def _squeezed(text: str) -> str:
    return " ".join(text.casefold().split())
