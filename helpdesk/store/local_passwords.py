"""Change the passwords of local accounts, by the old password or by a link that is valid once.

The store holds the hash of a link's token.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import audit, locks, sessions
from helpdesk.store.models.tables import PasswordLink, Person
from helpdesk.store.tokens import hashed

LASTS = timedelta(hours=24)
LONGEST_TOKEN = 100
RANDOM_BYTES = 32


class Owner(NamedTuple):
    """The account of a link, and the one that it signs in to."""

    id: int
    login: str
    signs_in_to: int


def make_link(session: Session, person_id: int, now: datetime) -> str:
    """Return the token of a new link. It voids the person's earlier links; expired links of all people are deleted."""
    locks.person(session, person_id)
    old = sa.or_(col(PasswordLink.person_id) == person_id, col(PasswordLink.expires_at) <= now)
    session.exec(sa.delete(PasswordLink).where(old))
    token = token_urlsafe(RANDOM_BYTES)
    session.add(PasswordLink(token_hash=hashed(token), person_id=person_id, expires_at=now + LASTS))
    return token


def void_links(session: Session, person_ids: Collection[int | None]) -> None:
    """Delete the links of these people."""
    session.exec(sa.delete(PasswordLink).where(col(PasswordLink.person_id).in_(person_ids)))


def find_link(session: Session, token: str, now: datetime) -> Owner | None:
    """Return the local account whose link this is, while the link is valid and the account is active."""
    if len(token) > LONGEST_TOKEN:
        return None
    valid = select(Person.id, Person.login, Person.joined_into).join(
        PasswordLink, col(PasswordLink.person_id) == col(Person.id)
    )
    its = col(PasswordLink.token_hash) == hashed(token), col(PasswordLink.expires_at) > now
    row = session.exec(valid.where(*its, col(Person.is_active).is_(True), Person.source == "local")).first()
    return Owner(row[0] or 0, row[1], row[2] or row[0] or 0) if row else None


def use_link(session: Session, token: str, password_hash: str, now: datetime) -> bool:
    """Set the password and sign the person out on every device, also of the account that this one was joined into.

    Return False if the link is not valid any more.
    """
    owner = find_link(session, token, now)
    its = sa.delete(PasswordLink).where(col(PasswordLink.token_hash) == hashed(token))
    if owner is None or session.exec(its).rowcount != 1:  # another request was quicker
        return False
    session.exec(sa.update(Person).where(col(Person.id) == owner.id).values(password_hash=password_hash))
    session.exec(sa.delete(PasswordLink).where(col(PasswordLink.person_id) == owner.id))
    audit.note(session, owner.id, "password_set", owner.id)
    for person_id in {owner.id, owner.signs_in_to}:
        sessions.end_all(session, person_id)
    return True


def hash_of(session: Session, person_id: int) -> str:
    """Return the hash of a local account's password; empty without one."""
    mine = select(Person.password_hash).where(Person.id == person_id, Person.source == "local")
    return session.exec(mine).first() or ""


def hashes_of(session: Session, person_id: int) -> list[str]:
    """Return the hashes of all passwords that open an account: its own, and those of accounts joined into it."""
    theirs = sa.or_(col(Person.id) == person_id, col(Person.joined_into) == person_id)
    rows = session.exec(select(col(Person.password_hash)).where(theirs).order_by(col(Person.id)))
    return [password_hash or "" for password_hash in rows]


def change(session: Session, person_id: int, old_hash: str, password_hash: str, mark: str) -> bool:
    """Replace a local account's password, and end its sessions but for the one with this mark, and its links.

    Return False if the password has changed meanwhile.
    """
    same = col(Person.id) == person_id, col(Person.password_hash) == old_hash, col(Person.source) == "local"
    if session.exec(sa.update(Person).where(*same).values(password_hash=password_hash)).rowcount != 1:
        return False
    session.exec(sa.delete(PasswordLink).where(col(PasswordLink.person_id) == person_id))
    audit.note(session, person_id, "password_changed", person_id)
    sessions.end_all(session, person_id, but=mark)
    return True
