"""The reader of the feed: each person is told of each act once, whatever is restarted, broken or in another's hands."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from helpdesk.errors import Nonsense, Unavailable, WrongKey
from helpdesk.notifications import reader as reading
from helpdesk.notifications.troubles import PATIENCE, TRIES
from helpdesk.store import feed_marks, leases, notifications, preferences, tables
from helpdesk.store.database import Database, StoreUnavailable
from tests.notifications.listed_feed import ANNA, IRINA, NOON, SILENCE, Clock, ListedFeed, both, make_reader, told


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def feed() -> ListedFeed:
    return ListedFeed()


@pytest.fixture
def database(told_store: Database) -> Iterator[Database]:
    """In SQLite, a real MariaDB and a real PostgreSQL."""
    yield told_store


def position(database: Database) -> str:
    row = database.run_here(lambda db: feed_marks.position(db, reading.NAME))
    assert row
    return row.position


async def test_the_first_start_begins_now(database: Database, feed: ListedFeed, clock: Clock) -> None:
    feed.happens(3)
    reader = make_reader(feed, database, clock)
    assert await reader.look() and told(database) == [] and position(database) == "3"
    keys = feed.happens()
    assert await reader.look() and set(told(database)) == both(keys)


async def test_what_is_told_again_is_passed_over(database: Database, feed: ListedFeed, clock: Clock) -> None:
    reader = make_reader(feed, database, clock)
    await reader.look()
    keys = feed.happens(5)
    for _ in range(3):
        await reader.look()
    assert sorted(told(database)) == sorted(both(keys)) and feed.asked == keys


async def test_a_timer_that_fires_a_little_early_puts_no_look_off(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    reader = make_reader(feed, database, clock)
    await reader.step()
    feed.happens()
    clock.pass_(2.5)
    await reader.step()
    assert told(database) == [], "it was not time yet"
    clock.pass_(0.49)
    await reader.step()
    assert len(told(database)) == 2


async def test_after_a_long_silence_it_looks_again_at_once_and_is_live_when_it_is_through(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    await make_reader(feed, database, clock).step()
    keys, feed.at_once = feed.happens(5), 2
    clock.pass_(3600)
    reader = make_reader(feed, database, clock)
    for reached in ("2", "4"):
        assert await reader.step() == 0 and position(database) == reached
        assert reader.freshness == (False, NOON, NOON)
        assert not await make_reader(feed, database, clock, "two").look()
        clock.pass_(1)
    assert await reader.step() == 3 and sorted(told(database)) == sorted(both(keys))
    assert reader.freshness.live and reader.freshness.as_of == clock.now()


async def test_an_act_in_trouble_is_not_looked_for_again_at_once_though_there_is_more(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    reader = make_reader(feed, database, clock)
    await reader.step()
    keys, feed.at_once = feed.happens(5), 2
    feed.broken[keys[0]] = ValueError()
    clock.pass_(3)
    assert await reader.step() == 3 and position(database) == "0" and reader.freshness.as_of == NOON


async def test_after_a_restart_reading_goes_on_where_it_was(database: Database, feed: ListedFeed, clock: Clock) -> None:
    await make_reader(feed, database, clock).look()
    before = feed.happens(2)
    await make_reader(feed, database, clock).look()
    while_down = feed.happens(3)
    await make_reader(feed, database, clock).look()
    assert sorted(told(database)) == sorted(both(before + while_down)) and feed.asked == before + while_down


async def test_a_kill_between_reading_and_writing_loses_and_repeats_nothing(
    database: Database, feed: ListedFeed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_reader(feed, database, clock).look()
    keys = feed.happens(120)
    monkeypatch.setattr(reading, "ACTS_AT_ONCE", 50)
    killed = make_reader(feed, database, clock)
    write, writes = killed._write, []

    async def write_once(*arguments: object) -> None:
        if writes:
            raise asyncio.CancelledError
        writes.append(arguments)
        await write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(killed, "_write", write_once)
    with pytest.raises(asyncio.CancelledError):
        await killed.look()
    assert set(told(database)) == both(keys[:50]) and position(database) == "0"
    await make_reader(feed, database, clock).look()
    assert sorted(told(database)) == sorted(both(keys)) and position(database) == "120"


async def test_the_bell_rings_for_those_who_were_told(database: Database, feed: ListedFeed, clock: Clock) -> None:
    reader = make_reader(feed, database, clock)
    await reader.look()
    feed.happens(author=None)
    with reader.bell.listening() as listener:
        await reader.look()
        assert await listener.wait() == {ANNA}
        await reader.look()
        waiting = asyncio.create_task(listener.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()


async def test_who_may_not_see_it_or_wants_none_of_it_is_not_told(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    reader = make_reader(feed, database, clock)
    await reader.look()
    feed.blind = {ANNA}
    feed.happens()
    await reader.look()
    assert {person for person, _ in told(database)} == {IRINA}
    feed.blind = set()
    for wish in ("nothing", "silent"):
        database.run_here(lambda db, wish=wish: preferences.save(db, ANNA, wish), writes=True)
        feed.happens()
        await reader.look()
    (only,) = database.run_here(lambda db: notifications.page(db, ANNA, limit=9))
    assert (only.happening, only.sound, only.author, only.excerpt) == ("journal.2", "", "Борис Кузнецов", "…")


async def test_an_act_without_anybody_to_tell_is_dealt_with(database: Database, feed: ListedFeed, clock: Clock) -> None:
    reader = make_reader(feed, database, clock)
    await reader.look()
    keys = feed.happens(assignees=frozenset({404}), author=None)
    await reader.look()
    assert told(database) == [] and database.run_here(lambda db: feed_marks.dealt_with(db, keys)) == set(keys)


async def test_while_the_tracker_is_silent_it_tries_on_and_says_since_when(
    database: Database, feed: ListedFeed, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    reader = make_reader(feed, database, clock)
    assert not reader.freshness.live
    await reader.step()
    assert reader.freshness == (True, NOON, NOON)
    feed.raises = SILENCE
    with reader.bell.listening() as listener, caplog.at_level(logging.WARNING):
        for _ in range(3):
            clock.pass_(3)
            assert await reader.step() == 3
        assert await listener.wait() == frozenset()
        assert reader.freshness == (False, NOON + timedelta(seconds=3), NOON)
        keys, feed.raises = feed.happens(), None
        clock.pass_(3)
        await reader.step()
        assert await listener.wait() == {ANNA, IRINA}
    assert reader.freshness == (True, NOON + timedelta(seconds=12), NOON + timedelta(seconds=12))
    assert set(told(database)) == both(keys)
    assert [it.message for it in caplog.records] == ["the tracker does not answer the reader of the feed"]


async def test_an_act_that_fails_neither_keeps_others_waiting_nor_is_passed_over(
    database: Database, feed: ListedFeed, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    reader = make_reader(feed, database, clock)
    await reader.step()
    first, bad, last = feed.happens(3)
    feed.broken[bad] = ValueError("nobody thought of this")
    for _ in range(TRIES):
        clock.pass_(3)
        await reader.step()
        assert set(told(database)) == both([first, last]) and position(database) == "0" and reader.freshness.live
    later = feed.happens(4)
    clock.pass_(3)
    await reader.step()
    assert set(told(database)) == both([first, last, *later]) and position(database) == "7"
    assert feed.asked.count(bad) == TRIES
    aside = [(it.levelname, it.__dict__["act"]) for it in caplog.records if hasattr(it, "act")]
    assert aside == [("WARNING", bad), ("ERROR", bad)]


async def test_an_act_that_works_again_in_time_is_told(database: Database, feed: ListedFeed, clock: Clock) -> None:
    reader = make_reader(feed, database, clock)
    await reader.step()
    keys = feed.happens(2)
    feed.broken[keys[0]] = ValueError()
    for _ in range(TRIES - 1):
        await reader.look()
    feed.broken.clear()
    await reader.look()
    assert sorted(told(database)) == sorted(both(keys)) and position(database) == "2" and not reader.troubles


async def test_an_act_that_cannot_be_written_does_not_take_others_along(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    reader = make_reader(feed, database, clock)
    await reader.look()
    first, last = feed.happens(), feed.happens(subject="half a character: \ud83d") and feed.happens()
    await reader.look()
    assert sorted(told(database)) == sorted(both(first + last)) and position(database) == "0"
    for _ in range(TRIES):
        await reader.look()
    assert sorted(told(database)) == sorted(both(first + last)) and position(database) == "3"


async def test_one_act_for_which_the_tracker_is_silent_waits_behind_the_others(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    reader = make_reader(feed, database, clock)
    await reader.step()
    bad, *good = feed.happens(3)
    feed.broken[bad] = Nonsense(detail="500")
    while clock.seconds < PATIENCE.total_seconds():
        clock.pass_(3)
        await reader.step()
        if clock.seconds > 6:
            assert set(told(database)) == both(good)
    assert position(database) == "0"
    clock.pass_(6)
    await reader.step()
    assert position(database) == "3" and reader.freshness.live


async def test_our_own_keys_trouble_puts_nothing_aside(database: Database, feed: ListedFeed, clock: Clock) -> None:
    reader = make_reader(feed, database, clock)
    await reader.step()
    keys = feed.happens(2)
    feed.broken = dict.fromkeys(keys, WrongKey())
    for _ in range(20):
        clock.pass_(3600)
        await reader.step()
    assert told(database) == [] and not reader.freshness.live
    feed.broken.clear()
    clock.pass_(3)
    await reader.step()
    assert sorted(told(database)) == sorted(both(keys))


async def test_one_of_two_reads_and_the_other_takes_its_place_when_it_is_killed(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    one, two = (make_reader(feed, database, clock, holder) for holder in ("one", "two"))
    await one.step()
    keys = []
    for _ in range(20):
        keys += feed.happens()
        clock.pass_(3)
        assert await one.step() == 3 and await two.step() == reading.RENEW_SECONDS
        assert one.mine and not two.mine and two.freshness.live
    killed_at = clock.seconds
    keys += feed.happens()
    while not two.mine:
        clock.pass_(reading.RENEW_SECONDS)
        await two.step()
    assert clock.seconds - killed_at <= 15
    assert sorted(told(database)) == sorted(both(keys))


async def test_the_lease_is_kept_between_looks_that_are_far_apart(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    one, two = (make_reader(feed, database, clock, holder, interval=60) for holder in ("one", "two"))
    while clock.seconds <= 120:
        clock.pass_(await one.step())
        await two.step()
        assert not two.mine
    assert len(feed.read_from) == 2


async def test_who_lost_the_lease_in_the_middle_of_a_look_writes_nothing(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    one, two = (make_reader(feed, database, clock, holder) for holder in ("one", "two"))
    await one.look()
    keys = feed.happens(2)

    def lose() -> None:
        clock.pass_(reading.LEASE_SECONDS)
        database.run_here(lambda db: leases.take(db, reading.NAME, "two", clock.now(), 10), writes=True)

    feed.meanwhile = lose
    assert not await one.look() and told(database) == [] and position(database) == "0"
    feed.meanwhile = lambda: None
    assert await two.look() and not await one.look()
    assert sorted(told(database)) == sorted(both(keys))


async def test_while_another_reads_pages_say_when_it_has_stopped(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    """Though nobody can take its place: its tracker is silent, and it renews the lease."""
    one, two = (make_reader(feed, database, clock, holder) for holder in ("one", "two"))
    await one.step()
    await two.step()
    feed.raises = SILENCE
    while clock.seconds < 30:
        clock.pass_(3)
        await one.step()
        await two.step()
    assert two.freshness == (False, NOON, NOON) and not two.mine


async def test_a_store_that_does_not_answer_ends_nothing(
    database: Database, feed: ListedFeed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = make_reader(feed, database, clock)
    await reader.step()
    keys, run = feed.happens(), database.run

    async def down(*_: object, **__: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(database, "run", down)
    clock.pass_(3)
    assert await reader.step() == reading.RENEW_SECONDS and not reader.freshness.live
    monkeypatch.setattr(database, "run", run)
    clock.pass_(3)
    await reader.step()
    assert reader.freshness.live and set(told(database)) == both(keys)


async def test_a_mistake_in_the_feed_ends_nothing(
    database: Database, feed: ListedFeed, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    reader = make_reader(feed, database, clock)
    await reader.step()
    feed.raises, keys = KeyError("issues"), feed.happens()
    clock.pass_(3)
    await reader.step()
    assert not reader.freshness.live and "the reader of the feed failed" in caplog.text
    feed.raises = None
    clock.pass_(3)
    await reader.step()
    assert reader.freshness.live and set(told(database)) == both(keys)


async def test_watching_tells_until_it_is_cancelled_and_lets_the_lease_go(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    reader = make_reader(feed, database, clock, interval=0)
    with reader.bell.listening() as listener:
        watching = asyncio.create_task(reader.watch())
        assert await asyncio.wait_for(listener.wait(), 30) == frozenset()
        keys = feed.happens()
        assert await asyncio.wait_for(listener.wait(), 30) == {ANNA, IRINA}
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert set(told(database)) == both(keys)
    assert await make_reader(feed, database, clock, "two").look()


async def test_a_long_look_keeps_the_lease(
    database: Database, feed: ListedFeed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "RENEW_SECONDS", 0.01)
    reader = make_reader(feed, database, clock)
    await reader.step()
    clock.pass_(9)
    until, answered = database.run_here(_until), asyncio.Event()
    seers = feed.seers

    async def slow_seers(*arguments: object) -> frozenset[int]:
        await answered.wait()
        return await seers(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(feed, "seers", slow_seers)
    keys = feed.happens()
    looking = asyncio.create_task(reader.step())
    while not feed.read_from:
        await asyncio.sleep(0.01)
    clock.pass_(9)
    while database.run_here(_until) < until + timedelta(seconds=18):
        await asyncio.sleep(0.01)
    assert not await make_reader(feed, database, clock, "two").look()
    answered.set()
    await looking
    assert set(told(database)) == both(keys)


def _until(session: Session) -> object:
    return session.exec(select(tables.Lease.until)).one()


async def test_what_is_old_goes_once_an_hour(database: Database, feed: ListedFeed, clock: Clock) -> None:
    reader = make_reader(feed, database, clock)
    await reader.step()
    old = feed.happens()
    clock.pass_(3)
    await reader.step()
    feed.again = 0
    clock.pass_(timedelta(days=2, seconds=4).total_seconds())
    await reader.step()
    assert database.run_here(lambda db: feed_marks.dealt_with(db, old)) == set() and len(told(database)) == 2
    clock.pass_(timedelta(days=88).total_seconds())
    new = feed.happens()
    await reader.step()
    assert set(told(database)) == both(new)


async def test_a_look_that_finds_the_tracker_silent_in_between_keeps_what_was_told(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    reader = make_reader(feed, database, clock)
    await reader.look()
    first, second, third = feed.happens(3)
    feed.broken[second] = SILENCE
    with pytest.raises(Unavailable):
        await reader.look()
    assert set(told(database)) == both([first]) and position(database) == "0"
    feed.broken.clear()
    await reader.look()
    assert sorted(told(database)) == sorted(both([first, second, third]))
