"""What is told of samples equals a reckoning over all of them, also when they were rolled up, in SQLite, a real MariaDB
and a real PostgreSQL."""

import random
import tracemalloc
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.store import host_history, host_packing, host_recent, host_rollup, monitored_hosts
from helpdesk.store.database import Database
from helpdesk.store.host_packing import HOUR, Sample
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostHour, HostIncident, HostPacked, HostSample
from tests.store.monitored import add_host, emptied, hours, random_samples, store
from tests.world import PEOPLE_IDS

BEGIN = int(datetime(2026, 3, 27, tzinfo=UTC).timestamp())
ROUNDING = 0.0051
DAY = 24 * HOUR


@pytest.fixture
def monitored(told_store: Database) -> Database:
    return emptied(told_store)


def filled(database: Database, samples: list[Sample], rolled_until: int, **values: Any) -> int:
    """A host with these samples, of which all finished hours before a moment are rolled up."""

    def fill(db: Session) -> int:
        host_id = add_host(db, **values)
        store(db, host_id, samples)
        return host_id

    def roll_up(db: Session) -> int:
        found = host_rollup.finished(db, rolled_until, 50)
        for host, hour in found:
            host_rollup.roll_up(db, host, hour)
        return len(found)

    host_id = database.run_here(fill, writes=True)
    while database.run_here(roll_up, writes=True):
        pass
    return host_id


def brute(samples: list[Sample]) -> tuple[int, int, float | None, float | None, float | None]:
    times = [it.time / 100 for it in samples if it.time is not None]
    means = (min(times), sum(times) / len(times), max(times)) if times else (None, None, None)
    return len(samples), len(samples) - len(times), *means


def same(found: tuple[object, ...], wanted: tuple[object, ...]) -> bool:
    return found == pytest.approx(wanted, abs=ROUNDING, rel=0)


def grouped(samples: list[Sample], key: Callable[[int], object]) -> dict[object, list[Sample]]:
    groups: dict[object, list[Sample]] = {}
    for it in samples:
        groups.setdefault(key(it.at), []).append(it)
    return groups


@given(st.lists(st.tuples(st.integers(0, HOUR - 1), st.none() | st.integers(0, 10**8)), unique_by=lambda it: it[0]))
def test_what_is_packed_comes_out_again(drawn: list[tuple[int, int | None]]) -> None:
    samples = sorted(Sample(BEGIN + at, time) for at, time in drawn)
    assert host_packing.unpack_samples(BEGIN, host_packing.pack_samples(BEGIN, samples)) == samples
    minutes = host_rollup.of_minutes(samples)
    assert host_packing.unpack_minutes(BEGIN, host_packing.pack_minutes(BEGIN, minutes)) == minutes


@given(st.lists(st.integers(0, 1000), min_size=1))
def test_the_nearest_rank_is_the_lowest_value_that_95_of_100_do_not_exceed(values: list[int]) -> None:
    ordered = sorted(values)
    wanted = next(it for it in ordered if sum(other <= it for other in ordered) * 100 >= 95 * len(ordered))
    assert host_history.nearest_rank([(it, 1) for it in ordered]) == wanted


def test_an_hour_is_rolled_up_as_a_reckoning_over_its_samples(monitored: Database) -> None:
    samples = random_samples(random.Random(1), BEGIN + 5, BEGIN + 6 * HOUR)
    host_id = filled(monitored, samples, BEGIN + 5 * HOUR + 1800)
    of_hour = grouped(samples, lambda at: at - at % HOUR)
    with monitored.engine.connect() as connection:
        rows = connection.execute(sa.select(table(HostHour)).order_by("hour")).all()
        left = connection.execute(sa.select(sa.func.count()).select_from(table(HostSample))).scalar()
    assert [row.hour for row in rows] == hours(samples)[:-1] and left == len(of_hour[BEGIN + 5 * HOUR])
    for row in rows:
        its = of_hour[row.hour]
        times = sorted(it.time for it in its if it.time is not None)
        assert (row.probes, row.lost) == (len(its), len(its) - len(times)) and row.host_id == host_id
        assert (row.low, row.mean, row.high) == (times[0], round(sum(times) / len(times)), times[-1])
        assert row.p95 == times[ceil(len(times) * 0.95) - 1]


