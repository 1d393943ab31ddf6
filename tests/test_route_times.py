"""The numbers of requests: percentiles beside exact ones, and sums over processes that come, go and reset."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from math import ceil
from random import Random

import pytest
import sqlalchemy as sa
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from helpdesk.errors import OutcomeUnknown, StoreUnavailable
from helpdesk.route_times import BUCKETS, RouteTimes, bucket_of, merged, middle
from helpdesk.store.database import Database
from helpdesk.store.models.company import RouteMetric
from helpdesk.web.edge.request_metrics import OTHER, RequestMetrics

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.mark.parametrize("seed", range(20))
def test_the_percentile_is_within_a_tenth_of_the_exact_one(seed: int) -> None:
    dice = Random(seed)
    spread, number = dice.uniform(0.1, 2.5), dice.choice((1, 2, 19, 20, 21, 500))
    seconds = [min(dice.lognormvariate(-4, spread), 500.0) for _ in range(number)]
    times = RouteTimes()
    for each in seconds:
        times.add("GET /", each)
    found, exact = times.taken()["GET /"], sorted(seconds)[ceil(number * 0.95) - 1]
    assert abs(found.p95 - exact) <= 0.1 * exact
    assert (found.requests, found.longest, found.shortest) == (number, max(seconds), min(seconds))
    assert found.total == pytest.approx(sum(seconds)) and times.taken() == {}


def test_every_time_has_a_bucket() -> None:
    assert [bucket_of(it) for it in (0.0, 1e-9, 1e-5, 1e9)] == [0, 0, 0, BUCKETS - 1]
    for bucket in range(1, BUCKETS - 1):
        assert bucket_of(middle(bucket)) == bucket


async def page(request: Request) -> Response:
    raise AssertionError("nobody asks")


async def other_page(request: Request) -> Response:
    raise AssertionError("nobody asks")


ROUTES = [Route("/tasks/{task_id}", page, methods=["GET", "POST"]), Route("/x", other_page)]
GET = {"state": {"endpoint": page}, "method": "GET"}
SHOWN = "GET /tasks/{task_id}"


class Processes:
    def __init__(self, database: Database) -> None:
        self.database, self.now = database, NOW

    def begin(self) -> RequestMetrics:
        return RequestMetrics(ROUTES, self.database, lambda: self.now)


@pytest.fixture
def processes(database: Database) -> Processes:
    return Processes(database)


@pytest.fixture
def anywhere(told_store: Database) -> Processes:
    """The same over each kind of store. Those of servers are other tests', too."""
    told_store.run_here(lambda db: db.execute(sa.delete(RouteMetric)), writes=True)
    return Processes(told_store)


def test_a_request_counts_for_its_route_and_nobody_makes_up_names(processes: Processes) -> None:
    one = processes.begin()
    for scope in (
        GET,
        {"method": "GET", "state": {}},
        {**GET, "method": "BREW"},
        {**GET, "method": "DELETE"},
        {**GET, "method": "HEAD"},
    ):
        one.add(scope, 0.5)
    assert {name: it.requests for name, it in one.times.current().items()} == {
        SHOWN: 1, OTHER: 3, "HEAD /tasks/{task_id}": 1
    }  # fmt: skip


async def test_numbers_of_all_processes_are_added_up_and_outlive_them(anywhere: Processes) -> None:
    one, two = anywhere.begin(), anywhere.begin()
    one.add(GET, 0.5)
    await asyncio.gather(one.flush(), two.flush())
    one.add(GET, 1.5)
    two.add(GET, 0.25)
    await asyncio.gather(*(it.flush() for _ in range(3) for it in (one, two)))
    two.add(GET, 4.0)  # not stored yet
    found = await two.read()
    assert (await one.read()).routes == found.routes, "whichever process is asked next tells as much"
    assert found.workers == 2
    assert (times := found.routes[SHOWN]).requests == 4 and times.total == 6.25
    assert (times.longest, times.shortest) == (4.0, 0.25)
    anywhere.now += timedelta(minutes=1)  # both were killed
    three = anywhere.begin()
    await three.flush()
    assert (await three.read()).workers == 1 and (await three.read()).routes[SHOWN].requests == 4


def test_streams_pass_for_no_short_requests(processes: Processes) -> None:
    stream = Route("/stream", other_page, name="api:stream")
    one = RequestMetrics([*ROUTES[:1], stream], processes.database, lambda: processes.now)
    for endpoint in (page, other_page):
        one.add({**GET, "state": {"endpoint": endpoint}}, 0.5)
    assert set(one.times.current()) == {SHOWN}


async def test_a_reset_clears_what_all_processes_have_counted_until_then(anywhere: Processes) -> None:
    one, two = anywhere.begin(), anywhere.begin()
    for it in (one, two):
        it.add(GET, 1.0)
        await it.flush()
    two.add(GET, 1.0)  # before the reset, and not stored yet
    one.add(GET, 1.0)
    await one.reset()
    one.add(GET, 0.5)
    await asyncio.gather(one.flush(), two.flush())
    assert (await one.read()).routes[SHOWN].total == 0.5
    two.add(GET, 0.25)
    await two.flush()
    assert (await one.read()).routes[SHOWN].total == 0.75


async def test_writing_and_resetting_at_once_never_brings_old_numbers_back(anywhere: Processes) -> None:
    some = [anywhere.begin() for _ in range(3)]
    for it in some:
        it.add(GET, 1.0)
    await asyncio.gather(*(it.flush() for it in some), some[0].reset(), *(it.flush() for it in some))
    await some[0].reset()
    await asyncio.gather(*(it.flush() for it in some))
    assert (await some[1].read()).routes == {}


async def test_without_the_store_numbers_wait_and_an_unknown_outcome_counts_nothing_twice(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = processes.begin()
    for error, left in ((StoreUnavailable("read-only"), 2), (OutcomeUnknown(), 1)):
        with monkeypatch.context() as patch:

            async def fail(*_: object, writes: bool = False, error: Exception = error) -> None:
                raise error

            patch.setattr(processes.database, "run", fail)
            one.add(GET, 0.1)
            await one.flush()
            one.add(GET, 0.1)
        found = one.times.taken().get(SHOWN)
        assert found and found.requests == left


async def test_a_process_that_ends_stores_its_last_numbers(processes: Processes) -> None:
    one = processes.begin()
    await one.flush()  # or its thread would be at work still when the process ends
    watching = asyncio.create_task(one.watch())
    await asyncio.sleep(0)
    one.add(GET, 0.5)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    two = processes.begin()
    await two.flush()
    found = await two.read()
    assert (found.routes[SHOWN].requests, found.workers) == (1, 1)


def test_rows_say_no_more_than_they_must(processes: Processes) -> None:
    times = RouteTimes()
    times.add("a", 0.5)
    both = merged([times.current()["a"], times.current()["a"]])
    assert len(json.dumps(both.histogram)) < 20 and both.requests == 2

    def rows(db: Session) -> int:
        return db.execute(sa.select(sa.func.count()).select_from(RouteMetric)).scalar_one()

    assert processes.database.run_here(rows) == 0
