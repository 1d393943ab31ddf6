"""Store the statuses, priorities and types of tasks as administrators arrange them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from helpdesk.errors import Conflict, Invalid, Sentence, sentence
from helpdesk.store import locks
from helpdesk.store.database import required
from helpdesk.store.models import table
from helpdesk.store.models.tables import (
    BoardColumn,
    BoardFold,
    Change,
    CustomField,
    Entry,
    Kind,
    Priority,
    RequestCategory,
    Status,
    Task,
    Transition,
)
from helpdesk.store.tracker import edits

MOST = 30
"""Of each: the grid of the workflow has a field for every two statuses."""
NEEDS_DEFAULT = sentence("This is the default one: make another one the default first.")
BEGINS_CLOSED = sentence("New tasks would be closed at once: the default status can't be one that closes tasks.")
LAST = sentence("This is the last one: tasks need one.")
OF_TASKS = sentence("Tasks have it: %(count)s. Give them another one first.")
OF_FIELDS = sentence("Custom fields are only for it: %(count)s. Change them first.")
OF_CATEGORIES = sentence("Categories of requests lead to it: %(count)s. Change them first.")


class Word(NamedTuple):
    """A status, a priority or a type. Only the first two have a default, only statuses close tasks."""

    id: int
    name: str
    position: int
    is_default: bool = False
    is_closed: bool = False


class Part(NamedTuple):
    """A table of words: its name in records, its own flags, and what may use a word, with the refusal to delete it."""

    what: str
    model: type[Status] | type[Priority] | type[Kind]
    flags: tuple[str, ...]
    users: tuple[tuple[Any, Sentence], ...]
    tidy: Callable[[Session, int], None] = lambda session, number: None


def _without_status(session: Session, number: int) -> None:
    """Delete what only a status gave a meaning: transitions, and the settings of its column."""
    ends = sa.or_(col(Transition.old_status_id) == number, col(Transition.new_status_id) == number)
    session.exec(sa.delete(Transition).where(ends))
    session.exec(sa.delete(BoardColumn).where(col(BoardColumn.status_id) == number))
    session.exec(sa.delete(BoardFold).where(col(BoardFold.status_id) == number))


STATUSES = Part("status", Status, ("is_default", "is_closed"), ((Task.status_id, OF_TASKS),), _without_status)
PRIORITIES = Part("priority", Priority, ("is_default",), ((Task.priority_id, OF_TASKS),))
TYPES = Part(
    "type",
    Kind,
    (),
    ((Task.kind_id, OF_TASKS), (CustomField.kind_id, OF_FIELDS), (RequestCategory.tracker_id, OF_CATEGORIES)),
)


def all_words(session: Session, part: Part) -> list[Word]:
    """Return the words of a part in their order."""
    rows: Any = session.exec(select(part.model).order_by(col(part.model.position), col(part.model.id))).all()
    return [_word(part, row) for row in rows]


def one(session: Session, part: Part, number: int) -> Word:
    """Return one word. Raises NotFound."""
    return _word(part, required(session, part.model, number))


def add(session: Session, part: Part, wanted: Word, actor_id: int, last: bool = True) -> Word:
    """Add a word at its position, or as the last one. The first word becomes the default. Raises Invalid."""
    locks.everybody(session)
    words = all_words(session, part)
    edits.require_room(len(words), MOST)
    edits.require_free(wanted.name, {it.id: it.name for it in words})
    wanted = wanted._replace(is_default=wanted.is_default or not words)
    _require_open_default(part, wanted)
    row = part.model(id=edits.new_id(session, part.model), name=wanted.name, position=len(words) + 1)
    session.add(row)
    session.flush()
    assert row.id is not None
    _set_flags(session, part, row, wanted)
    edits.place(session, part.model, row.id, None if last else wanted.position)
    after = one(session, part, row.id)
    edits.record(session, actor_id, "add", part.what, after._asdict())
    return after


def change(session: Session, part: Part, wanted: Word, mark: str | None, actor_id: int) -> Word:
    """Change a word. Raises NotFound, Invalid, and Conflict when it is not what the form showed."""
    locks.everybody(session)
    before = one(session, part, wanted.id)
    edits.require_unchanged(mark, before._asdict())
    edits.require_free(wanted.name, {it.id: it.name for it in all_words(session, part)}, wanted.id)
    if before.is_default and not wanted.is_default and "is_default" in part.flags:
        raise Invalid({"is_default": [NEEDS_DEFAULT]})
    _require_open_default(part, wanted)
    row = session.get_one(part.model, wanted.id)
    row.name = wanted.name
    _set_flags(session, part, row, wanted)
    if before.is_closed != wanted.is_closed and part is STATUSES:
        _close_tasks(session, wanted)
    edits.place(session, part.model, wanted.id, wanted.position)
    after = one(session, part, wanted.id)
    edits.record_change(session, actor_id, part.what, before._asdict(), after._asdict())
    return after


def remove(session: Session, part: Part, number: int, actor_id: int) -> None:
    """Delete a word that nothing uses. Raises NotFound, and Conflict that says what needs it."""
    locks.everybody(session)
    before = one(session, part, number)
    if len(all_words(session, part)) == 1:
        raise Conflict(before._asdict(), LAST)
    if before.is_default:
        raise Conflict(before._asdict(), NEEDS_DEFAULT)
    for column, refusal in part.users:
        if count := _count(session, column == number):
            raise Conflict(before._asdict(), edits.in_use(count, refusal))
    part.tidy(session, number)
    edits.delete(session, part.model, number)
    edits.record(session, actor_id, "remove", part.what, before._asdict())


def used_by(session: Session, part: Part) -> dict[int, int]:
    """Return how many tasks have each word; those without any are left out."""
    column = part.users[0][0]
    return dict(session.exec(select(column, sa.func.count()).group_by(column)).all())


def is_complete(session: Session) -> bool:
    """Tell whether tasks can be created at all: they need a status, a priority and a type."""
    needed = (sa.exists(sa.select(table(model).c.id)) for model in (Status, Priority, Kind))
    return bool(session.scalar(sa.select(sa.and_(*needed))))


def _word(part: Part, row: Any) -> Word:
    return Word(row.id, row.name, row.position, **{flag: getattr(row, flag) for flag in part.flags})


def _require_open_default(part: Part, wanted: Word) -> None:
    """Raise Invalid for a status that would close tasks as they are made."""
    if part is STATUSES and wanted.is_default and wanted.is_closed:
        raise Invalid({"is_closed": [BEGINS_CLOSED]})


def _set_flags(session: Session, part: Part, row: SQLModel, wanted: Word) -> None:
    """Set the flags of a word; a new default takes the place of the old one."""
    if "is_default" in part.flags and wanted.is_default:
        session.flush()
        session.exec(sa.update(part.model).values(is_default=False))
    for flag in part.flags:
        setattr(row, flag, getattr(wanted, flag))
    session.add(row)
    session.flush()


def _close_tasks(session: Session, status: Word) -> None:
    """Set again the time at which tasks were closed that are or were in a changed status, which changes their past.
    They were closed when they came last from a status that closes no task to one that does."""
    closed = session.scalars(sa.select(col(Status.id)).where(col(Status.is_closed).is_(True))).all()
    texts, changes = [str(it) for it in closed], sa.join(Entry, Change, col(Change.entry_id) == col(Entry.id))
    old, new = col(Change.old_value), col(Change.new_value)
    closes = sa.and_(new.in_(texts), sa.or_(old.is_(None), old.not_in(texts)))
    last = sa.select(sa.func.max(col(Entry.created_at))).select_from(changes)
    last = last.where(col(Entry.task_id) == col(Task.id), col(Change.field) == "status", closes)
    went = sa.select(col(Entry.task_id)).select_from(changes).where(col(Change.field) == "status")
    went = went.where(sa.or_(old == str(status.id), new == str(status.id)))
    is_there = col(Task.status_id) == status.id
    is_closed = sa.and_(col(Task.status_id).in_(closed), sa.or_(is_there, col(Task.id).in_(went)))
    closed_at = sa.func.coalesce(last.scalar_subquery(), col(Task.created_at))
    session.exec(sa.update(Task).where(is_closed).values(closed_at=closed_at))
    if not status.is_closed:
        session.exec(sa.update(Task).where(is_there).values(closed_at=None))


def _count(session: Session, condition: sa.ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count()).where(condition)) or 0
