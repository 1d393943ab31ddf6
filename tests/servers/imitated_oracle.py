"""An imitation of an Oracle 19c of the ERP on a real loopback socket, good enough for python-oracledb's thin mode.

The log-on is Oracle's own. Statements are executed by SQLite, so that their binds and rows are real, but their dialect
is not: it proves nothing about Oracle's SQL, grants or sort orders. `fault`, `logon_error` and `call_error` say how the
server misbehaves.
"""

import re
import socketserver
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date
from enum import Enum, auto
from socket import SHUT_RDWR, socket
from threading import Event, Lock, Thread
from time import sleep

from tests.servers.oracle_session import SERVICE_UNKNOWN, WRONG_PASSWORD, OracleError, Rows, Session
from tests.servers.oracle_wire import DATA, Gone, Line

SERVICE, USER = "ERP", "HELPDESK"
SERVICE_PASSWORD = "служебный пароль of the helpdesk"
PASSWORDS = {
    "Anna.Sidorova": "Пароль с пробелами 1",
    "boris": "borisov-parole-77",
    "irina": 'irina\'s "quoted" password',
    "dismissed": "the-password-of-a-dismissed-one",
    "un_settled": "the-password-of-an-unsettled-one",
}
STAFF, BLOCKED = "Постоянный", "Заблокированный сотрудник"
NO_HANDLER = 12516
SECONDS = 30.0
COLUMNS = (
    "user_id INTEGER, name, password, full_name, email, office, department_name, post_name, phone_ext, vpn INTEGER,"
    "auth_period_type"
)
IT = "Отдел информационных технологий"
PEOPLE = [
    (101, "Anna.Sidorova", "СИДОРОВА АННА ПЕТРОВНА", "anna@example.test", "415", IT, "Инженер", "1207", 1, STAFF),
    (102, "boris", "БОРИСОВ БОРИС", "boris@example.test", "416", IT, "Инженер", "1208", 0, STAFF),
    (103, "irina", "ИРИНА О'НИЛ_50", "irina@example.test", None, "Бухгалтерия", None, None, None, "Временный"),
    (104, "dismissed", "УВОЛЕННЫЙ", "gone_away@example.test", None, None, None, None, 1, BLOCKED),
    (105, "un_settled", "НЕРЕШЁННЫЙ", None, None, None, None, None, 0, None),
]
VPN_END_DATES = {101: "2027-03-31", 102: "2020-01-01", 104: "2027-12-31"}
WORD_OF_A_BIND = re.compile(r"'(?:[^']|'')*'|:(\w+)")
ROW_LIMIT = re.compile(r"FETCH FIRST (\d+) ROWS ONLY", re.IGNORECASE)
DAY = re.compile(r"\d{4}-\d\d-\d\d")
TABLE_UNKNOWN, COLUMN_UNKNOWN, SYNTAX = 942, 904, 933
WARNING = 15
"""A kind of message."""
NO_NUMBER = 1722
"""Newer databases tell the value that is no number."""


class Fault(Enum):
    REFUSES = auto()
    """The listener has no handler for the service."""
    SILENT = auto()
    """The listener accepts the connection, and never says a word."""
    DROPS = auto()
    """The server closes the connection in the middle of a call."""
    HANGS = auto()
    """The server never answers a call, but lets the client give it up."""
    DEAF = auto()
    """The server never answers a call, and not even that the client gives it up."""
    RAVES = auto()
    """The server never stops sending in a call, but not what is asked."""


