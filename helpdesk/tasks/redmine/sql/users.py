"""People of Redmine at this moment: groups, memberships and names."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.errors import LockedOut
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.batched_selects import BatchedSelects
from helpdesk.tasks.redmine.sql.tables import grouped
from helpdesk.tasks.redmine.visibility import Person

ACTIVE = 1
PEOPLE = ("User", "AnonymousUser")


FORMATS: dict[str, Callable[[Any], str]] = {
    "firstname_lastname": lambda user: f"{user.firstname} {user.lastname}",
    "firstname_lastinitial": lambda user: f"{user.firstname} {user.lastname[:1]}.",
    "firstinitial_lastname": lambda user: f"{_initials(user.firstname)} {user.lastname}",
    "firstname": lambda user: user.firstname,
    "lastname_firstname": lambda user: f"{user.lastname} {user.firstname}",
    "lastnamefirstname": lambda user: f"{user.lastname}{user.firstname}",
    "lastname_comma_firstname": lambda user: f"{user.lastname}, {user.firstname}",
    "lastname": lambda user: user.lastname,
    "username": lambda user: user.login,
}
"""The formats of names, by the setting `user_format`. Source: User::USER_FORMATS."""
DEFAULT_FORMAT = "firstname_lastname"


def person(db: Connection, actor: Actor) -> Person:
    """Read the person with groups and memberships, by one query. Raises LockedOut for an account that is not active.

    It runs with each read, so that a person locked in Redmine sees nothing from that moment on.
    """
    rows = _PERSON.ask(db, {"id": actor.id})
    user = next(iter(rows["user"]), None)
    if user is None or user.status != ACTIVE:
        raise LockedOut(detail=f"user {actor.id} is not active in Redmine")
    return Person(
        actor.id,
        is_admin=bool(user.admin),
        groups=frozenset(row.group_id for row in rows["group"]),
        memberships=grouped(rows["role"]),
    )


def people(db: Connection, ids: Iterable[int]) -> dict[int, Person]:
    """Read several people as `person` does, by one query, without inactive ones."""
    rows = _PEOPLE.ask(db, {"ids": sorted(set(ids)) or [0]})
    groups = grouped((row.user_id, row.group_id) for row in rows["group"])
    roles: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
    for row in rows["role"]:
        roles[row.user_id].append((row.project_id, row.role_id))
    return {
        row.id: Person(row.id, bool(row.admin), groups.get(row.id, frozenset()), grouped(roles[row.id]))
        for row in rows["user"]
        if row.status == ACTIVE
    }


def names(db: Connection, ids: Iterable[int], style: str) -> dict[int, str]:
    """Return the names of people and groups, by id."""
    query = sa.select(*NAME_COLUMNS).where(t.users.c.id.in_(sorted(set(ids))))
    return {row.id: name(row, style) for row in db.execute(query)}


def name(user: Any, style: str) -> str:
    """Return the name of a person or group, whose row has NAME_COLUMNS. A group's is its last name, in any style.

    Source: Group#name.
    """
    if user.type not in PEOPLE:
        return str(user.lastname)
    return FORMATS.get(style, FORMATS[DEFAULT_FORMAT])(user).strip()


def in_order(style: str, users: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """Return the columns by which Redmine sorts people. Source: User::USER_FORMATS, `:order`."""
    single = "login" if style == "username" else style
    both = ("lastname", "firstname") if style.startswith("lastname") else ("firstname", "lastname")
    columns = (single,) if single in ("login", "firstname", "lastname") else both
    return [users.c[column] for column in (*columns, "id")]


def _initials(first: str) -> str:
    """Source: User::USER_FORMATS, which keeps the first letter of each word."""
    return re.sub(r"([^\W\d_])[^\W\d_]*\.?", r"\1.", first)


NAME_COLUMNS = tuple(t.users.c[column] for column in ("id", "login", "firstname", "lastname", "type"))
_ID: sa.BindParameter[int] = sa.bindparam("id")
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_ROLES = sa.select(t.members.c.user_id, t.members.c.project_id, t.member_roles.c.role_id).outerjoin_from(
    t.members, t.member_roles, t.member_roles.c.member_id == t.members.c.id
)
_PEOPLE = BatchedSelects(
    user=sa.select(t.users.c.id, t.users.c.status, t.users.c.admin).where(
        t.users.c.id.in_(_IDS), t.users.c.type == "User"
    ),
    group=sa.select(t.groups_users).where(t.groups_users.c.user_id.in_(_IDS)),
    role=_ROLES.where(t.members.c.user_id.in_(_IDS)),
)
_PERSON = BatchedSelects(
    user=sa.select(t.users.c.status, t.users.c.admin).where(t.users.c.id == _ID, t.users.c.type == "User"),
    group=sa.select(t.groups_users.c.group_id).where(t.groups_users.c.user_id == _ID),
    role=sa.select(t.members.c.project_id, t.member_roles.c.role_id)
    .outerjoin_from(t.members, t.member_roles, t.member_roles.c.member_id == t.members.c.id)
    .where(t.members.c.user_id == _ID),
)
