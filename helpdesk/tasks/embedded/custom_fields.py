"""The fields that a company added to the embedded tracker: their definitions, and what a task holds in them."""

from collections import defaultdict
from typing import Any, cast

from sqlmodel import Session

from helpdesk.store.tracker import task_parts as parts
from helpdesk.tasks.fields import CustomField, CustomValue, Kind, Option


def definition(row: Any) -> CustomField:
    """A row of the definitions' table."""
    return CustomField(
        id=row.id,
        name=row.name,
        kind=cast(Kind, row.kind),
        options=tuple(Option(each, each) for each in row.options.splitlines()),
        multiple=row.multiple,
        required=row.required,
        default=tuple(row.default.splitlines()),
        hint=row.hint,
    )


def definitions(session: Session, project_id: int, kind_id: int) -> tuple[CustomField, ...]:
    """The fields of tasks of this project and kind, in their order."""
    return tuple(map(definition, parts.custom_fields(session, project_id, kind_id)))


def held(session: Session, task_id: int, fields: tuple[CustomField, ...]) -> tuple[CustomValue, ...]:
    """Each field with what the task holds in it."""
    values = defaultdict(list)
    for field_id, value in parts.custom_values(session, task_id):
        values[field_id].append(value)
    return tuple(CustomValue(field, tuple(values[field.id])) for field in fields)
