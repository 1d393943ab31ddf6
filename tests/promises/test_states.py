"""How a promise stands, and which clock of a task is shown."""

import pytest

from helpdesk.promises.clock import Clock
from helpdesk.promises.states import State, going_states, most_urgent, state


def clock(how: str, elapsed: int, due: int | None = None, stopped: int | None = None) -> Clock:
    return Clock("answer", how, elapsed, 100, due, stopped)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("how", "elapsed", "expected"),
    [
        ("running", 74, "running"),
        ("running", 75, "soon"),
        ("running", 100, "soon"),
        ("running", 101, "over"),
        ("paused", 99, "paused"),
        ("paused", 101, "over"),
        ("stopped", 100, "kept"),
        ("stopped", 101, "missed"),
    ],
)
def test_a_clock_has_its_state(how: str, elapsed: int, expected: State) -> None:
    assert state(clock(how, elapsed)) == expected


def test_lists_find_a_broken_promise_that_waits_as_both() -> None:
    assert going_states([clock("paused", 101), clock("stopped", 1)]) == {"over", "paused"}
    assert going_states([clock("paused", 1), clock("running", 75)]) == {"paused", "soon"}
    assert going_states([clock("stopped", 1)]) == frozenset()


def test_the_clock_that_is_due_first_is_the_most_urgent() -> None:
    over, soon, paused, kept = (
        clock("running", 101, 50),
        clock("running", 90, 60),
        clock("paused", 1),
        clock("stopped", 1),
    )
    assert most_urgent([kept, paused, soon, over]) == over
    assert most_urgent([kept, paused, soon]) == soon
    assert most_urgent([kept, paused]) == paused
    assert most_urgent([kept]) is None and most_urgent([]) is None
