"""The health of systems: what checks find, of which administrators are notified, and what several processes do."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from helpdesk.errors import Sentence, StoreUnavailable
from helpdesk.health import Check, Trouble
from helpdesk.notifications import preferences, preferences_json
from helpdesk.notifications.channels.port import Resources
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.outbox import Outbox
from helpdesk.notifications.wakeups import Wakeups
from helpdesk.redmine_client import RedmineClient
from helpdesk.settings import settings as configuration
from helpdesk.store import preferences as stored_preferences
from helpdesk.store import rights, system_health
from helpdesk.store.database import Database
from helpdesk.store.models.company import SystemSample, SystemState
from helpdesk.store.models.notifications import Lease, Notification
from helpdesk.store.system_health import State
from helpdesk.system_monitor import SystemMonitor, to_json, words
from helpdesk.tasks.redmine.health import rest
from tests.servers.imitated_redmine import (
    EVERYTHING,
    Answer,
    drip,
    flood,
    half_a_body,
    hang_up,
    imitated_redmine,
    says,
    silence,
    tells,
)
from tests.world import PEOPLE_IDS

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
BROKEN = Trouble(Sentence("it is %(how)s", {"how": "sad"}), Sentence("Cheer it up."))


class Systems:
    """Systems that work or not as a test says, and the clock of all processes."""

    def __init__(self, database: Database) -> None:
        self.database, self.now = database, NOW
        self.broken: set[str] = set()
        self.looks: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def check(self, name: str, needs: str = "") -> Check:
        async def look() -> None:
            self.looks.append(name)
            await self.gate.wait()
            if name in self.broken:
                raise BROKEN

        return Check(name, look, needs)

    def process(self, *checks: Check) -> SystemMonitor:
        """The monitor of one process."""
        settings = configuration.load({}, Path("/nowhere"))
        before_sending = DeliveryChecks(None, self.database, None, None, lambda: self.now)  # type: ignore[arg-type]  # no channel is set
        outbox = Outbox(Resources(settings, self.database), before_sending, lambda: self.now)
        listed = checks or (self.check("redmine"), self.check("feed", "redmine"))
        return SystemMonitor(listed, self.database, rights.administrators, outbox, Wakeups(), lambda: self.now)

    async def pass_minutes(self, monitor: SystemMonitor, minutes: float = 1.2) -> None:
        self.now += timedelta(minutes=minutes)
        await monitor.step()

    @property
    def told(self) -> list[tuple[int, str, str]]:
        """All notifications: whose, of which kind and system."""

        def read(db: Session) -> Sequence[Notification]:
            return db.exec(select(Notification).order_by(Notification.id)).all()  # type: ignore[arg-type]  # SQLModel

        return [(it.person_id, it.kind, it.subject) for it in self.database.run_here(read)]

    def state(self, name: str = "redmine") -> State:
        return self.database.run_here(system_health.states)[name]


@pytest.fixture
def systems(database: Database) -> Systems:
    return Systems(database)


@pytest.fixture
def anywhere(told_store: Database) -> Iterator[Systems]:
    """The same over each kind of store. Those of servers are other tests', too."""

    def clear(db: Session) -> None:
        for table in (SystemState, SystemSample, Lease, Notification):
            db.execute(sa.delete(table))

    told_store.run_here(clear, writes=True)
    yield Systems(told_store)
    told_store.run_here(clear, writes=True)


ADMIN = PEOPLE_IDS["admin"]
DOWN, BACK = (ADMIN, "system_down", "redmine"), (ADMIN, "system_up", "redmine")


async def test_administrators_hear_once_that_a_system_is_down_and_once_that_it_is_back(anywhere: Systems) -> None:
    systems = anywhere
    one = systems.process()
    await one.step()
    assert systems.state().status == "up" and systems.told == []
    systems.broken = {"redmine", "feed"}
    await systems.pass_minutes(one)
    down_since = systems.now
    assert systems.state()[:2] == ("down", down_since) and systems.told == []
    await systems.pass_minutes(one)
    assert systems.told == [DOWN]
    another = systems.process()  # as after a restart
    for _ in range(4):
        await systems.pass_minutes(another, 6)
    assert systems.told == [DOWN] and systems.state().since == down_since
    error = words(systems.state().error)
    assert error and error.reason == BROKEN.reason and systems.state().succeeded_at == NOW
    systems.broken = set()
    await systems.pass_minutes(another, 6)
    assert systems.state().status == "up" and systems.told == [DOWN]
    for _ in range(3):
        await systems.pass_minutes(another)
    assert systems.told == [DOWN, BACK]


