"""Guard what administrators write to the embedded tracker's set-up: nothing of two at once is lost, each is recorded.

A form holds the mark of what it shows. Every writer takes the same lock first, and the mark is compared with what is
stored then, so the later of two is refused with what the earlier one wrote.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, select

from helpdesk.errors import Conflict, Invalid, Sentence, sentence
from helpdesk.store import audit
from helpdesk.store.casefold import fold
from helpdesk.store.models import table
from helpdesk.store.models.tables import Meta

LONGEST_DETAIL = 200
MARK_CHARACTERS = 16
TAKEN = sentence("There is another one with this name.")
NEEDED = sentence("Something has begun to use it just now, so it was not deleted.")
TOO_MANY = sentence("There are %(most)s of these already, and no more are possible.")

Row = Mapping[str, Any]


def mark_of(row: object) -> str:
    """Return the mark of what a form shows: any change of it makes another one."""
    return sha256(json.dumps(row, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:MARK_CHARACTERS]


def require_unchanged(mark: str | None, current: Row) -> None:
    """Raise Conflict with what is stored if it is not what the form showed; programs may send no mark."""
    if mark is not None and mark != mark_of(current):
        raise Conflict(current)


def require_free(name: str, others: Mapping[int, str], own_id: int | None = None) -> None:
    """Raise Invalid for a name that another one of these has, whatever the case of its letters."""
    if fold(name) in {fold(text) for number, text in others.items() if number != own_id}:
        raise Invalid({"name": [TAKEN]})


def require_room(count: int, most: int) -> None:
    """Raise Invalid when there are as many as there may be."""
    if count >= most:
        raise Invalid({"name": [TOO_MANY._replace(values={"most": most})]})


def record(
    session: Session,
    actor_id: int,
    action: str,
    what: str,
    row: Row,
    details: Mapping[str, Any] | None = None,
    person_id: int | None = None,
) -> None:
    """Record what an administrator did to something such as a `status`, which `row` names."""
    named = {"what": what, "id": row["id"], "name": row["name"]}
    shown = {key: _brief(value) for key, value in (details or {}).items()}
    audit.note(session, actor_id, f"tracker_{action}", person_id, {**named, **shown})


def record_change(session: Session, actor_id: int, what: str, before: Row, after: Row) -> None:
    """Record the old and the new values of what was changed; nothing when nothing was."""
    differing = [name for name in before if before[name] != after[name]]
    changes = [f"{name}: {_brief(before[name])} → {_brief(after[name])}" for name in differing]
    if changes:
        record(session, actor_id, "change", what, after, {"changes": changes})


def _brief(value: Any) -> Any:
    """Return a value that is short enough for a record."""
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    return value[:LONGEST_DETAIL] if isinstance(value, str) else value


def new_id(session: Session, model: type[SQLModel]) -> int | None:
    """Return the id for a new row that no earlier one had; None where the database sees to that itself.

    Histories name statuses by their ids. SQLite would give the last id again after its row was deleted.
    """
    if session.get_bind().dialect.name != "sqlite":
        return None
    kept = session.get(Meta, _last_id(model))
    highest = session.scalar(sa.select(sa.func.max(table(model).c.id))) or 0
    return max(highest, int(kept.value) if kept else 0) + 1


def delete(session: Session, model: type[SQLModel], row_id: int) -> None:
    """Delete a row, and remember its id for `new_id`. Raises Conflict when something has begun to use it meanwhile."""
    kept = session.get(Meta, _last_id(model))
    if kept is None or int(kept.value) < row_id:
        session.merge(Meta(name=_last_id(model), value=str(row_id)))
    try:
        with session.begin_nested():
            session.delete(session.get_one(model, row_id))
            session.flush()
    except IntegrityError as error:
        raise Conflict(None, NEEDED) from error


def _last_id(model: type[SQLModel]) -> str:
    return f"last_deleted_{table(model).name}"[:50]


def place(session: Session, model: Any, row_id: int, position: int | None) -> None:
    """Put a row at a position from 1 on, the last unless one is named, and number all rows by their order."""
    rows = session.exec(select(model).order_by(col(model.position), col(model.id))).all()
    others = [row for row in rows if row.id != row_id]
    at = len(others) if position is None else min(max(position, 1) - 1, len(others))
    moved = next(row for row in rows if row.id == row_id)
    for number, row in enumerate([*others[:at], moved, *others[at:]], start=1):
        row.position = number
    session.flush()


def in_use(count: int, refusal: Sentence) -> Sentence:
    """Return the sentence that refuses to delete what `count` others need."""
    return refusal._replace(values={"count": count})
