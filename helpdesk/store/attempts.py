"""Sign-in attempts that have not succeeded, counted per login and address."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.folding import fold
from helpdesk.store.tables import SigninAttempt


def record(session: Session, login: str, address: str, now: datetime, count: int, seconds: int) -> int:
    """Note an attempt before it is checked, so that parallel guesses count too.

    Returns 0 when it may go on, else the whole seconds until the oldest of the last `count` attempts is forgotten.
    """
    who = (col(SigninAttempt.login_folded) == fold(login)[:120], col(SigninAttempt.address) == address[:60])
    session.exec(sa.delete(SigninAttempt).where(col(SigninAttempt.at) <= now - timedelta(seconds=seconds)))
    recent = session.exec(select(SigninAttempt.at).where(*who).order_by(col(SigninAttempt.at).desc())).all()
    if len(recent) >= count:
        wait = recent[count - 1] + timedelta(seconds=seconds) - now
        return max(1, -int(-wait.total_seconds() // 1))
    session.add(SigninAttempt(login_folded=fold(login)[:120], address=address[:60], at=now))
    return 0


def forgive(session: Session, login: str, address: str) -> None:
    """The sign-in succeeded: what failed before it no longer counts."""
    who = (col(SigninAttempt.login_folded) == fold(login)[:120], col(SigninAttempt.address) == address[:60])
    session.exec(sa.delete(SigninAttempt).where(*who))
