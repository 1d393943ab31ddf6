"""Find the accounts that everybody may know: active ones, each person once."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from helpdesk.store import rights
from helpdesk.store.casefold import fold
from helpdesk.store.models.tables import Person


class Colleague(NamedTuple):
    """What everybody may know of an account. `last_seen` is None for people who hide it.

    `is_namesake`: somebody in another directory has this login, too.
    """

    id: int
    source: str
    login: str
    full_name: str
    email: str
    department: str
    position: str
    office: str
    phone: str
    avatar: str | None
    is_active: bool
    hides_presence: bool
    last_seen: datetime | None
    is_namesake: bool = False


class Found(NamedTuple):
    """A page of colleagues, and the number of all that were found."""

    people: list[Colleague]
    total: int


OTHER = aliased(Person)
PRESENT = sa.and_(col(Person.joined_into).is_(None), col(Person.anonymized_at).is_(None))
LISTED = sa.and_(rights.ACTIVE, PRESENT)
IS_ACTIVE = sa.case((rights.ACTIVE, True), else_=False)
IS_NAMESAKE = sa.exists().where(
    col(OTHER.login_folded) == col(Person.login_folded),
    col(OTHER.id) != col(Person.id),
    col(OTHER.joined_into).is_(None),
)
COLUMNS: tuple[Any, ...] = tuple(
    IS_ACTIVE if name == "is_active" else getattr(Person, name) for name in Colleague._fields if name != "is_namesake"
)


def search(session: Session, words: Sequence[str], limit: int, offset: int) -> Found:
    """Return colleagues by name, those in whose `words` each of these folded words stands somewhere."""
    each = (col(Person.words).contains(word, autoescape=True) for word in words)
    found = sa.and_(LISTED, *each)
    total = session.execute(sa.select(sa.func.count(col(Person.id))).where(found)).scalar_one()
    page = sa.select(*COLUMNS, IS_NAMESAKE).where(found).order_by(col(Person.full_name), col(Person.id))
    return Found([_colleague(row) for row in session.execute(page.limit(limit).offset(offset))], total)


def with_login(session: Session, login: str, source: str = "") -> Colleague | None:
    """Return the account of a person by the login, in any directory or in `source`; an active one before others.

    The login of an account that was joined into another one leads to that one.
    """
    same = sa.select(sa.func.coalesce(col(Person.joined_into), col(Person.id))).where(
        col(Person.login_folded) == fold(login), col(Person.source) == source if source else sa.true()
    )
    numbers = session.execute(same).scalars().all()
    chosen = sa.select(*COLUMNS, IS_NAMESAKE).where(col(Person.id).in_(numbers), PRESENT)
    people = sorted((_colleague(row) for row in session.execute(chosen)), key=lambda it: (not it.is_active, it.id))
    return people[0] if people else None


def listed(session: Session, person_ids: Collection[int]) -> dict[int, Colleague]:
    """Return those of these people who are listed, by their ids."""
    chosen = sa.select(*COLUMNS, IS_NAMESAKE).where(col(Person.id).in_(person_ids), LISTED)
    return {it.id: it for it in map(_colleague, session.execute(chosen))}


def _colleague(row: Any) -> Colleague:
    """Return the colleague of a row of COLUMNS and IS_NAMESAKE."""
    found = Colleague(*row)
    seen = None if found.hides_presence else found.last_seen
    return found._replace(is_active=bool(found.is_active), is_namesake=bool(found.is_namesake), last_seen=seen)
