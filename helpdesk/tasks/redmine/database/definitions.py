"""Custom fields of tasks, as the database defines them."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.fields import CustomField, Option
from helpdesk.tasks.redmine.custom import KINDS, Definition, texts
from helpdesk.tasks.redmine.database import ruby
from helpdesk.tasks.redmine.database import tables as t
from helpdesk.tasks.redmine.database.grouping import sets


class Fields(NamedTuple):
    """All fields in Redmine's order, and which of them are in all projects."""

    by_id: Mapping[int, Definition]
    for_all: frozenset[int]


def load(db: Connection) -> Fields:
    trackers = sets(db, t.custom_fields_trackers.c.custom_field_id, t.custom_fields_trackers.c.tracker_id)
    roles = sets(db, t.custom_fields_roles.c.custom_field_id, t.custom_fields_roles.c.role_id)
    nobody: frozenset[int] = frozenset()
    options = _enumerations(db)
    field = t.custom_fields.c
    rows = db.execute(sa.select(t.custom_fields).where(field.type == "IssueCustomField").order_by(field.position)).all()
    return Fields(
        {
            row.id: _definition(row, options[row.id], trackers.get(row.id, nobody), roles.get(row.id, nobody))
            for row in rows
        },
        frozenset(row.id for row in rows if row.is_for_all),
    )


def _definition(row: Any, enumerated: list[Option], trackers: frozenset[int], roles: frozenset[int]) -> Definition:
    kind = KINDS.get(row.field_format, "other")
    listed = (str(value) for value in ruby.loaded(row.possible_values) or ())
    is_enumeration = row.field_format == "enumeration"
    field = CustomField(
        row.id,
        row.name,
        kind=kind,
        options=() if kind != "list" else tuple(enumerated if is_enumeration else (Option(it, it) for it in listed)),
        multiple=bool(row.multiple),
        required=bool(row.is_required),
        default=texts(row.default_value),
    )
    return Definition(field, row.field_format, trackers, roles, bool(row.visible))


def _enumerations(db: Connection) -> defaultdict[int, list[Option]]:
    """The values of fields that keep them in a table of their own. Source: FieldFormat::EnumerationFormat."""
    table = t.custom_field_enumerations
    found: defaultdict[int, list[Option]] = defaultdict(list)
    for row in db.execute(sa.select(table).where(table.c.active.is_(True)).order_by(table.c.position)):
        found[row.custom_field_id].append(Option(str(row.id), row.name))
    return found
