"""Hosts are probed by one process at a time, and what is found is stored with what it leads to."""

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from helpdesk.errors import NotFound, StoreUnavailable, TooManyAttempts
from helpdesk.netmonitor.model import Outcome
from helpdesk.netmonitor.sampler import LEASE_SECONDS
from helpdesk.notifications.readers import Rules
from helpdesk.settings.netmonitor import Access, SetHost
from helpdesk.store import monitor_watchers, monitored_hosts, people, set_hosts
from helpdesk.store.database import Database
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostHour, HostMaintenance, HostSample, HostState, MonitoredHost
from helpdesk.store.models.tables import Person
from helpdesk.store.people import Account
from tests.clocks import NOON, Clock
from tests.netmonitor.monitors import FULL, SILENT, Monitors
from tests.store.monitored import emptied
from tests.world import PEOPLE_IDS

ADMIN, ANNA = PEOPLE_IDS["admin"], PEOPLE_IDS["anna"]


@pytest.fixture
def monitors(told_store: Database, clock: Clock) -> Monitors:
    return Monitors(emptied(told_store), clock)


@pytest.fixture
def here(database: Database, clock: Clock) -> Monitors:
    return Monitors(database, clock)


def edit(monitors: Monitors, host_id: int, **values: Any) -> None:
    """As the administrators' page does it."""

    def change(db: Session) -> None:
        row = db.get(MonitoredHost, host_id)
        assert row is not None
        row.sqlmodel_update({**values, "version": row.version + 1})

    monitors.database.run_here(change, writes=True)


def test_a_host_is_probed_at_its_slots(monitors: Monitors) -> None:
    gate, slow = monitors.add("gate"), monitors.add("slow", interval_seconds=30)
    monitors.network.answers["slow"] = Outcome(None, "silent", "no answer in 4 s")
    asyncio.run(monitors.pass_(61, monitors.process()))
    of_gate = [at for host, at, _ in monitors.samples if host == gate]
    assert len(of_gate) in (6, 7) and all(at % 10 == gate % 10 for at in of_gate)
    assert [ms for host, _, ms in monitors.samples if host == slow] in ([None] * 2, [None] * 3)
    state = monitors.state(gate)
    assert state and (state.status, state.ms, state.failures, state.successes) == ("online", 5.0, 0, len(of_gate))
    assert state.checked_at and state.due_at == state.checked_at + timedelta(seconds=10)
    down = monitors.state(slow)
    assert down and (down.status, down.fault, down.detail, down.ms) == ("unknown", "silent", "no answer in 4 s", None)


def test_of_several_processes_one_probes_until_it_ends(monitors: Monitors) -> None:
    gate = monitors.add("gate")
    one, two = monitors.process(), monitors.process()

    async def play() -> None:
        await monitors.pass_(30, one, two)
        assert len(monitors.network.probed) in (3, 4)
        await monitors.pass_(30 + LEASE_SECONDS, two)

    asyncio.run(play())
    seconds = [at for _, at, _ in monitors.samples]
    assert len(set(seconds)) == len(seconds) and 5 <= len(seconds) <= 8
    assert all(it % 10 == gate % 10 for it in seconds)


def test_what_was_probed_by_a_process_that_lost_the_lease_is_not_stored(monitors: Monitors) -> None:
    monitors.add("gate")
    one, two = monitors.process(), monitors.process()

    async def play() -> None:
        await monitors.pass_(1, one)
        monitors.network.gate.clear()
        await monitors.pass_(10, one)
        assert monitors.network.probed == ["gate"] and monitors.samples == []
        await monitors.pass_(LEASE_SECONDS + 1, two)
        monitors.network.gate.set()
        await one.sampler.finish()
        await monitors.pass_(1, one)
        assert monitors.samples == [] and not one.sampler.lines and not one.sampler.results

    asyncio.run(play())


