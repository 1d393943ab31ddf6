"""Find the warnings of promises that are due. Nothing is read here."""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from helpdesk.notifications.kinds import Kind
from helpdesk.promises.clock import Clock, course
from helpdesk.promises.hours import WorkingHours
from helpdesk.promises.rules import Book
from helpdesk.promises.states import SOON_PERCENT
from helpdesk.reports.model import Life
from helpdesk.store.promise_warnings import Key

NEAR, OVER = SOON_PERCENT, 100
NOTIFICATIONS: dict[tuple[str, int], Kind] = {
    ("answer", NEAR): "answer_near",
    ("answer", OVER): "answer_over",
    ("solution", NEAR): "solution_near",
    ("solution", OVER): "solution_over",
}


class DueWarning(NamedTuple):
    """A warning that is due: `reached` is the moment at which so much of the time had passed, `left` the minutes left.

    `executor_id` is that of the task's history, `escalate_to` the account that is notified as well.
    """

    key: Key
    reached: int
    left: int
    executor_id: int
    escalate_to: int | None = None

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return the keys of the warnings that are not given any more after this one."""
        return (self.key, self.key._replace(percent=NEAR)) if self.key.percent == OVER else (self.key,)

    @property
    def kind(self) -> Kind:
        return NOTIFICATIONS[self.key.kind, self.key.percent]

    @property
    def event(self) -> str:
        it = self.key
        return f"promise.{it.task_id}.{it.kind}.{it.percent}.{it.minutes}"


class Seen(NamedTuple):
    """The due warnings, the worst alone of each clock that goes on, and those that such clocks have not reached."""

    due: list[DueWarning]
    ahead: list[Key]


def seen(book: Book, lives: Iterable[Life], now: int) -> Seen:
    """Look at the clocks of tasks."""
    due, ahead = list[DueWarning](), list[Key]()
    for life in lives:
        for clock in book.clocks(life, now):
            if clock.state != "stopped":
                at = _percent(clock)
                ahead += [_key(life, clock, percent) for percent in (NEAR, OVER) if percent > at]
                due += [_warning(book, life, clock, at, now)] if at else []
    return Seen(due, ahead)


def fingerprint(book: Book) -> str:
    """Return a text that changes when other promises or calendars are in force, also by their projects' places in the
    tree, and when statuses get another meaning."""
    rules = sorted(f"{place} {rule.limits}" for place, rule in book.rules.items())
    hours = [_hours(book.default), *(f"{id} {_hours(its)}" for id, its in sorted(book.hours.items()))]
    named = {project for project, _, _ in book.rules}.union(book.calendars)
    above = {it: [each for each in book.upwards(it)[1:] if each in named] for it in sorted(book.parents)}
    below = [f"{it} {its}" for it, its in above.items() if its]
    statuses = [str(sorted(book.statuses.closed)), str(sorted(book.statuses.waiting))]
    parts = [*rules, *hours, str(sorted(book.calendars.items())), *below, *statuses]
    return sha256("\n".join(parts).encode()).hexdigest()


def _hours(hours: WorkingHours) -> str:
    return f"{hours.zone} {hours.week} {sorted(hours.days.items())}"


def _key(life: Life, clock: Clock, percent: int) -> Key:
    return Key(life.id, clock.kind, percent, clock.limit // 60)


def _warning(book: Book, life: Life, clock: Clock, percent: int, now: int) -> DueWarning:
    rule, seconds = book.rule_of(life), -(-clock.limit * percent // 100)
    reached = course(clock.kind, life, book.statuses, now).reached(book.hours_of(life.project_id), seconds)
    return DueWarning(
        _key(life, clock, percent),
        now if reached is None else reached,
        max(clock.left, 0) // 60,
        life.executor_id,
        rule.escalate_to if rule and percent == OVER else None,
    )


def _percent(clock: Clock) -> int:
    if clock.is_over:
        return OVER
    return NEAR if clock.percent >= NEAR else 0
