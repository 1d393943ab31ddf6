"""Nobody is waited for without end: a real process with little patience and few descriptors, over real sockets."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPResponse
from pathlib import Path
from time import sleep

import httpx
import pytest

from helpdesk.http_protocol import limits
from helpdesk.notifications.channels.sse.streams import MOST_STREAMS
from tests.running import Helpdesk, running_helpdesk
from tests.servers.process import wait_until
from tests.small_limits import DESCRIPTORS, SECONDS

pytestmark = pytest.mark.xdist_group("connections")  # they share two processes
LONG = 30.0
HTML = b"Accept: text/html\r\n"


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory, seeded: Path) -> Iterator[Helpdesk]:
    with limited(tmp_path_factory.mktemp("impatient"), seeded, SECONDS) as helpdesk:
        yield helpdesk


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory, seeded: Path) -> Iterator[Helpdesk]:
    """One with few descriptors as well, that waits for as long as a test on a busy machine may take."""
    with limited(tmp_path_factory.mktemp("patient"), seeded, LONG) as helpdesk:
        yield helpdesk


@contextmanager
def limited(folder: Path, seeded: Path, seconds: float) -> Iterator[Helpdesk]:
    (folder / "data").mkdir()
    (folder / "data" / "helpdesk.db").write_bytes((seeded / "helpdesk.db").read_bytes())
    arguments, environ = ["demo", "--no-colleague", "--data", str(folder / "data")], {"TEST_PATIENCE": str(seconds)}
    with running_helpdesk(folder, *arguments, environ=environ, module="tests.small_limits") as helpdesk:
        yield helpdesk


def connected(helpdesk: Helpdesk) -> socket.socket:
    address = httpx.URL(helpdesk.url)
    return socket.create_connection((address.host, address.port or 80), timeout=LONG)


def rest(line: socket.socket) -> bytes:
    """All that comes before the other side closes."""
    pieces = []
    while piece := line.recv(65_536):
        pieces.append(piece)
    return b"".join(pieces)


def posting(length: int, more: bytes = b"") -> bytes:
    head = b"POST /users/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"
    return head % (more, length)


def test_an_idle_connection_is_closed_silently(impatient: Helpdesk) -> None:
    with closing(connected(impatient)) as line:
        assert rest(line) == b""


@pytest.mark.parametrize("begun", [b"G", b"GET / HTTP/1.1\r\nHost: x\r\nX-A: b"])
def test_a_head_that_never_ends_is_given_up_with_408(impatient: Helpdesk, begun: bytes) -> None:
    with closing(connected(impatient)) as line:
        line.sendall(begun)
        assert rest(line).startswith(b"HTTP/1.1 408 ")


def test_a_head_in_drops_is_not_waited_for_either(impatient: Helpdesk) -> None:
    with closing(connected(impatient)) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        line.settimeout(SECONDS / 10)
        for _ in range(round(LONG / SECONDS * 10)):
            try:
                line.sendall(b"b")
                answer = line.recv(100)
                break
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_head_without_end_is_refused_by_its_size(patient: Helpdesk) -> None:
    with closing(connected(patient)) as line:
        line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        line.settimeout(0.05)
        answer = b""
        for _ in range(round(LONG / 0.05)):
            with suppress(TimeoutError, ConnectionError):
                line.sendall(b"b" * 30_000)
                answer = line.recv(100)
            if answer:
                break
        assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("line", [b"/" + b"x" * 100_000, b"/tasks?search=" + b"x" * 100_000], ids=["path", "query"])
def test_an_address_of_any_length_is_refused_as_too_long(impatient: Helpdesk, line: bytes) -> None:
    with closing(connected(impatient)) as connection:
        connection.sendall(b"GET " + line + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head, _, body = rest(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 414 ") and json.loads(body)["error"] == "address_too_long"


@pytest.mark.parametrize("face", [b"", HTML], ids=["program", "page"])
def test_a_body_that_stops_coming_is_given_up_in_every_face(impatient: Helpdesk, face: bytes) -> None:
    with closing(connected(impatient)) as line:
        line.sendall(posting(1000, face) + b'{"username": "anna')
        head, _, body = rest(line).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ") and b"connection: close" in head.lower()
    assert face or json.loads(body)["error"] == "too_slow"
    assert not face or b"<h1>" in body


def test_a_slow_line_that_goes_on_is_waited_for(impatient: Helpdesk) -> None:
    with closing(connected(impatient)) as line:
        line.sendall(posting(20_002) + b"{")
        for _ in range(20):
            sleep(SECONDS / 10)  # twice the patience for a body that does not come
            line.sendall(b" " * 1000)
        line.sendall(b"}")
        assert line.recv(100).startswith(b"HTTP/1.1 422 ")


def test_a_body_counts_for_no_head_however_large_its_last_piece_is(impatient: Helpdesk) -> None:
    signed_in = httpx.post(f"{impatient.url}/users/login", json={"username": "anna", "password": "demo"}, timeout=LONG)
    cookie = f"Cookie: session={signed_in.cookies['session']}\r\n".encode()
    body = b'{"comment": ""' + b" " * 100_000 + b"}"
    with closing(connected(impatient)) as line:
        for _ in range(5):
            line.sendall(posting(len(body), cookie).replace(b"/users/login", b"/tasks/api/task/1/comments"))
            sleep(0.05)  # for the head to come by itself: where both come together, the case is missed
            line.sendall(body)
            answer = HTTPResponse(line)
            answer.begin()
            assert answer.status == 422 and answer.read()


def test_an_answer_that_nobody_reads_is_given_up(impatient: Helpdesk) -> None:
    with closing(socket.socket()) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        address = httpx.URL(impatient.url)
        line.connect((address.host, address.port))
        line.settimeout(LONG)
        page = httpx.get(f"{impatient.url}/users/login", headers={"Accept": "text/html"}, timeout=LONG).text
        script = re.findall(r'src="(/static/[^"]+)', page)[0]
        line.sendall(f"GET {script} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 300)
        log = impatient.folder / "helpdesk.log"
        wait_until(lambda: "a response was not read" in log.read_text(), seconds=LONG, what="the answer is given up")


def streaming(helpdesk: Helpdesk) -> bytes:
    """A request for an event stream of anna's."""
    with httpx.Client(base_url=helpdesk.url, timeout=LONG) as client:
        client.post("/users/login", json={"username": "anna", "password": "demo"}).raise_for_status()
        session = client.cookies["session"]
    return f"GET /tasks/api/notifications/stream HTTP/1.1\r\nHost: x\r\nCookie: session={session}\r\n\r\n".encode()