def test_an_incident_is_told_when_it_opens_and_when_it_closes(monitors: Monitors) -> None:
    gate = monitors.add("gate")
    monitors.database.run_here(lambda db: monitor_watchers.switch(db, ANNA, True), writes=True)
    process = monitors.process()

    async def play() -> None:
        with monitors.wakeups.listening() as listener:
            await monitors.pass_(12, process)
            assert await asyncio.wait_for(listener.wait(), 1) == set(), "the host is known now"
            monitors.network.answers["gate"] = SILENT
            await monitors.pass_(20, process)
            assert monitors.told == [] and monitors.incidents == []
            await monitors.pass_(10, process)
            assert await asyncio.wait_for(listener.wait(), 1) == {ADMIN, ANNA}
        [incident] = monitors.incidents
        assert (incident.host_id, incident.open_host_id, incident.fault) == (gate, gate, "silent")
        assert incident.opened_at == incident.began_at + timedelta(seconds=20)
        monitors.network.answers.clear()
        await monitors.pass_(40, process)

    asyncio.run(play())
    [incident] = monitors.incidents
    assert incident.open_host_id is None and incident.ended_at == incident.opened_at + timedelta(seconds=10)
    assert sorted(monitors.told) == [
        (person, kind, "gate") for person in sorted((ADMIN, ANNA)) for kind in ("host_down", "host_up")
    ]


@pytest.mark.parametrize("access", ["staff", "everybody", "administrators"])
def test_only_who_may_see_the_monitor_is_told(here: Monitors, access: Access) -> None:
    """stranger and irina have no identity in the task system, and irina's account is closed."""
    stranger, irina = PEOPLE_IDS["stranger"], PEOPLE_IDS["irina"]

    def known(session: Session, numbers: Collection[int], logins: Collection[str]) -> list[Account]:
        return people.known_in_embedded(session, set(numbers) - {stranger, irina}, logins)

    def prepare(db: Session) -> None:
        for id in (ANNA, stranger, irina):
            monitor_watchers.switch(db, id, True)
        db.get_one(Person, irina).is_active = False

    here.database.run_here(prepare, writes=True)
    here.rules = Rules(known, (), access)
    here.add("gate")
    here.network.answers["gate"] = SILENT
    asyncio.run(here.pass_(42, here.process()))
    told = {"staff": {ANNA, ADMIN}, "everybody": {ANNA, ADMIN, stranger}, "administrators": {ADMIN}}
    assert {person for person, _, _ in here.told} == told[access]


def maintain(monitors: Monitors, begin: float, end: float, **values: Any) -> None:
    begins, ends = (NOON + timedelta(seconds=it) for it in (begin, end))
    row = HostMaintenance(begins_at=begins, ends_at=ends, made_by=ADMIN, made_at=NOON, **values)
    monitors.database.run_here(lambda db: db.add(row), writes=True)


def test_in_maintenance_nothing_opens_and_failures_after_it_count_anew(monitors: Monitors) -> None:
    monitors.add("gate", group_name="Узел")
    monitors.network.answers["gate"] = SILENT
    maintain(monitors, 0, 100, group_name="узел")
    process = monitors.process()
    asyncio.run(monitors.pass_(119, process))
    assert monitors.incidents == [] and monitors.told == []
    asyncio.run(monitors.pass_(12, process))
    [incident] = monitors.incidents
    assert NOON + timedelta(seconds=100) <= incident.began_at < NOON + timedelta(seconds=110)


def test_an_incident_that_ends_in_maintenance_ends_silently(monitors: Monitors) -> None:
    monitors.add("gate")
    monitors.network.answers["gate"] = SILENT
    maintain(monitors, 60, 3600)
    process = monitors.process()
    asyncio.run(monitors.pass_(59, process))
    assert [kind for _, kind, _ in monitors.told] == ["host_down"]
    monitors.network.answers.clear()
    asyncio.run(monitors.pass_(60, process))
    assert monitors.incidents[0].ended_at and [kind for _, kind, _ in monitors.told] == ["host_down"]


@pytest.mark.parametrize(
    "happens",
    [
        lambda monitors, host: edit(monitors, host, address="127.0.0.2"),
        lambda monitors, host: edit(monitors, host, is_active=False),
        lambda monitors, host: monitors.database.run_here(
            lambda db: monitored_hosts.remove(db, ADMIN, host, NOON), writes=True
        ),
    ],
    ids=["edited", "switched off", "removed"],
)
def test_a_result_of_a_host_that_is_another_one_now_is_dropped(
    monitors: Monitors, happens: Callable[[Monitors, int], None]
) -> None:
    host, other, process = monitors.add("gate"), monitors.add("other"), monitors.process()

    async def play() -> None:
        await monitors.pass_(1, process)
        monitors.network.gate.clear()
        await monitors.pass_(10, process)
        happens(monitors, host)
        monitors.network.gate.set()
        await process.sampler.finish()
        await monitors.pass_(2, process)

    asyncio.run(play())
    assert {it[0] for it in monitors.samples} == {other}


