"""Each who watches the network is told of each incident once, and of many at once as one."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.errors import StoreUnavailable
from helpdesk.netmonitor import telling
from helpdesk.netmonitor.model import Outcome
from helpdesk.netmonitor.news import Newsroom
from helpdesk.netmonitor.telling import MOST_ALONE, PAUSE_SECONDS, Telling
from helpdesk.store import host_news, host_samples, monitor_watchers
from helpdesk.store.database import Database
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostMaintenance, HostNews, MonitoredHost
from tests.clocks import NOON, Clock
from tests.netmonitor.monitors import SILENT, Monitors
from tests.store.monitored import emptied
from tests.world import PEOPLE_IDS

ADMIN, ANNA, BORIS = (PEOPLE_IDS[it] for it in ("admin", "anna", "boris"))


@pytest.fixture
def monitors(told_store: Database, clock: Clock) -> Monitors:
    return Monitors(emptied(told_store), clock)


def watched_by(monitors: Monitors, *people: int) -> None:
    for person in people:
        monitors.database.run_here(lambda db, it=person: monitor_watchers.switch(db, it, True), writes=True)  # type: ignore[misc]


def wait_for(monitors: Monitors, kind: str, number: int) -> None:
    """As many hosts are to be told of."""

    def add(db: Session) -> None:
        for it in range(number):
            host_news.add(db, kind, f"{kind}.{it}.{it}", f"host {it}", NOON)

    monitors.database.run_here(add, writes=True)


def waiting(monitors: Monitors) -> int:
    return monitors.read(lambda db: db.execute(sa.select(sa.func.count()).select_from(table(HostNews))).scalar_one())


def told_all(monitors: Monitors) -> None:
    newsroom = monitors.process().sampler.newsroom
    its = Telling(newsroom, monitors.clock.ticks)
    its.is_waiting = True
    while its.is_due:
        monitors.database.run_here(its.step, writes=True)


@pytest.mark.parametrize(("number", "alone"), [(MOST_ALONE, True), (MOST_ALONE + 1, False)])
def test_many_hosts_are_told_as_one(monitors: Monitors, number: int, alone: bool) -> None:
    wait_for(monitors, "host_down", number)
    wait_for(monitors, "host_up", 1)
    told_all(monitors)
    down = [(ADMIN, "host_down", f"host {it}") for it in range(number)]
    joined = [(ADMIN, "hosts_down", str(number))]
    assert sorted(monitors.told) == sorted([*(down if alone else joined), (ADMIN, "host_up", "host 0")])
    assert waiting(monitors) == 0


def test_what_was_not_read_is_not_told_before_it_is_joined(monitors: Monitors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_news, "MOST_AT_ONCE", 30)
    wait_for(monitors, "host_down", 45)
    told_all(monitors)
    assert monitors.told == [(ADMIN, "hosts_down", "30")] and waiting(monitors) == 15
    told_all(monitors)
    assert monitors.told[1:] == [(ADMIN, "hosts_down", "15")] and waiting(monitors) == 0


def test_a_network_that_goes_down_and_comes_back_is_told_in_few_words(monitors: Monitors) -> None:
    hosts, process = [f"host {it}" for it in range(60)], monitors.process()
    for it in hosts:
        monitors.add(it)

    async def play() -> None:
        await monitors.pass_(15, process)
        monitors.network.answers |= dict.fromkeys(hosts, SILENT)
        await monitors.pass_(60, process)
        monitors.network.answers.clear()
        await monitors.pass_(60, process)

    asyncio.run(play())
    assert len(monitors.incidents) == 60 and waiting(monitors) == 0
    for kind in ("down", "up"):
        its = [subject for _, told, subject in monitors.told if told in (f"host_{kind}", f"hosts_{kind}")]
        assert sum(int(it) if it.isdigit() else 1 for it in its) == 60
        assert len(its) <= MOST_ALONE + 2


def test_what_comes_soon_after_something_was_told_is_told_together(monitors: Monitors) -> None:
    its, tell = Telling(monitors.process().sampler.newsroom, monitors.clock.ticks), monitors.database.run_here
    its.is_waiting = True
    wait_for(monitors, "host_down", 1)
    tell(its.step, writes=True)
    its.is_waiting = True
    assert not its.is_due and len(monitors.told) == 1
    monitors.clock.pass_(PAUSE_SECONDS)
    assert its.is_due


def test_a_process_that_is_killed_leaves_nobody_out_and_tells_nobody_twice(
    monitors: Monitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is made by another process, and each second one ends in the middle of its transaction."""
    monkeypatch.setattr(telling, "PEOPLE_AT_ONCE", 1)
    watched_by(monitors, ANNA, BORIS)
    wait_for(monitors, "host_down", MOST_ALONE + 1)
    wait_for(monitors, "host_up", 2)

    def step(db: Session) -> None:
        Telling(monitors.process().sampler.newsroom, monitors.clock.ticks).step(db)

    def killed(db: Session) -> None:
        step(db)
        raise KeyboardInterrupt

    for _ in range(9):
        with pytest.raises(KeyboardInterrupt):
            monitors.database.run_here(killed, writes=True)
        monitors.database.run_here(step, writes=True)
    people = (ADMIN, ANNA, BORIS)
    news = (("hosts_down", str(MOST_ALONE + 1)), ("host_up", "host 0"), ("host_up", "host 1"))
    assert sorted(monitors.told) == sorted((person, *it) for person in people for it in news)
    assert waiting(monitors) == 0