async def test_a_system_that_flaps_between_checks_is_no_news(systems: Systems) -> None:
    one = systems.process()
    for turn in range(6):
        systems.broken = {"redmine"} if turn % 2 else set()
        await systems.pass_minutes(one)
    assert len(systems.looks) == 12 and systems.told == []


async def test_checks_by_hand_make_no_notification_come_sooner(systems: Systems) -> None:
    one = systems.process(systems.check("redmine"))
    await one.step()
    for broken in ({"redmine"}, set[str](), {"redmine"}, {"redmine"}):
        systems.broken = broken
        for _ in range(3):
            systems.now += timedelta(seconds=4)
            await one.test("redmine")
    assert systems.state().status == "down" and systems.told == [], "half a minute of it"
    await systems.pass_minutes(one)
    assert systems.told == [DOWN]


async def test_a_feed_that_is_down_alone_is_news(systems: Systems) -> None:
    one, systems.broken = systems.process(), {"feed"}
    for _ in range(3):
        await systems.pass_minutes(one)
    assert systems.told == [(ADMIN, "system_down", "feed")]


async def test_preferences_count_and_nobody_else_hears(systems: Systems) -> None:
    none = preferences_json.to_json(preferences.Preferences(wanted=frozenset()))
    systems.database.run_here(lambda db: stored_preferences.save(db, ADMIN, none), writes=True)
    systems.database.run_here(lambda db: rights.grant(db, PEOPLE_IDS["boris"], "is_admin"), writes=True)
    one, systems.broken = systems.process(), {"redmine"}
    for _ in range(2):
        await systems.pass_minutes(one)
    assert systems.told == [(PEOPLE_IDS["boris"], "system_down", "redmine")]


async def test_of_several_processes_one_checks_and_two_never_check_at_once(anywhere: Systems) -> None:
    systems = anywhere
    one, two = systems.process(), systems.process()
    systems.gate.clear()
    ticks = [asyncio.create_task(it.step()) for it in (one, two)]
    by_hand = asyncio.create_task(two.test("redmine"))
    while sorted(systems.looks) != ["feed", "redmine"]:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    systems.gate.set()
    await asyncio.gather(*ticks, by_hand)
    assert sorted(systems.looks) == ["feed", "redmine"]
    assert two.states["redmine"].status == "up"  # the outcome of the other's check


