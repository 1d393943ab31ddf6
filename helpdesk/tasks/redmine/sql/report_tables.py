"""Redmine's tables as reports read them."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from helpdesk.errors import NotFound
from helpdesk.reports.sql import Tables, Values, among
from helpdesk.tasks.projects import with_descendants
from helpdesk.tasks.redmine.rest.custom_fields import Definition
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.again import Again, status_changes
from helpdesk.tasks.redmine.sql.query_conditions import issues, projects
from helpdesk.tasks.redmine.sql.source import Reading

SNAPSHOT = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


@contextmanager
def snapshot(read: Reading) -> Iterator[None]:
    """Let all statements of a block see the rows as of one moment."""
    for statement in SNAPSHOT:
        read.db.exec_driver_sql(statement)
    try:
        yield
    finally:
        if not read.db.invalidated:
            read.db.exec_driver_sql("ROLLBACK")


def report_tables(read: Reading, again: Again) -> Tables:
    """Return the tables with the tasks that a person sees."""
    ids = again.ids(read.db, read.config.closed)
    return Tables(
        tasks=t.issues,
        id=issues.id,
        project=issues.project_id,
        tracker=issues.tracker_id,
        status=issues.status_id,
        priority=issues.priority_id,
        author=issues.author_id,
        assignee=issues.assigned_to_id,
        created=issues.created_on,
        updated=issues.updated_on,
        closed_at=sa.func.coalesce(issues.closed_on, issues.created_on),
        visible=read.permissions.tasks,
        closed=read.config.closed,
        is_mysql=True,
        local=read.local,
        below=lambda ids: with_descendants(ids, projects(read)),
        events=status_changes,
        values=lambda field_id: values_of(read, field_id),
        again=lambda column: among(column, ids),
    )


def values_of(read: Reading, field_id: int) -> Values:
    definition = read.config.fields.get(field_id)
    shown = projects_of(read, definition) if definition else []
    if definition is None or not shown:
        raise NotFound
    value = t.custom_values.alias()
    return Values(
        source=value,
        condition=sa.and_(value.c.customized_type == "Issue", value.c.custom_field_id == field_id, value.c.value != ""),
        task=value.c.customized_id,
        text=value.c.value,
        place=value.c.id,
        is_multiple=definition.field.multiple,
        seen=sa.and_(issues.project_id.in_(shown), issues.tracker_id.in_(sorted(definition.trackers))),
    )


def projects_of(read: Reading, definition: Definition) -> list[int]:
    """Return the projects that use a field, of those where the person sees it."""
    config, number = read.config, definition.field.id
    return sorted(
        project
        for project in read.permissions.projects
        if number in config.for_all or number in config.fields_of.get(project, frozenset())
        if read.sees(definition, project)
    )
