"""A TaskQuery as conditions on the embedded tracker's tables."""

from typing import Any

from sqlalchemy import or_
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.store import tasks as rows
from helpdesk.tasks.embedded.rights import Rights, projects
from helpdesk.tasks.lists import TaskQuery, Who
from helpdesk.tasks.model import Actor
from helpdesk.tasks.projects import with_descendants


def matching(session: Session, actor: Actor, mine: Rights, query: TaskQuery) -> list[ColumnElement[bool]]:
    """The query's conditions; a number searched for is looked up among all visible tasks, open or closed."""
    if query.wanted_id is not None:
        return [rows.TASK.c.id == query.wanted_id]
    task, conditions = rows.TASK.c, []
    if query.assignees:
        conditions.append(_any_of(task.assignee_id, query.assignees, actor))
    if query.authors:
        conditions.append(_any_of(task.author_id, query.authors, actor))
    if query.status_ids:
        conditions.append(task.status_id.in_(query.status_ids))
    elif not query.closed:
        conditions.append(rows.OPEN)
    chosen = (
        (task.priority_id, query.priority_ids),
        (task.project_id, query.project_ids and with_descendants(query.project_ids, projects(session, mine))),
        (task.kind_id, query.tracker_ids),
        (task.id, query.task_ids),
    )
    conditions += [column.in_(ids) for column, ids in chosen if ids]
    if query.updated_since:
        conditions.append(task.updated_at >= query.updated_since)
    if query.created_since:
        conditions.append(task.created_at >= query.created_since)
    if query.created_before:
        conditions.append(task.created_at < query.created_before)
    if query.due_by:
        conditions.append(task.due_date <= query.due_by)
    if query.search:
        conditions.append(rows.containing(query.search))
    return conditions


def _any_of(column: ColumnElement[Any], people: tuple[Who, ...], actor: Actor) -> ColumnElement[bool]:
    ids = [actor.id if who == "me" else who for who in people if who != "nobody"]
    return or_(column.in_(ids), column.is_(None)) if "nobody" in people else column.in_(ids)
