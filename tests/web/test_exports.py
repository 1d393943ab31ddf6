"""A list as a file: whole or visibly broken off, at the reader's pace, and never in the way of pages."""

import asyncio
import csv
import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from anyio import to_thread

from helpdesk.app import create_app
from helpdesk.errors import Unavailable
from helpdesk.services import Services
from helpdesk.store.models import tables
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, TaskRow
from helpdesk.web.core import guards
from helpdesk.web.lists import export as lists_export
from tests.web.conftest import HTML, Visit, session_cookie
from tests.world import NAMES, PEOPLE_IDS, PROJECT_IDS, EmbeddedWorld

ADDRESS = "/tasks/export.csv?sort=id&order=asc"
WAIT = 30.0  # for a machine that is busy
PLAIN = {"Accept-Encoding": "identity"}
Pages = AsyncGenerator[tuple[TaskRow, ...], None]


def lines(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig")), delimiter=";"))


def many(embedded: EmbeddedWorld, number: int) -> None:
    now = datetime.now(UTC)
    row = {
        "project_id": 1, "kind_id": 1, "status_id": 1, "priority_id": 1, "author_id": PEOPLE_IDS["irina"],
        "description": "", "words": "", "done_ratio": 0, "version": 1, "created_at": now, "updated_at": now,
    }  # fmt: skip
    rows = [{**row, "subject": f"Задача {index}"} for index in range(number)]
    table = tables.Task.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
    embedded.database.run_here(lambda db: db.execute(sa.insert(table), rows), writes=True)


class Steered(EmbeddedBackend):
    """The embedded tracker, whose export does `between` before each page but the first."""

    between: Callable[[int], object]
    asked = 0

    async def export(self, actor: Actor, query: TaskQuery) -> Pages:
        self.closed = threading.Event()
        try:
            asked = self.asked
            async for page in super().export(actor, query):
                if asked:
                    result = self.between(asked)
                    if asyncio.iscoroutine(result):
                        await result
                asked += 1
                yield page
        finally:
            self.closed.set()


@pytest.fixture
def steered(services: Services, embedded: EmbeddedWorld) -> Steered:
    return Steered(embedded.database, services.backend.files.blobs)  # type: ignore[attr-defined]  # it is the embedded one


@contextmanager
def served(services: Services, tracker: Steered, login: str = "anna") -> Iterator[httpx.Client]:
    """The application over a real socket, with somebody who is signed in."""
    config = uvicorn.Config(create_app(replace(services, backend=tracker)), port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive()
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        with httpx.Client(base_url=url, timeout=WAIT, cookies={"session": session_cookie(services, login)}) as client:
            yield client
    finally:
        server.should_exit = server.force_exit = True
        thread.join(WAIT)


def test_the_whole_list_is_exported_without_formulas(visit: Visit, embedded: EmbeddedWorld) -> None:
    for n in range(103):
        embedded.new_task(f"Задача {n}")
    for harm in ("=HYPERLINK(1)", "+1", "-1", "@SUM(1)"):
        embedded.new_task(harm, project="office")
    answer = visit("anna").get("/tasks/export.csv?assigned_to_id=me&sort=id")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="tasks.csv"'
    rows = lines(answer.content)
    assert rows[0][:3] == ["Number", "Subject", "Status"] and len(rows) == 108
    assert [row[1] for row in rows[-4:]] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@SUM(1)"]
    assert rows[1][6:8] == [NAMES["anna"], NAMES["irina"]]
    only = visit("anna").get(f"/tasks/export.csv?project_id={PROJECT_IDS['office']}").text
    assert len(only.splitlines()) == 5
    assert len(visit("stranger").get("/tasks/export.csv").text.splitlines()) == 1


def test_an_export_of_many_tasks_has_all_of_them(visit: Visit, embedded: EmbeddedWorld) -> None:
    many(embedded, 6_239)
    rows = lines(visit("anna").get(ADDRESS).content)
    assert [row[1] for row in rows[1:]] == [f"Задача {index}" for index in range(6_239)]


def test_a_head_request_gets_only_headers(visit: Visit, embedded: EmbeddedWorld) -> None:
    embedded.new_task()
    answer = visit("anna").head(ADDRESS)
    assert answer.status_code == 200 and answer.content == b"" and "attachment" in answer.headers["content-disposition"]


def test_an_export_may_take_longer_than_a_page(
    services: Services, embedded: EmbeddedWorld, steered: Steered, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(embedded, 301)
    monkeypatch.setattr(guards, "READ_SECONDS", 1.0)
    steered.between = lambda _: asyncio.sleep(0.6)
    with served(services, steered) as client:
        answer = client.get(ADDRESS)
    assert answer.status_code == 200 and len(lines(answer.content)) == 302


@pytest.mark.parametrize("encoding", ["identity", "gzip, br"])
def test_the_first_rows_arrive_before_the_rest(
    services: Services, embedded: EmbeddedWorld, steered: Steered, encoding: str
) -> None:
    many(embedded, 300)
    seen = threading.Event()
    steered.between = lambda _: to_thread.run_sync(seen.wait, WAIT)
    with (
        served(services, steered) as client,
        client.stream("GET", ADDRESS, headers={"Accept-Encoding": encoding}) as it,
    ):
        assert it.headers.get("content-encoding", "identity") == encoding.partition(",")[0]
        pieces = it.iter_bytes()
        got = b""
        while "Задача 99".encode() not in got:
            got += next(pieces)
        assert "Задача 100".encode() not in got
        seen.set()
        got += b"".join(pieces)
    assert len(lines(got)) == 301


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_an_export_that_fails_breaks_the_connection(
    services: Services,
    embedded: EmbeddedWorld,
    steered: Steered,
    caplog: pytest.LogCaptureFixture,
    encoding: str,
) -> None:
    many(embedded, 300)

    def fails(page: int) -> None:
        raise Unavailable(detail="Redmine went away")

    steered.between = fails
    with served(services, steered) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.get(ADDRESS, headers={"Accept-Encoding": encoding})
        (line,) = (record for record in caplog.records if record.message == "an export broke off")
        assert (line.rows, line.error) == (100, "Redmine went away")
        assert "Redmine went away" not in (page := client.get("/tasks", headers=HTML)).text and page.status_code == 200


def test_an_export_that_can_not_begin_is_an_error_page(
    services: Services, embedded: EmbeddedWorld, steered: Steered
) -> None:
    embedded.new_task()
    steered.asked = 1

    def fails(page: int) -> None:
        raise Unavailable(detail="Redmine is away")

    steered.between = fails
    with served(services, steered) as client:
        for _ in range(lists_export.MOST_OF_ONE + 1):
            answer = client.get(ADDRESS, headers={"Accept": "application/json"})
            assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        assert client.get("/tasks/export.csv?page=x").status_code == 422


def test_no_page_is_fetched_after_the_reader_has_gone(
    services: Services, embedded: EmbeddedWorld, steered: Steered
) -> None:
    many(embedded, 600)
    steered.between = lambda _: asyncio.Event().wait()
    with served(services, steered) as client:
        for _ in range(lists_export.MOST_OF_ONE + 1):
            with client.stream("GET", ADDRESS, headers=PLAIN) as answer:
                next(answer.iter_bytes())
            assert steered.closed.wait(WAIT), "the tracker was asked for more"


def test_a_reader_that_takes_nothing_is_dropped(
    services: Services, embedded: EmbeddedWorld, steered: Steered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Endless pages fill whatever holds bytes between; then the export waits, and gives up."""
    many(embedded, 100)
    monkeypatch.setattr(lists_export, "READER_SECONDS", 0.5)
    once = EmbeddedBackend.export

    async def endless(self: EmbeddedBackend, actor: Actor, query: TaskQuery) -> Pages:
        (page,) = [page async for page in once(self, actor, query)]
        while True:
            yield page * 50

    monkeypatch.setattr(EmbeddedBackend, "export", endless)
    steered.between = lambda _: None
    with served(services, steered) as client, client.stream("GET", ADDRESS, headers=PLAIN) as answer:
        assert answer.status_code == 200
        assert steered.closed.wait(WAIT)


def test_the_number_of_exports_at_once_is_limited(
    services: Services, embedded: EmbeddedWorld, steered: Steered
) -> None:
    many(embedded, 200)
    steered.between = lambda _: asyncio.Event().wait()
    with served(services, steered) as client, client.stream("GET", ADDRESS), client.stream("GET", ADDRESS):
        answer = client.get(ADDRESS, headers={"Accept": "application/json"})
        assert (answer.status_code, answer.json()["error"]) == (429, "too_many_exports")
        assert int(answer.headers["retry-after"]) > 0 and client.get("/tasks").status_code == 200


def test_an_ended_export_makes_room_for_another() -> None:
    running = lists_export.Exports()
    for person in (1, 1, 2, 2):
        running.begin(person)
    for person in (1, 3):
        with pytest.raises(lists_export.TooManyExports):
            running.begin(person)
    running.end(1)
    with pytest.raises(lists_export.TooManyExports):
        running.begin(2)
    running.begin(3)
