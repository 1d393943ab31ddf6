"""The tasks that an embedded one names, as far as a person may see them."""

from typing import Any, NamedTuple

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.store import task_parts as parts
from helpdesk.tasks.model import Link, Relation, Status

OPPOSITE = {
    "relates": "relates",
    "duplicates": "duplicated",
    "blocks": "blocked",
    "precedes": "follows",
    "copied_to": "copied_from",
}


class Links(NamedTuple):
    parent: Link | None
    children: tuple[Link, ...]
    relations: tuple[Relation, ...]


def links(session: Session, task_id: int, parent_id: int | None, seen: ColumnElement[bool]) -> Links:
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
