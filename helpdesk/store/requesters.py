"""Find the accounts of requesters, with the e-mails that they have proven."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import rights
from helpdesk.store.casefold import fold
from helpdesk.store.database import in_batches
from helpdesk.store.models.tables import Person


class Account(NamedTuple):
    """An account, its rights, and the proven e-mails of it and of those that were joined into it."""

    row: Person
    rights: frozenset[str]
    emails: tuple[str, ...]


def emails_of(session: Session, person_id: int) -> list[str]:
    """Return the proven e-mails of an account and of those that were joined into it."""
    own = sa.or_(col(Person.id) == person_id, col(Person.joined_into) == person_id)
    return list(session.exec(select(Person.email).where(own, PROVEN)))


PROVEN = sa.and_(col(Person.is_email_proven).is_(True), col(Person.email) != "")


def accounts(session: Session, number: Any, numbers: Collection[int], emails: Iterable[str]) -> list[Account]:
    """Return the active accounts with these numbers in the column `number`, or with one of these e-mails proven."""
    found: set[int] = set()
    kept = sa.func.coalesce(Person.joined_into, Person.id)
    folded = sorted({fold(each) for each in emails} - {""})
    for column, keys, condition in ((number, numbers, sa.true()), (Person.email_folded, folded, PROVEN)):
        for batch in in_batches(keys):
            found.update(session.execute(sa.select(kept).where(col(column).in_(batch), condition)).scalars())
    return [each for batch in in_batches(sorted(found)) for each in _with_emails(session, batch)]


def account(session: Session, person_id: int) -> Account | None:
    """Return an account, if it is active and was joined into no other."""
    return next(iter(_with_emails(session, [person_id])), None)


def _with_emails(session: Session, ids: list[int]) -> list[Account]:
    own = sa.or_(col(Person.id).in_(ids), col(Person.joined_into).in_(ids))
    rows = session.exec(select(Person, rights.HELD).where(own).order_by(col(Person.id))).all()
    emails = defaultdict[int, list[str]](list)
    for row, _ in rows:
        if row.is_email_proven and row.email:
            emails[row.joined_into or row.id or 0].append(row.email)
    return [
        Account(row, rights.names(held), tuple(emails[row.id or 0]))
        for row, held in rows
        if row.joined_into is None and row.is_active and row.blocked_at is None
    ]
