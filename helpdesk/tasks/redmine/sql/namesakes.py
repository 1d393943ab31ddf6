"""Find the user of another Redmine who is a person of ours, by the login or the e-mail."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.users import ACTIVE

FEW = 20
"""The database takes letters for the same that we don't, so that some more than one may be found."""
MAIL_IS_READABLE = sa.text(
    "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()"
    " AND table_name = 'email_addresses' AND column_name IN ('user_id', 'address')"
)
BOTH = 2
_ACTIVE = sa.select(t.users.c.id, t.users.c.login).where(t.users.c.type == "User", t.users.c.status == ACTIVE)


async def namesake(database: RedmineDatabase, login: str, email: str) -> Actor | None:
    """Return the only active user with this login, or else the only one with this e-mail, which may be empty.

    Never as an administrator by our word: the database says who is one there. Raises Silent.
    """
    with database.readable():
        found = await database.run(lambda db: _by_login(db, login) or _by_email(db, email))
    return Actor(found.id, found.login) if found else None


def _by_login(db: Connection, login: str) -> Any | None:
    rows = db.execute(_ACTIVE.where(t.users.c.login == login).limit(FEW)).all()
    return _only([row for row in rows if row.login.casefold() == login.casefold()])


def _by_email(db: Connection, email: str) -> Any | None:
    if not email or db.scalar(MAIL_IS_READABLE) != BOTH:
        return None
    mail = t.email_addresses
    query = _ACTIVE.add_columns(mail.c.address).join_from(t.users, mail, mail.c.user_id == t.users.c.id)
    rows = db.execute(query.where(mail.c.address == email).limit(FEW)).all()
    return _only([row for row in rows if row.address.casefold() == email.casefold()])


def _only(rows: list[Any]) -> Any | None:
    return rows[0] if len(rows) == 1 else None
