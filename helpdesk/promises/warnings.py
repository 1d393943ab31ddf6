"""Find the warnings of promises that are due. Nothing is read here."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

from helpdesk.notifications.kinds import Kind
from helpdesk.promises.clock import Clock, course
from helpdesk.promises.hours import WorkingHours
from helpdesk.promises.rules import Book
from helpdesk.reports.model import Life
from helpdesk.store.promise_warnings import Key

NEAR, OVER = 75, 100
NOTIFICATIONS: dict[tuple[str, int], Kind] = {
    ("answer", NEAR): "answer_near",
    ("answer", OVER): "answer_over",
    ("solution", NEAR): "solution_near",
    ("solution", OVER): "solution_over",
}


class Warning(NamedTuple):
    """A warning: `reached` is the moment at which so much of the time had passed, `left` are minutes that are left.

    `executor_id` is that of the task's history, `escalate_to` the account that is notified as well.
    """

    key: Key
    reached: int
    left: int
    executor_id: int
    escalate_to: int | None = None

    @property
    def keys(self) -> tuple[Key, ...]:
        """Return what is not warned of any more after this warning."""
        return (self.key, self.key._replace(percent=NEAR)) if self.key.percent == OVER else (self.key,)

    @property
    def kind(self) -> Kind:
        return NOTIFICATIONS[self.key.kind, self.key.percent]

    @property
    def event(self) -> str:
        it = self.key
        return f"promise.{it.task_id}.{it.kind}.{it.percent}.{it.minutes}"


def due(book: Book, lives: Iterable[Life], now: int) -> list[Warning]:
    """Return the warnings of tasks whose clocks go on, one of each clock that has reached a part of its time."""
    return [warning for life in lives for warning in _of(book, life, now)]


def fingerprint(book: Book) -> str:
    """Return a text that changes when other promises or calendars are in force."""
    rules = sorted(f"{place} {rule.limits}" for place, rule in book.rules.items())
    hours = [_hours(book.default), *(f"{id} {_hours(its)}" for id, its in sorted(book.hours.items()))]
    return sha256("\n".join([*rules, *hours, str(sorted(book.calendars.items()))]).encode()).hexdigest()


def _hours(hours: WorkingHours) -> str:
    return f"{hours.zone} {hours.week} {sorted(hours.days.items())}"


def _of(book: Book, life: Life, now: int) -> Iterator[Warning]:
    rule = book.rule_of(life)
    if rule is None:
        return
    for clock in book.clocks(life, now):
        percent = _percent(clock)
        if clock.state == "stopped" or not percent:
            continue
        seconds = -(-clock.limit * percent // 100)
        its_course = course(clock.kind, life, book.statuses, now)
        reached = its_course.reached(book.hours_of(life.project_id), seconds)
        key = Key(life.id, clock.kind, percent, clock.limit // 60)
        escalate_to = rule.escalate_to if percent == OVER else None
        yield Warning(key, now if reached is None else reached, max(clock.left, 0) // 60, life.executor_id, escalate_to)


def _percent(clock: Clock) -> int:
    if clock.is_over:
        return OVER
    return NEAR if clock.percent >= NEAR else 0
