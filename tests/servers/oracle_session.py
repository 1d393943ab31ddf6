"""One client's session with the imitated Oracle: connecting, logging on, queries and their rows.

Each message begins with its kind. What is not read here, no client of ours sends; it ends the session with an error,
which the test sees. Numbers that do not matter are skipped, and named beside.
"""

import re
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from tests.servers.oracle_logon import Logon, Parameters
from tests.servers.oracle_wire import (
    ACCEPT,
    CONNECT,
    DATE,
    NUMBER,
    PACKET_SIZE,
    REFUSE,
    UTF8,
    VARCHAR,
    Gone,
    Interrupted,
    Line,
    column_type,
    column_value,
    number,
    sized_value,
    value,
)

TNS_VERSION = 318
FIELDS_OF_19C = 12
PROTOCOL, DATA_TYPES, FUNCTION, ERROR, ROW_HEADER, ROW_DATA, PARAMETERS, STATUS = 1, 2, 3, 4, 6, 7, 8, 9
DESCRIPTION, PIGGYBACK = 16, 17
"""The kinds of messages."""
BEGIN_LOGON, END_LOGON, EXECUTE, EXECUTE_AGAIN, FETCH, LOG_OFF = 118, 115, 94, 78, 5, 9
CLOSE_CURSORS = 105
"""The numbers of functions."""
DONE = bytes([STATUS]) + number(0) + number(0)
SERVICE_UNKNOWN, WRONG_PASSWORD, NO_MORE_ROWS, CANCELLED = 12514, 1017, 1403, 1013
SIZES = {VARCHAR: 4000, NUMBER: 22, DATE: 7}


class OracleError(Exception):
    """An error that the client is told by its number."""

    def __init__(self, code: int, text: str = "an imitated error") -> None:
        super().__init__(f"ORA-{code:05d}: {text}")
        self.code = code


class Rows(NamedTuple):
    """The answer to a query."""

    names: list[str]
    rows: list[tuple[object, ...]]


class Server(Protocol):
    """What a session needs of its server."""

    def refusal(self, service: str) -> int:
        """Return the listener's reason to refuse a connection to a service, 0 without one."""

    def password_of(self, user: str) -> str:
        """Return the password of a database user; any other one if there is no such user."""

    def log_on(self, user: str, is_right: bool) -> None:
        """Note a log-on. Raises OracleError when it is refused."""

    def query(self, line: Line, statement: str, binds: list[str | None]) -> Rows:
        """Return the rows of a query. Raises OracleError."""


class Cursor(NamedTuple):
    statement: str
    binds: int
    rows: Iterator[tuple[object, ...]]


