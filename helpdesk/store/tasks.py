"""Questions asked of the embedded tracker's tables. Column rows, never entities with relations: lists stay cheap."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session, SQLModel

from helpdesk.store.folding import fold
from helpdesk.store.tables import (
    Change,
    Entry,
    Kind,
    Membership,
    Person,
    Priority,
    Project,
    Role,
    SpentTime,
    Status,
    Task,
    Transition,
)


def table(model: type[SQLModel]) -> sa.Table:
    """The table of a model, to select columns from."""
    found: sa.Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table classes
    return found


TASK = table(Task)
STATUS = table(Status)
PRIORITY = table(Priority)
PROJECT = table(Project)
KIND = table(Kind)
ENTRY = table(Entry)
CHANGE = table(Change)
MEMBERSHIP = table(Membership)
ROLE = table(Role)
TRANSITION = table(Transition)
AUTHOR = table(Person).alias("author")
ASSIGNEE = table(Person).alias("assignee")
SPENT = table(SpentTime)
SPENT_HOURS = sa.select(sa.func.sum(SPENT.c.hours)).where(SPENT.c.task_id == TASK.c.id).scalar_subquery()

ROW = (
    sa.select(
        TASK.c.id,
        TASK.c.subject,
        STATUS.c.id.label("status_id"),
        STATUS.c.name.label("status"),
        STATUS.c.is_closed,
        PRIORITY.c.id.label("priority_id"),
        PROJECT.c.id.label("project_id"),
        PROJECT.c.name.label("project"),
        KIND.c.id.label("kind_id"),
        KIND.c.name.label("kind"),
        TASK.c.due_date,
        ASSIGNEE.c.id.label("assignee_id"),
        ASSIGNEE.c.full_name.label("assignee"),
        ASSIGNEE.c.email.label("assignee_email"),
        AUTHOR.c.id.label("author_id"),
        AUTHOR.c.full_name.label("author"),
        AUTHOR.c.email.label("author_email"),
        TASK.c.created_at,
        TASK.c.updated_at,
    )
    .select_from(TASK)
    .join(STATUS, STATUS.c.id == TASK.c.status_id)
    .join(PRIORITY, PRIORITY.c.id == TASK.c.priority_id)
    .join(PROJECT, PROJECT.c.id == TASK.c.project_id)
    .join(KIND, KIND.c.id == TASK.c.kind_id)
    .join(AUTHOR, AUTHOR.c.id == TASK.c.author_id)
    .outerjoin(ASSIGNEE, ASSIGNEE.c.id == TASK.c.assignee_id)
)

# What a list is sorted by, and where that stands: joining more before there are 25 rows would cost most of the time.
SORTS: dict[str, tuple[ColumnElement[Any], sa.FromClause]] = {
    "id": (TASK.c.id, TASK),
    "subject": (TASK.c.subject, TASK),
    "status": (STATUS.c.position, TASK.join(STATUS, STATUS.c.id == TASK.c.status_id)),
    "priority": (PRIORITY.c.position, TASK.join(PRIORITY, PRIORITY.c.id == TASK.c.priority_id)),
    "project": (PROJECT.c.name, TASK.join(PROJECT, PROJECT.c.id == TASK.c.project_id)),
    "due_date": (TASK.c.due_date, TASK),
    "assigned_to": (ASSIGNEE.c.full_name, TASK.outerjoin(ASSIGNEE, ASSIGNEE.c.id == TASK.c.assignee_id)),
    "author": (AUTHOR.c.full_name, TASK.join(AUTHOR, AUTHOR.c.id == TASK.c.author_id)),
    "created_on": (TASK.c.created_at, TASK),
    "updated_on": (TASK.c.updated_at, TASK),
}
MAY_LACK = {"due_date", "assigned_to"}
OPEN = TASK.c.status_id.in_(sa.select(STATUS.c.id).where(STATUS.c.is_closed.is_(False)))

PERSON: sa.BindParameter[int] = sa.bindparam("person")
JOINED = sa.select(MEMBERSHIP.c.project_id).where(MEMBERSHIP.c.person_id == PERSON)
ROLES = sa.union_all(
    sa.select(MEMBERSHIP.c.project_id, ROLE.c.id, ROLE.c.permissions)
    .join(ROLE, ROLE.c.id == MEMBERSHIP.c.role_id)
    .where(MEMBERSHIP.c.person_id == PERSON),
    sa.select(PROJECT.c.id, ROLE.c.id, ROLE.c.permissions)
    .select_from(PROJECT.join(ROLE, ROLE.c.for_everybody.is_(True)))
    .where(PROJECT.c.members_only.is_(False), PROJECT.c.id.not_in(JOINED)),
)


def roles_by_project(session: Session, person_id: int) -> list[Any]:
    """(project id, role id, permissions) of a person: memberships, and in open projects the roles for everybody."""
    return list(session.execute(ROLES, {"person": person_id}))


def all_roles(session: Session) -> list[Any]:
    """(project id, role id, permissions) as an administrator has them: every role everywhere."""
    everywhere = PROJECT.join(ROLE, sa.true())
    return list(session.execute(sa.select(PROJECT.c.id, ROLE.c.id, ROLE.c.permissions).select_from(everywhere)))


def visible(person_id: int, whole: Iterable[int], own: Collection[int]) -> ColumnElement[bool]:
    """Tasks of the projects seen as a `whole`, and of the others this person's `own`: authored or assigned."""
    if not own:
        return TASK.c.project_id.in_(whole)
    mine = sa.or_(TASK.c.author_id == person_id, TASK.c.assignee_id == person_id)
    return sa.or_(TASK.c.project_id.in_(whole), sa.and_(TASK.c.project_id.in_(own), mine))