async def test_a_check_that_ends_late_does_not_undo_what_another_found(
    systems: Systems, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, run, wrote, may_end = systems.process(), systems.database.run, asyncio.Event(), asyncio.Event()

    async def late(work: Callable[[Session], object], *, writes: bool = False) -> object:
        found = await run(work, writes=writes)
        if systems.looks == ["feed"] and not wrote.is_set():
            wrote.set()
            await may_end.wait()
        return found

    monkeypatch.setattr(systems.database, "run", late)
    feed = asyncio.create_task(one.test("feed"))
    await wrote.wait()
    await one.test("redmine")
    may_end.set()
    await feed
    assert {name: it.status for name, it in one.states.items()} == {"feed": "up", "redmine": "up"}


async def test_a_process_that_is_killed_in_the_middle_delays_the_next_check_only_for_a_while(systems: Systems) -> None:
    one, two = systems.process(), systems.process()
    systems.gate.clear()
    killed = asyncio.create_task(one.step())
    while not systems.looks:
        await asyncio.sleep(0.01)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    systems.gate.set()
    await two.step()
    assert "redmine" not in two.states  # its lease has not run out
    await systems.pass_minutes(two)
    assert two.states["redmine"].status == "up"


async def test_a_check_whose_lease_another_process_took_changes_nothing(anywhere: Systems) -> None:
    systems = anywhere
    one, two = systems.process(), systems.process()
    systems.gate.clear()
    stopped = asyncio.create_task(one.test("redmine"))
    while not systems.looks:
        await asyncio.sleep(0.01)
    systems.now += timedelta(minutes=1)
    by_other = asyncio.create_task(two.test("redmine"))
    while len(systems.looks) < 2:
        await asyncio.sleep(0.01)
    systems.gate.set()
    await asyncio.gather(stopped, by_other)
    samples = systems.database.run_here(lambda db: system_health.samples(db, NOW))
    assert len(samples["redmine"]) == 1


async def test_a_system_that_is_down_for_long_is_asked_less_often_and_keeps_no_other_waiting(systems: Systems) -> None:
    one, systems.broken = systems.process(systems.check("redmine"), systems.check("ldap")), {"redmine"}
    for _ in range(60):
        await systems.pass_minutes(one, 1.1)
    assert systems.looks.count("ldap") == 60 and 10 < systems.looks.count("redmine") < 30


async def test_a_hanging_system_is_given_up_and_the_others_are_checked(
    systems: Systems, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.system_monitor.CHECK_SECONDS", 0.05)

    async def hang() -> None:
        await asyncio.Event().wait()

    async def lie() -> float:
        raise ValueError("geheim")

    await systems.process(Check("redmine", hang), Check("ldap", lie), systems.check("redis")).step()
    found = systems.database.run_here(system_health.states)
    assert {name: it.status for name, it in found.items()} == {"redmine": "down", "ldap": "down", "redis": "up"}
    assert "no answer in" in found["redmine"].error and "geheim" not in found["ldap"].error


async def test_only_a_day_of_checks_is_kept(systems: Systems) -> None:
    one = systems.process(systems.check("redmine"))
    for hours in (0, 23, 2):
        await systems.pass_minutes(one, 60 * hours)
    assert len(systems.database.run_here(lambda db: system_health.samples(db, NOW - timedelta(days=9)))["redmine"]) == 2


async def test_a_store_that_refuses_writes_ends_nothing(systems: Systems, monkeypatch: pytest.MonkeyPatch) -> None:
    one = systems.process()

    async def refuse(work: Callable[..., object], *, writes: bool = False) -> None:
        raise StoreUnavailable(detail="attempt to write a readonly database")

    monkeypatch.setattr(systems.database, "run", refuse)
    await one.step()
    with pytest.raises(StoreUnavailable):
        await one.test("redmine")


def test_a_trouble_is_stored_with_its_values_and_what_is_no_trouble_is_none() -> None:
    nested = Trouble(Sentence("%(a)s", {"a": Sentence("b %(c)s", {"c": 7})}), Sentence("Do."))
    found = words(to_json(nested))
    assert found and found.reason == Sentence("%(a)s", {"a": Sentence("b %(c)s", {"c": "7"})})
    for broken in ("", "x", "[]", "7", "[1,2]", '[["a"],["b"]]', "null"):
        assert words(broken) is None


@pytest.mark.parametrize(
    ("lie", "said"),
    [
        (drip, "no answer in"),
        (silence, "no answer in"),
        (flood, "no good answer"),
        (hang_up, "no good answer"),
        (half_a_body, "no good answer"),
        (says(200, "<h1>Welcome</h1>", "text/html"), "no good answer"),
        (says(401), "refuses our key"),
        (says(403), "no administrator"),
        (says(500, "geheim"), "no good answer"),
        (says(302, location="/login"), "no good answer"),
    ],
)
async def test_a_redmine_that_lies_is_down_in_time_and_its_words_are_not_passed_on(
    systems: Systems, monkeypatch: pytest.MonkeyPatch, lie: Answer, said: str
) -> None:
    monkeypatch.setattr("helpdesk.system_monitor.CHECK_SECONDS", 1.5)
    async with imitated_redmine() as redmine:
        client = RedmineClient(redmine.url, "k" * 40)
        one, redmine.answers["/users.json"] = systems.process(rest(client)), tells({"users": []})
        await one.test("redmine")
        assert systems.state().status == "up"
        redmine.answers = {"/users.json" if "administrator" in said else EVERYTHING: lie}
        await one.test("redmine")
        await client.close()
    assert systems.state().status == "down" and said in systems.state().error
    assert "geheim" not in systems.state().error and "k" * 40 not in systems.state().error
