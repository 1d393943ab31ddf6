"""Reckon the clocks of a task: how much working time passed until its first answer and its solution.

The clock of the answer stops at the first public comment by somebody else than the author, or else when the task is
first closed. That of the solution stops when the task is closed, and goes on after it is reopened. Both run while the
task is neither closed nor in a status that waits for the requester. Nothing is read here. Times are seconds.
"""

from collections.abc import Collection
from typing import Literal, NamedTuple

from helpdesk.promises.hours import WorkingHours
from helpdesk.reports.model import Life

Kind = Literal["answer", "solution"]
KINDS: tuple[Kind, ...] = ("answer", "solution")
State = Literal["running", "paused", "stopped"]
Stretch = tuple[int, int]


class Limits(NamedTuple):
    """The working minutes of a promise; None promises nothing."""

    answer_minutes: int | None = None
    solution_minutes: int | None = None

    def of(self, kind: Kind) -> int | None:
        """Return the seconds of a clock, None for no promise."""
        minutes = self.answer_minutes if kind == "answer" else self.solution_minutes
        return None if minutes is None else minutes * 60


class Meaning(NamedTuple):
    """The meaning of statuses for clocks: those that close a task, and those that wait. An unknown one is neither."""

    closed: Collection[int]
    waiting: Collection[int] = frozenset()


class Clock(NamedTuple):
    """The working time of a task: `elapsed` of `limit` seconds, and the moment `stopped` at.

    `due` is when the limit is reached if the clock runs on, or was reached. It is None while the clock is paused or
    after it was stopped in time, and if there is no such moment, for want of working hours.
    """

    kind: Kind
    state: State
    elapsed: int
    limit: int
    due: int | None = None
    stopped: int | None = None

    @property
    def left(self) -> int:
        """Return the working time that is left; it is negative when the promise is broken."""
        return self.limit - self.elapsed

    @property
    def is_over(self) -> bool:
        """Tell whether the promise is broken, also while the clock runs."""
        return self.elapsed > self.limit

    @property
    def is_kept(self) -> bool:
        return self.state == "stopped" and not self.is_over

    @property
    def percent(self) -> int:
        """Return the share that has passed, rounded down. Of no time at all everything has."""
        return self.elapsed * 100 // self.limit if self.limit else 100


class Course(NamedTuple):
    """How a clock went, whatever was promised: the stretches of time in which it ran, in order, and how it is now."""

    state: State
    stretches: tuple[Stretch, ...]
    stopped: int | None = None

    def elapsed(self, hours: WorkingHours) -> int:
        """Return the working time that has passed."""
        return sum(hours.between(*stretch) for stretch in self.stretches)

    def reached(self, hours: WorkingHours, seconds: int) -> int | None:
        """Return the moment at which so much working time had passed, None if it had not."""
        for start, end in self.stretches:
            here = hours.between(start, end)
            if seconds <= here:
                return hours.after(start, seconds)
            seconds -= here
        return None


def clocks(life: Life, limits: Limits, statuses: Meaning, hours: WorkingHours, now: int) -> tuple[Clock, ...]:
    """Return the clocks of a task for which something is promised, the answer's first."""
    return tuple(
        _clock(kind, course(kind, life, statuses, now), limit, hours, now)
        for kind in KINDS
        if (limit := limits.of(kind)) is not None
    )


def course(kind: Kind, life: Life, statuses: Meaning, now: int) -> Course:
    """Return how a clock of a task went until now."""
    stopped = answered(life, statuses) if kind == "answer" else solved(life, statuses)
    if stopped is not None and stopped > now:  # another computer's clock is ahead of ours
        stopped = now
    stretches = tuple(_running(life, statuses, now if stopped is None else stopped))
    if stopped is not None:
        return Course("stopped", stretches, stopped)
    return Course("paused" if life.statuses[-1][0] in statuses.waiting else "running", stretches)


def answered(life: Life, statuses: Meaning) -> int | None:
    """Return when a task was first answered, None if it was not."""
    closed = (begin for status, begin in life.statuses if status in statuses.closed)
    moments = [it for it in (life.answered, next(closed, None)) if it is not None]
    return max(min(moments), life.created) if moments else None


def solved(life: Life, statuses: Meaning) -> int | None:
    """Return when a task was closed for the last time, None while it is open."""
    closed = None
    for status, begin in reversed(life.statuses):
        if status not in statuses.closed:
            break
        closed = begin
    return closed


def _running(life: Life, statuses: Meaning, end: int) -> list[Stretch]:
    """Return the stretches of time until `end` in which a task was neither closed nor waiting."""
    stretches: list[Stretch] = []
    for place, (status, begin) in enumerate(life.statuses):
        until = min(life.statuses[place + 1][1], end) if place + 1 < len(life.statuses) else end
        if begin < until and status not in statuses.closed and status not in statuses.waiting:
            if stretches and stretches[-1][1] == begin:
                begin, _ = stretches.pop()
            stretches.append((begin, until))
    return stretches


def _clock(kind: Kind, course: Course, limit: int, hours: WorkingHours, now: int) -> Clock:
    elapsed = course.elapsed(hours)
    due = None
    if elapsed > limit:
        due = course.reached(hours, limit)
    elif course.state == "running":
        due = hours.after(now, limit - elapsed)
    return Clock(kind, course.state, elapsed, limit, due, course.stopped)