class Session:
    def __init__(self, server: Server, line: Line) -> None:
        self.server, self.line = server, line
        self.cursors: dict[int, Cursor] = {}
        self.user = ""
        self.logon = Logon("")
        self.functions: dict[int, Callable[[], None]] = {
            BEGIN_LOGON: self.begin_logon,
            END_LOGON: self.end_logon,
            EXECUTE: self.execute,
            EXECUTE_AGAIN: self.execute_again,
            FETCH: self.fetch,
            LOG_OFF: lambda: self.line.reply(DONE),
        }

    def run(self) -> None:
        if self.connect():
            while True:
                self.answer_or_stop()

    def answer_or_stop(self) -> None:
        try:
            self.answer(self.line.byte())
        except Interrupted:
            self.line.reply(error(CANCELLED, text=f"ORA-0{CANCELLED}: user requested cancel of current operation"))

    def connect(self) -> bool:
        """Accept or refuse the connection, as the listener does."""
        kind, body = self.line.packet()
        assert kind == CONNECT
        size, begin = struct.unpack(">HH", body[16:20])
        wanted = body[begin - 8 :] if size <= len(body) - (begin - 8) else self.line.packet()[1][2:]
        service = re.search(rb"SERVICE_NAME=([^)]*)\)", wanted)
        if refusal := self.server.refusal(service[1].decode() if service else ""):
            text = f"(DESCRIPTION=(ERR={refusal})(ERROR_STACK=(ERROR=(CODE={refusal})(EMFI=4))))".encode()
            self.line.send(REFUSE, struct.pack(">BBH", 34, 0, len(text)) + text)
            return False
        sizes = struct.pack(">HHHHH", PACKET_SIZE, 0xFFFF, 1, 0, 45)
        self.line.send(
            ACCEPT,
            struct.pack(">HH", TNS_VERSION, 0) + sizes + bytes(10) + struct.pack(">II", PACKET_SIZE, 0) + bytes(5),
        )
        self.line.is_accepted = True
        return True

    def answer(self, kind: int) -> None:
        if kind == PROTOCOL:
            self.agree_on_protocol()
        elif kind == DATA_TYPES:
            self.agree_on_data_types()
        elif kind == PIGGYBACK:
            self.close_cursors(self.line.byte())
        else:
            assert kind == FUNCTION, kind
            code, _sequence = self.line.byte(), self.line.byte()
            self.call(self.functions[code])

    def call(self, function: Callable[[], None]) -> None:
        try:
            function()
        except OracleError as refused:
            self.line.reply(error(refused.code, text=str(refused)))
            if not self.user:  # who could not log on is sent away
                raise Gone from refused

    def agree_on_protocol(self) -> None:
        self.line.byte()
        for _ in range(2):  # the versions and the client's name, each ended by a zero
            while self.line.byte():
                pass
        can, can_at_run_time = bytearray(45), bytearray(11)
        can[4], can[7] = 0x6A, FIELDS_OF_19C  # 4: ways to log on
        can_at_run_time[6] = 0x04  # texts of 32767 bytes
        formats = bytes(9) + struct.pack(">H", 2000)  # the national character set
        self.line.reply(
            bytes([PROTOCOL, 6, 0])
            + b"an imitation\0"
            + struct.pack("<HBH", UTF8, 1, 0)
            + struct.pack(">H", len(formats))
            + formats
            + value(can)
            + value(can_at_run_time)
        )

    def agree_on_data_types(self) -> None:
        self.line.skip("bbbbb")
        self.line.value()
        self.line.value()
        while int.from_bytes(self.line.raw(2), "big"):
            if int.from_bytes(self.line.raw(2), "big"):
                self.line.raw(4)
        self.line.reply(bytes([DATA_TYPES, 0, 0]))

    def begin_logon(self) -> None:
        user, _ = self.logon_fields()
        self.logon = Logon(self.server.password_of(user))
        self.line.reply(parameters(self.logon.challenge()) + DONE)

    def end_logon(self) -> None:
        user, fields = self.logon_fields()
        self.server.log_on(user, self.logon.is_right(fields))
        self.user = user
        told: Parameters = [
            ("AUTH_SESSION_ID", "17", 0),
            ("AUTH_SERIAL_NUM", "4242", 0),
            ("AUTH_VERSION_NO", str(19 << 24 | 21 << 16), 0),
            ("AUTH_MAX_OPEN_CURSORS", "300", 0),
        ]
        self.line.reply(parameters(told + self.logon.proof()) + DONE)

    def logon_fields(self) -> tuple[str, dict[str, str]]:
        has_user = self.line.byte()
        self.line.skip("nnb")  # the length of the name, the mode
        count = self.line.number()
        self.line.skip("bb")
        user = (self.line.value() or b"").decode() if has_user else ""
        fields = {}
        for _ in range(count):
            name = self.line.sized_value().decode()
            fields[name] = self.line.sized_value().decode()
            self.line.number()
        return user.strip('"').upper(), fields

    def close_cursors(self, code: int) -> None:
        assert code == CLOSE_CURSORS, code
        self.line.skip("bb")
        for _ in range(self.line.number()):
            self.cursors.pop(self.line.number(), None)

    def execute(self) -> None:
        _options, cursor = self.line.number(), self.line.number()
        self.line.skip("bnbnbbn")  # the length of the statement, 13 numbers
        limit = self.line.number()
        self.line.skip("nb")
        binds = self.line.number()
        self.line.skip("bbbbbbnnbbbnbnnbnbbnbnbbn")  # what only batches and definitions need
        # A cursor that is open is executed with binds of other sizes.
        statement = self.cursors[cursor].statement if cursor else (self.line.value() or b"").decode()
        self.line.skip("n" * 13)
        bound = self.binds(binds) if binds else []
        answer = self.server.query(self.line, statement, bound)
        cursor = cursor or len(self.cursors) + 1
        self.cursors[cursor] = Cursor(statement, binds, iter(answer.rows))
        self.line.reply(description(answer) + self.rows(cursor, limit))

    def execute_again(self) -> None:
        """Execute the statement of an open cursor with binds of the same sizes; the client knows its columns."""
        cursor, limit = self.line.number(), self.line.number()
        self.line.skip("nn")  # options
        statement, binds, _ = self.cursors[cursor]
        answer = self.server.query(self.line, statement, self.values(binds))
        self.cursors[cursor] = Cursor(statement, binds, iter(answer.rows))
        self.line.reply(self.rows(cursor, limit))

    def binds(self, count: int) -> list[str | None]:
        """Return the values of a first execution, after their types: texts alone."""
        for _ in range(count):
            kind = self.line.byte()
            assert kind == VARCHAR, kind
            self.line.skip("bbbnnnnnnbnn")  # sizes and character sets
        return self.values(count)

    def values(self, count: int) -> list[str | None]:
        assert self.line.byte() == ROW_DATA
        values = [self.line.value() for _ in range(count)]
        return [it.decode() if it is not None else None for it in values]

    def fetch(self) -> None:
        cursor, limit = self.line.number(), self.line.number()
        self.line.reply(self.rows(cursor, limit))

    def rows(self, cursor: int, limit: int) -> bytes:
        """Return the next rows of a cursor, and whether there are more."""
        head = bytes([ROW_HEADER, 0]) + number(0) * 2 + number(limit) + number(0) * 2 + number(0)
        sent = 0
        for row in self.cursors[cursor].rows:
            head += bytes([ROW_DATA]) + b"".join(map(column_value, row))
            sent += 1
            if sent == limit:
                return head + error(cursor=cursor, rows=sent)
        return head + error(NO_MORE_ROWS, cursor, sent, "ORA-01403: no data found")


