"""Query the events of embedded tasks by their ids, regardless of permissions."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.people.rights import ADMIN
from helpdesk.store import rights
from helpdesk.store.tracker.task_parts import WATCHER
from helpdesk.store.tracker.tasks import AUTHOR, CHANGE, ENTRY, MEMBER, PROJECT, TASK

NEW_AT_ONCE = 500
"""The most unseen rows of each table that one poll reads."""


class IdRange(NamedTuple):
    """The ids to read of a table: above `floor`, up to NEW_AT_ONCE beyond the highest `seen`."""

    floor: int
    seen: int


_ENTRIES = sa.select(ENTRY, AUTHOR.c.full_name.label("author"), AUTHOR.c.email.label("author_email")).join(
    AUTHOR, AUTHOR.c.id == ENTRY.c.author_id
)


def highest_ids(session: Session) -> tuple[int, int]:
    """Return the highest ids of a task and of an entry, or 0."""
    numbers = (session.scalar(sa.select(sa.func.max(table.c.id))) for table in (TASK, ENTRY))
    task, entry = (number or 0 for number in numbers)
    return task, entry


def new_tasks(session: Session, ids: IdRange) -> Sequence[Any]:
    """Return (id, description) of the tasks in the range."""
    return session.execute(sa.select(TASK.c.id, TASK.c.description).where(_in_range(TASK, ids))).all()


def new_entries(session: Session, ids: IdRange) -> Sequence[Any]:
    """Return the entries in the range, with their authors' names and e-mail."""
    return session.execute(_ENTRIES.where(_in_range(ENTRY, ids))).all()


def entry(session: Session, task_id: int, entry_id: int) -> Sequence[Any]:
    """Return that one entry in a list, which is empty when it does not belong to the task."""
    return session.execute(_ENTRIES.where(ENTRY.c.id == entry_id, ENTRY.c.task_id == task_id)).all()


def tasks(session: Session, ids: Collection[int]) -> dict[int, Any]:
    """Return the columns that identify tasks and the people concerned, by id."""
    columns = (TASK.c.id, TASK.c.subject, TASK.c.project_id, TASK.c.author_id, TASK.c.assignee_id, TASK.c.created_at)
    query = (
        sa.select(*columns, PROJECT.c.name.label("project"), AUTHOR.c.full_name, AUTHOR.c.email)
        .join(PROJECT, PROJECT.c.id == TASK.c.project_id)
        .join(AUTHOR, AUTHOR.c.id == TASK.c.author_id)
    )
    return {row.id: row for row in session.execute(query.where(TASK.c.id.in_(ids)))}


def changes(session: Session, entry_ids: Collection[int]) -> Sequence[Any]:
    """Return the changes of these entries."""
    return session.execute(sa.select(CHANGE).where(CHANGE.c.entry_id.in_(entry_ids)).order_by(CHANGE.c.id)).all()


def assignments(session: Session, task_ids: Collection[int]) -> Sequence[Any]:
    """Return (task id, entry id, old value) of each change of assignee, in the order in which they were made."""
    query = sa.select(ENTRY.c.task_id, CHANGE.c.entry_id, CHANGE.c.old_value).join(
        CHANGE, CHANGE.c.entry_id == ENTRY.c.id
    )
    return session.execute(
        query.where(ENTRY.c.task_id.in_(task_ids), CHANGE.c.field == "assignee").order_by(CHANGE.c.entry_id)
    ).all()


def watchers(session: Session, task_ids: Collection[int]) -> Sequence[Any]:
    """Return (task id, person id) of each watcher."""
    query = sa.select(WATCHER.c.task_id, WATCHER.c.person_id).where(WATCHER.c.task_id.in_(task_ids))
    return session.execute(query).all()


def active_people(session: Session, ids: Collection[int]) -> Sequence[Any]:
    """Return (id, source, login, is_admin) of those of these people who are active."""
    person = MEMBER.c
    query = sa.select(person.id, person.source, person.login, rights.holds(person.id, ADMIN).label("is_admin"))
    return session.execute(
        query.where(person.id.in_(ids), person.is_active.is_(True), person.blocked_at.is_(None))
    ).all()


def people_who_see(
    session: Session, task_id: int, rules: Iterable[tuple[Iterable[int], ColumnElement[bool]]]
) -> set[int]:
    """Return the people who see a task: each rule is a condition of visible tasks, and the people whom it holds for."""
    holds = (sa.and_(MEMBER.c.id.in_(people), condition) for people, condition in rules)
    query = sa.select(MEMBER.c.id).join_from(TASK, MEMBER, TASK.c.id == task_id)
    return set(session.scalars(query.where(sa.or_(sa.false(), *holds))))


def _in_range(table: sa.Table, ids: IdRange) -> sa.ColumnElement[bool]:
    other = table.alias()
    following = sa.select(other.c.id).where(other.c.id > ids.seen).order_by(other.c.id).limit(NEW_AT_ONCE).subquery()
    last = sa.select(sa.func.coalesce(sa.func.max(following.c.id), ids.seen)).scalar_subquery()
    return sa.and_(table.c.id > ids.floor, table.c.id <= last)