class ImitatedOracle:
    """`connections` and `logons` count what came in, `statements` are those that were executed, with their binds.

    `open_now` are connections. While `gate` is closed, statements wait for it; `most_at_once` is how many there were at
    one time.
    """

    def __init__(self) -> None:
        self.port = 0
        self.fault: Fault | None = None
        self.logon_error = self.call_error = 0
        self.connections = self.logons = self.open_now = self.at_work = self.most_at_once = 0
        self.statements: list[tuple[str, dict[str, str | None]]] = []
        self.errors: list[Exception] = []
        self.gate = Event()
        self.gate.set()
        self.lock = Lock()
        self.lines: list[socket] = []
        self.erp = _erp()

    def change(self, statement: str, *values: object) -> None:
        """Change the ERP's tables."""
        with self.lock:
            self.erp.execute(statement, values)

    def serve(self, line: socket) -> None:
        with self.lock:
            self.lines.append(line)
            self.connections += 1
            self.open_now += 1
        try:
            if self.fault is Fault.SILENT:
                _wait_for_the_end(line)
            Session(self, Line(line)).run()
        except (Gone, OSError):
            pass
        except Exception as error:
            self.errors.append(error)
        finally:
            with self.lock:
                self.open_now -= 1

    def refusal(self, service: str) -> int:
        if self.fault is Fault.REFUSES:
            return NO_HANDLER
        return 0 if service.upper() == SERVICE else SERVICE_UNKNOWN

    def password_of(self, user: str) -> str:
        return SERVICE_PASSWORD if user == USER else "nobody's"

    def log_on(self, user: str, is_right: bool) -> None:
        with self.lock:
            self.logons += 1
        if not is_right:
            raise OracleError(WRONG_PASSWORD, "invalid username/password; logon denied")
        if self.logon_error:
            raise OracleError(self.logon_error)

    def query(self, line: Line, statement: str, binds: list[str | None]) -> Rows:
        names = [name for name in WORD_OF_A_BIND.findall(statement) if name]
        bound = dict(zip(names, binds, strict=True))
        with self.lock:
            self.statements.append((statement, bound))
            self.at_work += 1
            self.most_at_once = max(self.most_at_once, self.at_work)
        self.gate.wait(SECONDS)
        with self.lock:
            self.at_work -= 1
        if self.fault is Fault.DROPS:
            raise Gone
        if self.fault is Fault.HANGS:
            line.wait_for_interruption()
        if self.fault is Fault.DEAF:
            _wait_for_the_end(line.socket)
        if self.fault is Fault.RAVES:
            _rave(line)
        if self.call_error:
            raise OracleError(self.call_error, f"can't convert {bound}" if self.call_error == NO_NUMBER else "as asked")
        return self._rows(ROW_LIMIT.sub(r"LIMIT \1", statement), bound)

    def _rows(self, statement: str, bound: dict[str, str | None]) -> Rows:
        with self.lock:
            try:
                cursor = self.erp.execute(statement, bound)
            except sqlite3.OperationalError as error:
                raise _as_oracle_says(error) from error
            names = [column[0].upper() for column in cursor.description]
            return Rows(names, [tuple(map(_dated, names, row)) for row in cursor])

    def hang_up(self) -> None:
        """End all sessions."""
        with self.lock:
            for line in self.lines:
                with suppress(OSError):
                    line.shutdown(SHUT_RDWR)


@contextmanager
def imitated_oracle() -> Iterator[ImitatedOracle]:
    """A server of its own, for the length of the block. Errors of the imitation itself are raised at its end."""
    imitation = ImitatedOracle()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            imitation.serve(self.request)

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 100

    with closing(imitation.erp), Listener(("127.0.0.1", 0), Handler) as listener:
        imitation.port = listener.server_address[1]
        thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield imitation
        finally:
            listener.shutdown()
            thread.join()
            imitation.gate.set()
            imitation.hang_up()
    assert imitation.errors == []


def _wait_for_the_end(line: socket) -> None:
    """Read and say nothing until the client hangs up."""
    while line.recv(4096):
        pass
    raise Gone


def _rave(line: Line) -> None:
    """Send what is no answer until the client hangs up."""
    while True:
        line.send(DATA, bytes(2) + bytes([WARNING]) * 200)
        sleep(0.01)


def _erp() -> sqlite3.Connection:
    """Return the ERP's tables; as in Oracle UPPER knows all letters, and LIKE distinguishes upper and lower case."""
    erp = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    erp.create_function("upper", 1, lambda text: text and text.upper())
    erp.executescript("ATTACH ':memory:' AS erp; PRAGMA case_sensitive_like = on")
    erp.execute(f"CREATE TABLE erp.v_user ({COLUMNS})")
    erp.execute("CREATE TABLE erp.t_user (user_id INTEGER, vpn_end_date)")
    people = [(row[0], row[1], PASSWORDS[row[1]], *row[2:]) for row in PEOPLE]
    erp.executemany(f"INSERT INTO erp.v_user VALUES ({', '.join('?' * 11)})", people)
    erp.executemany("INSERT INTO erp.t_user VALUES (?, ?)", VPN_END_DATES.items())
    return erp


def _dated(name: str, content: object) -> object:
    """Return the value of a column, as a date where Oracle's column is one."""
    is_date = name.endswith("_DATE") and isinstance(content, str) and DAY.fullmatch(content)
    return date.fromisoformat(str(content)) if is_date else content


def _as_oracle_says(error: sqlite3.OperationalError) -> OracleError:
    text = str(error)
    if "no such table" in text:
        return OracleError(TABLE_UNKNOWN, "table or view does not exist")
    if "no such column" in text:
        return OracleError(COLUMN_UNKNOWN, f'"{text.split()[-1].upper()}": invalid identifier')
    return OracleError(SYNTAX, "SQL command not properly ended")
