"""Threads are never more than was said, whatever becomes of those who wait for them."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from helpdesk.errors import Overloaded, StoreUnavailable
from helpdesk.store.database import Database
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.failures import Silent
from helpdesk.threads import Threads

BRIEFLY = 0.02
LONG = 60.0
Run = Callable[..., Coroutine[object, object, object]]


class Held:
    """Work that lasts until it is let go; who does it is counted."""

    def __init__(self) -> None:
        self.lets_go, self.lock, self.begun, self.ended = threading.Event(), threading.Lock(), 0, 0

    def work(self, *_: object) -> None:
        with self.lock:
            self.begun += 1
        self.lets_go.wait(LONG)
        with self.lock:
            self.ended += 1


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    yield held
    held.lets_go.set()


async def give_up(work: Coroutine[object, object, object], held: Held) -> None:
    """What a time-out does to work that has begun."""
    before, call = held.begun, asyncio.create_task(work)
    async with asyncio.timeout(LONG):
        while held.begun == before:
            await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def until_free(threads: Threads) -> None:
    async with asyncio.timeout(LONG):
        while threads.stuck:
            await asyncio.sleep(0.001)


async def test_a_call_that_was_given_up_holds_its_place_until_its_thread_has_ended(held: Held) -> None:
    threads = Threads(2, LONG)
    for _ in range(2):
        await give_up(threads.run(held.work), held)
    with pytest.raises(Overloaded):
        await threads.run(held.work)
    assert held.begun == 2 and held.ended == 0
    held.lets_go.set()
    await until_free(threads)
    await asyncio.gather(*[threads.run(held.work) for _ in range(5)])
    assert held.ended == 7


async def test_a_call_waits_for_a_thread_but_not_for_long(held: Held) -> None:
    threads = Threads(1, BRIEFLY)
    first = asyncio.create_task(threads.run(held.work))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await threads.run(held.work)
    held.lets_go.set()
    await first
    assert (held.begun, held.ended) == (1, 1)
    await threads.run(held.work)


@pytest.mark.parametrize("run", [Threads.run, Threads.run_to_its_end])
async def test_a_call_that_was_given_up_before_its_turn_is_never_done(run: Run, held: Held) -> None:
    threads = Threads(1, LONG)
    first = asyncio.create_task(threads.run(held.work))
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(BRIEFLY):
            await run(threads, held.work)
    held.lets_go.set()
    await first
    await threads.run(lambda: None)
    assert held.begun == 1


async def test_work_that_must_be_undone_is_waited_for(held: Held) -> None:
    call = asyncio.create_task(Threads(1).run_to_its_end(held.work))
    while not held.begun:
        await asyncio.sleep(0.001)
    call.cancel()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not call.done()
    held.lets_go.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert held.ended == 1


async def test_results_and_errors_of_the_work_arrive() -> None:
    threads = Threads(1)
    assert await threads.run(divmod, 7, 2) == (3, 1) == await threads.run_to_its_end(divmod, 7, 2)
    for run in (threads.run, threads.run_to_its_end):
        with pytest.raises(ZeroDivisionError):
            await run(divmod, 7, 0)


async def test_a_store_that_hangs_is_one_that_does_not_answer(tmp_path: Path, held: Held) -> None:
    database = Database(f"sqlite:///{tmp_path}/store.db")
    database.threads = Threads(1)
    await give_up(database.run(held.work), held)
    with pytest.raises(StoreUnavailable):
        await database.run(held.work, writes=True)
    assert held.begun == 1
    held.lets_go.set()
    await until_free(database.threads)
    database.close()


async def test_reading_goes_over_rest_while_redmines_database_hangs(held: Held) -> None:
    database = RedmineDatabase(sa.make_url("mysql+pymysql://nobody@127.0.0.1:1/none"), ZoneInfo("UTC"))
    database.threads = Threads(1)
    await give_up(database._noted(held.work), held)
    with pytest.raises(Silent):
        await database._noted(lambda: None)
    assert database.state.kind == "silent", "nobody waits for it any more"
    held.lets_go.set()
    await until_free(database.threads)
    await database._noted(lambda: None)
    assert database.state.kind == "full"
    database.close()
