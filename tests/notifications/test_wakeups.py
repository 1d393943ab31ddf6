"""A listener gets every wakeup, also those between two waits."""

import asyncio
from collections.abc import Iterator

import pytest

from helpdesk.notifications.wakeups import Listener, Wakeups


@pytest.fixture
def wakeups() -> Wakeups:
    return Wakeups()


@pytest.fixture
def listener(wakeups: Wakeups) -> Iterator[Listener]:
    with wakeups.listening() as listener:
        yield listener


async def test_a_waiting_listener_is_woken_with_the_people_who_have_news(wakeups: Wakeups) -> None:
    with wakeups.listening() as one, wakeups.listening() as other:
        waiting = [asyncio.create_task(it.wait()) for it in (one, other)]
        await asyncio.sleep(0)
        wakeups.wake(iter([3, 4]))
        assert await asyncio.gather(*waiting) == [{3, 4}, {3, 4}]


async def test_a_wakeup_between_two_waits_arrives_at_the_next_once(wakeups: Wakeups, listener: Listener) -> None:
    wakeups.wake([1])
    wakeups.wake([2])
    assert await listener.wait() == {1, 2}
    silent = asyncio.create_task(listener.wait())
    await asyncio.sleep(0)
    assert not silent.done()
    wakeups.wake([2])
    assert await silent == {2}


async def test_a_wait_that_was_given_up_loses_nothing(wakeups: Wakeups, listener: Listener) -> None:
    waiting = asyncio.create_task(listener.wait())
    await asyncio.sleep(0)
    wakeups.wake([1])
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await listener.wait() == {1}


async def test_a_wakeup_for_nobody_wakes(wakeups: Wakeups, listener: Listener) -> None:
    wakeups.wake()
    assert await listener.wait() == frozenset()


async def test_a_wakeup_for_all_reaches_everybody_once(wakeups: Wakeups, listener: Listener) -> None:
    wakeups.wake([1])
    wakeups.wake_all()
    assert await listener.wait() is None
    wakeups.wake([2])
    assert await listener.wait() == {2}


async def test_a_closed_listener_is_forgotten(wakeups: Wakeups) -> None:
    with wakeups.listening() as listener:
        pass
    wakeups.wake([1])
    waiting = asyncio.create_task(listener.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
