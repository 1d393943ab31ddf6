"""What many pages want at once is asked of Redmine once, and rules are read once; whoever waits gets what is there."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Semaphore
from typing import Any, cast

import pytest
from sqlalchemy.engine import Connection

from helpdesk.errors import LockedOut, NotFound, Unavailable
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.rest import metadata_cache as module
from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.rest.metadata_cache import STALE_SECONDS, Cache
from helpdesk.tasks.redmine.sql import config_snapshot, source
from helpdesk.tasks.redmine.sql.source import Source
from tests.servers.imitated_redmine import ANNA, ME, ImitatedRedmine
from tests.test_redmine_client import calling

FRESH = 60.0
NO_CONNECTION = cast(Connection, None)


class Kept:
    """A cache whose clock and whose answers the test moves; `calls` were made of what is fetched."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.cache = Cache(10, FRESH, lambda: self.now)
        self.calls = 0
        self.opened = asyncio.Event()
        self.says: object = "old"

    async def fetch(self) -> object:
        self.calls += 1
        await self.opened.wait()
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def want(self) -> asyncio.Task[Any]:
        return asyncio.create_task(self.cache.get("key", self.fetch))

    async def fill(self) -> None:
        self.opened.set()
        assert await self.want() == "old"
        self.opened.clear()

    async def wanted(self, number: int) -> list[asyncio.Task[Any]]:
        """So many that want it, each as far as it comes."""
        tasks = [self.want() for _ in range(number)]
        for _ in range(5):
            await asyncio.sleep(0)
        return tasks


@pytest.fixture
def kept() -> Kept:
    return Kept()


async def test_a_hundred_pages_at_once_ask_redmine_each_thing_once(server: ImitatedRedmine) -> None:
    async with calling(server.url) as client:
        calls = RestCalls(client)

        async def page() -> None:
            await calls.users.me(Actor(ANNA, "anna"))
            await calls.metadata.statuses()
            await calls.metadata.priorities()

        await asyncio.gather(*(page() for _ in range(100)))
    asked = Counter(request.path for request in server.requests)
    assert asked == dict.fromkeys(
        (ME, "/issue_statuses.json", "/trackers.json", "/enumerations/issue_priorities.json"), 1
    )


async def test_while_one_refreshes_the_others_get_the_earlier_value(kept: Kept) -> None:
    await kept.fill()
    kept.now, kept.says = kept.now + FRESH, "new"
    first, *others = await kept.wanted(100)
    assert [task.result() for task in others] == ["old"] * 99 and not first.done()
    kept.opened.set()
    assert await first == "new" == await kept.want() and kept.calls == 2


async def test_an_expired_value_is_not_returned_and_all_wait_for_the_same_fetch(kept: Kept) -> None:
    await kept.fill()
    kept.now, kept.says = kept.now + FRESH + STALE_SECONDS, "new"
    tasks = await kept.wanted(100)
    assert not any(task.done() for task in tasks)
    kept.opened.set()
    assert await asyncio.gather(*tasks) == ["new"] * 100 and kept.calls == 2


async def test_one_that_is_cancelled_cancels_no_other(kept: Kept) -> None:
    first, second, third = await kept.wanted(3)
    for gone in (first, second):
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
    kept.opened.set()
    assert await third == "old" and kept.calls == 1


async def test_a_failure_reaches_all_waiting_callers_and_nobody_after_them(kept: Kept) -> None:
    kept.says = Unavailable()
    tasks = await kept.wanted(10)
    kept.opened.set()
    assert {type(it) for it in await asyncio.gather(*tasks, return_exceptions=True)} == {Unavailable}
    kept.says = "old"
    assert await kept.want() == "old" and kept.calls == 2


@pytest.mark.parametrize(("failure", "others"), [(Unavailable(), "old"), (LockedOut(), "new"), (NotFound(), "new")])
async def test_a_silent_redmine_takes_nothing_away_and_a_refusal_does(
    kept: Kept, failure: Exception, others: str
) -> None:
    await kept.fill()
    kept.now, kept.says = kept.now + FRESH, failure
    kept.opened.set()
    with pytest.raises(type(failure)):
        await kept.want()
    kept.says = "new"
    kept.opened.clear()
    first, second = await kept.wanted(2)
    kept.opened.set()
    assert [await first, await second] == ["new", others]


async def test_a_fetch_without_an_end_is_given_up_and_the_next_one_starts_again(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FETCH_SECONDS", 0.01)
    with pytest.raises(Unavailable):
        await kept.want()
    kept.opened.set()
    assert await kept.want() == "old"


class Loads:
    """Stands in for reading the rules: it takes as long as the test wants. `arrived` is released by everybody who
    begins it or waits for another's."""

    def __init__(self) -> None:
        self.number = 0
        self.began, self.may_end, self.arrived = Event(), Event(), Semaphore(0)
        self.error: Exception | None = None

    def load(self, db: Connection, extra: frozenset[str]) -> object:
        self.number += 1
        number = self.number
        self.began.set()
        self.arrived.release()
        assert self.may_end.wait(30)
        if self.error:
            raise self.error
        return f"rules {number}"

    def waited_for(self) -> type[Future[Any]]:
        """What others wait on for a load."""
        arrived = self.arrived

        class Waited(Future[Any]):
            def result(self, timeout: float | None = None) -> Any:
                arrived.release()
                return super().result(timeout)

        return Waited


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> Loads:
    made = Loads()
    monkeypatch.setattr(config_snapshot, "load", made.load)
    monkeypatch.setattr(source, "Future", made.waited_for())
    monkeypatch.setattr(source, "_company_tables", lambda _: frozenset())
    return made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now = [1_000.0]
    monkeypatch.setattr(source, "monotonic", lambda: now[0])
    yield now


def read_at_once(found: Source, loads: Loads) -> list[object]:
    """The rules as ten threads get them that all ask before any load ends."""
    loads.may_end.clear()

    def read() -> object:
        try:
            return found.config(NO_CONNECTION)
        except ValueError as error:
            return error

    with ThreadPoolExecutor(10) as threads:
        tasks = [threads.submit(read) for _ in range(10)]
        arrived = [loads.arrived.acquire(timeout=30) for _ in tasks]
        loads.may_end.set()
        assert all(arrived)
        return [task.result() for task in tasks]


def test_ten_reads_at_once_load_the_rules_once(loads: Loads, clock: list[float]) -> None:
    found = Source(cast(Any, None))
    assert read_at_once(found, loads) == ["rules 1"] * 10
    clock[0] += source.CONFIG_SECONDS + source.STALE_SECONDS + 0.1
    assert read_at_once(found, loads) == ["rules 2"] * 10


def test_while_one_loads_the_rules_the_others_use_the_old_ones(loads: Loads, clock: list[float]) -> None:
    found = Source(cast(Any, None))
    loads.may_end.set()
    found.config(NO_CONNECTION)
    clock[0] += source.CONFIG_SECONDS + 0.1
    loads.began.clear()
    loads.may_end.clear()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(found.config, NO_CONNECTION)
        assert loads.began.wait(30)
        assert cast(object, found.config(NO_CONNECTION)) == "rules 1"
        loads.may_end.set()
        assert cast(object, first.result()) == "rules 2"


def test_rules_that_could_not_be_loaded_are_loaded_by_the_next_read(loads: Loads, clock: list[float]) -> None:
    found, loads.error = Source(cast(Any, None)), ValueError()
    assert read_at_once(found, loads) == [loads.error] * 10 and loads.number == 1
    loads.error = None
    assert cast(object, found.config(NO_CONNECTION)) == "rules 2"
