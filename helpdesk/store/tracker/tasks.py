"""Query the embedded backend's tables by columns, without entities and relations, which keeps lists cheap."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.store.casefold import fold
from helpdesk.store.models import table
from helpdesk.store.models.tables import (
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
MEMBER = table(Person)
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
        TASK.c.is_private,
    )
    .select_from(TASK)
    .join(STATUS, STATUS.c.id == TASK.c.status_id)
    .join(PRIORITY, PRIORITY.c.id == TASK.c.priority_id)
    .join(PROJECT, PROJECT.c.id == TASK.c.project_id)
    .join(KIND, KIND.c.id == TASK.c.kind_id)
    .join(AUTHOR, AUTHOR.c.id == TASK.c.author_id)
    .outerjoin(ASSIGNEE, ASSIGNEE.c.id == TASK.c.assignee_id)
)

OPEN = TASK.c.status_id.in_(sa.select(STATUS.c.id).where(STATUS.c.is_closed.is_(False)))

PERSON: sa.BindParameter[int] = sa.bindparam("person")
IN_USE = PROJECT.c.is_archived.is_(False)
"""The condition for projects in which people have roles: nobody sees an archived one."""
JOINED = sa.select(MEMBERSHIP.c.project_id).where(MEMBERSHIP.c.person_id == PERSON)
MEMBERS = (
    sa.select(MEMBERSHIP.c.project_id, ROLE.c.id, ROLE.c.permissions)
    .join(ROLE, ROLE.c.id == MEMBERSHIP.c.role_id)
    .join(PROJECT, PROJECT.c.id == MEMBERSHIP.c.project_id)
    .where(IN_USE)
)
EVERYBODYS = (
    sa.select(PROJECT.c.id, ROLE.c.id, ROLE.c.permissions)
    .select_from(PROJECT.join(ROLE, ROLE.c.for_everybody.is_(True)))
    .where(PROJECT.c.members_only.is_(False), IN_USE)
)
"""Everybody's roles in open projects, for people who are no members of them."""
ROLES = sa.union_all(
    MEMBERS.where(MEMBERSHIP.c.person_id == PERSON),
    EVERYBODYS.where(PROJECT.c.id.not_in(JOINED)),
)


def roles_by_project(session: Session, person_id: int) -> list[Any]:
    """Return (project id, role id, permissions) of a person: memberships, and everybody's roles in open projects."""
    return list(session.execute(ROLES, {"person": person_id}))


def permissions_in(session: Session, project_id: int, people: Collection[int]) -> list[tuple[int, str]]:
    """Return (person id, permissions) of the roles that people have in a project, as `roles_by_project` does."""
    chosen = MEMBERS.where(MEMBERSHIP.c.project_id == project_id, MEMBERSHIP.c.person_id.in_(people))
    chosen = chosen.with_only_columns(MEMBERSHIP.c.person_id, ROLE.c.permissions)
    held = [(row.person_id, row.permissions) for row in session.execute(chosen)]
    others = set(people) - {person_id for person_id, _ in held}
    everybodys = session.execute(EVERYBODYS.where(PROJECT.c.id == project_id)).all()
    return held + [(person_id, row.permissions) for person_id in others for row in everybodys]


def all_roles(session: Session) -> list[Any]:
    """Return (project id, role id, permissions) for an administrator: every role in every project."""
    everywhere = sa.select(PROJECT.c.id, ROLE.c.id, ROLE.c.permissions).select_from(PROJECT.join(ROLE, sa.true()))
    return list(session.execute(everywhere.where(IN_USE)))


def project_of(session: Session, task_id: int) -> int | None:
    """Return the project of a task; None when it is archived, or when there is no such task."""
    query = sa.select(PROJECT.c.id).join(TASK, TASK.c.project_id == PROJECT.c.id)
    return session.scalar(query.where(TASK.c.id == task_id, IN_USE))


def visible(
    person_id: int | ColumnElement[int], whole: Collection[int], own: Collection[int], public: Collection[int] = ()
) -> ColumnElement[bool]:
    """Return the condition for visible tasks.

    In the projects `whole` all are visible, in `public` all but private ones, and in `own` and `public` one's own.
    """
    mine = sa.or_(TASK.c.author_id == person_id, TASK.c.assignee_id == person_id)
    rules = ((own, mine), (public, sa.or_(TASK.c.is_private.is_(False), mine)))
    narrowed = (sa.and_(TASK.c.project_id.in_(projects), rule) for projects, rule in rules if projects)
    return sa.or_(TASK.c.project_id.in_(whole), *narrowed)