def containing(search: str) -> ColumnElement[bool]:
    """Tasks whose subject or description holds every word of `search`."""
    return sa.and_(*(TASK.c.words.contains(word, autoescape=True) for word in fold(search).split()))


def projects_of(session: Session, condition: ColumnElement[bool]) -> list[tuple[int, int]]:
    """The ids of the tasks that match, each with its project's."""
    return [(row[0], row[1]) for row in session.execute(sa.select(TASK.c.id, TASK.c.project_id).where(condition))]


def among(ids: Collection[int]) -> ColumnElement[bool]:
    return TASK.c.id.in_(sorted(ids))


def by_status(session: Session, condition: ColumnElement[bool]) -> dict[int, int]:
    """How many tasks match, by the id of their status."""
    counting = sa.select(TASK.c.status_id, sa.func.count()).where(condition).group_by(TASK.c.status_id)
    return {row[0]: row[1] for row in session.execute(counting)}


def divided(
    session: Session, condition: ColumnElement[bool], borders: Sequence[datetime], today: date
) -> Sequence[Any]:
    """(priority id, project id, age, whether overdue, number): `age` is the place of the first border not after it."""
    ages = [(TASK.c.created_at >= border, age) for age, border in enumerate(borders)]
    like = (
        TASK.c.priority_id,
        TASK.c.project_id,
        sa.case(*ages, else_=len(borders)).label("age"),
        sa.case((TASK.c.due_date < today, 1), else_=0).label("overdue"),
    )
    # Named in GROUP BY: with their parameters repeated PostgreSQL takes them for something else.
    counting = sa.select(*like, sa.func.count()).where(condition)
    return session.execute(counting.group_by(*like[:2], "age", "overdue")).all()


def count(session: Session, condition: ColumnElement[bool]) -> int:
    total: int = session.execute(sa.select(sa.func.count(TASK.c.id)).where(condition)).scalar_one()
    return total


def ordered(sort: str, descending: bool) -> list[ColumnElement[Any]]:
    """The order of a list: those without the value last; equal ones newest first, so that no row is on two pages."""
    key, _ = SORTS[sort]
    lacking: list[ColumnElement[Any]] = [key.is_(None)] if sort in MAY_LACK else []
    return [*lacking, key.desc() if descending else key.asc(), TASK.c.id.desc()]


def page(
    session: Session, condition: ColumnElement[bool], sort: str, descending: bool, limit: int, offset: int
) -> Sequence[Any]:
    """Rows of one page."""
    chosen = sa.select(TASK.c.id).select_from(SORTS[sort][1]).where(condition)
    wanted = chosen.order_by(*ordered(sort, descending)).limit(limit).offset(offset)
    ids = session.execute(wanted).scalars().all()
    found = {row.id: row for row in session.execute(ROW.where(TASK.c.id.in_(ids)))}
    return [found[id] for id in ids]


def one(session: Session, condition: ColumnElement[bool]) -> Any | None:
    """One task's row with what only its own page shows."""
    whole = ROW.add_columns(
        TASK.c.description,
        TASK.c.start_date,
        TASK.c.done_ratio,
        TASK.c.estimated_hours,
        TASK.c.parent_id,
        TASK.c.closed_at,
        TASK.c.version,
        SPENT_HOURS.label("spent_hours"),
    )
    return session.execute(whole.where(condition)).one_or_none()


