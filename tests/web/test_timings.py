"""Server-Timing says to administrators, and in the demo to everybody, what a request waited for."""

import asyncio
import re
from collections.abc import Iterator
from contextvars import Context
from zoneinfo import ZoneInfo

import httpx
import pytest
import sqlalchemy as sa
from starlette.responses import Response

from helpdesk.errors import Unavailable
from helpdesk.redmine_client import RedmineClient
from helpdesk.store.database import Database
from helpdesk.tasks.redmine.rest.metadata_cache import Cache
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.timings import Timings, measured, record
from helpdesk.web.tasks import page
from tests.web.conftest import HTML, Visit

LIST = "/tasks/my-tasks"
ALL_PARTS = r"store;dur=\d+,backend;dur=\d+,render;dur=\d+"


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of the clock that is read; the last one is what it says now."""
    now = [0.0]
    monkeypatch.setattr("helpdesk.timings.perf_counter", lambda: now[-1])
    return now


@pytest.mark.parametrize(("login", "demo"), [("admin", False), ("admin", True), ("anna", True)])
def test_a_page_names_its_parts_for_administrators_and_in_the_demo(visit: Visit, login: str, demo: bool) -> None:
    timing = visit(login, demo=demo).get(LIST, headers=HTML).headers["server-timing"]
    assert re.fullmatch(ALL_PARTS, timing)


@pytest.mark.parametrize("login", ["anna", "stranger", None])
@pytest.mark.parametrize("address", [LIST, "/tasks/999", "/users/login", "/nowhere"])
def test_nobody_else_learns_how_long_anything_took(visit: Visit, login: str | None, address: str) -> None:
    for headers in (HTML, {}):
        assert "server-timing" not in visit(login).get(address, headers=headers).headers


async def test_time_in_a_thread_counts_for_its_request() -> None:
    timings = record()

    def work() -> Response:
        with measured("render"):
            return Response()

    await page.run_if_many(work, page.MANY_ENTRIES + 1)
    assert timings.seconds.keys() == {"render"}


def test_json_has_no_rendering_and_a_refusal_has_its_parts_too(visit: Visit) -> None:
    admin = visit("admin")
    assert re.fullmatch(r"store;dur=\d+,backend;dur=\d+", admin.get(LIST).headers["server-timing"])
    missing = admin.get("/tasks/99999", headers=HTML)
    assert missing.status_code == 404 and re.fullmatch(ALL_PARTS, missing.headers["server-timing"])


def test_a_request_that_waits_for_nothing_reports_no_timings(visit: Visit) -> None:
    assert "server-timing" not in visit("admin", demo=True).get("/healthz").headers


def test_blocks_side_by_side_count_once_and_a_failing_one_counts(ticks: list[float]) -> None:
    timings = record()
    with measured("backend"):
        ticks.append(1.0)
        with measured("backend"), measured("store"):
            ticks.append(2.0)
        ticks.append(3.5)
    with pytest.raises(Unavailable), measured("store"):
        ticks.append(3.75)
        raise Unavailable
    assert timings.header() == "store;dur=1250,backend;dur=3500"


def test_beside_requests_no_clock_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> None:
        with measured("store"):
            pass

    monkeypatch.setattr("helpdesk.timings.perf_counter", None)
    Context().run(work)


async def test_calls_of_one_request_at_once_are_one_recording(ticks: list[float]) -> None:
    timings = record()

    async def call() -> None:
        with measured("backend"):
            await asyncio.sleep(0)
            ticks.append(2.0)

    await asyncio.gather(call(), call())
    assert timings.seconds == {"backend": 2.0}


@pytest.fixture
def redmine_database() -> Iterator[RedmineDatabase]:
    database = RedmineDatabase(sa.make_url("mysql+pymysql://nobody@127.0.0.1:1/redmine"), ZoneInfo("UTC"))
    yield database
    database.close()


async def test_redmine_counts_as_the_backend_by_rest_and_by_sql(redmine_database: RedmineDatabase) -> None:
    timings = record()
    client = RedmineClient("http://redmine.test", "key", httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    await client.get("/issues.json")
    assert list(timings.seconds) == ["backend"]
    await client.close()
    timings = record()
    await redmine_database._in_thread(lambda: None)
    assert list(timings.seconds) == ["backend"]


async def test_waiting_for_a_fetch_of_another_request_counts_as_the_backend() -> None:
    cache, fetched = Cache(1, 60), asyncio.Event()

    async def request() -> Timings:
        timings = record()
        await cache.get("key", fetched.wait)
        return timings

    requests = [asyncio.create_task(request()) for _ in range(2)]
    await asyncio.sleep(0)
    fetched.set()
    assert [list(timings.seconds) for timings in await asyncio.gather(*requests)] == [["backend"], ["backend"]]


async def test_the_store_counts_as_the_backend_when_the_embedded_backend_asks_it(database: Database) -> None:
    timings = record()
    await database.run(lambda db: None)
    assert list(timings.seconds) == ["store"]
    timings = record()
    await database.for_backend().run(lambda db: None)
    assert list(timings.seconds) == ["backend"]
