"""The poller of the feed: each person is told of each act once, whatever is restarted, broken or in another's hands."""

import asyncio
import logging
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from helpdesk.errors import BadResponse, StoreUnavailable, Unavailable, WrongKey
from helpdesk.notifications import event_processing, feed_poller, retry_queue
from helpdesk.notifications.feed_poller import FeedPoller
from helpdesk.notifications.preferences import Preferences, Sounds
from helpdesk.notifications.preferences_json import to_json
from helpdesk.notifications.retry_queue import TRIES
from helpdesk.store import feed_state, leases, notifications, preferences
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from tests.clocks import NOON, Clock
from tests.notifications.listed_feed import ADMIN, ANNA, IRINA, SILENCE, ListedFeed, both, make_poller, told


class Scene(ListedFeed):
    """The feed, the store and the clock of a poller, and what the store holds afterwards."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__()
        self.database, self.clock, self.pass_, self.run = database, clock, clock.pass_, database.run_here

    def poller(self, holder: str = "one", interval: int = 3) -> FeedPoller:
        return make_poller(self, self.database, self.clock, holder, interval)

    async def polled(self) -> FeedPoller:
        poller = self.poller()
        await poller.poll()
        return poller

    async def stepped(self) -> FeedPoller:
        poller = self.poller()
        await poller.step()
        return poller

    async def survived(self, *holders: str) -> list[bool]:
        """Whether each of these processes survives one poll, after the lease of the one before has ended."""
        survived = []
        for holder in holders:
            self.pass_(feed_poller.LEASE_SECONDS)
            try:
                await self.poller(holder).poll()
            except Killed:
                survived.append(False)
            else:
                survived.append(True)
        return survived

    def kill_by(self, *keys: str) -> None:
        self.broken |= {key: Killed() for key in keys}  # type: ignore[dict-item]

    def told(self) -> list[tuple[int, str]]:
        return told(self.database)

    @property
    def position(self) -> str:
        row = self.run(lambda db: feed_state.cursor(db, feed_poller.NAME))
        assert row
        return row.position

    @property
    def begun_events(self) -> list[tuple[str, int]]:
        """The events that a poller began and did not end, with the number of times."""
        attempts = select(tables.FeedAttempt.key, tables.FeedAttempt.tries).order_by(tables.FeedAttempt.key)
        return [tuple(row) for row in self.run(lambda db: db.exec(attempts).all())]


class Killed(BaseException):
    """The process is no more: nothing catches it."""


@pytest.fixture
def scene(told_store: Database, clock: Clock) -> Scene:
    """In SQLite, a real MariaDB and a real PostgreSQL."""
    return Scene(told_store, clock)


async def test_the_first_start_begins_now(scene: Scene) -> None:
    scene.happens(3)
    poller = scene.poller()
    assert await poller.poll() and scene.told() == [] and scene.position == "3"
    keys = scene.happens()
    assert await poller.poll() and set(scene.told()) == both(keys)


async def test_an_event_read_again_is_ignored(scene: Scene) -> None:
    poller = await scene.polled()
    keys = scene.happens(5)
    for _ in range(3):
        await poller.poll()
    assert sorted(scene.told()) == sorted(both(keys)) and scene.asked == keys


async def test_a_timer_that_fires_a_little_early_delays_no_poll(scene: Scene) -> None:
    poller = await scene.stepped()
    scene.happens()
    scene.pass_(2.5)
    await poller.step()
    assert scene.told() == [], "it was not time yet"
    scene.pass_(0.49)
    await poller.step()
    assert len(scene.told()) == 2


async def test_after_a_long_silence_polls_follow_at_once_until_the_feed_is_live(scene: Scene) -> None:
    await scene.stepped()
    keys, scene.at_once = scene.happens(5), 2
    scene.pass_(3600)
    poller = scene.poller()
    for reached in ("2", "4"):
        assert await poller.step() == 0 and scene.position == reached
        assert poller.feed_status == (False, NOON, NOON)
        assert not await scene.poller("two").poll()
        scene.pass_(1)
    assert await poller.step() == 3 and sorted(scene.told()) == sorted(both(keys))
    assert poller.feed_status.live and poller.feed_status.as_of == scene.clock.now()


async def test_a_failed_event_is_not_retried_at_once_though_there_is_more(scene: Scene) -> None:
    poller = await scene.stepped()
    keys, scene.at_once = scene.happens(5), 2
    scene.broken[keys[0]] = ValueError()
    scene.pass_(3)
    assert await poller.step() == 3 and scene.position == "0" and poller.feed_status.as_of == NOON


async def test_after_a_restart_reading_goes_on_where_it_was(scene: Scene) -> None:
    await scene.polled()
    before = scene.happens(2)
    await scene.polled()
    while_down = scene.happens(3)
    await scene.polled()
    assert sorted(scene.told()) == sorted(both(before + while_down)) and scene.asked == before + while_down


async def test_a_kill_between_reading_and_writing_loses_and_repeats_nothing(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.polled()
    keys = scene.happens(120)
    monkeypatch.setattr(event_processing, "EVENTS_AT_ONCE", 50)
    killed = scene.poller()
    write, writes = killed.processor.write, []

    async def write_once(*arguments: object, **more: object) -> None:
        if writes:
            raise asyncio.CancelledError
        writes.append(arguments)
        await write(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(killed.processor, "write", write_once)
    with pytest.raises(asyncio.CancelledError):
        await killed.poll()
    assert set(scene.told()) == both(keys[:50]) and scene.position == "0"
    await scene.polled()
    assert sorted(scene.told()) == sorted(both(keys)) and scene.position == "120"


async def test_recipients_are_woken(scene: Scene) -> None:
    poller = await scene.polled()
    scene.happens(author=None)
    with poller.wakeups.listening() as listener:
        await poller.poll()
        assert await listener.wait() == {ANNA}
        await poller.poll()
        waiting = asyncio.create_task(listener.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()


async def test_people_who_may_not_see_an_event_or_muted_it_are_not_notified(scene: Scene) -> None:
    poller = await scene.polled()
    scene.blind = {ANNA}
    scene.happens()
    await poller.poll()
    assert {person for person, _ in scene.told()} == {IRINA}
    scene.blind = set()
    for chosen in (Preferences(muted_tasks=frozenset({7})), Preferences(sounds=Sounds(normal="none"))):
        text = to_json(chosen)
        scene.run(lambda db, text=text: preferences.save(db, ANNA, text), writes=True)
        scene.happens()
        await poller.poll()
    (only,) = scene.run(lambda db: notifications.page(db, ANNA, limit=9))
    assert (only.event, only.sound, only.author, only.excerpt) == ("journal.2", "", "Борис Кузнецов", "…")


async def test_an_event_without_recipients_is_processed(scene: Scene) -> None:
    poller = await scene.polled()
    keys = scene.happens(assignees=frozenset({404}), author=None)
    await poller.poll()
    assert scene.told() == [] and scene.run(lambda db: feed_state.processed(db, keys)) == set(keys)


async def test_while_the_tracker_is_silent_it_tries_on_and_says_since_when(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    poller = scene.poller()
    assert not poller.feed_status.live
    await poller.step()
    assert poller.feed_status == (True, NOON, NOON)
    scene.raises = SILENCE
    with poller.wakeups.listening() as listener, caplog.at_level(logging.WARNING):
        for _ in range(3):
            scene.pass_(3)
            assert await poller.step() == 3
        assert await listener.wait() == frozenset()
        assert poller.feed_status == (False, NOON + timedelta(seconds=3), NOON)
        keys, scene.raises = scene.happens(), None
        scene.pass_(3)
        await poller.step()
        assert await listener.wait() == {ANNA, IRINA}
    assert poller.feed_status == (True, NOON + timedelta(seconds=12), NOON + timedelta(seconds=12))
    assert set(scene.told()) == both(keys)
    assert [it.message for it in caplog.records] == ["the backend does not answer the feed poller"]


async def test_an_event_that_fails_neither_delays_others_nor_is_skipped(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    poller = await scene.stepped()
    first, bad, last = scene.happens(3)
    scene.broken[bad] = ValueError("nobody thought of this")
    for _ in range(TRIES):
        scene.pass_(3)
        await poller.step()
        assert set(scene.told()) == both([first, last]) and scene.position == "0" and poller.feed_status.live
    later = scene.happens(4)
    scene.pass_(3)
    await poller.step()
    assert set(scene.told()) == both([first, last, *later]) | {(ADMIN, bad)} and scene.position == "7"
    assert scene.asked.count(bad) == TRIES
    aside = [(it.levelname, it.__dict__["event"]) for it in caplog.records if hasattr(it, "event")]
    assert aside == [("WARNING", bad), ("ERROR", bad)]


async def test_an_event_that_killed_its_poller_twice_is_dropped_and_administrators_are_notified(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    await scene.polled()
    first, bad, last = scene.happens(3)
    scene.kill_by(bad)
    assert await scene.survived(*"abcd") == [False, False, True, True]
    assert scene.asked.count(bad) == event_processing.KILLS
    assert set(scene.told()) == both([first, last]) | {(ADMIN, bad)} and scene.position == "3"
    (notice,) = scene.run(lambda db: notifications.page(db, ADMIN, limit=9))
    assert (notice.type, notice.kind, notice.task_id) == ("system", "put_aside", 7)
    assert (notice.subject, notice.excerpt) == ("", "")
    assert [it.__dict__["event"] for it in caplog.records if it.levelname == "ERROR"] == [bad]
    assert scene.begun_events == []


async def test_two_events_that_kill_cost_two_pollers_each(scene: Scene) -> None:
    await scene.polled()
    keys = scene.happens(5)
    scene.kill_by(keys[1], keys[3])
    found = await scene.survived(*"abcde")
    assert found == [False] * 3 + [True] * 2, "the first killed one for both, which were begun together"
    assert set(scene.told()) == both([keys[0], keys[2], keys[4]]) | {(ADMIN, keys[1]), (ADMIN, keys[3])}


async def test_an_error_or_a_stop_is_not_counted_as_a_kill(scene: Scene) -> None:
    await scene.polled()
    keys = scene.happens(2)
    for holder in ("one", "two", "three"):
        poller = scene.poller(holder)
        for error in (SILENCE, ValueError(), StoreUnavailable("gone"), ValueError(), StoreUnavailable("gone")):
            scene.broken[keys[0]] = error
            await poller.step()
            scene.pass_(3)
        scene.broken[keys[0]] = asyncio.CancelledError()  # type: ignore[assignment]
        with pytest.raises(asyncio.CancelledError):
            await poller.watch()
        assert scene.begun_events == []
    scene.broken.clear()
    await scene.poller("four").poll()
    assert set(scene.told()) == both(keys)


async def test_a_stopped_poller_leaves_the_kills_of_others_counted(scene: Scene) -> None:
    await scene.polled()
    (bad,) = scene.happens()
    scene.kill_by(bad)
    assert await scene.survived("a") == [False]
    scene.broken[bad] = asyncio.CancelledError()  # type: ignore[assignment]
    scene.pass_(feed_poller.LEASE_SECONDS)
    with pytest.raises(asyncio.CancelledError):
        await scene.poller("b").watch()
    assert scene.begun_events == [(bad, 1)]
    scene.kill_by(bad)
    assert await scene.survived(*"cd") == [False, True]
    assert scene.told() == [(ADMIN, bad)]


async def test_an_event_that_works_again_in_time_is_delivered(scene: Scene) -> None:
    poller = await scene.stepped()
    keys = scene.happens(2)
    scene.broken[keys[0]] = ValueError()
    for _ in range(TRIES - 1):
        await poller.poll()
    scene.broken.clear()
    await poller.poll()
    assert sorted(scene.told()) == sorted(both(keys)) and scene.position == "2" and not poller.processor.retry_queue


async def test_an_event_that_cannot_be_written_does_not_affect_others(scene: Scene) -> None:
    poller = await scene.polled()
    first, last = scene.happens(), scene.happens(subject="half a character: \ud83d") and scene.happens()
    await poller.poll()
    assert sorted(scene.told()) == sorted(both(first + last)) and scene.position == "0"
    for _ in range(TRIES):
        await poller.poll()
    assert sorted(scene.told()) == sorted(both(first + last) | {(ADMIN, "journal.1")})
    assert scene.position == "3"


async def test_an_event_for_which_the_backend_is_silent_waits_behind_the_others(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience = timedelta(minutes=1)
    monkeypatch.setattr(retry_queue, "PATIENCE", patience)
    poller = await scene.stepped()
    bad, *good = scene.happens(3)
    scene.broken[bad] = BadResponse(detail="500")
    while scene.clock.seconds < patience.total_seconds():
        scene.pass_(3)
        await poller.step()
        if scene.clock.seconds > 6:
            assert set(scene.told()) == both(good)
    assert scene.position == "0"
    scene.pass_(6)
    await poller.step()
    assert scene.position == "3" and poller.feed_status.live


async def test_our_own_keys_trouble_puts_nothing_aside(scene: Scene) -> None:
    poller = await scene.stepped()
    keys = scene.happens(2)
    scene.broken = dict.fromkeys(keys, WrongKey())
    for _ in range(20):
        scene.pass_(3600)
        await poller.step()
    assert scene.told() == [] and not poller.feed_status.live
    scene.broken.clear()
    scene.pass_(3)
    await poller.step()
    assert sorted(scene.told()) == sorted(both(keys))


async def test_one_of_two_reads_and_the_other_takes_its_place_when_it_is_killed(scene: Scene) -> None:
    one, two = (scene.poller(holder) for holder in ("one", "two"))
    await one.step()
    keys = []
    for _ in range(20):
        keys += scene.happens()
        scene.pass_(3)
        assert await one.step() == 3 and await two.step() == feed_poller.RENEW_SECONDS
        assert one.holds_lease and not two.holds_lease and two.feed_status.live
    killed_at = scene.clock.seconds
    keys += scene.happens()
    while not two.holds_lease:
        scene.pass_(feed_poller.RENEW_SECONDS)
        await two.step()
    assert scene.clock.seconds - killed_at <= 15
    assert sorted(scene.told()) == sorted(both(keys))


async def test_the_lease_is_kept_between_polls_that_are_far_apart(scene: Scene) -> None:
    one, two = (scene.poller(holder, interval=60) for holder in ("one", "two"))
    while scene.clock.seconds <= 120:
        scene.pass_(await one.step())
        await two.step()
        assert not two.holds_lease
    assert len(scene.read_from) == 2


async def test_a_poller_that_lost_the_lease_during_a_poll_writes_nothing(scene: Scene) -> None:
    one, two = (scene.poller(holder) for holder in ("one", "two"))
    await one.poll()
    keys = scene.happens(2)

    def lose() -> None:
        scene.pass_(feed_poller.LEASE_SECONDS)
        scene.run(lambda db: leases.take(db, feed_poller.NAME, "two", scene.clock.now(), 10), writes=True)

    scene.meanwhile = lose
    assert not await one.poll() and scene.told() == [] and scene.position == "0"
    scene.meanwhile = lambda: None
    assert await two.poll() and not await one.poll()
    assert sorted(scene.told()) == sorted(both(keys))


async def test_while_another_reads_pages_say_when_it_has_stopped(scene: Scene) -> None:
    """Though nobody can take its place: its tracker is silent, and it renews the lease."""
    one, two = (scene.poller(holder) for holder in ("one", "two"))
    await one.step()
    await two.step()
    scene.raises = SILENCE
    while scene.clock.seconds < 30:
        scene.pass_(3)
        await one.step()
        await two.step()
    assert two.feed_status == (False, NOON, NOON) and not two.holds_lease


async def test_a_store_that_does_not_answer_ends_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    poller = await scene.stepped()
    keys, run = scene.happens(), scene.database.run

    async def down(*_: object, **__: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(scene.database, "run", down)
    scene.pass_(3)
    assert await poller.step() == feed_poller.RENEW_SECONDS and not poller.feed_status.live
    monkeypatch.setattr(scene.database, "run", run)
    scene.pass_(3)
    await poller.step()
    assert poller.feed_status.live and set(scene.told()) == both(keys)


async def test_a_mistake_in_the_feed_ends_nothing(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    poller = await scene.stepped()
    scene.raises, keys = KeyError("issues"), scene.happens()
    scene.pass_(3)
    await poller.step()
    assert not poller.feed_status.live and "the feed poller failed" in caplog.text
    scene.raises = None
    scene.pass_(3)
    await poller.step()
    assert poller.feed_status.live and set(scene.told()) == both(keys)


async def test_watching_notifies_until_it_is_cancelled_and_releases_the_lease(scene: Scene) -> None:
    poller = scene.poller(interval=0)
    with poller.wakeups.listening() as listener:
        watching = asyncio.create_task(poller.watch())
        assert await asyncio.wait_for(listener.wait(), 30) == frozenset()
        keys = scene.happens()
        assert await asyncio.wait_for(listener.wait(), 30) == {ANNA, IRINA}
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    assert set(scene.told()) == both(keys)
    assert await scene.poller("two").poll()


async def test_a_long_poll_keeps_the_lease(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_poller, "RENEW_SECONDS", 0.01)
    poller = await scene.stepped()
    scene.pass_(9)
    until, answered = scene.run(_until), asyncio.Event()
    visible_to = scene.visible_to

    async def slow_seers(*arguments: object) -> frozenset[int]:
        await answered.wait()
        return await visible_to(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(scene, "visible_to", slow_seers)
    keys = scene.happens()
    looking = asyncio.create_task(poller.step())
    while not scene.read_from:
        await asyncio.sleep(0.01)
    scene.pass_(9)
    while scene.run(_until) < until + timedelta(seconds=18):
        await asyncio.sleep(0.01)
    assert not await scene.poller("two").poll()
    answered.set()
    await looking
    assert set(scene.told()) == both(keys)


def _until(session: Session) -> object:
    return session.exec(select(tables.Lease.until)).one()


async def test_old_rows_are_deleted_once_an_hour(scene: Scene) -> None:
    poller = await scene.stepped()
    old = scene.happens()
    scene.pass_(3)
    await poller.step()
    scene.again = 0
    scene.pass_(timedelta(days=2, seconds=4).total_seconds())
    await poller.step()
    assert scene.run(lambda db: feed_state.processed(db, old)) == set() and len(scene.told()) == 2
    scene.pass_(timedelta(days=88).total_seconds())
    new = scene.happens()
    await poller.step()
    assert set(scene.told()) == both(new)


async def test_a_poll_in_which_the_backend_falls_silent_keeps_its_notifications(scene: Scene) -> None:
    poller = await scene.polled()
    first, second, third = scene.happens(3)
    scene.broken[second] = SILENCE
    with pytest.raises(Unavailable):
        await poller.poll()
    assert set(scene.told()) == both([first]) and scene.position == "0"
    scene.broken.clear()
    await poller.poll()
    assert sorted(scene.told()) == sorted(both([first, second, third]))


async def test_a_clock_that_was_ahead_silences_nobody_and_no_page_says_live_meanwhile(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.pass_(3600)
    ahead = scene.poller("ahead")
    await ahead.poll()
    scene.pass_(-3600)
    assert ahead.feed_status == (False, NOON + timedelta(hours=1), None), "it was ahead itself"
    keys, waiting = scene.happens(2), scene.poller("two")
    waiting._as_of = ahead._as_of
    assert not waiting.feed_status.live and waiting.feed_status.as_of is None
    assert await waiting.poll() and sorted(scene.told()) == sorted(both(keys))
    assert waiting.feed_status.live and waiting.feed_status.as_of == NOON
    assert "in the future" in caplog.text


async def test_catching_up_after_a_clock_was_ahead_is_not_as_of_the_future(scene: Scene) -> None:
    scene.pass_(3600)
    await scene.polled()
    scene.pass_(-3600)
    scene.happens(5)
    scene.at_once = 2
    poller = await scene.polled()
    assert poller.feed_status.as_of == NOON
