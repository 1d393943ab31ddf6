"""Store the custom fields of the embedded tracker as administrators arrange them."""

from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import Conflict, Invalid, sentence
from helpdesk.store import locks
from helpdesk.store.database import required
from helpdesk.store.models.tables import CustomField, CustomValue, Kind, Project
from helpdesk.store.tracker import edits

MOST = 200
NO_CHOICE = sentence("There is no such choice.")
HAS_VALUES = sentence("Tasks have values of this field, so it keeps its kind.")
OF_TASKS = sentence("Tasks have a value of it: %(count)s. Their histories would lose its name.")


class FieldRow(NamedTuple):
    """A custom field: `kind` is one of `tasks.fields.Kind`, `type_id` the only type of tasks that has it."""

    id: int
    name: str
    kind: str = "text"
    position: int = 1
    project_id: int | None = None
    type_id: int | None = None
    options: tuple[str, ...] = ()
    multiple: bool = False
    required: bool = False
    default: tuple[str, ...] = ()
    hint: str = ""


def all_fields(session: Session) -> list[FieldRow]:
    """Return all custom fields in their order."""
    query = select(CustomField).order_by(col(CustomField.position), col(CustomField.id))
    return [_row(it) for it in session.exec(query).all()]


def one(session: Session, field_id: int) -> FieldRow:
    """Return one custom field. Raises NotFound."""
    return _row(required(session, CustomField, field_id))


def add(session: Session, wanted: FieldRow, actor_id: int) -> FieldRow:
    """Add a custom field as the last one. Raises Invalid."""
    locks.everybody(session)
    known = all_fields(session)
    edits.require_room(len(known), MOST)
    edits.require_free(wanted.name, {it.id: it.name for it in known})
    row = CustomField(id=edits.new_id(session, CustomField), name=wanted.name, position=len(known) + 1)
    _write(session, row, wanted)
    edits.place(session, CustomField, row.id or 0, None)
    edits.record(session, actor_id, "add", "field", _row(row)._asdict())
    return _row(row)


def change(session: Session, wanted: FieldRow, mark: str | None, actor_id: int) -> FieldRow:
    """Change a custom field. Raises NotFound, Invalid, and Conflict when it is not what the form showed."""
    locks.everybody(session)
    before = one(session, wanted.id)
    edits.require_unchanged(mark, before._asdict())
    edits.require_free(wanted.name, {it.id: it.name for it in all_fields(session)}, wanted.id)
    if wanted.kind != before.kind and used_by(session).get(wanted.id):
        raise Invalid({"kind": [HAS_VALUES]})
    row = session.get_one(CustomField, wanted.id)
    _write(session, row, wanted)
    edits.place(session, CustomField, wanted.id, wanted.position)
    edits.record_change(session, actor_id, "field", before._asdict(), _row(row)._asdict())
    return _row(row)


def remove(session: Session, field_id: int, actor_id: int) -> None:
    """Delete a custom field that no task has a value of. Raises NotFound, and Conflict that says how many have one."""
    locks.everybody(session)
    before = one(session, field_id)
    if count := used_by(session).get(field_id, 0):
        raise Conflict(before._asdict(), edits.in_use(count, OF_TASKS))
    edits.delete(session, CustomField, field_id)
    edits.record(session, actor_id, "remove", "field", before._asdict())


def used_by(session: Session) -> dict[int, int]:
    """Return how many tasks have a value of each field; fields without any are left out."""
    tasks = sa.func.count(sa.distinct(col(CustomValue.task_id)))
    query = select(CustomValue.field_id, tasks).group_by(col(CustomValue.field_id))
    return dict(session.exec(query).all())


def _write(session: Session, row: CustomField, wanted: FieldRow) -> None:
    """Write all but the position. Raises Invalid for a project or a type that is not there."""
    for name, model, number in (("project_id", Project, wanted.project_id), ("type_id", Kind, wanted.type_id)):
        if number is not None and session.get(model, number) is None:
            raise Invalid({name: [NO_CHOICE]})
    row.name, row.kind, row.hint = wanted.name, wanted.kind, wanted.hint
    row.project_id, row.kind_id = wanted.project_id, wanted.type_id
    row.options, row.default = "\n".join(wanted.options), "\n".join(wanted.default)
    row.multiple, row.required = wanted.multiple, wanted.required
    session.add(row)
    session.flush()


def _row(row: CustomField) -> FieldRow:
    assert row.id is not None
    options, default = (tuple(text.splitlines()) for text in (row.options, row.default))
    only, flags = (row.project_id, row.kind_id), (row.multiple, row.required)
    return FieldRow(row.id, row.name, row.kind, row.position, *only, options, *flags, default, row.hint)