def entries(session: Session, task_id: int, with_private: bool, person_id: int) -> Sequence[Any]:
    """The acts on a task, oldest first; others' private ones only `with_private`."""
    seen = sa.or_(ENTRY.c.is_private.is_(False), ENTRY.c.author_id == person_id, sa.literal(with_private))
    return session.execute(
        sa.select(ENTRY, AUTHOR.c.full_name.label("author"), AUTHOR.c.email.label("author_email"))
        .join(AUTHOR, AUTHOR.c.id == ENTRY.c.author_id)
        .where(ENTRY.c.task_id == task_id, seen)
        .order_by(ENTRY.c.created_at, ENTRY.c.id)
    ).all()


def changes(session: Session, task_id: int) -> Sequence[Any]:
    return session.execute(
        sa.select(CHANGE)
        .join(ENTRY, ENTRY.c.id == CHANGE.c.entry_id)
        .where(ENTRY.c.task_id == task_id)
        .order_by(CHANGE.c.id)
    ).all()


def next_statuses(session: Session, roles: Iterable[int], status_id: int) -> list[Any]:
    """(id, name, is_closed) that the roles' workflow leads to, and the present one, by position."""
    leads = sa.select(TRANSITION.c.new_status_id).where(
        TRANSITION.c.role_id.in_(roles), TRANSITION.c.old_status_id == status_id
    )
    chosen = sa.or_(STATUS.c.id.in_(leads), STATUS.c.id == status_id)
    return list(
        session.execute(
            sa.select(STATUS.c.id, STATUS.c.name, STATUS.c.is_closed).where(chosen).order_by(STATUS.c.position)
        )
    )


def statuses(session: Session) -> list[Any]:
    columns = (STATUS.c.id, STATUS.c.name, STATUS.c.is_closed, STATUS.c.is_default)
    return list(session.execute(sa.select(*columns).order_by(STATUS.c.position)))


def first_status(session: Session) -> Any:
    """(id, name, is_closed) of what a new task begins with: the default, else the first."""
    columns = sa.select(STATUS.c.id, STATUS.c.name, STATUS.c.is_closed)
    return session.execute(columns.order_by(STATUS.c.is_default.desc(), STATUS.c.position).limit(1)).one()


def trackers(session: Session) -> list[Any]:
    return list(session.execute(sa.select(KIND.c.id, KIND.c.name).order_by(KIND.c.position)))


def priorities(session: Session) -> list[Any]:
    columns = (PRIORITY.c.id, PRIORITY.c.name, PRIORITY.c.is_default)
    return list(session.execute(sa.select(*columns).order_by(PRIORITY.c.position)))


def projects(session: Session, ids: Iterable[int]) -> list[Any]:
    columns = (PROJECT.c.id, PROJECT.c.name, PROJECT.c.identifier, PROJECT.c.description, PROJECT.c.parent_id)
    return list(session.execute(sa.select(*columns).where(PROJECT.c.id.in_(ids))))


def members(session: Session, project_id: int) -> list[Any]:
    """(person id, full name, permissions) of a project's active members, by name."""
    person = table(Person)
    return list(
        session.execute(
            sa.select(person.c.id, person.c.full_name, ROLE.c.permissions)
            .select_from(MEMBERSHIP)
            .join(person, person.c.id == MEMBERSHIP.c.person_id)
            .join(ROLE, ROLE.c.id == MEMBERSHIP.c.role_id)
            .where(MEMBERSHIP.c.project_id == project_id, person.c.is_active.is_(True))
            .order_by(person.c.full_name)
        )
    )


def memberships(session: Session, project_id: int) -> list[Any]:
    """(person id, full name, role) of each membership in a project, roles in their order."""
    person = table(Person)
    return list(
        session.execute(
            sa.select(person.c.id, person.c.full_name, ROLE.c.name)
            .select_from(MEMBERSHIP)
            .join(person, person.c.id == MEMBERSHIP.c.person_id)
            .join(ROLE, ROLE.c.id == MEMBERSHIP.c.role_id)
            .where(MEMBERSHIP.c.project_id == project_id)
            .order_by(ROLE.c.id)
        )
    )


def names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """People's full names by id."""
    person = table(Person)
    return {
        row.id: row.full_name
        for row in session.execute(sa.select(person.c.id, person.c.full_name).where(person.c.id.in_(ids)))
    }
