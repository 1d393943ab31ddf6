"""The bell: whoever listens hears of all that rang, also of what rang between two waits."""

import asyncio

import pytest

from helpdesk.notifications.bell import Bell


async def test_who_waits_is_woken_and_told_of_whom_there_is_news() -> None:
    bell = Bell()
    with bell.listening() as one, bell.listening() as other:
        waiting = [asyncio.create_task(it.wait()) for it in (one, other)]
        await asyncio.sleep(0)
        bell.ring(iter([3, 4]))
        assert await asyncio.gather(*waiting) == [{3, 4}, {3, 4}]


async def test_what_rings_between_two_waits_is_heard_at_the_next_once() -> None:
    bell = Bell()
    with bell.listening() as listener:
        bell.ring([1])
        bell.ring([2])
        assert await listener.wait() == {1, 2}
        silent = asyncio.create_task(listener.wait())
        await asyncio.sleep(0)
        assert not silent.done()
        bell.ring([2])
        assert await silent == {2}


async def test_a_wait_that_was_given_up_loses_nothing() -> None:
    bell = Bell()
    with bell.listening() as listener:
        waiting = asyncio.create_task(listener.wait())
        await asyncio.sleep(0)
        bell.ring([1])
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await listener.wait() == {1}


async def test_a_ring_for_nobody_wakes() -> None:
    bell = Bell()
    with bell.listening() as listener:
        bell.ring()
        assert await listener.wait() == frozenset()


async def test_a_ring_for_all_is_heard_as_one_for_anybody_and_no_longer() -> None:
    bell = Bell()
    with bell.listening() as listener:
        bell.ring([1])
        bell.ring_for_all()
        assert await listener.wait() is None
        bell.ring([2])
        assert await listener.wait() == {2}


async def test_who_no_longer_listens_is_forgotten() -> None:
    bell = Bell()
    with bell.listening() as listener:
        pass
    bell.ring([1])
    waiting = asyncio.create_task(listener.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
