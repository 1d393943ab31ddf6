"""Packets and values as Oracle's network protocol has them, for the imitated server.

Source: the thin mode of python-oracledb (`impl/thin/*.pyx`), which reads and writes the other side. Lengths of packets
take two bytes until the server has accepted a connection, and four bytes from then on.
"""

import struct
from collections.abc import Iterator
from datetime import date
from socket import socket

CONNECT, ACCEPT, REFUSE, DATA, MARKER = 1, 2, 4, 6, 12
"""The types of packets."""
BREAK, RESET = 1, 2
"""The types of markers; a client that gives up a call sends any other one."""
VARCHAR, NUMBER, DATE = 1, 2, 12
TYPES_BY_NAME = {"USER_ID": NUMBER, "BLOCKED": NUMBER, "VPN": NUMBER, "VPN_END_DATE": DATE}
UTF8 = 873
"""The type numbers of columns, and the number of their character set."""
PACKET_SIZE = 8192
HEADER_SIZE = 8
END_OF_FILE = 0x40
LONGEST_SHORT = 252
IN_CHUNKS, CHUNK = 254, 32_767
NOTHING = (0, 255)


class Gone(Exception):
    """The client has closed the connection, or is to lose it."""


class Interrupted(Exception):
    """The client has given up the call that it waits for."""


class Line:
    """A connection with a client: packets in both directions, and the values of the data packets that came in."""

    def __init__(self, line: socket) -> None:
        self.socket = line
        self.is_accepted = False
        self._unread = b""

    def packet(self) -> tuple[int, bytes]:
        """Return the type and the body of the next packet."""
        head = self._bytes(HEADER_SIZE)
        size = int.from_bytes(head[:4] if self.is_accepted else head[:2], "big")
        return head[4], self._bytes(size - HEADER_SIZE)

    def _bytes(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            part = self.socket.recv(count - len(got))
            if not part:
                raise Gone
            got += part
        return got

    def send(self, kind: int, body: bytes) -> None:
        size = len(body) + HEADER_SIZE
        length = struct.pack(">I", size) if self.is_accepted else struct.pack(">HH", size, 0)
        self.socket.sendall(length + bytes([kind, 0, 0, 0]) + body)

    def reply(self, message: bytes) -> None:
        """Send a message in as many data packets as it needs."""
        most = PACKET_SIZE - HEADER_SIZE - 2
        for begin in range(0, len(message), most):
            self.send(DATA, bytes(2) + message[begin : begin + most])

    def marker(self, kind: int) -> None:
        self.send(MARKER, bytes([1, 0, kind]))

    def wait_for_interruption(self) -> None:
        """Wait until the client gives up its call, and agree with it on that. Raises Interrupted."""
        if self.packet()[0] != MARKER:
            raise Gone
        self._agree_on_interruption()

    def _agree_on_interruption(self) -> None:
        self.marker(BREAK)
        while self.packet()[1][2] != RESET:
            pass
        self.marker(RESET)
        raise Interrupted

    def raw(self, count: int) -> bytes:
        """Return so many bytes of the client's message, which may go on in the next packet."""
        while len(self._unread) < count:
            kind, body = self.packet()
            if kind == MARKER:  # the client could not read an answer
                self._agree_on_interruption()
            if kind != DATA or int.from_bytes(body[:2], "big") & END_OF_FILE:
                raise Gone
            self._unread += body[2:]
        got, self._unread = self._unread[:count], self._unread[count:]
        return got

    def byte(self) -> int:
        return self.raw(1)[0]

    def number(self) -> int:
        """Return an unsigned number, which says first how many bytes it has."""
        return int.from_bytes(self.raw(self.byte()), "big")

    def skip(self, shape: str) -> None:
        """Read values that do not matter: a `b` for each byte, an `n` for each number."""
        for kind in shape:
            self.byte() if kind == "b" else self.number()

    def value(self) -> bytes | None:
        """Return bytes that begin with their length; None for NULL."""
        size = self.byte()
        if size in NOTHING:
            return None
        return b"".join(self._chunks()) if size == IN_CHUNKS else self.raw(size)

    def _chunks(self) -> Iterator[bytes]:
        while size := self.number():
            yield self.raw(size)

    def sized_value(self) -> bytes:
        """Return bytes whose length stands there twice."""
        return (self.value() or b"") if self.number() else b""


def number(count: int) -> bytes:
    """Return an unsigned number of the protocol itself."""
    size = (count.bit_length() + 7) // 8
    return bytes([size]) + count.to_bytes(size, "big")


def value(content: bytes) -> bytes:
    """Return bytes with their length; empty ones are NULL."""
    if len(content) <= LONGEST_SHORT:
        return bytes([len(content)]) + content
    chunks = [content[begin : begin + CHUNK] for begin in range(0, len(content), CHUNK)]
    return bytes([IN_CHUNKS]) + b"".join(number(len(chunk)) + chunk for chunk in chunks) + number(0)


def sized_value(text: str) -> bytes:
    content = text.encode()
    return number(len(content)) + (value(content) if content else b"")


def column_value(content: object) -> bytes:
    """Return the value of a row's column: a text, a date, a whole number that is not negative, NULL, or bytes as
    they are."""
    match content:
        case None:
            return value(b"")
        case bytes():
            return value(content)
        case int():
            return value(_number_column(content))
        case date():
            return value(_date_column(content))
        case _:
            return value(str(content).encode())


def column_type(name: str, contents: list[object]) -> int:
    """Return the type of a column by its values; by its name if it has none, for another execution may have some."""
    known = [content for content in contents if content is not None and not isinstance(content, bytes)]
    if not known:
        return TYPES_BY_NAME.get(name, VARCHAR)
    kinds = {int: NUMBER, date: DATE}
    return next((kinds[kind] for kind in kinds if all(isinstance(it, kind) for it in known)), VARCHAR)


def _number_column(count: int) -> bytes:
    """Return a NUMBER: its exponent to the base of 100, then its digits to this base, each one higher."""
    if count == 0:
        return b"\x80"
    digits = []
    while count:
        count, digit = divmod(count, 100)
        digits.append(digit + 1)
    exponent = len(digits) - 1
    while digits[0] == 1:  # zeros at the end are left out
        del digits[0]
    return bytes([193 + exponent, *reversed(digits)])


def _date_column(day: date) -> bytes:
    century, year = divmod(day.year, 100)
    return bytes([century + 100, year + 100, day.month, day.day, 1, 1, 1])
