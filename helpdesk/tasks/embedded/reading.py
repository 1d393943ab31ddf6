"""Rows of the embedded tracker's tables as tasks."""

from collections import defaultdict
from typing import Any

from sqlalchemy import and_
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.store import tables
from helpdesk.store import tasks as rows
from helpdesk.tasks.embedded import files
from helpdesk.tasks.embedded.rights import choices, priorities, rights, visible
from helpdesk.tasks.model import Actor, Entry, FieldChange, Member, Priority, Ref, Status, Task, TaskRow


def load(session: Session, actor: Actor, task_id: int) -> Task:
    """One task as the actor sees it. Raises NotFound, also for what the actor may not see."""
    mine = rights(session, actor)
    row = rows.one(session, and_(rows.TASK.c.id == task_id, visible(mine, actor)))
    if row is None:
        raise NotFound
    return Task(
        row=row_of(row, {priority.id: priority for priority in priorities(session)}),
        description=row.description,
        start_date=row.start_date,
        done_ratio=row.done_ratio,
        closed_on=row.closed_at,
        entries=_entries(session, actor, task_id, mine.has(row.project_id, "view_private")),
        attachments=files.of_task(session, task_id),
        choices=choices(session, mine, row),
        version=str(row.version),
    )


def require_visible(session: Session, actor: Actor, task_id: int) -> None:
    """Raise NotFound for a task that the actor may not see."""
    if not rows.count(session, and_(rows.TASK.c.id == task_id, visible(rights(session, actor), actor))):
        raise NotFound


def load_to_write(session: Session, actor: Actor, task_id: int) -> Task:
    """The same, with the task's row locked until the end of the transaction, where the database has such locks."""
    session.get(tables.Task, task_id, with_for_update=True)
    return load(session, actor, task_id)


def row_of(row: Any, priorities: dict[int, Priority]) -> TaskRow:
    return TaskRow(
        id=row.id,
        subject=row.subject,
        status=Status(row.status_id, row.status, row.is_closed),
        priority=priorities[row.priority_id],
        project=Ref(row.project_id, row.project),
        tracker=Ref(row.kind_id, row.kind),
        due_date=row.due_date,
        assignee=Member(row.assignee_id, row.assignee, row.assignee_email) if row.assignee_id else None,
        author=Member(row.author_id, row.author, row.author_email),
        created_on=row.created_at,
        updated_on=row.updated_at,
    )


def _entries(session: Session, actor: Actor, task_id: int, with_private: bool) -> tuple[Entry, ...]:
    told = defaultdict(list)
    words = _words(session, changed := rows.changes(session, task_id))
    for change in changed:
        known = words.get(change.field)
        old, new = (known.get(value) if known else value for value in (change.old_value, change.new_value))
        told[change.entry_id].append(FieldChange(change.field, old, new))
    return tuple(
        Entry(
            id=row.id,
            author=Member(row.author_id, row.author, row.author_email),
            created_on=row.created_at,
            notes=row.notes,
            private=row.is_private,
            changes=tuple(told[row.id]),
        )
        for row in rows.entries(session, task_id, with_private, actor.id)
    )


def _words(session: Session, changed: Any) -> dict[str, dict[str | None, str]]:
    """What the ids in changes are called, by field; other fields' values are words already."""
    people = {int(v) for c in changed if c.field == "assignee" for v in (c.old_value, c.new_value) if v}
    return {
        "status": {str(row.id): row.name for row in rows.statuses(session)},
        "priority": {str(row.id): row.name for row in rows.priorities(session)},
        "assignee": {str(key): name for key, name in rows.names(session, people).items()},
    }
