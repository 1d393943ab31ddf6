"""Choose the promise and the working hours of a task. Nothing is read here."""

from collections.abc import Mapping
from typing import NamedTuple

from helpdesk.promises.clock import Clock, Limits, Meaning, clocks
from helpdesk.promises.hours import ALWAYS, WorkingHours
from helpdesk.reports.model import Life, Selection

Place = tuple[int | None, int | None, int | None]
"""The project, the tracker and the priority of a promise; None is any."""
MOST_STEPS = 100
"""Up a tree of projects, which could turn in a circle where somebody changed the backend's database by hand."""


class Rule(NamedTuple):
    """A promise that is in force. `escalate_to` is an account."""

    id: int
    name: str
    place: Place
    limits: Limits
    escalate_to: int | None = None


class Book(NamedTuple):
    """All promises and calendars as they were read together.

    `hours` are those of each calendar, `calendars` the calendar of each project that has one of its own, `parents` the
    project above each project that has one.
    """

    rules: Mapping[Place, Rule] = {}
    hours: Mapping[int, WorkingHours] = {}
    calendars: Mapping[int, int] = {}
    default: WorkingHours = ALWAYS
    parents: Mapping[int, int] = {}
    statuses: Meaning = Meaning(frozenset())

    def rule(self, project_id: int, tracker_id: int, priority_id: int) -> Rule | None:
        """Return the promise of a task: the most particular one by project, then by tracker, then by priority."""
        places = (
            (project, tracker, priority)
            for project in (*self.upwards(project_id), None)
            for tracker in (tracker_id, None)
            for priority in (priority_id, None)
        )
        return next((self.rules[it] for it in places if it in self.rules), None)

    def hours_of(self, project_id: int) -> WorkingHours:
        """Return the working hours of a project: of the nearest project above it that has a calendar, or the default
        ones."""
        own = (self.calendars[it] for it in self.upwards(project_id) if it in self.calendars)
        return self.hours.get(next(own, 0), self.default)

    def rule_of(self, life: Life) -> Rule | None:
        """Return the promise of a task by its history, which has its present values."""
        return self.rule(life.project_id, life.tracker_id, life.priority_id)

    def clocks(self, life: Life, now: int) -> tuple[Clock, ...]:
        """Return the clocks of a task, none without a promise."""
        rule = self.rule_of(life)
        return clocks(life, rule.limits, self.statuses, self.hours_of(life.project_id), now) if rule else ()

    def open_tasks(self) -> Selection:
        """Return the open tasks for which something may be promised: those of the promises' projects, or all."""
        projects = {project for project, _, _ in self.rules}
        return Selection(() if None in projects else tuple(sorted(it for it in projects if it)), phase="open")

    def upwards(self, project_id: int) -> list[int]:
        """Return a project and those above it, the nearest first."""
        found = [project_id]
        while (above := self.parents.get(found[-1])) is not None and len(found) < MOST_STEPS:
            found.append(above)
        return found


NO_BOOK = Book()
