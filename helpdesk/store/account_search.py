"""Find accounts for administrators, a page at a time, and count them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.people.rights import ADMIN
from helpdesk.store import rights, second_factors
from helpdesk.store.casefold import fold
from helpdesk.store.models import table, tables
from helpdesk.store.models.tables import Person
from helpdesk.store.rights import Named

PER_PAGE = 25
MOST_TERMS = 5
"""The most words of a search that count."""

Condition = Callable[[Named], sa.ColumnElement[bool]]


class AccountQuery(NamedTuple):
    """What is looked for: words, one of FILTERS or nothing, one of SORTS, and the page."""

    text: str = ""
    only: str = ""
    sort: str = "name"
    page: int = 1


class AccountPage(NamedTuple):
    """Accounts with the rights that were granted to each, and how many there are on all pages."""

    rows: list[tuple[Person, frozenset[str]]]
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PER_PAGE))


class Counts(NamedTuple):
    """How many people there are who can sign in, administrators, those of them without a second factor, and sessions
    that last."""

    people: int
    administrators: int
    without_factor: int
    sessions: int


def is_administrator(named: Named) -> sa.ColumnElement[bool]:
    """Return the condition that an account has an administrator's rights, by a grant or by ADMINISTRATORS."""
    listed = (sa.and_(col(Person.source) == source, col(Person.login_folded) == fold(it)) for source, it in named)
    return sa.or_(rights.holds(col(Person.id), ADMIN), *listed)


FILTERS: Mapping[str, Condition] = {
    "administrators": is_administrator,
    "disabled": lambda named: col(Person.is_active).is_(False),
    "blocked": lambda named: col(Person.blocked_at).is_not(None),
    "never": lambda named: col(Person.last_seen).is_(None),
    "joined": lambda named: col(Person.joined_into).is_not(None),
}
"""The conditions by which a list is narrowed."""
SORTS: Mapping[str, Any] = {
    "name": (col(Person.full_name), col(Person.login_folded)),
    "login": (col(Person.login_folded),),
    "last_seen": (col(Person.last_seen).is_(None), col(Person.last_seen).desc()),
    "created_at": (col(Person.created_at).desc(),),
}


def find(session: Session, query: AccountQuery, named: Named) -> AccountPage:
    """Return a page of the accounts that are looked for. Joined ones are listed where they are asked for, or typed."""
    wanted = [_holds_term(term) for term in fold(query.text).split()[:MOST_TERMS]]
    if query.only:
        wanted.append(FILTERS[query.only](named))
    elif not wanted:
        wanted.append(col(Person.joined_into).is_(None))
    total = session.exec(select(sa.func.count()).select_from(Person).where(*wanted)).one()
    listed = select(Person, rights.HELD).where(*wanted).order_by(*SORTS[query.sort], col(Person.id))
    rows = session.exec(listed.offset((query.page - 1) * PER_PAGE).limit(PER_PAGE))
    return AccountPage([(person, rights.names(held)) for person, held in rows], total)


def ids_like(term: str) -> sa.Select[tuple[int]]:
    """Return the statement of the ids of accounts that hold a folded word."""
    return sa.select(table(Person).c.id).where(_holds_term(term))


def count(session: Session, named: Named, now: datetime) -> Counts:
    """Count accounts and sessions."""
    can_enter = rights.ACTIVE, col(Person.joined_into).is_(None)
    people = session.exec(select(sa.func.count()).select_from(Person).where(*can_enter, rights.KNOWN)).one()
    administrators = rights.administrators(session, named)
    lacking = second_factors.missing("administrators", named)
    without = session.exec(select(sa.func.count()).select_from(Person).where(*can_enter, lacking)).one()
    lasting = table(tables.Session).c.expires_at > now
    sessions = session.execute(
        sa.select(sa.func.count()).select_from(table(tables.Session)).where(lasting)
    ).scalar_one()
    return Counts(people, len(administrators), without, sessions)


def _holds_term(term: str) -> sa.ColumnElement[bool]:
    columns = (Person.words, Person.login_folded, Person.email_folded)
    return sa.or_(*(col(column).contains(term, autoescape=True) for column in columns))
