"""The bell of several processes, over a real Redis: it is heard in all, and Redis may do what it likes."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis as Client

from helpdesk.notifications import redis_wakeups
from helpdesk.notifications.redis_wakeups import RedisWakeups, channel
from helpdesk.notifications.wakeups import Listener
from tests.servers.process import free_port
from tests.servers.redis import Redis

KEY = "what the processes of one deployment know"
PATIENCE = 30.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_wakeups, "PAUSE_SECONDS", 0.01)


@asynccontextmanager
async def hanging(url: str, key: str = KEY) -> AsyncIterator[tuple[RedisWakeups, Listener]]:
    """A bell with one who listens to it."""
    wakeups = RedisWakeups(url, key)
    watching = asyncio.create_task(wakeups.watch())
    try:
        with wakeups.listening() as listener:
            yield wakeups, listener
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def heard(listener: Listener) -> frozenset[int] | None:
    return await asyncio.wait_for(listener.wait(), PATIENCE)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_wakeup_of_one_process_reaches_all_of_the_same_deployment(redis_server: Redis) -> None:
    url = redis_server.url
    async with hanging(url) as (one, here), hanging(url) as (_, there), hanging(url, "another") as (other, elsewhere):
        assert [await heard(it) for it in (here, there, elsewhere)] == [None] * 3
        one.wake([3, 4])
        assert (await heard(here), await heard(there)) == ({3, 4}, {3, 4})
        one.wake()
        assert (await heard(here), await heard(there)) == (frozenset(), frozenset())
        one.wake([5])
        other.wake([6])
        assert (await heard(here), await heard(there), await heard(elsewhere)) == ({5}, {5}, {6})


async def test_nobody_is_woken_twice_by_an_own_wakeup(redis_server: Redis) -> None:
    async with hanging(redis_server.url) as (one, here), hanging(redis_server.url) as (two, there):
        await heard(here), await heard(there)
        one.wake([1])
        assert (await heard(here), await heard(there)) == ({1}, {1})
        two.wake([2])  # what Redis tells the first of its own ring would have come before this
        assert await heard(here) == {2}


async def test_foreign_messages_are_ignored(redis_server: Redis, caplog: pytest.LogCaptureFixture) -> None:
    async with hanging(redis_server.url) as (_, here), hanging(redis_server.url) as (two, _):
        assert await heard(here) is None
        async with Client.from_url(redis_server.url) as client:
            for message in (b"", b"\xff\xff", b"mark 1,x", b"1 2 3"):
                assert await client.publish(channel(KEY), message)
        await until(lambda: len([it for it in caplog.records if "not ours" in it.message]) == 8)
        two.wake([7])
        assert await heard(here) == {7}


async def test_without_redis_wakeups_stay_in_one_process(caplog: pytest.LogCaptureFixture) -> None:
    async with hanging(f"redis://:secret@127.0.0.1:{free_port()}") as (wakeups, listener):
        await until(lambda: bool(caplog.records))
        wakeups.wake([1])
        assert await heard(listener) == {1}
        wakeups.wake([2])
        assert await heard(listener) == {2}
    assert [it.message for it in caplog.records] == ["Redis does not answer, other processes are not woken"]
    assert "secret" not in str(caplog.records[0].__dict__)


async def test_a_redis_that_accepts_and_says_nothing_is_given_up_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(redis_wakeups, "ANSWER_SECONDS", 0.05)
    came: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: came.append(writer), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with hanging(f"redis://127.0.0.1:{port}") as (wakeups, listener):
        await until(lambda: len(came) > 2)
        wakeups.wake([1])
        assert await heard(listener) == {1}
    server.close()
    for writer in came:
        writer.close()


async def test_a_redis_that_falls_silent_is_noticed_and_what_was_missed_is_read_when_it_is_back(
    redis_server: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(redis_wakeups, "QUIET_SECONDS", 0.1)
    monkeypatch.setattr(redis_wakeups, "ANSWER_SECONDS", 0.1)
    async with hanging(redis_server.url) as (_, here):
        assert await heard(here) is None
        os.kill(redis_server.process.pid, signal.SIGSTOP)
        try:
            await until(lambda: "Redis does not answer, other processes are not woken" in caplog.messages)
        finally:
            os.kill(redis_server.process.pid, signal.SIGCONT)
        assert await heard(here) is None
    assert "Redis answers again" in caplog.messages


async def test_lines_that_redis_ends_are_there_again_and_nothing_is_lost(redis_server: Redis) -> None:
    async with hanging(redis_server.url) as (one, here), hanging(redis_server.url) as (_, there):
        await heard(here), await heard(there)
        one.wake([1])
        assert (await heard(here), await heard(there)) == ({1}, {1})
        async with Client.from_url(redis_server.url) as client:
            await client.client_kill_filter(_type="pubsub")
            await client.client_kill_filter(_type="normal", skipme=True)
        one.wake([2])
        # By the message, or by what is read when the line is there again.
        while (people := await heard(there)) is not None and 2 not in people:
            pass


async def test_a_lost_connection_wakes_everybody_for_missed_messages(redis_server: Redis) -> None:
    async with hanging(redis_server.url) as (_, here):
        assert await heard(here) is None
        async with Client.from_url(redis_server.url) as client:
            assert await client.client_kill_filter(_type="pubsub")
        assert await heard(here) is None


async def test_wakeups_stop_when_cancelled_at_any_moment(redis_server: Redis) -> None:
    for turns in range(40):
        wakeups = RedisWakeups(redis_server.url, KEY)
        watching = asyncio.create_task(wakeups.watch())
        for turn in range(turns):
            wakeups.wake([turn])
            await asyncio.sleep(0)
        watching.cancel()
        done, _ = await asyncio.wait([watching], timeout=PATIENCE)
        assert done and watching.cancelled()
