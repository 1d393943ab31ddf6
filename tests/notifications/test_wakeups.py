"""The bell: whoever listens hears of all that rang, also of what rang between two waits."""

import asyncio

import pytest

from helpdesk.notifications.wakeups import Wakeups


async def test_a_waiting_listener_is_woken_with_the_people_who_have_news() -> None:
    wakeups = Wakeups()
    with wakeups.listening() as one, wakeups.listening() as other:
        waiting = [asyncio.create_task(it.wait()) for it in (one, other)]
        await asyncio.sleep(0)
        wakeups.wake(iter([3, 4]))
        assert await asyncio.gather(*waiting) == [{3, 4}, {3, 4}]


async def test_a_wakeup_between_two_waits_arrives_at_the_next_once() -> None:
    wakeups = Wakeups()
    with wakeups.listening() as listener:
        wakeups.wake([1])
        wakeups.wake([2])
        assert await listener.wait() == {1, 2}
        silent = asyncio.create_task(listener.wait())
        await asyncio.sleep(0)
        assert not silent.done()
        wakeups.wake([2])
        assert await silent == {2}


async def test_a_wait_that_was_given_up_loses_nothing() -> None:
    wakeups = Wakeups()
    with wakeups.listening() as listener:
        waiting = asyncio.create_task(listener.wait())
        await asyncio.sleep(0)
        wakeups.wake([1])
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await listener.wait() == {1}


async def test_a_ring_for_nobody_wakes() -> None:
    wakeups = Wakeups()
    with wakeups.listening() as listener:
        wakeups.wake()
        assert await listener.wait() == frozenset()


async def test_a_ring_for_all_is_heard_as_one_for_anybody_and_no_longer() -> None:
    wakeups = Wakeups()
    with wakeups.listening() as listener:
        wakeups.wake([1])
        wakeups.wake_all()
        assert await listener.wait() is None
        wakeups.wake([2])
        assert await listener.wait() == {2}


async def test_a_closed_listener_is_forgotten() -> None:
    wakeups = Wakeups()
    with wakeups.listening() as listener:
        pass
    wakeups.wake([1])
    waiting = asyncio.create_task(listener.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
