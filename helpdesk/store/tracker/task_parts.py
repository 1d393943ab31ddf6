"""Query custom fields, relations, watchers and spent time of embedded tasks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, SQLModel

from helpdesk.store.models import table
from helpdesk.store.models.tables import CustomField, CustomValue, Entry, Person, Relation, SpentTime, Task, Watcher
from helpdesk.store.tracker.tasks import CHANGE, ENTRY, STATUS, TASK

FIELD = table(CustomField)
VALUE = table(CustomValue)
KIN = TASK.alias("kin")
RELATION = table(Relation)
WATCHER = table(Watcher)
PERSON = table(Person)
HANG_ON_TASKS: tuple[type[SQLModel], ...] = (CustomValue, Watcher, SpentTime, Entry)


def custom_fields(session: Session, project_id: int, kind_id: int) -> Sequence[Any]:
    """Return the fields of tasks of this project and kind, in their order."""
    mine = sa.and_(_this_or_all(FIELD.c.project_id, project_id), _this_or_all(FIELD.c.kind_id, kind_id))
    return session.execute(sa.select(FIELD).where(mine).order_by(FIELD.c.position, FIELD.c.id)).all()


def all_custom_fields(session: Session) -> Sequence[Any]:
    """Return the fields of all projects and kinds, in their order."""
    return session.execute(sa.select(FIELD).order_by(FIELD.c.position, FIELD.c.id)).all()


def custom_fields_named(session: Session, ids: Iterable[int]) -> Sequence[Any]:
    """Return these fields, whatever tasks have them today."""
    return session.execute(sa.select(FIELD).where(FIELD.c.id.in_(ids))).all()


def custom_values(session: Session, task_id: int) -> Sequence[Any]:
    """Return (field id, value) of a task; several values of a field are in their order."""
    wanted = sa.select(VALUE.c.field_id, VALUE.c.value).where(VALUE.c.task_id == task_id).order_by(VALUE.c.place)
    return session.execute(wanted).all()


def put_custom_values(session: Session, task_id: int, values: Mapping[int, Iterable[str]]) -> None:
    """Replace the values of these fields of a task."""
    if values:
        session.execute(sa.delete(VALUE).where(VALUE.c.task_id == task_id, VALUE.c.field_id.in_(values)))
    session.add_all(
        CustomValue(task_id=task_id, field_id=field_id, place=place, value=value)
        for field_id, texts in values.items()
        for place, value in enumerate(texts)
    )


def relations(session: Session, task_id: int) -> Sequence[Any]:
    """Return (task id, other id, kind) of the relations with this task on either side."""
    either = sa.or_(RELATION.c.task_id == task_id, RELATION.c.other_id == task_id)
    return session.execute(sa.select(RELATION).where(either).order_by(RELATION.c.task_id, RELATION.c.other_id)).all()


def links(session: Session, task_id: int, ids: Iterable[int], seen: ColumnElement[bool]) -> Sequence[Any]:
    """Return id, subject, parent and status of related tasks, as far as they are visible (`seen`).

    These are the sub-tasks of `task_id` and the tasks in `ids`.
    """
    columns = (TASK.c.id, TASK.c.subject, TASK.c.parent_id, STATUS.c.id.label("status_id"), STATUS.c.name)
    # Selected first, each by its own index: SQLite would otherwise scan all visible tasks.
    wanted = TASK.c.id.in_(sa.select(KIN.c.id).where(sa.or_(KIN.c.parent_id == task_id, KIN.c.id.in_(ids))))
    joined = TASK.join(STATUS, STATUS.c.id == TASK.c.status_id)
    query = sa.select(*columns, STATUS.c.is_closed).select_from(joined).where(wanted, seen)
    return session.execute(query.order_by(TASK.c.id)).all()


def watchers(session: Session, task_id: int) -> Sequence[Any]:
    """Return (id, full name, e-mail) by name."""
    joined = WATCHER.join(PERSON, PERSON.c.id == WATCHER.c.person_id)
    query = sa.select(PERSON.c.id, PERSON.c.full_name, PERSON.c.email).select_from(joined)
    return session.execute(query.where(WATCHER.c.task_id == task_id).order_by(PERSON.c.full_name)).all()


def watch(session: Session, task_id: int, person_id: int, watching: bool) -> None:
    """Add or remove a watcher, unless that is so already."""
    row = session.get(Watcher, (task_id, person_id))
    if watching and row is None:
        session.add(Watcher(task_id=task_id, person_id=person_id))
    elif row is not None and not watching:
        session.delete(row)


def branch(session: Session, task_id: int) -> list[int]:
    """Return a task and all its descendants, parents first."""
    ids, layer = [task_id], [task_id]
    while layer:
        below = sa.select(TASK.c.id).where(TASK.c.parent_id.in_(layer), TASK.c.id.not_in(ids))
        layer = list(session.execute(below).scalars())
        ids += layer
    return ids


def remove(session: Session, ids: Sequence[int]) -> None:
    """Delete tasks with everything that refers to them; `ids` as returned by `branch`."""
    entries = sa.select(ENTRY.c.id).where(ENTRY.c.task_id.in_(ids))
    session.execute(sa.delete(CHANGE).where(CHANGE.c.entry_id.in_(entries)))
    session.execute(sa.delete(RELATION).where(sa.or_(RELATION.c.task_id.in_(ids), RELATION.c.other_id.in_(ids))))
    for model in HANG_ON_TASKS:
        hanging = table(model)
        session.execute(sa.delete(hanging).where(hanging.c.task_id.in_(ids)))
    for task_id in reversed(ids):
        session.delete(session.get_one(Task, task_id))
        session.flush()


def _this_or_all(column: ColumnElement[Any], wanted: int) -> ColumnElement[bool]:
    return sa.or_(column == wanted, column.is_(None))
