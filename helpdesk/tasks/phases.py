"""Define the phases of tasks, by which lists, boards, statistics and programs count.

A task is new, in work (`active`), on hold (`waiting`) or closed (`done`). Every task that is not closed is open.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from helpdesk.tasks.model import Status

Phase = Literal["new", "active", "waiting", "done"]
PHASES: tuple[Phase, ...] = ("new", "active", "waiting", "done")


class Rule(NamedTuple):
    """An administrator's settings for a status: its phase, and the limit of its column."""

    phase: str = "active"
    limit: int | None = None


Rules = Mapping[int, Rule]
"""By the id of the status, without statuses that have no settings."""
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
    """Return the phase of a status: closed ones are done, `rules` name the waiting ones, and of the rest the default
    one is new."""
    if status.is_closed:
        return "done"
    if rules.get(status.id, Rule()).phase == "waiting":
        return "waiting"
    return "new" if status.is_default else "active"


def grouped(statuses: Iterable[Status], rules: Rules) -> dict[Phase, tuple[Status, ...]]:
    """Return the statuses of every phase, in their order."""
    known = tuple(statuses)
    return {each: tuple(it for it in known if phase(it, rules) == each) for each in PHASES}


def summarised(by_status: Mapping[int, int], statuses: Iterable[Status], rules: Rules = NO_RULES) -> Summary:
    """Return the summary of the number of tasks by status."""
    groups = grouped(statuses, rules)
    return Summary(*(sum(by_status.get(it.id, 0) for it in groups[each]) for each in PHASES))
