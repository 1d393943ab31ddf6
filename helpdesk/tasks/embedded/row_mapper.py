"""Rows of the embedded tracker's tables as tasks."""

from typing import Any, NamedTuple

from sqlalchemy import and_
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.store.models import tables
from helpdesk.store.tracker import task_parts as parts
from helpdesk.store.tracker import tasks as rows
from helpdesk.tasks.embedded import custom_fields, files
from helpdesk.tasks.embedded.history import entries
from helpdesk.tasks.embedded.permissions import Rights, choices, priorities, rights, visible
from helpdesk.tasks.model import Actor, Link, Member, Priority, Ref, Relation, Status, Task, TaskRow

OPPOSITE = {
    "relates": "relates",
    "duplicates": "duplicated",
    "blocks": "blocked",
    "precedes": "follows",
    "copied_to": "copied_from",
}


def load(session: Session, actor: Actor, task_id: int) -> Task:
    """One task as the actor sees it. Raises NotFound, also for what the actor may not see."""
    mine = rights(session, actor)
    seen = visible(mine, actor)
    row = rows.one(session, and_(rows.TASK.c.id == task_id, seen))
    if row is None:
        raise NotFound
    fields = custom_fields.definitions(session, row.project_id, row.kind_id)
    found = _links(session, task_id, row.parent_id, seen)
    watchers = _watchers(session, actor, mine, row)
    return Task(
        row=row_of(row, {priority.id: priority for priority in priorities(session)}),
        description=row.description,
        start_date=row.start_date,
        done_ratio=row.done_ratio,
        closed_on=row.closed_at,
        entries=entries(session, actor, mine, row),
        attachments=files.of_task(session, task_id),
        choices=choices(session, actor, mine, row, fields),
        version=str(row.version),
        estimated_hours=row.estimated_hours,
        spent_hours=(row.spent_hours or 0.0) if mine.has(row.project_id, "view_all") else 0.0,
        custom=custom_fields.held(session, task_id, fields),
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
    """Load a task with its row locked until the end of the transaction, where the database has such locks."""
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
        is_private=row.is_private,
    )


def _watchers(session: Session, actor: Actor, mine: Rights, row: Any) -> tuple[Member, ...]:
    """Return the watchers; somebody who does not see the whole project learns only of oneself."""
    every = mine.has(row.project_id, "view_all")
    return tuple(Member(*each) for each in parts.watchers(session, row.id) if every or each.id == actor.id)


class Links(NamedTuple):
    parent: Link | None
    children: tuple[Link, ...]
    relations: tuple[Relation, ...]


def _links(session: Session, task_id: int, parent_id: int | None, seen: ColumnElement[bool]) -> Links:
    """Parent, sub-tasks and relations of a task; only tasks that are `seen` are told of."""
    stated = parts.relations(session, task_id)
    ids = {number for row in stated for number in (row.task_id, row.other_id)} | ({parent_id} if parent_id else set())
    found = parts.links(session, task_id, ids - {task_id}, seen)
    named = {row.id: _link(row) for row in found}
    sides = [
        (row.kind, row.other_id) if row.task_id == task_id else (OPPOSITE[row.kind], row.task_id) for row in stated
    ]
    return Links(
        parent=named.get(parent_id) if parent_id else None,
        children=tuple(named[row.id] for row in found if row.parent_id == task_id),
        relations=tuple(Relation(kind, named[other]) for kind, other in sides if other in named),
    )


def _link(row: Any) -> Link:
    return Link(row.id, row.subject, Status(row.status_id, row.name, row.is_closed))
