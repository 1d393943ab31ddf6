"""Rows of the embedded tracker's tables as tasks."""

from typing import Any

from sqlalchemy import and_
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.store import tables
from helpdesk.store import task_parts as parts
from helpdesk.store import tasks as rows
from helpdesk.tasks.embedded import custom, files
from helpdesk.tasks.embedded.history import entries
from helpdesk.tasks.embedded.links import links
from helpdesk.tasks.embedded.rights import Rights, choices, priorities, rights, visible
from helpdesk.tasks.model import Actor, Member, Priority, Ref, Status, Task, TaskRow


def load(session: Session, actor: Actor, task_id: int) -> Task:
    """One task as the actor sees it. Raises NotFound, also for what the actor may not see."""
    mine = rights(session, actor)
    seen = visible(mine, actor)
    row = rows.one(session, and_(rows.TASK.c.id == task_id, seen))
    if row is None:
        raise NotFound
    fields = custom.definitions(session, row.project_id, row.kind_id)
    found = links(session, task_id, row.parent_id, seen)
    watchers = _watchers(session, actor, mine, row)
    return Task(
        row=row_of(row, {priority.id: priority for priority in priorities(session)}),
        description=row.description,
        start_date=row.start_date,
        done_ratio=row.done_ratio,
        closed_on=row.closed_at,
        entries=entries(session, actor, mine, row),
        attachments=files.of_task(session, task_id),
        choices=choices(session, mine, row, fields),
        version=str(row.version),
        estimated_hours=row.estimated_hours,
        spent_hours=(row.spent_hours or 0.0) if mine.has(row.project_id, "view_all") else 0.0,
        custom=custom.held(session, task_id, fields),
        parent=found.parent,
        children=found.children,
        relations=found.relations,
        watchers=watchers,
        watched=any(who.id == actor.id for who in watchers),
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


def _watchers(session: Session, actor: Actor, mine: Rights, row: Any) -> tuple[Member, ...]:
    """Who watches; who does not see the whole project learns of nobody but oneself."""
    every = mine.has(row.project_id, "view_all")
    return tuple(Member(*each) for each in parts.watchers(session, row.id) if every or each.id == actor.id)
