"""A host is probed once at each of its slots, and not too often whatever the clock does."""

from hypothesis import given
from hypothesis import strategies as st

from helpdesk.netmonitor.schedule import Line, slot
from helpdesk.store.host_samples import Watched

BEGIN = 1_800_000_000.0


def line(interval: int = 10, host_id: int = 7) -> Line:
    return Line(Watched("", "", "tcp", "", 9, "", "", "", 0, interval, 3, 2, host_id, False, 1))


def begun(line: Line, clock: list[tuple[float, float]]) -> list[tuple[int, float]]:
    """The slots that begin while the clock shows these times at these ticks. Each probe ends at once."""
    found = []
    for now, ticks in clock:
        its = line.due(now, ticks)
        if its is not None:
            line.begin(its, ticks)
            line.is_running = False
            found.append((its, ticks))
    return found


def steady(seconds: float, begin: float = BEGIN, ticks: float = 0.0) -> list[tuple[float, float]]:
    return [(begin + place / 5, ticks + place / 5) for place in range(int(seconds * 5))]


@given(st.integers(1, 10**6), st.integers(5, 3600), st.floats(0, 2e9))
def test_a_slot_is_the_last_one_that_has_come(host_id: int, interval: int, now: float) -> None:
    its = slot(now, host_id, interval)
    assert its <= now < its + interval and (its - host_id) % interval == 0


def test_each_slot_begins_once_within_a_step() -> None:
    found = begun(line(), steady(100))
    assert len(found) == 10 or len(found) == 11
    assert all(its % 10 == 7 for its, _ in found)
    assert len({its for its, _ in found}) == len(found)
    assert all(0 <= BEGIN + ticks - its < 0.21 for its, ticks in found[1:])


def test_hosts_are_spread_over_the_interval() -> None:
    assert len({slot(BEGIN, host_id, 10) for host_id in range(1, 201)}) == 10


def test_a_slot_that_was_missed_is_not_caught_up() -> None:
    its = line(interval=60)
    first = slot(BEGIN, 7, 60)
    assert begun(its, [(first + 10.5, 0.0), (first + 59.0, 48.5)]) == []
    assert begun(its, [(first + 60.0, 49.5)]) == [(first + 60, 49.5)]


def test_a_probe_that_runs_misses_a_slot() -> None:
    its = line()
    its.begin(int(BEGIN) - 10, 0.0)
    assert its.due(BEGIN + 20, 20.0) is None


@given(st.lists(st.tuples(st.floats(-7200, 7200), st.floats(0.2, 120)), min_size=1, max_size=6))
def test_a_clock_that_is_set_probes_neither_too_often_nor_stops(jumps: list[tuple[float, float]]) -> None:
    """The clock is set by some seconds, then goes on for others."""
    its, now, ticks, found = line(), BEGIN, 0.0, []
    for jump, seconds in jumps:
        now += jump
        found += begun(its, steady(seconds, now, ticks))
        now, ticks = now + seconds, ticks + seconds
    found += begun(its, steady(30, now, ticks))
    moments = [at for _, at in found]
    assert all(after - before >= 5 for before, after in zip(moments, moments[1:], strict=False))
    assert all(after - before <= 15.5 for before, after in zip(moments, moments[1:], strict=False))
    assert moments[0] <= 15.5 and moments[-1] >= ticks + 30 - 15.5
