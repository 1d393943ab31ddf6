"""Decide which texts of tasks, and of the acts of others, a person's own file may hold.

What the person wrote is theirs, and what others wrote about tasks is given out only as far as the person may read it at
present. Of all else the file has the ids, the times and that it is there.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from helpdesk.store.models import table as table_of
from helpdesk.store.models.quality import Assessment
from helpdesk.store.models.tables import (
    Attachment,
    AuditRecord,
    Device,
    Entry,
    FirstAnswer,
    Notification,
    OutboxRow,
    PhoneCall,
    Task,
)

PRESENT = "present"
OF_NOTIFICATION = ("subject", "author", "old", "new", "excerpt", "absent")
OF_TASK = ("id", "created_at", "updated_at", "closed_at", "start_date", "due_date")
"""What the file always tells of a task, with whether the person is its author or its assignee."""
OF_ATTACHMENT = ("filename", "content_type", "blob")
OF_OTHERS_CALL = ("agent_id", "dialog_id", "person_id", "wrap_up", "note", "passed_to")
OF_OTHERS_CALLER = ("from_number", "to_number", "other_key", "caller_id", "task_id")
OF_ASSESSED_TASK = ("subject", "executor_id", "executor", "project_id", "project")
OF_OTHERS_ACT = ("actor_id", "address", "words")
TASKS: Mapping[type[SQLModel], str] = {
    Task: "id",
    Notification: "task_id",
    Entry: "task_id",
    Attachment: "task_id",
    OutboxRow: "task_id",
    Assessment: "task_id",
}

Row = Mapping[Any, Any]


class Visible(NamedTuple):
    """What the person may see at present: the tasks, each with whether others' private comments are visible, too, and
    the events of notifications about no task."""

    tasks: Mapping[int, bool] = {}
    events: Collection[str] = ()


class Reader(NamedTuple):
    """The accounts whose file it is, and what their person may see."""

    ids: frozenset[int]
    visible: Visible


def tasks_of(session: Session, ids: Collection[int]) -> set[int]:
    """Return the tasks of whose texts there are any in rows of these accounts."""
    found = set[int]()
    for model, name in TASKS.items():
        table = table_of(model)
        mine = sa.or_(
            *(table.c[it].in_(ids) for it in ("person_id", "author_id", "assignee_id", "assessor_id") if it in table.c)
        )
        found.update(it for it in session.execute(sa.select(table.c[name]).where(mine).distinct()).scalars() if it)
    return found


def readable(table: str, row: Row, reader: Reader) -> Row:
    """Return the row of a table without what the person may not read."""
    rule = RULES.get(table)
    return rule(row, reader) if rule else row


def _of_notification(row: Row, reader: Reader) -> Row:
    is_visible = _sees(reader.visible, row["task_id"], row["happening"], is_private=row["is_private"])
    return row if is_visible else _without(row, OF_NOTIFICATION)


def _of_outbox(row: Row, reader: Reader) -> Row:
    """What waits to be sent has the texts of a task, too, and may be about a private comment."""
    is_visible = _sees(reader.visible, row["task_id"], row["event"], is_private=_is_private(row["content"]))
    return row if is_visible else _without(row, ("content",))


def _sees(visible: Visible, task: int, event: str, is_private: bool) -> bool:
    """Tell whether the person may read what is kept of an event: of a task, or of none with the number 0."""
    return (task in visible.tasks and (visible.tasks[task] or not is_private)) or event in visible.events


def _is_private(content: str) -> bool:
    """Tell whether the notification of a row is about a private comment. What can't be read is taken for private."""
    try:
        return bool(content) and json.loads(content)["is_private"] is not False
    except (ValueError, LookupError, TypeError, RecursionError):
        return True


def _of_device(row: Row, reader: Reader) -> Row:
    """Whoever has the address of a device may try to send something to it."""
    return {**row, "address": PRESENT if row["address"] else ""}


def _of_task(row: Row, reader: Reader) -> Row:
    """Of tasks of others the file has no texts: they are no data of the person."""
    if row["author_id"] in reader.ids and row["id"] in reader.visible.tasks:
        return row
    roles = {name: row[name] for name in ("author_id", "assignee_id") if row[name] in reader.ids}
    return {name: row[name] for name in OF_TASK} | roles


def _of_entry(row: Row, reader: Reader) -> Row:
    return row if row["task_id"] in reader.visible.tasks else _without(row, ("notes",))


def _of_attachment(row: Row, reader: Reader) -> Row:
    is_readable = row["task_id"] is None or row["task_id"] in reader.visible.tasks
    return row if is_readable else _without(row, OF_ATTACHMENT)


def _of_act(row: Row, reader: Reader) -> Row:
    """Where others sit, and which of them it was, is theirs."""
    return row if row["actor_id"] in reader.ids else _without(row, OF_OTHERS_ACT)


def _of_call(row: Row, reader: Reader) -> Row:
    """Of calls of other agents the file has when the person called, and nothing of another caller."""
    if row["person_id"] in reader.ids:
        return row
    task = () if row["task_id"] in reader.visible.tasks else ("task_id",)
    requester = () if row["requester_id"] in reader.ids else ("requester_id",)
    is_caller = row["caller_id"] in reader.ids
    return _without(row, (*OF_OTHERS_CALL, *requester, *(task if is_caller else OF_OTHERS_CALLER)))


def _of_assessment(row: Row, reader: Reader) -> Row:
    """What the person said of a task is theirs; what the task was called, and whose work it was, is not."""
    is_visible = row["source"] == "main" and row["task_id"] in reader.visible.tasks
    return row if is_visible else _without(row, OF_ASSESSED_TASK)


def _of_answer(row: Row, reader: Reader) -> Row:
    """An answer may be a whole page with what others wrote."""
    return {**row, "body": PRESENT if row["body"] else ""}


def _without(row: Row, names: Collection[str]) -> Row:
    return {name: None if name in names else value for name, value in row.items()}


OF_MODELS: Mapping[type[SQLModel], Callable[[Row, Reader], Row]] = {
    Notification: _of_notification,
    OutboxRow: _of_outbox,
    Device: _of_device,
    Task: _of_task,
    Entry: _of_entry,
    Attachment: _of_attachment,
    AuditRecord: _of_act,
    FirstAnswer: _of_answer,
    PhoneCall: _of_call,
    Assessment: _of_assessment,
}
RULES = {table_of(model).name: rule for model, rule in OF_MODELS.items()}
