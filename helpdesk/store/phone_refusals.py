"""Count the tries to sign in to the phone that were refused: five wrong passwords lock an agent of the phone system."""

from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.casefold import fold
from helpdesk.store.clock_skew import AHEAD
from helpdesk.store.models.telephony import PhoneRefusal

WITHIN = timedelta(minutes=5)
"""So long the phone system counts."""


def begin(session: Session, agent_id: str, now: datetime, limit: int) -> tuple[int, int]:
    """Record a try before it is made, so that tries at the same time count, too. Return its id and 0; or 0 and the
    seconds to wait when there were `limit` of them."""
    locks.everybody(session)
    forget_old(session, now)
    if (seconds := wait(session, agent_id, now, limit)) > 0:
        return 0, seconds
    row = PhoneRefusal(agent_hash=_hashed(agent_id), at=now)
    session.add(row)
    session.flush()
    return row.id or 0, 0


def add(session: Session, agent_id: str, now: datetime) -> None:
    """Record a try that was refused."""
    session.add(PhoneRefusal(agent_hash=_hashed(agent_id), at=now))


def forget_old(session: Session, now: datetime) -> None:
    """Delete the tries that count no more."""
    session.exec(sa.delete(PhoneRefusal).where(~_counts(now)))


def take_back(session: Session, id: int) -> None:
    """Delete a try that was not refused."""
    session.exec(sa.delete(PhoneRefusal).where(col(PhoneRefusal.id) == id))


def forgive(session: Session, agent_id: str) -> None:
    """Delete the tries of an agent: the phone system has taken the password."""
    session.exec(sa.delete(PhoneRefusal).where(col(PhoneRefusal.agent_hash) == _hashed(agent_id)))


def wait(session: Session, agent_id: str, now: datetime, limit: int) -> int:
    """Return the seconds until the agent may be tried again; 0 while there were fewer than `limit` refused tries."""
    mine = (col(PhoneRefusal.agent_hash) == _hashed(agent_id), _counts(now))
    newest = select(PhoneRefusal.at).where(*mine).order_by(col(PhoneRefusal.at).desc())
    oldest = session.exec(newest.offset(limit - 1).limit(1)).first()
    return max(1, ceil((oldest + WITHIN - now).total_seconds())) if oldest else 0


def _counts(now: datetime) -> sa.ColumnElement[bool]:
    return col(PhoneRefusal.at).between(now - WITHIN, now + AHEAD)


def _hashed(agent_id: str) -> str:
    return sha256(fold(agent_id).encode()).hexdigest()
