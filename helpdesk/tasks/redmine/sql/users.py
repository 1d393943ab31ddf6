"""People of Redmine at this moment: rights, groups and names."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

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


class Named(NamedTuple):
    """What the name of a person or group is made of."""

    id: int
    login: str
    firstname: str
    lastname: str
    type: str


FORMATS: dict[str, Callable[[Named], str]] = {
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
"""How Redmine writes people. Source: User::USER_FORMATS; the setting `user_format`, the first where it is not set."""
USUAL_FORMAT = "firstname_lastname"


def person(db: Connection, actor: Actor) -> Person:
    """The person with groups and memberships, by one query. Raises LockedOut for somebody who is not active any more.

    Asked with each read, so that who is locked in Redmine sees nothing from that moment on.
    """
    found = _PERSON.ask(db, {"id": actor.id})
    user = next(iter(found["user"]), None)
    if user is None or user.status != ACTIVE:
        raise LockedOut(detail=f"user {actor.id} is not active in Redmine")
    return Person(
        actor.id,
        is_admin=bool(user.admin),
        groups=frozenset(row.group_id for row in found["group"]),
        memberships=grouped(found["role"]),
    )


def people(db: Connection, ids: Iterable[int]) -> dict[int, Person]:
    """As `person`, of several by one query; who is not active is not among them."""
    found = _PEOPLE.ask(db, {"ids": sorted(set(ids)) or [0]})
    groups = grouped((row.user_id, row.group_id) for row in found["group"])
    roles: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
    for row in found["role"]:
        roles[row.user_id].append((row.project_id, row.role_id))
    return {
        row.id: Person(row.id, bool(row.admin), groups.get(row.id, frozenset()), grouped(roles[row.id]))
        for row in found["user"]
        if row.status == ACTIVE
    }


def names(db: Connection, ids: Iterable[int], style: str) -> dict[int, str]:
    """Return the names of people and groups, by id."""
    query = sa.select(*NAMED).where(t.users.c.id.in_(sorted(set(ids))))
    return {row.id: name(Named(*row), style) for row in db.execute(query)}


def name(user: Named, style: str) -> str:
    """Return the name of a person or group: a group's is its last name, whatever the style. Source: Group#name."""
    if user.type not in PEOPLE:
        return user.lastname
    return FORMATS.get(style, FORMATS[USUAL_FORMAT])(user).strip()


def in_order(style: str, users: sa.FromClause) -> list[sa.ColumnElement[Any]]:
    """The columns by which Redmine sorts people. Source: User::USER_FORMATS, `:order`."""
    by = "login" if style == "username" else style
    one = ("login", "firstname", "lastname")
    both = ("lastname", "firstname") if style.startswith("lastname") else ("firstname", "lastname")
    return [users.c[column] for column in (*((by,) if by in one else both), "id")]


def _initials(first: str) -> str:
    """Source: User::USER_FORMATS, which keeps the first letter of each word."""
    return re.sub(r"([^\W\d_])[^\W\d_]*\.?", r"\1.", first)


NAMED = tuple(t.users.c[column] for column in Named._fields)
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
