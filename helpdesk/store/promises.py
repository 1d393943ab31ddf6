"""Store promises of time, which administrators keep."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from helpdesk.errors import Conflict, Invalid, sentence
from helpdesk.store import audit, locks
from helpdesk.store.database import required
from helpdesk.store.models.promises import Promise

MOST = 500
TOO_MANY = sentence("There are %(most)s promises already.", most=MOST)
TAKEN = sentence("There is a promise for the same project, type and priority already.")


class PromiseValues(NamedTuple):
    """The values of a promise: times in working minutes, None for no promise; other None are any."""

    name: str
    project_id: int | None
    tracker_id: int | None
    priority_id: int | None
    answer_minutes: int | None
    solution_minutes: int | None
    escalate_to: int | None
    is_active: bool

    @property
    def place(self) -> tuple[int | None, ...]:
        return self.project_id, self.tracker_id, self.priority_id


def all(session: Session) -> Sequence[Promise]:
    """Return all promises, the most general first."""
    general = (col(Promise.project_id), col(Promise.tracker_id), col(Promise.priority_id))
    order = [column for it in general for column in (it.is_not(None), it)]
    return session.exec(select(Promise).order_by(*order, col(Promise.id)).limit(MOST)).all()


def one(session: Session, promise_id: int) -> Promise:
    """Return a promise. Raises NotFound."""
    return required(session, Promise, promise_id)


def values(promise: Promise) -> PromiseValues:
    return PromiseValues(*(getattr(promise, name) for name in PromiseValues._fields))


def add(session: Session, actor_id: int, wanted: PromiseValues) -> Promise:
    """Add a promise. Raises Invalid."""
    locks.everybody(session)
    if session.exec(select(func.count()).select_from(Promise)).one() >= MOST:
        raise Invalid({"name": [TOO_MANY]})
    _require_free(session, wanted, None)
    row = Promise(**wanted._asdict())
    session.add(row)
    session.flush()
    audit.note(session, actor_id, "promise_added", None, _told(row.id, wanted))
    return row


def change(session: Session, actor_id: int, promise_id: int, wanted: PromiseValues, known: str | None) -> Promise:
    """Change a promise whose version is `known`. Raises NotFound, Invalid, and Conflict with the promise as it is."""
    locks.everybody(session)
    row = required(session, Promise, promise_id, for_update=True)
    _require_version(row, known)
    if wanted != values(row):
        _require_free(session, wanted, promise_id)
        row.sqlmodel_update({**wanted._asdict(), "version": row.version + 1})
        session.add(row)
        session.flush()
        audit.note(session, actor_id, "promise_changed", None, _told(row.id, wanted))
    return row


def remove(session: Session, actor_id: int, promise_id: int, known: str | None) -> None:
    """Remove a promise whose version is `known`. Raises NotFound, and Conflict with the promise as it is."""
    locks.everybody(session)
    row = required(session, Promise, promise_id, for_update=True)
    _require_version(row, known)
    session.delete(row)
    audit.note(session, actor_id, "promise_removed", None, {"promise": promise_id, "name": row.name})


def _require_version(row: Promise, known: str | None) -> None:
    if known is not None and known != str(row.version):
        raise Conflict(row)


def _require_free(session: Session, wanted: PromiseValues, own_id: int | None) -> None:
    """Raise Invalid for tasks that have another promise."""
    if any(values(it).place == wanted.place for it in all(session) if it.id != own_id):
        raise Invalid({"project_id": [TAKEN]})


def _told(promise_id: int | None, wanted: PromiseValues) -> dict[str, object]:
    """Return what the audit keeps."""
    return {"promise": promise_id, **wanted._asdict()}
