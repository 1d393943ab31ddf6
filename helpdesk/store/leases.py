"""Leases: what only one process may do at a time, and another one when its holder no longer renews it."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.store.notification_tables import Lease


def take(session: Session, name: str, holder: str, now: datetime, seconds: float) -> bool:
    """Take a lease that is free or has run out, or keep one's own, until `seconds` after `now`; whether it is held.

    When it is, nobody else can take it before this transaction ends. So whoever takes it first, before anything is
    read, sees all that the holders before have written, and writes only while it is still the holder.
    """
    until = now + timedelta(seconds=seconds)
    mine_or_free = sa.or_(col(Lease.holder) == holder, col(Lease.until) <= now)
    # First of all the update: it waits for others' ends, and MySQL shows a transaction the state of its first reading.
    taken = session.exec(
        sa.update(Lease).where(col(Lease.name) == name, mine_or_free).values(holder=holder, until=until)
    )
    if taken.rowcount:
        return True
    if session.exec(select(Lease.name).where(Lease.name == name)).first() is not None:
        return False
    try:
        with session.begin_nested():
            session.add(Lease(name=name, holder=holder, until=until))
    except IntegrityError:
        return False
    return True


def release(session: Session, name: str, holder: str, now: datetime) -> None:
    """Let go of a lease, if it is one's own: others may take it at once."""
    mine = (col(Lease.name) == name, col(Lease.holder) == holder)
    session.exec(sa.update(Lease).where(*mine).values(holder="", until=now))
