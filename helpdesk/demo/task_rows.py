"""Turn the demo's tasks into rows of the store, with the moments and days that they have at a start."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlmodel import SQLModel

from helpdesk.demo.seed import Entry, Task
from helpdesk.demo.worktime import ago, local_day, workday
from helpdesk.store.casefold import fold
from helpdesk.store.models import tables

Ids = dict[str, dict[str, int]]
"""Ids of rows stored already: `ids["status"]["new"]`. The keys of `assignee` are logins, of `custom_field` names."""

Row = dict[str, Any]
Rows = list[tuple[type[SQLModel], list[Row]]]


def task_rows(tasks: Sequence[Task], ids: Ids, now: datetime) -> Rows:
    """Return the rows of each table, in an order in which they can be inserted."""
    entries = list(enumerate(((task, entry) for task in tasks for entry in task.history), start=1))
    return [
        (tables.Task, [_task(it, ids, now) for it in tasks]),
        (tables.Entry, [_entry(entry_id, *it, ids, now) for entry_id, it in entries]),
        (tables.Change, [row for entry_id, (_, it) in entries for row in _changes(entry_id, it, ids)]),
        (tables.Watcher, [row for it in tasks for row in _watchers(it, ids)]),
        (tables.Relation, [row for it in tasks for row in _relations(it)]),
        (tables.SpentTime, [row for it in tasks for row in _spent_times(it, ids, now)]),
        (tables.CustomValue, [row for it in tasks for row in _custom_values(it, ids)]),
    ]


def _task(task: Task, ids: Ids, now: datetime) -> Row:
    return {
        "id": task.number,
        "project_id": ids["project"][task.project],
        "kind_id": ids["tracker"][task.tracker],
        "status_id": ids["status"][task.status],
        "priority_id": ids["priority"][task.priority],
        "author_id": ids["assignee"][task.author],
        "assignee_id": ids["assignee"][task.assignee] if task.assignee else None,
        "parent_id": task.parent,
        "subject": task.subject,
        "description": task.description,
        "words": fold(f"{task.subject}\n{task.description}"),
        "done_ratio": task.done_ratio,
        "estimated_hours": task.estimated_hours,
        "version": len(task.history) + 1,
        **_dates(task, now),
    }


def _dates(task: Task, now: datetime) -> Row:
    created = ago(now, task.created)
    start = None if task.start is None else local_day(ago(now, task.start))
    return {
        "created_at": created,
        "updated_at": ago(now, task.updated),
        "closed_at": None if task.closed is None else ago(now, task.closed),
        "start_date": start,
        "due_date": _due_date(task, start or local_day(created), local_day(now)),
    }


def _due_date(task: Task, start: date, today: date) -> date | None:
    if task.due_in is not None:
        return max(start, workday(today, task.due_in))
    return None if task.planned_days is None else workday(start, task.planned_days)


def _entry(entry_id: int, task: Task, entry: Entry, ids: Ids, now: datetime) -> Row:
    return {
        "id": entry_id,
        "task_id": task.number,
        "author_id": ids["assignee"][entry.author],
        "created_at": ago(now, entry.at),
        "notes": entry.notes,
        "is_private": entry.private,
    }


def _changes(entry_id: int, entry: Entry, ids: Ids) -> Iterator[Row]:
    for field, keys in entry.changes.items():
        old, new = (str(ids[field][key]) if key else None for key in keys)
        yield {"entry_id": entry_id, "field": field, "old_value": old, "new_value": new}


def _watchers(task: Task, ids: Ids) -> Iterator[Row]:
    for login in task.watchers:
        yield {"task_id": task.number, "person_id": ids["assignee"][login]}


def _relations(task: Task) -> Iterator[Row]:
    for kind, numbers in (("relates", task.related), ("blocks", task.blocks)):
        for number in numbers:
            yield {"task_id": task.number, "other_id": number, "kind": kind}


def _spent_times(task: Task, ids: Ids, now: datetime) -> Iterator[Row]:
    """Return the hours of `spent_hours`, one for each day on which the assignee wrote; others are dropped."""
    days = sorted({local_day(ago(now, entry.at)) for entry in task.history if entry.author == task.assignee})
    for day, hours in zip(days, task.spent_hours, strict=False):
        yield {
            "task_id": task.number,
            "person_id": ids["assignee"][task.assignee or ""],
            "spent_on": day,
            "hours": hours,
        }


def _custom_values(task: Task, ids: Ids) -> Iterator[Row]:
    for name, value in task.custom_values.items():
        yield {"task_id": task.number, "field_id": ids["custom_field"][name], "place": 0, "value": value}