def test_a_sample_that_comes_after_its_hour_was_rolled_up_is_added(monitored: Database) -> None:
    samples = random_samples(random.Random(2), BEGIN, BEGIN + HOUR)
    host_id = filled(monitored, samples, BEGIN + HOUR)
    late = [Sample(BEGIN + 1801, 999_999), Sample(samples[0].at, 1)]
    monitored.run_here(lambda db: store(db, host_id, late), writes=True)
    monitored.run_here(lambda db: host_rollup.roll_up(db, host_id, BEGIN), writes=True)
    packed = monitored.run_here(lambda db: db.get(HostPacked, (host_id, 1, BEGIN)))
    assert packed is not None
    assert host_packing.unpack_samples(BEGIN, packed.packed) == sorted([*samples, late[0]])


@pytest.mark.parametrize("forgotten", [(), (1,), (1, 60)])
def test_samples_that_come_after_what_is_packed_was_forgotten_are_added(
    monitored: Database, forgotten: tuple[int, ...]
) -> None:
    """As after a clock that was days ahead for a moment."""
    samples = random_samples(random.Random(3), BEGIN, BEGIN + HOUR)
    early, late = samples[: len(samples) // 2], samples[len(samples) // 2 :]
    host_id = filled(monitored, early, BEGIN + HOUR)

    def go_on(db: Session) -> None:
        packed = table(HostPacked)
        db.execute(sa.delete(packed).where(packed.c.resolution.in_(forgotten)))
        store(db, host_id, late)
        host_rollup.roll_up(db, host_id, BEGIN)

    monitored.run_here(go_on, writes=True)
    since, until = (datetime.fromtimestamp(BEGIN + it, UTC) for it in (0, HOUR))
    told = monitored.run_here(lambda db: host_history.summary(db, [host_id], since, until))[host_id]
    probes, lost, *times = brute(samples)
    assert told.probes == probes and told.loss == pytest.approx(100 * lost / probes)
    assert same(told[2:5], (times[0], pytest.approx(times[1], abs=0.02), times[2]))
    points = monitored.run_here(lambda db: host_history.points(db, host_id, since, until, most=60))
    assert sum(it.probes for it in points) == probes and sum(it.lost for it in points) == lost
    if 60 not in forgotten:
        assert [int(it.at.timestamp()) for it in points] == sorted({it.at - it.at % 60 for it in samples})


def test_of_a_host_that_was_removed_meanwhile_nothing_is_rolled_up(monitored: Database) -> None:
    host_id = filled(monitored, [Sample(BEGIN, 5)], BEGIN)
    now = datetime.fromtimestamp(BEGIN, UTC)
    monitored.run_here(lambda db: monitored_hosts.remove(db, PEOPLE_IDS["admin"], host_id, now), writes=True)
    monitored.run_here(lambda db: host_rollup.roll_up(db, host_id, BEGIN), writes=True)
    with monitored.engine.connect() as connection:
        for it in (HostHour, HostPacked):
            assert connection.execute(sa.select(sa.func.count()).select_from(table(it))).scalar() == 0


@pytest.mark.parametrize("span", [900, DAY, 3 * DAY])
@pytest.mark.parametrize("rolled", [False, True])
def test_points_equal_a_reckoning_over_the_samples(monitored: Database, span: int, rolled: bool) -> None:
    samples = random_samples(random.Random(span), BEGIN, BEGIN + span, 10 if span < DAY else 60)
    host_id = filled(monitored, samples, BEGIN + span if rolled else BEGIN, interval_seconds=10)
    since, until = (datetime.fromtimestamp(it, UTC) for it in (BEGIN, BEGIN + span))
    found = monitored.run_here(lambda db: host_history.points(db, host_id, since, until))
    width = {900: 1, DAY: 180, 3 * DAY: 600}[span]
    parts = grouped(samples, lambda at: at - at % width)
    assert len(found) <= 500 and [it.at.timestamp() for it in found] == list(parts)
    for point in found:
        assert same(point[1:], brute(parts[int(point.at.timestamp())]))


def test_points_are_as_fine_as_what_is_kept(monitored: Database) -> None:
    samples = random_samples(random.Random(3), BEGIN, BEGIN + 4 * HOUR)
    host_id = filled(monitored, samples, BEGIN + 4 * HOUR)
    since, until = (datetime.fromtimestamp(it, UTC) for it in (BEGIN, BEGIN + HOUR))

    def points() -> list[host_history.Point]:
        return monitored.run_here(lambda db: host_history.points(db, host_id, since, until))

    assert len(points()) > 100
    forget(monitored, host_id, BEGIN + 49 * HOUR)
    assert len(points()) > 100, "an hour is kept until its last sample is too old"
    forget(monitored, host_id, BEGIN + 49 * HOUR + 1)
    of_minutes = points()
    assert 20 < len(of_minutes) <= 60
    forget(monitored, host_id, BEGIN + 30 * DAY + 2 * HOUR)
    assert [it.at for it in points()] == [since]
    assert points()[0].probes == sum(it.probes for it in of_minutes)
    forget(monitored, host_id, BEGIN + 3 * 366 * DAY)
    assert points() == []


def forget(database: Database, host_id: int, now: int) -> None:
    while database.run_here(lambda db: host_rollup.forget_old(db, host_id, now), writes=True):
        pass


def test_of_a_host_that_is_not_there_nothing_is_told(monitored: Database) -> None:
    with pytest.raises(NotFound):
        monitored.run_here(lambda db: host_history.points(db, 404, datetime.now(UTC), datetime.now(UTC)))


@pytest.mark.parametrize("zone", [ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe")])
@pytest.mark.parametrize("begin", [date(2026, 3, 28), date(2026, 4, 4), date(2026, 10, 3), date(2026, 10, 24)])
def test_days_have_23_or_25_hours_where_clocks_are_changed(database: Database, zone: ZoneInfo, begin: date) -> None:
    first = int(datetime(begin.year, begin.month, begin.day, tzinfo=UTC).timestamp()) - DAY
    samples = random_samples(random.Random(begin.toordinal()), first, first + 4 * DAY, 60)
    host_id = filled(database, samples, first + 3 * DAY)
    found = database.run_here(lambda db: host_history.days(db, host_id, begin, begin + timedelta(days=1), zone))
    of_day = grouped(samples, lambda at: datetime.fromtimestamp(at, zone).date())
    assert [it.day for it in found] == [begin, begin + timedelta(days=1)]
    for day in found:
        assert same(day[1:], brute(of_day[day.day]))


def test_days_of_which_only_hours_are_kept_begin_with_an_hour(monitored: Database) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    samples = random_samples(random.Random(4), BEGIN, BEGIN + 3 * DAY, 60)
    host_id = filled(monitored, samples, BEGIN + 3 * DAY)
    forget(monitored, host_id, BEGIN + 40 * DAY)
    found = monitored.run_here(lambda db: host_history.days(db, host_id, date(2026, 3, 28), date(2026, 3, 28), zone))
    of_day = grouped(samples, lambda at: datetime.fromtimestamp(at - at % HOUR, zone).date())
    assert len(found) == 1 and same(found[0][1:], brute(of_day[date(2026, 3, 28)]))


def test_a_summary_equals_a_reckoning_over_the_samples(monitored: Database) -> None:
    """In its first hours of which only numbers are known, then in an hour that is not over."""
    chance, end = random.Random(5), BEGIN + 5 * HOUR + 1800
    of_host = {}
    for name in ("one", "two"):
        samples = random_samples(chance, BEGIN, end)
        of_host[filled(monitored, samples, end, name=name)] = samples
    lost = [Sample(end - 10, None)]
    of_host[filled(monitored, lost, end, name="down")] = lost
    since, now = datetime.fromtimestamp(BEGIN + HOUR + 600, UTC), datetime.fromtimestamp(end, UTC)
    found = monitored.run_here(lambda db: host_history.summary(db, list(of_host), since, now))
    assert found.keys() == of_host.keys()
    for host_id, every in of_host.items():
        samples, row = [it for it in every if it.at >= BEGIN + HOUR], found[host_id]
        probes, lost_number, *times = brute(samples)
        assert row.probes == probes and row.loss == pytest.approx(100 * lost_number / probes)
        assert same(row[2:5], tuple(times)) and row.p95_ms == p95_of_hours(samples)


@pytest.mark.parametrize("rolled_until", [BEGIN + HOUR, BEGIN + 9 * HOUR])
def test_a_summary_leaves_out_what_a_clock_that_was_ahead_has_stored(monitored: Database, rolled_until: int) -> None:
    samples = [Sample(BEGIN + 10, 500), Sample(BEGIN + HOUR + 10, 500), Sample(BEGIN + 7 * HOUR, None)]
    host_id = filled(monitored, samples, rolled_until)
    since, now = (datetime.fromtimestamp(BEGIN + it, UTC) for it in (0, HOUR + 60))
    assert monitored.run_here(lambda db: host_history.summary(db, [host_id], since, now))[host_id][:2] == (2, 0)


def p95_of_hours(samples: list[Sample]) -> float | None:
    """As documented: the nearest rank among the p95 of the hours, each as often as it has answers."""
    values = []
    for its in grouped(samples, lambda at: at // HOUR).values():
        times = sorted(it.time / 100 for it in its if it.time is not None)
        if times:
            values += [times[ceil(len(times) * 0.95) - 1]] * len(times)
    return sorted(values)[ceil(len(values) * 0.95) - 1] if values else None


def test_a_summary_of_two_years_takes_no_more_room_than_one_of_a_day(monitored: Database) -> None:
    number, row = 17_000, {"probes": 10, "lost": 0, "low": 1, "mean": 2, "high": 9}
    host_id = filled(monitored, [], BEGIN)

    def fill(db: Session) -> None:
        rows = [{**row, "host_id": host_id, "hour": BEGIN - it * HOUR, "p95": it} for it in range(number)]
        db.execute(sa.insert(table(HostHour)), rows)

    monitored.run_here(fill, writes=True)
    since, now = (datetime.fromtimestamp(BEGIN + it * HOUR, UTC) for it in (-number, 1))
    tracemalloc.start()
    try:
        found = monitored.run_here(lambda db: host_history.summary(db, [host_id], since, now))[host_id]
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert (found.probes, found.p95_ms) == (10 * number, (number * 95 // 100 - 1) / 100)


def test_a_summary_counts_the_incidents_that_lasted(monitored: Database) -> None:
    samples = random_samples(random.Random(6), BEGIN, BEGIN + HOUR)
    host_id = filled(monitored, samples, BEGIN)
    since = datetime.fromtimestamp(BEGIN, UTC)

    def happen(db: Session) -> None:
        for began, ended in ((-900, -600), (-900, 600), (600, 900), (1000, None)):
            at = since + timedelta(seconds=began)
            end = None if ended is None else since + timedelta(seconds=ended)
            open_id = host_id if end is None else None
            db.add(HostIncident(host_id=host_id, open_host_id=open_id, began_at=at, opened_at=at, ended_at=end))

    monitored.run_here(happen, writes=True)
    found = monitored.run_here(lambda db: host_history.summary(db, [host_id], since, since + timedelta(hours=1)))
    assert found[host_id].incidents == 3


@given(
    st.lists(st.tuples(st.integers(0, 5 * HOUR), st.none() | st.integers(0, 10**6)), max_size=200), st.integers(0, HOUR)
)
def test_a_line_equals_a_reckoning_over_the_last_hour(drawn: list[tuple[int, int | None]], later: int) -> None:
    samples, recent = sorted((Sample(BEGIN + at, time) for at, time in drawn), key=lambda it: it.at), b""
    for it in samples:
        recent = host_recent.add(recent, it.at, it.time)
    now = (samples[-1].at if samples else BEGIN) + later
    parts = grouped(samples, lambda at: at // 120)
    for place, mean in enumerate(host_recent.line(recent, now)):
        its = parts.get(now // 120 - 29 + place, [])
        times = [it.time / 100 for it in its if it.time is not None]
        assert mean == (pytest.approx(sum(times) / len(times)) if times else -1.0 if its else None)


def test_a_line_begins_anew_after_a_clock_went_far(monitored: Database) -> None:
    recent = host_recent.add(host_recent.add(b"", BEGIN + DAY, 5), BEGIN, 700)
    assert host_recent.line(recent, BEGIN)[-1] == 7.0 and len(recent) < 300


def test_a_year_of_200_hosts_takes_less_than_150_mb(database: Database) -> None:
    """By what an hour takes: rows of hours as they come, and packed hours with random times."""
    chance, hours_there = random.Random(7), 200

    def fill(db: Session) -> tuple[int, int]:
        packed = [0, 0]
        for number in range(hours_there):
            hour = BEGIN + number * HOUR
            samples = [Sample(hour + at, round(chance.lognormvariate(7.6, 0.2))) for at in range(0, HOUR, 10)]
            row = host_rollup.hour_row(0, hour, samples)
            db.execute(sa.insert(table(HostHour)), [{**row.model_dump(), "host_id": it} for it in range(1, 201)])
            packed[0] += len(host_packing.pack_samples(hour, samples))
            packed[1] += len(host_packing.pack_minutes(hour, host_rollup.of_minutes(samples)))
        return packed[0] // hours_there, packed[1] // hours_there

    of_samples, of_minutes = database.run_here(fill, writes=True)
    with database.engine.connect() as connection:
        used = sa.text("SELECT sum(pgsize) FROM dbstat WHERE name = 'host_hour'")
        of_hour = connection.execute(used).scalar_one() / hours_there / 200
    row = 40  # of a packed hour, with its index and the room that pages leave
    whole = 200 * (8760 * of_hour + 48 * (of_samples + row) + 30 * 24 * (of_minutes + row))
    assert whole < 150e6