def parameters(pairs: Parameters) -> bytes:
    listed = (sized_value(name) + sized_value(content) + number(flags) for name, content, flags in pairs)
    return bytes([PARAMETERS]) + number(len(pairs)) + b"".join(listed)


def description(answer: Rows) -> bytes:
    """Return the description of the columns of an answer."""
    head = bytes([DESCRIPTION]) + value(b"") + number(4000) + number(len(answer.names)) + b"\0"
    types = [column_type(name, [row[place] for row in answer.rows]) for place, name in enumerate(answer.names)]
    columns = (_column(place, *column) for place, column in enumerate(zip(answer.names, types, strict=True)))
    return head + b"".join(columns) + number(0) * 6


def _column(place: int, name: str, kind: int) -> bytes:
    is_text = kind == VARCHAR
    scale = 0x81 if kind == NUMBER else 0  # a NUMBER without a scale
    texts = (number(UTF8) + b"\x01" + number(SIZES[kind])) if is_text else (number(0) + b"\0" + number(0))
    named = sized_value(name) + sized_value("") * 2 + number(place) + number(0)
    return bytes([kind, 0, 0, scale]) + number(SIZES[kind]) + number(0) * 4 + texts + number(0) + b"\x01\0" + named


def error(code: int = 0, cursor: int = 0, rows: int = 0, text: str = "") -> bytes:
    """Return the message that ends an answer: an error by its number, or none."""
    head = bytes([ERROR]) + number(0) * 2 + number(rows) + number(code) + number(0) * 2 + number(cursor) + number(0)
    head += bytes(6) + number(0) * 2 + b"\0" + number(0) * 2  # kinds and flags; the id of a row
    head += number(0) + b"\0\0" + number(0) * 3  # the system's error, counters
    head += number(0) * 3  # errors of a batch
    return head + number(code) + number(rows) + (value(f"{text}\n".encode()) if code else b"")
