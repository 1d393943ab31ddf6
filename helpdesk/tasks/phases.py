"""The phases of tasks, and how many tasks are in each: lists, boards, statistics and programs count by these alone.

A task is new, being dealt with (`active`), on hold (`waiting`) or closed (`done`). Open is whatever is not closed.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from helpdesk.tasks.model import Status

Phase = Literal["new", "active", "waiting", "done"]
PHASES: tuple[Phase, ...] = ("new", "active", "waiting", "done")


class Rule(NamedTuple):
    """An administrator's settings for a status: whether tasks wait in it, and how many are too many."""

    phase: str = "active"
    limit: int | None = None


Rules = Mapping[int, Rule]
"""By the number of the status; those of which nothing was said are not there."""
NO_RULES: Rules = {}


class Summary(NamedTuple):
    """The number of tasks in each phase."""

    new: int = 0
    active: int = 0
    waiting: int = 0
    done: int = 0

    @property
    def open(self) -> int:
        return self.new + self.active + self.waiting

    @property
    def total(self) -> int:
        return sum(self)


def phase(status: Status, rules: Rules) -> Phase:
    """`done` are the statuses that the tracker closes tasks with; of the others the administrator says which wait. New
    are those of the rest that tasks begin in."""
    if status.is_closed:
        return "done"
    if rules.get(status.id, Rule()).phase == "waiting":
        return "waiting"
    return "new" if status.is_default else "active"


def grouped(statuses: Iterable[Status], rules: Rules) -> dict[Phase, tuple[Status, ...]]:
    """The statuses of every phase, in their order."""
    known = tuple(statuses)
    return {each: tuple(it for it in known if phase(it, rules) == each) for each in PHASES}


def summarised(by_status: Mapping[int, int], statuses: Iterable[Status], rules: Rules = NO_RULES) -> Summary:
    """A summary of the tasks of each status."""
    groups = grouped(statuses, rules)
    return Summary(*(sum(by_status.get(it.id, 0) for it in groups[each]) for each in PHASES))
