"""Tell by the samples of a host whether it is online, and when an incident opens and closes.

An incident opens after some failures in a row and closes after some successes. The third one within half an hour is
damped: it stays open until the host has answered for ten minutes without a break. In a window of maintenance none
opens, and failures after it are counted from its end. A pause without samples begins a new row, too: nobody knows what
was in between. So does a clock that is set back: nothing is told to begin later than what is known now. Times are
seconds since 1970.
"""

from collections.abc import Sequence
from typing import NamedTuple

from helpdesk.netmonitor.model import Status

DAMPED_OPENINGS, DAMPED_WITHIN = 3, 30 * 60
QUIET_SECONDS = 10 * 60
PAUSE_INTERVALS, SHORTEST_PAUSE = 5, 60


class Rules(NamedTuple):
    """The limits in a host's own columns."""

    failures_to_open: int
    successes_to_close: int
    interval_seconds: int


class State(NamedTuple):
    """The state by the samples up to `last_at`: `failures` or `successes` count the last ones in a row, since
    `run_since`."""

    status: Status = "unknown"
    since: int | None = None
    failures: int = 0
    successes: int = 0
    run_since: int | None = None
    last_at: int | None = None
    is_maintained: bool = False


class Step(NamedTuple):
    """The state after a sample, and what it leads to: an incident opens that began at `opens`, the open one closes and
    ended at `closes`, or it has flapped once more."""

    state: State
    opens: int | None = None
    closes: int | None = None
    flaps: bool = False


def step(
    before: State, rules: Rules, at: int, answered: bool, is_maintained: bool, open_and_damped: bool | None
) -> Step:
    """Return what a sample changes. `open_and_damped` is None while no incident is open."""
    state = _counted(before, rules, at, answered, is_maintained)
    since, enough = state.run_since, state.successes >= rules.successes_to_close
    if answered:
        if enough or state.status == "unknown":
            state = _with_status(state, "online")
        is_over = open_and_damped is not None and enough and since is not None
        if is_over and since is not None and (not open_and_damped or at - since >= QUIET_SECONDS):
            return Step(state, closes=since)
        return Step(state)
    down = state.failures >= rules.failures_to_open
    if down:
        state = _with_status(state, "offline")
    opens = since if down and open_and_damped is None and not is_maintained else None
    return Step(state, opens, flaps=bool(open_and_damped) and before.successes >= rules.successes_to_close)


def is_damped(openings: Sequence[int], at: int) -> bool:
    """Tell whether an incident that opens now is damped: `openings` are when the earlier ones of the host opened."""
    return sum(at - DAMPED_WITHIN < it <= at for it in openings) + 1 >= DAMPED_OPENINGS


def _counted(before: State, rules: Rules, at: int, answered: bool, is_maintained: bool) -> State:
    """Return the state with a sample more in the row, or as the first of a new row."""
    longest = max(PAUSE_INTERVALS * rules.interval_seconds, SHORTEST_PAUSE)
    goes_on = before.last_at is not None and 0 < at - before.last_at <= longest
    goes_on = goes_on and not (before.is_maintained and not is_maintained)
    row = (before.successes if answered else before.failures) if goes_on else 0
    return before._replace(
        since=None if before.since is None else min(before.since, at),
        failures=0 if answered else row + 1,
        successes=row + 1 if answered else 0,
        run_since=before.run_since if row else at,
        last_at=at,
        is_maintained=is_maintained,
    )


def _with_status(state: State, status: Status) -> State:
    return state if state.status == status else state._replace(status=status, since=state.run_since)
