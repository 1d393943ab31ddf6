"""Name the values of custom fields that hold the ids of people, versions or values of an enumeration."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from helpdesk.reports.address import is_id
from helpdesk.tasks.fields import CustomField, Option
from helpdesk.tasks.redmine.rest.custom_fields import Definition, is_by_number
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.history import with_value_names
from helpdesk.tasks.redmine.sql.query_conditions import issues
from helpdesk.tasks.redmine.sql.report_tables import projects_of, values_of
from helpdesk.tasks.redmine.sql.source import Reading

MOST_OFFERED = 500
"""As many people or versions are offered for a field."""


def fields(read: Reading) -> tuple[CustomField, ...]:
    """Return the custom fields that the person sees in any project, in Redmine's order."""
    seen = ((it, projects_of(read, it)) for it in read.config.fields.values())
    return tuple(_offered(read, it, projects) for it, projects in seen if projects)


def value_names(read: Reading, field_id: int, texts: Collection[str]) -> Mapping[str, str]:
    """Return the names of texts that are ids, as `ReportSource.value_names` does. Raises NotFound."""
    definition = read.config.fields.get(field_id)
    if definition is None or not is_by_number(definition):
        return {}
    ids, values = sorted(filter(is_id, texts)), values_of(read, field_id)
    query = sa.select(values.text).select_from(values.source.join(t.issues, issues.id == values.task)).distinct()
    shown = read.permissions.tasks, values.condition, values.seen, values.text.in_(ids)
    field = with_value_names(read, definition, read.db.scalars(query.where(*shown)).all())
    known = {option.value: option.label for option in (*field.unlisted, *field.options)}
    return {text: known.get(text, f"#{text}") for text in ids}


def _offered(read: Reading, definition: Definition, projects: list[int]) -> CustomField:
    """Return a field whose values are chosen by name: of people those whom Redmine offers, members of the projects;
    of versions those of the projects."""
    if definition.format == "user":
        member = t.members.c
        query = sa.select(*users.NAME_COLUMNS).where(t.users.c.status == users.ACTIVE, t.users.c.type == "User")
        query = query.where(t.users.c.id.in_(sa.select(member.user_id).where(member.project_id.in_(projects))))
        rows = read.db.execute(query.order_by(t.users.c.lastname, t.users.c.id).limit(MOST_OFFERED))
        names = {row.id: users.name(row, read.style) for row in rows}
    elif definition.format == "version":
        version = t.versions.c
        query = sa.select(version.id, version.name).where(version.project_id.in_(projects))
        # The newest ones, if not all.
        rows = read.db.execute(query.order_by(version.id.desc()).limit(MOST_OFFERED))
        names = {row.id: row.name for row in rows}
    else:
        return definition.field
    ordered = sorted(names.items(), key=lambda it: (it[1].casefold(), it[0]))
    return definition.field._replace(kind="list", options=tuple(Option(str(id), name) for id, name in ordered))