def test_streams_that_were_ended_for_others_of_their_person_hold_no_places(impatient: Helpdesk) -> None:
    request = streaming(impatient)
    with ExitStack() as lines:
        opened = list[socket.socket]()
        for _ in range(MOST_STREAMS + 2):
            opened.append(lines.enter_context(closing(connected(impatient))))
            opened[-1].sendall(request)
            assert opened[-1].recv(100).startswith(b"HTTP/1.1 200 ")
        for line in opened[:2]:
            head, _, _ = rest(line).partition(b"\r\n\r\n")
            assert b"connection: close" in head.lower()
        opened[-1].settimeout(SECONDS / 10)
        with pytest.raises(TimeoutError):
            rest(opened[-1])


def test_more_connections_than_descriptors_are_told_so_and_logged(patient: Helpdesk) -> None:
    served, spare = limits_of(DESCRIPTORS)
    with ExitStack() as lines:
        opened = [lines.enter_context(closing(connected(patient))) for _ in range(served + spare + 3)]
        opened[-1].sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert rest(opened[-1]).startswith(b"HTTP/1.1 503 ")
        line = opened[served + 1]
        line.sendall(b"GET /users/login HTTP/1.1\r\nHost: x\r\n\r\n")
        head, _, body = rest(line).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ") and b"retry-after: 10" in head.lower()
        assert json.loads(body)["error"] == "overloaded"
    assert "too many connections" in (patient.folder / "helpdesk.log").read_text()
    wait_until(
        lambda: httpx.get(f"{patient.url}/healthz", timeout=LONG).status_code == 200,
        seconds=LONG,
        what="there is room again",
    )


def limits_of(descriptors: int) -> tuple[int, int]:
    return descriptors - descriptors // 4, descriptors // 4 // 4


def test_a_part_of_the_descriptors_is_kept_for_ourselves(monkeypatch: pytest.MonkeyPatch) -> None:
    for soft, expected in ((160, (120, 10)), (1024, (768, 64)), (65_536, (65_024, 128)), (-1, (65_536, 128))):
        monkeypatch.setattr("resource.getrlimit", lambda _, soft=soft: (soft, soft))
        assert limits() == expected
