"""Incidents and states equal a reading of all samples so far, whatever they are."""

from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.netmonitor.incidents import Rules, State, is_damped, step

BEGIN = 1_000_000


class Probe(NamedTuple):
    at: int
    answered: bool
    is_maintained: bool = False


class Incident(NamedTuple):
    began: int
    opened: int
    ended: int | None = None
    is_damped: bool = False
    flaps: int = 0


def read(samples: Sequence[Probe], rules: Rules) -> tuple[list[Incident], State]:
    """What the product finds, sample by sample."""
    incidents, state = list[Incident](), State()
    for it in samples:
        its = incidents[-1] if incidents and incidents[-1].ended is None else None
        found = step(state, rules, it.at, it.answered, it.is_maintained, its and its.is_damped)
        state = found.state
        if found.opens is not None:
            damped = is_damped([old.opened for old in incidents], it.at)
            incidents.append(Incident(found.opens, it.at, is_damped=damped))
        elif its and found.closes is not None:
            incidents[-1] = its._replace(ended=found.closes)
        elif its and found.flaps:
            incidents[-1] = its._replace(flaps=its.flaps + 1)
    return incidents, state


def row_to(samples: Sequence[Probe], place: int, rules: Rules) -> Sequence[Probe]:
    """The samples that ended as this one did, back to another one, a pause, or the end of maintenance."""
    first = place
    while first > 0:
        one, before = samples[first], samples[first - 1]
        pause = one.at - before.at > max(5 * rules.interval_seconds, 60)
        if before.answered != one.answered or pause or (before.is_maintained and not one.is_maintained):
            break
        first -= 1
    return samples[first : place + 1]


def brute(samples: Sequence[Probe], rules: Rules) -> list[Incident]:
    """The incidents by their definition: looking back from each sample at all before it."""
    incidents = list[Incident]()
    for place, it in enumerate(samples):
        row, its = row_to(samples, place, rules), incidents[-1] if incidents else None
        is_open = its is not None and its.ended is None
        if not is_open and not it.answered and not it.is_maintained and len(row) >= rules.failures_to_open:
            lately = [old for old in incidents if it.at - old.opened < 1800]
            incidents.append(Incident(row[0].at, it.at, is_damped=len(lately) >= 2))
        if its is None or not is_open:
            continue
        quiet = 600 if its.is_damped else 0
        if it.answered and len(row) >= rules.successes_to_close and it.at - row[0].at >= quiet:
            incidents[-1] = its._replace(ended=row[0].at)
        before = row_to(samples, place - 1, rules)
        came_back = before[-1].answered and len(before) >= rules.successes_to_close
        if its.is_damped and not it.answered and came_back:
            incidents[-1] = its._replace(flaps=its.flaps + 1)
    return incidents


def samples_of(drawn: Sequence[tuple[int, bool, int, bool]]) -> list[Probe]:
    """Stretches of samples: a pause before, whether answered, how many, whether in maintenance."""
    samples, at = list[Probe](), BEGIN
    for pause, answered, number, is_maintained in drawn:
        at += pause
        for _ in range(number):
            samples.append(Probe(at, answered, is_maintained))
            at += 10
    return samples


STRETCH = st.tuples(
    st.sampled_from([0, 0, 0, 0, 50, 51, 400]),
    st.booleans(),
    st.integers(1, 6) | st.sampled_from([59, 60, 61, 62]),
    st.sampled_from([False, False, False, True]),
)
RULES = st.builds(Rules, st.integers(1, 4), st.integers(1, 4), st.just(10))


@given(st.lists(STRETCH, max_size=30), RULES)
def test_incidents_are_those_of_their_definition(drawn: list[tuple[int, bool, int, bool]], rules: Rules) -> None:
    samples = samples_of(drawn)
    found, state = read(samples, rules)
    assert found == brute(samples, rules)
    if samples:
        row = row_to(samples, len(samples) - 1, rules)
        counted = (state.failures, state.successes, state.run_since)
        assert counted == ((0, len(row), row[0].at) if row[0].answered else (len(row), 0, row[0].at))


@given(st.lists(STRETCH, max_size=20), RULES)
def test_a_host_is_offline_since_the_first_of_enough_failures(
    drawn: list[tuple[int, bool, int, bool]], rules: Rules
) -> None:
    samples = samples_of(drawn)
    wanted: tuple[str, int | None] = ("unknown", None)
    for place, it in enumerate(samples):
        row = row_to(samples, place, rules)
        if it.answered and wanted[0] != "online" and (wanted[0] == "unknown" or len(row) >= rules.successes_to_close):
            wanted = ("online", row[0].at)
        if not it.answered and wanted[0] != "offline" and len(row) >= rules.failures_to_open:
            wanted = ("offline", row[0].at)
    state = read(samples, rules)[1]
    assert (state.status, state.since) == wanted


RULE = Rules(3, 2, 10)


def run(text: str, every: int = 10) -> list[Incident]:
    """`+` answers, `-` fails, and `m` fails in maintenance."""
    samples = [Probe(BEGIN + place * every, mark == "+", mark == "m") for place, mark in enumerate(text)]
    return read(samples, RULE)[0]


@pytest.mark.parametrize(
    ("samples", "wanted"),
    [
        ("++--++", []),
        ("+---", [(10, 30, None)]),
        ("+---+---", [(10, 30, None)]),
        ("+---++", [(10, 30, 40)]),
        ("mmmmm", []),
        ("mmmmm--", []),
        ("mmmmm---", [(50, 70, None)]),
        ("---mmm++", [(0, 20, 60)]),
    ],
)
def test_an_incident_opens_and_closes(samples: str, wanted: list[tuple[int, int, int | None]]) -> None:
    found = [(it.began, it.opened, it.ended) for it in run(samples)]
    assert found == [tuple(it if it is None else it + BEGIN for it in each) for each in wanted]


def test_the_third_within_half_an_hour_stays_open_until_ten_quiet_minutes() -> None:
    flapping = "---++" * 4 + "+" * 58
    first, second, third = run(flapping)
    assert (first.is_damped, second.is_damped, third.is_damped) == (False, False, True)
    assert third.flaps == 1 and third.ended is None
    assert run(flapping + "+")[-1].ended == BEGIN + 180
    assert len(run(flapping + "++---")) == 4 and run(flapping + "++---")[-1].is_damped
    assert run(flapping + "---")[-1].flaps == 2