def test_what_could_not_be_told_is_told_later(monitors: Monitors, monkeypatch: pytest.MonkeyPatch) -> None:
    monitors.add("gate")
    monitors.network.answers["gate"] = SILENT
    process, tries, tell = monitors.process(), list[float](), Newsroom.tell

    def fails(newsroom: Newsroom, db: Session, news: HostNews, people: Sequence[int]) -> frozenset[int]:
        tries.append(monitors.clock.seconds)
        if len(tries) < 3:
            raise StoreUnavailable("it is down")
        return tell(newsroom, db, news, people)

    monkeypatch.setattr(Newsroom, "tell", fails)
    asyncio.run(monitors.pass_(60, process))
    assert monitors.told == [(ADMIN, "host_down", "gate")] and tries[1] - tries[0] >= 2


def expiring(end: datetime) -> Outcome:
    return Outcome(5.0, "expiring", expires_at=end)


def test_a_certificate_that_expires_soon_is_told_once(monitors: Monitors) -> None:
    monitors.add("gate")
    answers, process = monitors.network.answers, monitors.process()

    async def play() -> None:
        answers["gate"] = Outcome(5.0, expires_at=NOON + timedelta(days=7))
        await monitors.pass_(30, process)
        assert monitors.told == []
        for outcome in (expiring(NOON + timedelta(days=7)), SILENT, expiring(NOON + timedelta(days=7))):
            answers["gate"] = outcome
            await monitors.pass_(60, process)

    asyncio.run(play())
    assert [kind for _, kind, _ in monitors.told] == ["host_expiring", "host_down", "host_up"]
    answers["gate"] = expiring(NOON + timedelta(days=9))
    asyncio.run(monitors.pass_(30, process))
    assert len(monitors.told) == 3, "people know of one that ends before"


@pytest.mark.parametrize("lost", [Outcome(None, "slow"), Outcome(5.0)])
def test_certificates_of_many_hosts_are_told_once(monitors: Monitors, lost: Outcome) -> None:
    """A probe that is lost, or that reads no certificate, begins nothing anew."""
    hosts, process = [f"host {it}" for it in range(MOST_ALONE + 2)], monitors.process()
    for it in hosts:
        monitors.add(it, failures_to_open=9)

    async def play() -> None:
        for outcome in (lost, expiring(NOON + timedelta(days=5))) * 3:
            monitors.network.answers |= dict.fromkeys(hosts, outcome)
            await monitors.pass_(20, process)

    asyncio.run(play())
    assert not monitors.incidents
    told = [(kind, subject) for _, kind, subject in monitors.told]
    assert sum(int(subject) if kind == "hosts_expiring" else 1 for kind, subject in told) == len(hosts)


def test_another_certificate_is_told_when_it_ends_before_or_the_one_told_of_has_ended(monitors: Monitors) -> None:
    """Servers behind one address, which show two certificates by turns, are told of twice, not at each probe."""
    monitors.add("gate")
    process, ends = monitors.process(), [NOON + timedelta(seconds=it) for it in (300, 200)]

    async def play(seconds: int) -> None:
        for end in ends * (seconds // 20):
            monitors.network.answers["gate"] = expiring(end)
            await monitors.pass_(10, process)

    asyncio.run(play(160))
    assert len(monitors.told) == 2
    ends[:] = [NOON + timedelta(seconds=400)] * 2
    asyncio.run(play(20))
    assert len(monitors.told) == 2
    asyncio.run(play(80))
    assert [kind for _, kind, _ in monitors.told] == ["host_expiring"] * 3


def test_the_certificate_of_a_host_that_was_edited_is_told_of(monitors: Monitors) -> None:
    gate, process = monitors.add("gate"), monitors.process()
    monitors.network.answers["gate"] = expiring(NOON + timedelta(days=5))
    asyncio.run(monitors.pass_(30, process))

    def edit(db: Session) -> None:
        host = db.get(MonitoredHost, gate)
        assert host is not None
        host.address, host.version = "198.51.100.7", host.version + 1
        host_samples.expect(db, host, monitors.clock.now())

    monitors.database.run_here(edit, writes=True)
    monitors.network.answers["gate"] = expiring(NOON + timedelta(days=9))
    asyncio.run(monitors.pass_(30, process))
    assert [kind for _, kind, _ in monitors.told] == ["host_expiring"] * 2


def test_a_certificate_that_expires_soon_is_told_after_maintenance(monitors: Monitors) -> None:
    monitors.add("gate")
    monitors.network.answers["gate"] = expiring(NOON + timedelta(days=7))
    window = HostMaintenance(
        begins_at=NOON - timedelta(seconds=60), ends_at=NOON + timedelta(seconds=60), made_by=ADMIN, made_at=NOON
    )
    monitors.database.run_here(lambda db: db.add(window), writes=True)
    process = monitors.process()
    asyncio.run(monitors.pass_(50, process))
    assert monitors.told == []
    asyncio.run(monitors.pass_(40, process))
    assert monitors.told == [(ADMIN, "host_expiring", "gate")]
