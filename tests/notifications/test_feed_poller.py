"""The poller of the feed: each person is told of each act once, whatever is restarted, broken or in another's hands."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from helpdesk.errors import BadResponse, StoreUnavailable, Unavailable, WrongKey
from helpdesk.notifications import event_processing, feed_poller
from helpdesk.notifications.preferences import Preferences, Sounds, to_json
from helpdesk.notifications.retry_queue import PATIENCE, TRIES
from helpdesk.store import feed_state, leases, notifications, preferences
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from tests.notifications.listed_feed import (
    ADMIN,
    ANNA,
    IRINA,
    NOON,
    SILENCE,
    Clock,
    ListedFeed,
    both,
    make_poller,
    told,
)


@pytest.fixture
def feed() -> ListedFeed:
    return ListedFeed()


@pytest.fixture
def database(told_store: Database) -> Iterator[Database]:
    """In SQLite, a real MariaDB and a real PostgreSQL."""
    yield told_store


def position(database: Database) -> str:
    row = database.run_here(lambda db: feed_state.cursor(db, feed_poller.NAME))
    assert row
    return row.position


async def test_the_first_start_begins_now(database: Database, feed: ListedFeed, clock: Clock) -> None:
    feed.happens(3)
    poller = make_poller(feed, database, clock)
    assert await poller.poll() and told(database) == [] and position(database) == "3"
    keys = feed.happens()
    assert await poller.poll() and set(told(database)) == both(keys)


async def test_an_event_read_again_is_ignored(database: Database, feed: ListedFeed, clock: Clock) -> None:
    poller = make_poller(feed, database, clock)
    await poller.poll()
    keys = feed.happens(5)
    for _ in range(3):
        await poller.poll()
    assert sorted(told(database)) == sorted(both(keys)) and feed.asked == keys


async def test_a_timer_that_fires_a_little_early_puts_no_look_off(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    poller = make_poller(feed, database, clock)
    await poller.step()
    feed.happens()
    clock.pass_(2.5)
    await poller.step()
    assert told(database) == [], "it was not time yet"
    clock.pass_(0.49)
    await poller.step()
    assert len(told(database)) == 2


async def test_after_a_long_silence_it_looks_again_at_once_and_is_live_when_it_is_through(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    await make_poller(feed, database, clock).step()
    keys, feed.at_once = feed.happens(5), 2
    clock.pass_(3600)
    poller = make_poller(feed, database, clock)
    for reached in ("2", "4"):
        assert await poller.step() == 0 and position(database) == reached
        assert poller.feed_status == (False, NOON, NOON)
        assert not await make_poller(feed, database, clock, "two").poll()
        clock.pass_(1)
    assert await poller.step() == 3 and sorted(told(database)) == sorted(both(keys))
    assert poller.feed_status.live and poller.feed_status.as_of == clock.now()


async def test_an_act_in_trouble_is_not_looked_for_again_at_once_though_there_is_more(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    poller = make_poller(feed, database, clock)
    await poller.step()
    keys, feed.at_once = feed.happens(5), 2
    feed.broken[keys[0]] = ValueError()
    clock.pass_(3)
    assert await poller.step() == 3 and position(database) == "0" and poller.feed_status.as_of == NOON


async def test_after_a_restart_reading_goes_on_where_it_was(database: Database, feed: ListedFeed, clock: Clock) -> None:
    await make_poller(feed, database, clock).poll()
    before = feed.happens(2)
    await make_poller(feed, database, clock).poll()
    while_down = feed.happens(3)
    await make_poller(feed, database, clock).poll()
    assert sorted(told(database)) == sorted(both(before + while_down)) and feed.asked == before + while_down


async def test_a_kill_between_reading_and_writing_loses_and_repeats_nothing(
    database: Database, feed: ListedFeed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_poller(feed, database, clock).poll()
    keys = feed.happens(120)
    monkeypatch.setattr(event_processing, "EVENTS_AT_ONCE", 50)
    killed = make_poller(feed, database, clock)
    write, writes = killed.processor.write, []

    async def write_once(*arguments: object, **more: object) -> None:
        if writes:
            raise asyncio.CancelledError
        writes.append(arguments)
        await write(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(killed.processor, "write", write_once)
    with pytest.raises(asyncio.CancelledError):
        await killed.poll()
    assert set(told(database)) == both(keys[:50]) and position(database) == "0"
    await make_poller(feed, database, clock).poll()
    assert sorted(told(database)) == sorted(both(keys)) and position(database) == "120"


async def test_the_bell_rings_for_those_who_were_told(database: Database, feed: ListedFeed, clock: Clock) -> None:
    poller = make_poller(feed, database, clock)
    await poller.poll()
    feed.happens(author=None)
    with poller.wakeups.listening() as listener:
        await poller.poll()
        assert await listener.wait() == {ANNA}
        await poller.poll()
        waiting = asyncio.create_task(listener.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()


async def test_people_who_may_not_see_an_event_or_muted_it_are_not_notified(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    poller = make_poller(feed, database, clock)
    await poller.poll()
    feed.blind = {ANNA}
    feed.happens()
    await poller.poll()
    assert {person for person, _ in told(database)} == {IRINA}
    feed.blind = set()
    for chosen in (Preferences(muted_tasks=frozenset({7})), Preferences(sounds=Sounds(normal="none"))):
        text = to_json(chosen)
        database.run_here(lambda db, text=text: preferences.save(db, ANNA, text), writes=True)
        feed.happens()
        await poller.poll()
    (only,) = database.run_here(lambda db: notifications.page(db, ANNA, limit=9))
    assert (only.event, only.sound, only.author, only.excerpt) == ("journal.2", "", "Борис Кузнецов", "…")


async def test_an_act_without_anybody_to_tell_is_dealt_with(database: Database, feed: ListedFeed, clock: Clock) -> None:
    poller = make_poller(feed, database, clock)
    await poller.poll()
    keys = feed.happens(assignees=frozenset({404}), author=None)
    await poller.poll()
    assert told(database) == [] and database.run_here(lambda db: feed_state.processed(db, keys)) == set(keys)


async def test_while_the_tracker_is_silent_it_tries_on_and_says_since_when(
    database: Database, feed: ListedFeed, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    poller = make_poller(feed, database, clock)
    assert not poller.feed_status.live
    await poller.step()
    assert poller.feed_status == (True, NOON, NOON)
    feed.raises = SILENCE
    with poller.wakeups.listening() as listener, caplog.at_level(logging.WARNING):
        for _ in range(3):
            clock.pass_(3)
            assert await poller.step() == 3
        assert await listener.wait() == frozenset()
        assert poller.feed_status == (False, NOON + timedelta(seconds=3), NOON)
        keys, feed.raises = feed.happens(), None
        clock.pass_(3)
        await poller.step()
        assert await listener.wait() == {ANNA, IRINA}
    assert poller.feed_status == (True, NOON + timedelta(seconds=12), NOON + timedelta(seconds=12))
    assert set(told(database)) == both(keys)
    assert [it.message for it in caplog.records] == ["the backend does not answer the feed poller"]


async def test_an_act_that_fails_neither_keeps_others_waiting_nor_is_passed_over(
    database: Database, feed: ListedFeed, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    poller = make_poller(feed, database, clock)
    await poller.step()
    first, bad, last = feed.happens(3)
    feed.broken[bad] = ValueError("nobody thought of this")
    for _ in range(TRIES):
        clock.pass_(3)
        await poller.step()
        assert set(told(database)) == both([first, last]) and position(database) == "0" and poller.feed_status.live
    later = feed.happens(4)
    clock.pass_(3)
    await poller.step()
    assert set(told(database)) == both([first, last, *later]) | {(ADMIN, bad)} and position(database) == "7"
    assert feed.asked.count(bad) == TRIES
    aside = [(it.levelname, it.__dict__["event"]) for it in caplog.records if hasattr(it, "event")]
    assert aside == [("WARNING", bad), ("ERROR", bad)]


class Killed(BaseException):
    """The process is no more: nothing catches it."""


def kill_by(feed: ListedFeed, *keys: str) -> None:
    feed.broken |= {key: Killed() for key in keys}  # type: ignore[dict-item]


async def lives(feed: ListedFeed, database: Database, clock: Clock, holder: str) -> bool:
    """One look of another process; whether it survived."""
    clock.pass_(feed_poller.LEASE_SECONDS)
    try:
        await make_poller(feed, database, clock, holder).poll()
    except Killed:
        return False
    return True


async def test_an_act_that_killed_its_reader_twice_is_put_aside_and_administrators_are_told(
    database: Database, feed: ListedFeed, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await make_poller(feed, database, clock).poll()
    first, bad, last = feed.happens(3)
    kill_by(feed, bad)
    assert [await lives(feed, database, clock, holder) for holder in "abcd"] == [False, False, True, True]
    assert feed.asked.count(bad) == event_processing.KILLS
    assert set(told(database)) == both([first, last]) | {(ADMIN, bad)} and position(database) == "3"
    (notice,) = database.run_here(lambda db: notifications.page(db, ADMIN, limit=9))
    assert (notice.type, notice.kind, notice.task_id, notice.subject, notice.excerpt) == (
        "system",
        "put_aside",
        7,
        "",
        "",
    )
    assert [it.__dict__["event"] for it in caplog.records if it.levelname == "ERROR"] == [bad]
    assert left(database) == []


async def test_two_acts_that_kill_cost_two_readers_each(database: Database, feed: ListedFeed, clock: Clock) -> None:
    await make_poller(feed, database, clock).poll()
    keys = feed.happens(5)
    kill_by(feed, keys[1], keys[3])
    found = [await lives(feed, database, clock, holder) for holder in "abcde"]
    assert found == [False] * 3 + [True] * 2, "the first killed one for both, which were begun together"
    assert set(told(database)) == both([keys[0], keys[2], keys[4]]) | {(ADMIN, keys[1]), (ADMIN, keys[3])}


async def test_an_error_or_a_stop_is_not_counted_as_a_kill(database: Database, feed: ListedFeed, clock: Clock) -> None:
    await make_poller(feed, database, clock).poll()
    keys = feed.happens(2)
    for holder in ("one", "two", "three"):
        poller = make_poller(feed, database, clock, holder)
        for error in (SILENCE, ValueError(), StoreUnavailable("gone"), ValueError(), StoreUnavailable("gone")):
            feed.broken[keys[0]] = error
            await poller.step()
            clock.pass_(3)
        feed.broken[keys[0]] = asyncio.CancelledError()  # type: ignore[assignment]
        with pytest.raises(asyncio.CancelledError):
            await poller.watch()
        assert left(database) == []
    feed.broken.clear()
    await make_poller(feed, database, clock, "four").poll()
    assert set(told(database)) == both(keys)


async def test_a_stopped_poller_leaves_the_kills_of_others_counted(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    await make_poller(feed, database, clock).poll()
    (bad,) = feed.happens()
    kill_by(feed, bad)
    assert not await lives(feed, database, clock, "a")
    feed.broken[bad] = asyncio.CancelledError()  # type: ignore[assignment]
    clock.pass_(feed_poller.LEASE_SECONDS)
    with pytest.raises(asyncio.CancelledError):
        await make_poller(feed, database, clock, "b").watch()
    assert left(database) == [(bad, 1)]
    kill_by(feed, bad)
    assert [await lives(feed, database, clock, holder) for holder in "cd"] == [False, True]
    assert told(database) == [(ADMIN, bad)]


def left(database: Database) -> list[tuple[str, int]]:
    """The acts that somebody began with and did not end, and how many did."""
    asked = select(tables.FeedAttempt.key, tables.FeedAttempt.tries).order_by(tables.FeedAttempt.key)
    return [tuple(row) for row in database.run_here(lambda db: db.exec(asked).all())]


async def test_an_act_that_works_again_in_time_is_told(database: Database, feed: ListedFeed, clock: Clock) -> None:
    poller = make_poller(feed, database, clock)
    await poller.step()
    keys = feed.happens(2)
    feed.broken[keys[0]] = ValueError()
    for _ in range(TRIES - 1):
        await poller.poll()
    feed.broken.clear()
    await poller.poll()
    assert (
        sorted(told(database)) == sorted(both(keys)) and position(database) == "2" and not poller.processor.retry_queue
    )


async def test_an_act_that_cannot_be_written_does_not_take_others_along(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    poller = make_poller(feed, database, clock)
    await poller.poll()
    first, last = feed.happens(), feed.happens(subject="half a character: \ud83d") and feed.happens()
    await poller.poll()
    assert sorted(told(database)) == sorted(both(first + last)) and position(database) == "0"
    for _ in range(TRIES):
        await poller.poll()
    assert sorted(told(database)) == sorted(both(first + last) | {(ADMIN, "journal.1")})
    assert position(database) == "3"


async def test_one_act_for_which_the_tracker_is_silent_waits_behind_the_others(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    poller = make_poller(feed, database, clock)
    await poller.step()
    bad, *good = feed.happens(3)
    feed.broken[bad] = BadResponse(detail="500")
    while clock.seconds < PATIENCE.total_seconds():
        clock.pass_(3)
        await poller.step()
        if clock.seconds > 6:
            assert set(told(database)) == both(good)
    assert position(database) == "0"
    clock.pass_(6)
    await poller.step()
    assert position(database) == "3" and poller.feed_status.live


async def test_our_own_keys_trouble_puts_nothing_aside(database: Database, feed: ListedFeed, clock: Clock) -> None:
    poller = make_poller(feed, database, clock)
    await poller.step()
    keys = feed.happens(2)
    feed.broken = dict.fromkeys(keys, WrongKey())
    for _ in range(20):
        clock.pass_(3600)
        await poller.step()
    assert told(database) == [] and not poller.feed_status.live
    feed.broken.clear()
    clock.pass_(3)
    await poller.step()
    assert sorted(told(database)) == sorted(both(keys))


async def test_one_of_two_reads_and_the_other_takes_its_place_when_it_is_killed(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    one, two = (make_poller(feed, database, clock, holder) for holder in ("one", "two"))
    await one.step()
    keys = []
    for _ in range(20):
        keys += feed.happens()
        clock.pass_(3)
        assert await one.step() == 3 and await two.step() == feed_poller.RENEW_SECONDS
        assert one.holds_lease and not two.holds_lease and two.feed_status.live
    killed_at = clock.seconds
    keys += feed.happens()
    while not two.holds_lease:
        clock.pass_(feed_poller.RENEW_SECONDS)
        await two.step()
    assert clock.seconds - killed_at <= 15
    assert sorted(told(database)) == sorted(both(keys))


async def test_the_lease_is_kept_between_looks_that_are_far_apart(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    one, two = (make_poller(feed, database, clock, holder, interval=60) for holder in ("one", "two"))
    while clock.seconds <= 120:
        clock.pass_(await one.step())
        await two.step()
        assert not two.holds_lease
    assert len(feed.read_from) == 2


async def test_a_poller_that_lost_the_lease_during_a_poll_writes_nothing(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    one, two = (make_poller(feed, database, clock, holder) for holder in ("one", "two"))
    await one.poll()
    keys = feed.happens(2)

    def lose() -> None:
        clock.pass_(feed_poller.LEASE_SECONDS)
        database.run_here(lambda db: leases.take(db, feed_poller.NAME, "two", clock.now(), 10), writes=True)

    feed.meanwhile = lose
    assert not await one.poll() and told(database) == [] and position(database) == "0"
    feed.meanwhile = lambda: None
    assert await two.poll() and not await one.poll()
    assert sorted(told(database)) == sorted(both(keys))


async def test_while_another_reads_pages_say_when_it_has_stopped(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    """Though nobody can take its place: its tracker is silent, and it renews the lease."""
    one, two = (make_poller(feed, database, clock, holder) for holder in ("one", "two"))
    await one.step()
    await two.step()
    feed.raises = SILENCE
    while clock.seconds < 30:
        clock.pass_(3)
        await one.step()
        await two.step()
    assert two.feed_status == (False, NOON, NOON) and not two.holds_lease


async def test_a_store_that_does_not_answer_ends_nothing(
    database: Database, feed: ListedFeed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    poller = make_poller(feed, database, clock)
    await poller.step()
    keys, run = feed.happens(), database.run

    async def down(*_: object, **__: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(database, "run", down)
    clock.pass_(3)
    assert await poller.step() == feed_poller.RENEW_SECONDS and not poller.feed_status.live
    monkeypatch.setattr(database, "run", run)
    clock.pass_(3)
    await poller.step()
    assert poller.feed_status.live and set(told(database)) == both(keys)


async def test_a_mistake_in_the_feed_ends_nothing(
    database: Database, feed: ListedFeed, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    poller = make_poller(feed, database, clock)
    await poller.step()
    feed.raises, keys = KeyError("issues"), feed.happens()
    clock.pass_(3)
    await poller.step()
    assert not poller.feed_status.live and "the feed poller failed" in caplog.text
    feed.raises = None
    clock.pass_(3)
    await poller.step()
    assert poller.feed_status.live and set(told(database)) == both(keys)


async def test_watching_tells_until_it_is_cancelled_and_lets_the_lease_go(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    poller = make_poller(feed, database, clock, interval=0)
    with poller.wakeups.listening() as listener:
        watching = asyncio.create_task(poller.watch())
        assert await asyncio.wait_for(listener.wait(), 30) == frozenset()
        keys = feed.happens()
        assert await asyncio.wait_for(listener.wait(), 30) == {ANNA, IRINA}
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert set(told(database)) == both(keys)
    assert await make_poller(feed, database, clock, "two").poll()


async def test_a_long_look_keeps_the_lease(
    database: Database, feed: ListedFeed, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_poller, "RENEW_SECONDS", 0.01)
    poller = make_poller(feed, database, clock)
    await poller.step()
    clock.pass_(9)
    until, answered = database.run_here(_until), asyncio.Event()
    visible_to = feed.visible_to

    async def slow_seers(*arguments: object) -> frozenset[int]:
        await answered.wait()
        return await visible_to(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(feed, "visible_to", slow_seers)
    keys = feed.happens()
    looking = asyncio.create_task(poller.step())
    while not feed.read_from:
        await asyncio.sleep(0.01)
    clock.pass_(9)
    while database.run_here(_until) < until + timedelta(seconds=18):
        await asyncio.sleep(0.01)
    assert not await make_poller(feed, database, clock, "two").poll()
    answered.set()
    await looking
    assert set(told(database)) == both(keys)


def _until(session: Session) -> object:
    return session.exec(select(tables.Lease.until)).one()


async def test_old_rows_are_deleted_once_an_hour(database: Database, feed: ListedFeed, clock: Clock) -> None:
    poller = make_poller(feed, database, clock)
    await poller.step()
    old = feed.happens()
    clock.pass_(3)
    await poller.step()
    feed.again = 0
    clock.pass_(timedelta(days=2, seconds=4).total_seconds())
    await poller.step()
    assert database.run_here(lambda db: feed_state.processed(db, old)) == set() and len(told(database)) == 2
    clock.pass_(timedelta(days=88).total_seconds())
    new = feed.happens()
    await poller.step()
    assert set(told(database)) == both(new)


async def test_a_look_that_finds_the_tracker_silent_in_between_keeps_what_was_told(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    poller = make_poller(feed, database, clock)
    await poller.poll()
    first, second, third = feed.happens(3)
    feed.broken[second] = SILENCE
    with pytest.raises(Unavailable):
        await poller.poll()
    assert set(told(database)) == both([first]) and position(database) == "0"
    feed.broken.clear()
    await poller.poll()
    assert sorted(told(database)) == sorted(both([first, second, third]))


async def test_a_clock_that_was_ahead_silences_nobody_and_no_page_says_live_meanwhile(
    database: Database, feed: ListedFeed, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.pass_(3600)
    ahead = make_poller(feed, database, clock, "ahead")
    await ahead.poll()
    clock.pass_(-3600)
    assert ahead.feed_status == (False, NOON + timedelta(hours=1), None), "it was ahead itself"
    keys, waiting = feed.happens(2), make_poller(feed, database, clock, "two")
    waiting._as_of = ahead._as_of
    assert not waiting.feed_status.live and waiting.feed_status.as_of is None
    assert await waiting.poll() and sorted(told(database)) == sorted(both(keys))
    assert waiting.feed_status.live and waiting.feed_status.as_of == NOON
    assert "in the future" in caplog.text


async def test_catching_up_after_a_clock_was_ahead_is_not_as_of_the_future(
    database: Database, feed: ListedFeed, clock: Clock
) -> None:
    clock.pass_(3600)
    await make_poller(feed, database, clock).poll()
    clock.pass_(-3600)
    feed.happens(5)
    feed.at_once = 2
    poller = make_poller(feed, database, clock)
    await poller.poll()
    assert poller.feed_status.as_of == NOON
