"""Sign-in attempts that have not succeeded, counted per login and address."""

from datetime import datetime, timedelta
from math import ceil

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.folding import fold
from helpdesk.store.tables import SigninAttempt

OFFICE = 10  # people behind one address who mistype at the same time


def record(session: Session, login: str, address: str, now: datetime, count: int, seconds: int) -> int:
    """Note an attempt before it is checked, so that parallel guesses count too.

    Allowed are `count` for a login from an address, and OFFICE times as many from an address whatever the login.
    Returns 0 when it may go on, else the whole seconds until the oldest of those attempts is forgotten.
    """
    session.exec(sa.delete(SigninAttempt).where(col(SigninAttempt.at) <= now - timedelta(seconds=seconds)))
    for who, allowed in ((_pair(login, address), count), (_pair(login, address)[1:], count * OFFICE)):
        newest = select(SigninAttempt.at).where(*who).order_by(col(SigninAttempt.at).desc())
        oldest = session.exec(newest.offset(allowed - 1).limit(1)).first()
        if oldest is not None:
            return max(1, ceil((oldest + timedelta(seconds=seconds) - now).total_seconds()))
    session.add(SigninAttempt(login_folded=fold(login)[:120], address=address[:60], at=now))
    return 0


def forgive(session: Session, login: str, address: str) -> None:
    """The sign-in succeeded: what failed before it no longer counts."""
    session.exec(sa.delete(SigninAttempt).where(*_pair(login, address)))


def _pair(login: str, address: str) -> tuple[sa.ColumnElement[bool], ...]:
    return col(SigninAttempt.login_folded) == fold(login)[:120], col(SigninAttempt.address) == address[:60]