def test_the_incident_of_a_host_that_is_watched_no_more_ends(monitors: Monitors) -> None:
    host, process = monitors.add("gate"), monitors.process()
    monitors.network.answers["gate"] = SILENT
    asyncio.run(monitors.pass_(40, process))
    edit(monitors, host, is_active=False)
    asyncio.run(monitors.pass_(5, process))
    [incident] = monitors.incidents
    assert incident.open_host_id is None and incident.ended_at


def test_where_this_machine_has_no_room_there_is_no_sample(here: Monitors) -> None:
    here.add("gate")
    here.network.answers["gate"] = FULL
    asyncio.run(here.pass_(31, here.process()))
    assert len(here.network.probed) in (3, 4) and here.samples == [] and here.incidents == []


def test_a_store_that_does_not_answer_is_asked_ever_less(here: Monitors, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found meanwhile is stored afterwards, if nobody else took the lease."""
    here.add("gate")
    process, asked, run = here.process(), list[float](), here.database.run

    async def broken(*_: object, **__: object) -> None:
        asked.append(here.clock.seconds)
        raise StoreUnavailable("it is down")

    async def play() -> None:
        await here.pass_(15, process)
        monkeypatch.setattr(here.database, "run", broken)
        await here.pass_(60, process)
        monkeypatch.setattr(here.database, "run", run)
        await here.pass_(40, process)

    asyncio.run(play())
    pauses = [after - before for before, after in zip(asked, asked[1:], strict=False)]
    assert pauses == sorted(pauses) and pauses[0] >= 2 and len(asked) < 8
    seconds = sorted(at for _, at, _ in here.samples)
    assert len(seconds) > 4 and len(set(seconds)) == len(seconds)


@pytest.mark.parametrize("jump", [-7200.0, -30.0, 30.0, 7200.0])
def test_a_clock_that_is_set_loses_no_more_than_a_minute(monitors: Monitors, jump: float) -> None:
    """The process's own ticks go on."""
    monitors.add("gate")
    process, ticks = monitors.process(), monitors.clock.ticks
    shift = 0.0
    process.sampler.ticks = lambda: ticks() - shift
    process.sampler.history.ticks = process.sampler.ticks

    async def play() -> None:
        nonlocal shift
        await monitors.pass_(60, process)
        shift += jump
        monitors.clock.pass_(jump)
        await monitors.pass_(180, process)

    asyncio.run(play())
    hour = table(HostHour).c
    rolled = monitors.read(lambda db: db.execute(sa.select(sa.func.coalesce(sa.func.sum(hour.probes), 0))).scalar())
    assert len(monitors.samples) + rolled >= 6 + 18 - 7
    assert len(monitors.network.probed) <= 6 + 18 + 2


def test_an_incident_of_a_clock_that_was_ahead_ends_after_it_began(monitors: Monitors) -> None:
    gate, clock, process = monitors.add("gate"), monitors.clock, monitors.process()

    async def play() -> None:
        await monitors.pass_(30, process)
        clock.seconds += 7200
        monitors.network.answers["gate"] = SILENT
        await monitors.pass_(60, process)
        clock.seconds -= 7200
        monotonic = clock.ticks
        process.sampler.ticks = lambda: monotonic() + 7200
        await monitors.pass_(60, process)
        assert monitors.incidents[0].opened_at <= clock.now()
        monitors.network.answers.clear()
        await monitors.pass_(60, process)

    asyncio.run(play())
    [incident] = monitors.incidents
    assert incident.ended_at and incident.began_at <= incident.opened_at <= incident.ended_at <= clock.now()
    state = monitors.state(gate)
    assert state and state.status == "online" and state.since and state.since <= clock.now()


def test_a_check_waits_for_those_of_other_processes(monitors: Monitors) -> None:
    gate, door = monitors.add("gate"), monitors.add("door")
    one, other = monitors.process(), monitors.process()

    async def play() -> None:
        both = await asyncio.gather(one.check_now(gate), other.check_now(gate), return_exceptions=True)
        assert sorted(type(it).__name__ for it in both) == ["Outcome", "TooManyAttempts"]
        monitors.clock.pass_(4)
        with pytest.raises(TooManyAttempts):
            await one.check_now(gate)
        assert await one.check_now(door) == Outcome(5.0)
        monitors.clock.pass_(1)
        assert await other.check_now(gate) == Outcome(5.0)

    asyncio.run(play())
    assert monitors.network.probed == ["gate", "door", "gate"]


def test_a_check_is_stored_as_a_sample_of_its_second(monitors: Monitors) -> None:
    gate, process = monitors.add("gate"), monitors.process()
    monitors.clock.pass_(1)

    async def play() -> None:
        assert await process.check_now(gate) == Outcome(5.0)
        with pytest.raises(TooManyAttempts) as refused:
            await process.check_now(gate)
        assert refused.value.retry_after == 5
        monitors.clock.pass_(5)
        monitors.network.answers["gate"] = SILENT
        assert await process.check_now(gate) == SILENT
        with pytest.raises(NotFound):
            await process.check_now(gate + 1)

    asyncio.run(play())
    begin = int(NOON.timestamp())
    assert monitors.samples == [(gate, begin + 1, 5.0), (gate, begin + 6, None)]


def test_a_probe_that_began_before_a_check_and_ended_after_it_is_dropped(monitors: Monitors) -> None:
    gate, process = monitors.add("gate"), monitors.process()

    async def play() -> None:
        await monitors.pass_(1, process)
        monitors.network.gate.clear()
        begin = monitors.clock.now().timestamp()
        await monitors.pass_(11, process)
        monitors.network.gate.set()
        moment = int(monitors.clock.now().timestamp())
        checked = await monitors.process().check_now(gate)
        await process.sampler.finish()
        await monitors.pass_(2, process)
        assert checked == Outcome(5.0)
        assert [at for _, at, _ in monitors.samples if begin < at <= moment] == [moment]

    asyncio.run(play())


NAMED = (SetHost("Шлюз", "10.0.0.1"), SetHost("web", "10.0.0.2", 443))


def sync(monitors: Monitors, named: tuple[SetHost, ...]) -> list[tuple[Any, ...]]:
    def work(db: Session) -> list[tuple[Any, ...]]:
        set_hosts.sync(db, named, NOON)
        db.flush()
        rows = db.exec(select(MonitoredHost).order_by(MonitoredHost.name)).all()
        return [(it.name, it.method, it.address, it.port, it.is_set, it.is_active, it.version) for it in rows]

    rows: list[tuple[Any, ...]] = monitors.database.run_here(work, writes=True)
    return rows


def test_hosts_of_the_setting_are_watched(monitors: Monitors) -> None:
    wanted = [("web", "tcp", "10.0.0.2", 443, True, True, 1), ("Шлюз", "icmp", "10.0.0.1", None, True, True, 1)]
    assert sync(monitors, NAMED) == wanted == sync(monitors, NAMED)
    moved = (SetHost("WEB", "10.0.0.3", 443),)
    assert sync(monitors, moved) == [
        ("WEB", "tcp", "10.0.0.3", 443, True, True, 2),
        ("Шлюз", "icmp", "10.0.0.1", None, False, False, 2),
    ]
    assert [it[-3:] for it in sync(monitors, NAMED)] == [(True, True, 3), (True, True, 3)]


def test_a_host_of_administrators_becomes_the_settings(monitors: Monitors) -> None:
    monitors.add("web", interval_seconds=30)
    assert sync(monitors, NAMED)[0] == ("web", "tcp", "10.0.0.2", 443, True, True, 2)


def test_the_setting_is_read_when_a_process_begins_to_probe(monitors: Monitors) -> None:
    process = monitors.process(NAMED)
    asyncio.run(monitors.pass_(45, process))
    assert set(monitors.network.probed) == {"Шлюз", "web"}


def test_hours_are_rolled_up_while_hosts_are_probed(here: Monitors) -> None:
    """Samples of the last hour, and a host that is watched no more."""
    host, process = here.add("gate"), here.process()
    here.clock.pass_(3500)
    asyncio.run(here.pass_(90, process))
    edit(here, host, is_active=False)
    asyncio.run(here.pass_(300, process, step=5))

    def numbers(db: Session) -> tuple[int, int]:
        hours = db.execute(sa.select(table(HostHour).c.probes)).scalars().all()
        return sum(hours), db.execute(sa.select(sa.func.count()).select_from(table(HostSample))).scalar_one()

    rolled, left = here.read(numbers)
    assert rolled == 9 or rolled == 10
    assert left == 0 and here.read(lambda db: db.get(HostState, host)) is not None