def containing(words: Iterable[str]) -> ColumnElement[bool]:
    """Match tasks whose subject or description contains every word; folding may split a word into several."""
    folded = (part for word in words for part in fold(word).split())
    return sa.and_(sa.true(), *(TASK.c.words.contains(part, autoescape=True) for part in folded))


def projects_of(session: Session, condition: ColumnElement[bool]) -> list[tuple[int, int]]:
    """Return the ids of the tasks that match, each with its project."""
    return [(row[0], row[1]) for row in session.execute(sa.select(TASK.c.id, TASK.c.project_id).where(condition))]


def by_status(session: Session, condition: ColumnElement[bool]) -> dict[int, int]:
    """Count the tasks that match by status id."""
    counting = sa.select(TASK.c.status_id, sa.func.count()).where(condition)
    return {row[0]: row[1] for row in session.execute(counting.group_by(TASK.c.status_id))}


def divided(
    session: Session, condition: ColumnElement[bool], borders: Sequence[datetime], today: date
) -> Sequence[Any]:
    """Return rows of (priority id, project id, age, whether overdue, count).

    `age` is the index of the first border that is not after the task's creation.
    """
    ages = [(TASK.c.created_at >= border, age) for age, border in enumerate(borders)]
    like = (
        TASK.c.priority_id,
        TASK.c.project_id,
        sa.case(*ages, else_=len(borders)).label("age"),
        sa.case((TASK.c.due_date < today, 1), else_=0).label("overdue"),
    )
    # By name in GROUP BY: with repeated parameters PostgreSQL does not recognise the expressions as the same.
    counting = sa.select(*like, sa.func.count()).where(condition)
    return session.execute(counting.group_by(*like[:2], "age", "overdue")).all()


def count(session: Session, condition: ColumnElement[bool]) -> int:
    return session.scalar(sa.select(sa.func.count(TASK.c.id)).where(condition)) or 0


def one(session: Session, condition: ColumnElement[bool]) -> Any | None:
    """Return one task's row with the columns that only its own page shows."""
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
    """Return the entries of a task, oldest first; others' private ones only `with_private`."""
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
    """Return (id, name, is_closed) of the statuses that the roles' workflow allows, by position.

    The present status is among them.
    """
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
    """Return (id, name, is_closed) of a new task's status: the default, else the first."""
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


def names(session: Session, ids: Iterable[int]) -> dict[int, str]:
    """Return people's full names by id."""
    chosen = sa.select(MEMBER.c.id, MEMBER.c.full_name).where(MEMBER.c.id.in_(ids))
    return {row.id: row.full_name for row in session.execute(chosen)}


def members(session: Session, project_id: int) -> list[Any]:
    """Return (person id, full name, permissions) of a project's active members, by name."""
    return list(
        session.execute(
            sa.select(MEMBER.c.id, MEMBER.c.full_name, ROLE.c.permissions)
            .select_from(MEMBERSHIP)
            .join(MEMBER, MEMBER.c.id == MEMBERSHIP.c.person_id)
            .join(ROLE, ROLE.c.id == MEMBERSHIP.c.role_id)
            .where(MEMBERSHIP.c.project_id == project_id, MEMBER.c.is_active.is_(True))
            .order_by(MEMBER.c.full_name)
        )
    )


def colleagues(session: Session, project_ids: Iterable[int]) -> list[Any]:
    """Return (person id, full name) of the active members of these projects, by name."""
    return list(
        session.execute(
            sa.select(MEMBER.c.id, MEMBER.c.full_name)
            .distinct()
            .join(MEMBERSHIP, MEMBERSHIP.c.person_id == MEMBER.c.id)
            .where(MEMBERSHIP.c.project_id.in_(sorted(project_ids)), MEMBER.c.is_active.is_(True))
            .order_by(MEMBER.c.full_name, MEMBER.c.id)
        )
    )


def memberships(session: Session, project_id: int) -> list[Any]:
    """Return (person id, full name, role) of each membership in a project, roles in their order."""
    return list(
        session.execute(
            sa.select(MEMBER.c.id, MEMBER.c.full_name, ROLE.c.name)
            .select_from(MEMBERSHIP)
            .join(MEMBER, MEMBER.c.id == MEMBERSHIP.c.person_id)
            .join(ROLE, ROLE.c.id == MEMBERSHIP.c.role_id)
            .where(MEMBERSHIP.c.project_id == project_id)
            .order_by(ROLE.c.id)
        )
    )
