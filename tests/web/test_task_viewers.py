"""Acts reach the pages that show their tasks: each page once, whatever fails in between, and never in a flood."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from helpdesk.errors import StoreUnavailable, Unavailable
from helpdesk.notifications.channels.sse.streams import Face, Stream, Streams
from helpdesk.services import Services
from helpdesk.store import feed_state
from helpdesk.store.database import Database
from helpdesk.store.models.notifications import EventRecord, NotificationRow, ProcessedEvent
from helpdesk.tasks.model import Actor
from helpdesk.web.live import task_viewers
from helpdesk.web.live.task_viewers import MOST_PENDING, MOST_SENT, PATIENCE, TRIES, TaskViewers
from tests.viewers import viewer

PAGE = Face("page", "en")
OUTAGES = [Unavailable(), StoreUnavailable("busy")]
MISSED = "missed"


class Written:
    """Events by the key of their act, which may be told not to be written."""

    def __init__(self) -> None:
        self.poison: str | None = None

    def task_changed(self, face: Face, act: EventRecord) -> bytes:
        if act.key == self.poison:
            raise RuntimeError(f"{act.key} can't be written")
        return act.key.encode()


class Office:
    """A store, a clock, open pages, and who is asked what."""

    def __init__(self, services: Services) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.database: Database = services.database
        self.fails: dict[str, Exception] = {}
        self.blind: set[int] = set()
        self.asked: Counter[str] = Counter()
        self.streams: Streams[NotificationRow] = Streams(None, None, None, None)  # type: ignore[arg-type]  # nobody is woken here
        self.written = Written()
        own = replace(services, clock=lambda: self.now, visible_to=self._visible_to)
        self.task_viewers = TaskViewers(own, self.streams, self.written)  # type: ignore[arg-type]  # keys are enough

    async def _visible_to(self, act: EventRecord, people: Iterable[Actor]) -> frozenset[int]:
        self.asked[act.key] += 1
        await asyncio.sleep(0)
        if act.key in self.fails:
            raise self.fails[act.key]
        return frozenset(person.id for person in people) - self.blind

    def open(self, *tasks: int, person: int = 1, every: bool = False) -> Stream:
        return self.streams.open(person, "s", PAGE, 0, viewer(Actor(person, "a"), tasks, every))

    def happens(self, *tasks: int, at: datetime | None = None) -> None:
        acts = [EventRecord(f"entry.{task}", task, False, "", "", "x", self.now)._asdict() for task in tasks]
        rows = [{**act, "at": at or self.now} for act in acts]
        self.database.run_here(lambda db: db.execute(sa.insert(ProcessedEvent), rows), writes=True)

    async def rounds(self, count: int = 1, seconds: float = 0) -> None:
        for _ in range(count):
            self.now += timedelta(seconds=seconds)
            await self.task_viewers.run_round()


@pytest.fixture
def office(services: Services) -> Office:
    return Office(services)


def told(stream: Stream) -> list[str]:
    """What waits there, which is taken away."""
    pieces, stream._waiting = stream._waiting, []
    return [MISSED if b"event: missed" in piece else piece.decode() for piece in pieces if piece is not None]


@pytest.mark.parametrize("error", [*OUTAGES, RuntimeError("of this act")], ids=lambda it: type(it).__name__)
async def test_a_failed_event_is_sent_in_the_next_round_and_the_others_at_once(
    office: Office, error: Exception
) -> None:
    page = office.open(1, 2, 3)
    office.happens(1, 2, 3)
    office.fails = {"entry.1": error}
    await office.rounds()
    assert told(page) == ["entry.2", "entry.3"]
    office.fails = {}
    await office.rounds()
    assert told(page) == ["entry.1"]
    await office.rounds(3, seconds=3)
    assert told(page) == [] and office.task_viewers.pause is None


@pytest.mark.parametrize("error", OUTAGES, ids=lambda it: type(it).__name__)
async def test_an_outage_of_minutes_loses_nothing_and_is_asked_through_ever_more_seldom(
    office: Office, error: Exception
) -> None:
    page = office.open(1, 2)
    office.happens(1, 2)
    office.fails = dict.fromkeys(("entry.1", "entry.2"), error)
    await office.rounds(200, seconds=3)
    assert told(page) == [] and 10 < office.asked["entry.1"] < 60
    assert office.task_viewers.pause is not None and office.task_viewers.pause <= 15
    office.fails = {}
    await office.rounds(1, seconds=15)
    assert sorted(told(page)) == ["entry.1", "entry.2"]


@pytest.mark.parametrize("error", OUTAGES, ids=lambda it: type(it).__name__)
async def test_after_an_outage_too_long_the_page_learns_that_it_missed_something(
    office: Office, error: Exception
) -> None:
    page, other = office.open(1), office.open(2, person=2)
    office.happens(1)
    office.fails = {"entry.1": error}
    await office.rounds(int(PATIENCE.total_seconds() / 20) + 3, seconds=20)
    assert told(page) == [MISSED] and told(other) == [] and office.task_viewers.pause is None


@pytest.mark.parametrize("in_writing", [False, True], ids=["asking fails", "writing fails"])
async def test_an_event_that_always_fails_is_dropped_and_blocks_nobody(office: Office, in_writing: bool) -> None:
    page = office.open(1, 2)
    if in_writing:
        office.written.poison = "entry.1"
    else:
        office.fails = {"entry.1": ValueError("always")}
    office.happens(1)
    await office.rounds()
    office.happens(2)
    await office.rounds(40, seconds=1)
    assert told(page) == ["entry.2", MISSED] and office.asked["entry.1"] == TRIES


async def test_a_viewer_told_before_another_event_failed_is_told_once(office: Office) -> None:
    first, second = office.open(1), office.open(1, person=2)
    broken = iter([False, True])
    task_changed = office.written.task_changed

    def once(face: Face, act: EventRecord) -> bytes:
        if next(broken, False):
            raise RuntimeError("of this one")
        return task_changed(face, act)

    office.written.task_changed = once  # type: ignore[method-assign]
    office.happens(1)
    await office.rounds(3, seconds=1)
    assert (told(first), told(second)) == (["entry.1"], ["entry.1"])


async def test_a_round_that_could_not_read_the_store_loses_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = office.open(1)
    await office.rounds(1)
    office.happens(1, at=office.now + timedelta(seconds=5))
    with monkeypatch.context() as down:
        down.setattr(feed_state, "processed_since", _unavailable)
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await office.rounds(1, seconds=30)
        assert office.task_viewers.pause
    await office.rounds(1, seconds=30)
    assert told(page) == ["entry.1"]


def _unavailable(*_: object) -> list[EventRecord]:
    raise StoreUnavailable("down")


async def test_after_a_silence_too_long_all_pages_fetch_again(office: Office) -> None:
    page, board = office.open(1), office.open(every=True, person=2)
    office.happens(1, 2)
    await office.rounds(1, seconds=3600)
    assert told(page) == told(board) == [MISSED]
    office.happens(3)
    await office.rounds(1)
    assert told(board) == ["entry.3"]


async def test_ten_thousand_events_in_ten_seconds_are_asked_about_once_each(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.open(every=True)
    office.blind = {1}
    office.happens(*range(1, 10_001))
    await office.rounds(3, seconds=3)
    assert len(office.asked) == 10_000 and set(office.asked.values()) == {1}


async def test_one_page_is_not_flooded_and_catches_up_instead(office: Office) -> None:
    board, page = office.open(every=True), office.open(400, person=2)
    office.happens(*range(1, 500))
    await office.rounds()
    shown = told(board)
    assert len(shown) == MOST_SENT + 1 and shown[-1] == MISSED and not board.is_over
    assert told(page) == ["entry.400"]
    assert len(office.asked) < 150, "of what nobody is told any more nobody asks"
    office.happens(501)
    await office.rounds()
    assert told(board) == ["entry.501"]


async def test_the_queue_of_failed_events_is_bounded_and_drops_the_oldest(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_viewers, "MOST_PENDING", 3)
    pages = [office.open(task, person=task) for task in range(1, 6)]
    office.happens(*range(1, 6))
    office.fails = {f"entry.{task}": Unavailable() for task in range(1, 6)}
    await office.rounds()
    assert [told(page) for page in pages] == [[MISSED], [MISSED], [], [], []] and MOST_PENDING <= 5_000
    office.fails = {}
    await office.rounds()
    assert [told(page) for page in pages] == [[], [], ["entry.3"], ["entry.4"], ["entry.5"]]


async def test_a_tracker_that_is_slow_to_fail_is_not_asked_of_everything(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_viewers, "OUTAGE_SECONDS", 0.0)
    page = office.open(*range(1, 20))
    office.happens(*range(1, 20))
    office.fails = {f"entry.{task}": Unavailable() for task in range(1, 20)}
    await office.rounds()
    assert sum(office.asked.values()) <= 1 and office.task_viewers.pause
    office.fails = {}
    monkeypatch.setattr(task_viewers, "OUTAGE_SECONDS", 5.0)
    await office.rounds()
    assert sorted(told(page)) == sorted(f"entry.{task}" for task in range(1, 20))


async def test_a_new_page_gets_the_events_of_its_way_once(office: Office) -> None:
    office.open(9)
    office.happens(1, 9)
    page = office.open(1)
    await asyncio.gather(office.task_viewers.catch_up(page), office.task_viewers.run_round())
    await office.rounds(4, seconds=4)
    assert told(page) == ["entry.1"]


async def test_after_a_restore_an_event_with_the_key_of_an_earlier_one_is_sent(office: Office) -> None:
    earlier = office.open(1)
    office.happens(1)
    await office.rounds()
    assert told(earlier) == ["entry.1"]
    office.database.run_here(lambda db: db.execute(sa.delete(ProcessedEvent)), writes=True)
    later = office.open(1)
    office.now += timedelta(seconds=1)
    office.happens(1)
    await office.rounds()
    assert told(later) == ["entry.1"]


@pytest.mark.parametrize("error", [*OUTAGES, RuntimeError("of this act")], ids=lambda it: type(it).__name__)
async def test_an_event_that_failed_for_a_new_page_is_sent_to_it_later(office: Office, error: Exception) -> None:
    office.happens(1, 2)
    page = office.open(1, 2)
    office.fails = {"entry.1": error}
    await office.task_viewers.catch_up(page)
    assert told(page) == ["entry.2"] and office.task_viewers.pause is not None
    office.fails = {}
    await office.rounds(2)
    assert told(page) == ["entry.1"]


async def test_a_board_opened_in_the_middle_of_a_flood_fetches_again(office: Office) -> None:
    office.happens(*range(1, 500))
    board = office.open(every=True)
    await office.task_viewers.catch_up(board)
    await office.rounds()
    assert told(board) == [MISSED] and not office.asked


async def test_a_page_that_went_is_owed_nothing(office: Office) -> None:
    page, other = office.open(1), office.open(7, person=2)
    office.happens(1)
    office.fails = {"entry.1": Unavailable()}
    await office.rounds()
    office.streams.close(page)
    await office.rounds(1, seconds=1)
    assert office.task_viewers.pause is None and office.asked["entry.1"] == 1 and told(other) == []


async def test_an_invisible_event_is_not_sent_to_a_viewer(office: Office) -> None:
    seer, stranger = office.open(1), office.open(1, person=2)
    office.blind = {2}
    office.happens(1)
    await office.rounds(2)
    assert (told(seer), told(stranger)) == (["entry.1"], [])


async def test_a_clock_that_is_put_back_keeps_nothing_from_the_pages(office: Office) -> None:
    page = office.open(1, 2)
    office.fails = {"entry.1": Unavailable()}
    office.happens(1)
    await office.rounds(4, seconds=1)
    assert told(page) == [] and office.task_viewers.pause
    office.now -= timedelta(hours=1)
    assert office.task_viewers.pause <= 15
    office.fails = {}
    office.happens(2)
    await office.rounds()
    assert sorted(told(page)) == ["entry.1", "entry.2"]
