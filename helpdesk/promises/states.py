"""Say how a promise stands, by its clock."""

from collections.abc import Iterable
from math import inf
from typing import Literal

from helpdesk.promises.clock import Clock

State = Literal["running", "soon", "over", "paused", "kept", "missed"]
SOON_PERCENT = 75


def state(clock: Clock) -> State:
    """Return the state of a promise: one that is broken is "over" while its clock goes on, "missed" once it stopped."""
    if clock.state == "stopped":
        return "missed" if clock.is_over else "kept"
    if clock.is_over:
        return "over"
    if clock.state == "paused":
        return "paused"
    return "soon" if clock.percent >= SOON_PERCENT else "running"


def going_states(clocks: Iterable[Clock]) -> frozenset[State]:
    """Return the states by which lists find a task: of its clocks that go on. One that is broken and waits has two."""
    going = [it for it in clocks if it.state != "stopped"]
    paused: list[State] = ["paused" for it in going if it.state == "paused"]
    return frozenset([*map(state, going), *paused])


def most_urgent(clocks: Iterable[Clock]) -> Clock | None:
    """Return the clock that a list shows: of those that go on the one that is due first."""
    return min((it for it in clocks if it.state != "stopped"), key=urgency, default=None)


def urgency(clock: Clock) -> tuple[float, int]:
    """Return what clocks that go on are sorted by: when they are due, paused ones last, then by the time left."""
    return (inf if clock.due is None else clock.due, clock.left)
