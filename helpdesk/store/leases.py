"""Grant leases: only one process at a time holds one, and another may take it when it is no longer renewed."""

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.store.clock_skew import is_ahead
from helpdesk.store.models.notifications import Lease

log = logging.getLogger(__name__)


def take(session: Session, name: str, holder: str, now: datetime, seconds: float) -> bool:
    """Take a free or expired lease, or renew one's own, until `seconds` after `now`. Return whether it is held.

    A lease that ends later than anybody can have asked for is free, too: its holder's clock was ahead.
    Once held, nobody else can take it before this transaction ends. A caller that takes it before reading anything
    therefore sees all that earlier holders have written, and writes only while it is still the holder.
    """
    until = now + timedelta(seconds=seconds)
    mine_or_free = sa.or_(col(Lease.holder) == holder, col(Lease.until) <= now)
    # The update comes first, since it waits for other transactions to end.
    taken = session.exec(
        sa.update(Lease).where(col(Lease.name) == name, mine_or_free).values(holder=holder, until=until)
    )
    if taken.rowcount:
        return True
    held_until = session.exec(select(Lease.until).where(Lease.name == name)).first()
    if held_until is None:
        return _make(session, Lease(name=name, holder=holder, until=until))
    if not is_ahead(held_until - timedelta(seconds=seconds), now):
        return False
    extra = {"lease": name, "until": held_until.isoformat()}
    log.warning("a lease ends later than it can, a clock is wrong; it is taken anyway", extra=extra)
    same = (col(Lease.name) == name, col(Lease.until) == held_until)
    return bool(session.exec(sa.update(Lease).where(*same).values(holder=holder, until=until)).rowcount)


def _make(session: Session, lease: Lease) -> bool:
    try:
        with session.begin_nested():
            session.add(lease)
    except IntegrityError:
        return False
    return True


def wait_for(session: Session, name: str) -> None:
    """Wait until the holder of a lease has written what it is writing, and let it wait until this transaction ends."""
    session.exec(sa.update(Lease).where(col(Lease.name) == name).values(holder=Lease.holder))


def keep(session: Session, name: str, holder: str) -> bool:
    """Return whether nobody has taken the lease meanwhile, also when it has run out; if so, nobody can in this
    transaction."""
    mine = (col(Lease.name) == name, col(Lease.holder) == holder)
    return bool(session.exec(sa.update(Lease).where(*mine).values(holder=holder)).rowcount)


def release(session: Session, name: str, holder: str, now: datetime) -> None:
    """Release one's own lease, so that others may take it at once."""
    mine = (col(Lease.name) == name, col(Lease.holder) == holder)
    session.exec(sa.update(Lease).where(*mine).values(holder="", until=now))
