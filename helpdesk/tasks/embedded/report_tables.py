"""The embedded tracker's tables as reports read them."""

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.reports.sql import Events, Steps, Tables, Values
from helpdesk.store.tracker import task_parts as parts
from helpdesk.store.tracker import tasks as rows
from helpdesk.tasks.embedded.lists import statuses
from helpdesk.tasks.embedded.permissions import Rights, projects, visible
from helpdesk.tasks.embedded.row_mapper import definition
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.projects import with_descendants

MYSQL = ("mysql", "mariadb")


def report_tables(session: Session, mine: Rights) -> Tables:
    """Return the tables with the tasks that a person sees."""
    task, closed = rows.TASK.c, [status.id for status in statuses(session) if status.is_closed]
    return Tables(
        tasks=rows.TASK,
        id=task.id,
        project=task.project_id,
        tracker=task.kind_id,
        status=task.status_id,
        priority=task.priority_id,
        author=task.author_id,
        assignee=task.assignee_id,
        created=task.created_at,
        updated=task.updated_at,
        closed_at=sa.func.coalesce(task.closed_at, task.created_at),
        visible=visible(mine),
        closed=closed,
        is_mysql=session.get_bind().dialect.name in MYSQL,
        local=lambda moment: moment,
        below=lambda ids: with_descendants(ids, projects(session, mine)),
        events=_events,
        values=lambda field_id: _values(session, mine, field_id),
        again=lambda column: column.in_(_again(closed)),
    )


def _events() -> Events:
    change, entry = rows.CHANGE.alias(), rows.ENTRY.alias()
    return Events(
        source=change.join(entry, entry.c.id == change.c.entry_id),
        condition=change.c.field == "status",
        id=change.c.id,
        task=entry.c.task_id,
        moment=entry.c.created_at,
        author=entry.c.author_id,
        old=change.c.old_value,
        new=change.c.new_value,
    )


def _again(closed: list[int]) -> sa.Select[int]:
    step = Steps(_events(), [str(each) for each in closed])
    return step.select(step.events.task).where(step.reopens)


def _values(session: Session, mine: Rights, field_id: int) -> Values:
    """Everybody sees the fields of a visible task."""
    field = next(iter(parts.custom_fields_named(session, [field_id])), None)
    if field is None or not mine.permissions or (field.project_id and field.project_id not in mine.permissions):
        raise NotFound
    value, task = parts.VALUE.alias(), rows.TASK.c
    of_project = task.project_id == field.project_id if field.project_id else sa.true()
    of_kind = task.kind_id == field.kind_id if field.kind_id else sa.true()
    return Values(
        source=value,
        condition=sa.and_(value.c.field_id == field_id, value.c.value != ""),
        task=value.c.task_id,
        text=value.c.value,
        place=value.c.place,
        is_multiple=field.multiple,
        seen=sa.and_(of_project, of_kind),
    )


def fields(session: Session, mine: Rights) -> tuple[CustomField, ...]:
    """Return the custom fields of the projects in which a person has a role, in their order."""
    if not mine.permissions:
        return ()
    known = parts.all_custom_fields(session)
    return tuple(definition(row) for row in known if row.project_id is None or row.project_id in mine.permissions)
