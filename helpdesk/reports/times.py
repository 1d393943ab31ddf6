"""Reckon how long tasks took until their first answer and their solution, from their histories.

Working time is that of the clocks of promises: in the business calendar of the task's project, without the time in
which the task was closed or waited for the requester. The whole time is that of the clock on the wall, from the
creation to the answer, or to the last closing.
"""

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, MutableSequence, Sequence
from contextlib import aclosing
from itertools import product
from typing import NamedTuple

from helpdesk.promises.clock import KINDS, Kind, Meaning, course
from helpdesk.promises.hours import WorkingHours
from helpdesk.reports.model import Key, Keys, Life, Question
from helpdesk.threads import Threads

THREADS = Threads(2)
Group = Callable[[Life], Iterable[Key]]
"""Returns the values of a group at which a task counts."""


class Spread(NamedTuple):
    """The seconds within which half of some times and nine tenths of them were, by the nearest rank."""

    median: int
    p90: int


class Times(NamedTuple):
    """How long `number` tasks took; `missing` ones are not answered or solved yet, and do not count."""

    number: int
    missing: int
    working: Spread | None
    whole: Spread | None


class TimesOfTasks(NamedTuple):
    """The times of some tasks until the first answer and the solution."""

    answer: Times
    solution: Times


class Report(NamedTuple):
    """The times of all tasks, and of those with each value of the groups, in their order."""

    total: TimesOfTasks
    groups: Mapping[Keys, TimesOfTasks]


async def times(
    histories: AsyncGenerator[tuple[Life, ...], None],
    groups: Sequence[Group],
    hours_of: Callable[[int], WorkingHours],
    statuses: Meaning,
    now: int,
) -> Report:
    """Return the times of tasks by their histories. `hours_of` returns the calendar of a project.

    It reckons in a thread. Raises Overloaded, and what reading the histories does.
    """
    reckoning = _Reckoning(groups, hours_of, statuses, now)
    async with aclosing(histories) as read:
        async for some in read:
            await THREADS.run(reckoning.add, some)
    return await THREADS.run(reckoning.report)


def by_attribute(name: str) -> Group:
    """Return the group of a task's project, tracker, priority, executor or author."""
    field = f"{name}_id"
    return lambda life: (getattr(life, field),)


def by_time(question: Question, statuses: Meaning) -> Group:
    """Return the places among the borders at which a question counts a task, as `ReportSource.counts` finds them."""
    borders = [int(border.timestamp()) for border in question.borders]

    def places(life: Life) -> Iterable[Key]:
        match question.measure:
            case "created":
                moments = [life.created]
            case "open":
                return _open_at(life, borders[1:], statuses)
            case measure:
                moments = _events(life, statuses, is_closing=measure == "closed")
        found = (bisect_right(borders, moment) - 1 for moment in moments if borders[0] <= moment < borders[-1])
        return dict.fromkeys(found)

    return places


def _events(life: Life, statuses: Meaning, *, is_closing: bool) -> list[int]:
    """Return the moments at which a task was closed, or else reopened."""
    moments, was_closed = [], False
    for status, begin in life.statuses:
        is_closed = status in statuses.closed
        if is_closed != was_closed and is_closed is is_closing:
            moments.append(begin)
        was_closed = is_closed
    return moments


def _open_at(life: Life, borders: list[int], statuses: Meaning) -> list[Key]:
    """Return the places of the borders before which the task was created, and at which it was open."""
    begins = [begin for _, begin in life.statuses]
    places = ((place, bisect_right(begins, border - 1) - 1) for place, border in enumerate(borders))
    return [place for place, status in places if status >= 0 and life.statuses[status][0] not in statuses.closed]


class _Tally:
    """The times of a group so far."""

    def __init__(self) -> None:
        self.working: dict[Kind, MutableSequence[int]] = {kind: array("q") for kind in KINDS}
        self.whole: dict[Kind, MutableSequence[int]] = {kind: array("q") for kind in KINDS}
        self.missing = dict.fromkeys(KINDS, 0)

    def times(self, kind: Kind) -> Times:
        working, whole = self.working[kind], self.whole[kind]
        return Times(len(working), self.missing[kind], _spread(working), _spread(whole))

    @property
    def of_tasks(self) -> TimesOfTasks:
        return TimesOfTasks(self.times("answer"), self.times("solution"))


class _Reckoning:
    """Adds up the times of tasks; nothing of a task is kept but these."""

    def __init__(
        self, groups: Sequence[Group], hours_of: Callable[[int], WorkingHours], statuses: Meaning, now: int
    ) -> None:
        self.groups, self.hours_of, self.statuses, self.now = groups, hours_of, statuses, now
        self.total = _Tally()
        self.tallies: dict[Keys, _Tally] = defaultdict(_Tally)

    def add(self, lives: Iterable[Life]) -> None:
        for life in lives:
            keys = product(*(group(life) for group in self.groups)) if self.groups else ()
            tallies = [self.total, *(self.tallies[key] for key in keys)]
            hours = self.hours_of(life.project_id)
            for kind in KINDS:
                self._add(kind, life, hours, tallies)

    def _add(self, kind: Kind, life: Life, hours: WorkingHours, tallies: list[_Tally]) -> None:
        went = course(kind, life, self.statuses, self.now)
        if went.stopped is None:
            for tally in tallies:
                tally.missing[kind] += 1
            return
        working, whole = went.elapsed(hours), max(went.stopped - life.created, 0)
        for tally in tallies:
            tally.working[kind].append(working)
            tally.whole[kind].append(whole)

    def report(self) -> Report:
        return Report(self.total.of_tasks, {key: tally.of_tasks for key, tally in self.tallies.items()})


def _spread(seconds: Iterable[int]) -> Spread | None:
    ordered = sorted(seconds)
    return Spread(nearest_rank(ordered, 50), nearest_rank(ordered, 90)) if ordered else None


def nearest_rank(ordered: list[int], percent: int) -> int:
    """Return the least of these values that so many percent of them do not exceed."""
    return ordered[-(-percent * len(ordered) // 100) - 1]
