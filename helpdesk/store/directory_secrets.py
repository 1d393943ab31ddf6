"""Store what opens outside systems for people: hashes for the time that the ERP is down, and keys of Redmine."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.casefold import fold
from helpdesk.store.models.tables import GracePassword, Person, RedmineKey


def keep_grace(session: Session, login: str, password_hash: str, now: datetime, grace: timedelta) -> None:
    """Keep the hash of the password that the ERP has just accepted for a login. Older ones than `grace` are deleted."""
    session.exec(sa.delete(GracePassword).where(col(GracePassword.signed_in_at) < now - grace))
    row = _of_erp(session, login)
    if row is not None and row.id is not None:
        session.merge(GracePassword(person_id=row.id, password_hash=password_hash, signed_in_at=now))


def grace_of(session: Session, login: str, since: datetime) -> tuple[Person, str] | None:
    """Return the account and the hash of a login of the ERP that signed in after `since`."""
    row = _of_erp(session, login)
    if row is None or row.blocked_at is not None:
        return None
    kept = session.exec(
        select(GracePassword).where(GracePassword.person_id == row.id, col(GracePassword.signed_in_at) >= since)
    ).first()
    return (row, kept.password_hash) if kept else None


def forget_grace(session: Session, login: str) -> None:
    """Forget the hash of a login whose password the ERP has refused: it has changed there."""
    row = _of_erp(session, login)
    if row is not None:
        session.exec(sa.delete(GracePassword).where(col(GracePassword.person_id) == row.id))


def keep_redmine_key(session: Session, person_id: int, sealed: str, now: datetime) -> None:
    session.merge(RedmineKey(person_id=person_id, secret=sealed, fetched_at=now))


def redmine_key_of(session: Session, login: str) -> str | None:
    """Return the sealed key of the active person who has this login in Redmine."""
    folded = fold(login)
    named = sa.or_(
        col(Person.redmine_username_folded) == folded,
        sa.and_(col(Person.login_folded) == folded, _has_no_other_login()),
    )
    keys = select(RedmineKey.secret).join(Person, col(RedmineKey.person_id) == col(Person.id))
    bound = keys.where(named, col(Person.redmine_id).is_not(None), col(Person.is_active).is_(True))
    found = session.exec(bound.limit(2)).all()
    return found[0] if len(found) == 1 else None


def forget_redmine_key(session: Session, sealed: str) -> None:
    """Forget a key that Redmine refuses. The next sign-in fetches another one."""
    session.exec(sa.delete(RedmineKey).where(col(RedmineKey.secret) == sealed))


def _has_no_other_login() -> sa.ColumnElement[bool]:
    return sa.and_(col(Person.source) == "redmine", col(Person.redmine_username_folded).is_(None))


def _of_erp(session: Session, login: str) -> Person | None:
    active = select(Person).where(Person.source == "oracle", col(Person.is_active).is_(True))
    return session.exec(active.where(Person.login_folded == fold(login))).first()
