"""Count unsuccessful sign-in attempts per login and place.

A place is an address, or a device on which the account is known, together with the directory of the account that was
meant. Logins are stored as hashes.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.clock_skew import AHEAD
from helpdesk.store.models.tables import SigninAttempt

PEOPLE_AT_ADDRESS = 10  # who mistype at the same time
REFUSED = "refused"
"""The place of attempts that do not count."""


class Verdict(NamedTuple):
    """Whether an attempt may go on. Both times are whole seconds, 0 for no limit.

    `wait`: it must not be checked before. `crowded`: so many attempts failed in this place that a wrong password is
    answered by waiting. `id` is the id of the record, 0 for none.
    """

    wait: int = 0
    crowded: int = 0
    id: int = 0


def record(
    session: Session,
    login_hash: str,
    place: str,
    now: datetime,
    limit: int,
    seconds: int,
    *,
    always: bool = False,
) -> Verdict:
    """Record an attempt before it is checked, so that parallel guesses count too.

    A login has `limit` attempts in a place within `seconds`. When PEOPLE_AT_ADDRESS times as many failed there, for any
    login, only a login that has not failed there is still checked, so that others behind the same address are not
    locked out. With `always` a refused attempt is recorded, too, so that it takes as long.
    """
    locks.everybody(session)
    counting = col(SigninAttempt.at).between(now - timedelta(seconds=seconds), now + AHEAD)
    session.exec(sa.delete(SigninAttempt).where(sa.not_(counting)))
    login_at_place = _login_at_place(login_hash, place)

    def wait(where: tuple[sa.ColumnElement[bool], ...], allowed: int) -> int:
        newest = select(SigninAttempt.at).where(*where).order_by(col(SigninAttempt.at).desc())
        oldest = session.exec(newest.offset(allowed - 1).limit(1)).first()
        return max(1, ceil((oldest + timedelta(seconds=seconds) - now).total_seconds())) if oldest else 0

    crowded = wait(login_at_place[1:], limit * PEOPLE_AT_ADDRESS)
    refused = wait(login_at_place, 1 if crowded else limit)
    if refused and not always:
        return Verdict(refused, crowded)
    attempt = SigninAttempt(login_hash=login_hash, place=REFUSED if refused else place[:60], at=now)
    session.add(attempt)
    session.flush()
    return Verdict(refused, crowded, attempt.id or 0)


def take_back(session: Session, ids: Collection[int]) -> None:
    """Delete these attempts, but not earlier ones."""
    session.exec(sa.delete(SigninAttempt).where(col(SigninAttempt.id).in_(ids)))


def forgive(session: Session, login_hash: str, place: str) -> None:
    """Delete a login's attempts in a place: it has signed in there."""
    session.exec(sa.delete(SigninAttempt).where(*_login_at_place(login_hash, place)))


def _login_at_place(login_hash: str, place: str) -> tuple[sa.ColumnElement[bool], ...]:
    return col(SigninAttempt.login_hash) == login_hash, col(SigninAttempt.place) == place[:60]
