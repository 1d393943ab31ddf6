"""What hangs on the demo's tasks: filled-in fields, hours, watchers, relations.

Drawn for each task by its number alone, so that the story itself stays as it was told.
"""

import re
from datetime import date
from random import Random
from typing import NamedTuple

from helpdesk.demo.story import Task
from helpdesk.demo.worktime import ZONE

_SEED = 20
_WAYS = ("Телефон", "Почта", "Лично")
_SHORT, _LONG = (0.25, 0.5, 0.75, 1.0, 1.5), (2.0, 3.0, 4.0)
_BEGUN = {"in_progress", "clarification", "paused", "resolved", "closed"}


class Spent(NamedTuple):
    """Hours of one person on one day."""

    login: str
    on: date
    hours: float


class Parts(NamedTuple):
    """`custom` is by the field's name, `related` are numbers of other tasks."""

    custom: tuple[tuple[str, str], ...]
    estimated: float | None
    spent: tuple[Spent, ...]
    watchers: tuple[str, ...]
    related: tuple[int, ...]


def of_task(number: int, task: Task) -> Parts:
    """The parts of the task with this number; the same in every run but for the days of the work."""
    rng = Random(f"{_SEED}/{number}")
    texts = [task.description, *(entry.notes for entry in task.entries if not entry.private)]
    named = {int(found) for text in texts for found in re.findall(r"#(\d+)", text)}
    return Parts(
        custom=tuple(_custom(rng, task)),
        estimated=rng.choice(_SHORT[1:] + _LONG) if task.tracker != "incident" and rng.random() < 0.5 else None,
        watchers=tuple(who for who in ("anna", "boris") if who != task.assignee and rng.random() < 0.08),
        related=tuple(sorted(named - {number})),
        spent=_spent(rng, task),  # last, for how much is drawn depends on the days
    )


def _custom(rng: Random, task: Task) -> list[tuple[str, str]]:
    room = re.search(r"каб\. (\d+)", task.description)
    found = [("Кабинет", room[1])] if room else []
    if rng.random() < 0.4:
        found.append(("Способ связи", rng.choice(_WAYS)))
    if task.tracker == "change":
        found.append(("Согласовано", "0" if task.status in ("new", "rejected") else "1"))
    if "МФУ" in task.description or "АРМ" in task.description:
        found.append(("Инвентарный номер", str(rng.randint(100_200, 109_900))))
    return found


def _spent(rng: Random, task: Task) -> tuple[Spent, ...]:
    """Somebody worked on most of what was begun and is somebody's, on the days when something was written."""
    if task.assignee is None or task.status not in _BEGUN or rng.random() < 0.3:
        return ()
    days = sorted({entry.at.astimezone(ZONE).date() for entry in task.entries if entry.author == task.assignee})
    return tuple(Spent(task.assignee, day, rng.choice(_SHORT)) for day in days[:3])
