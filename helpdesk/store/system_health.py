"""Store what the checks of systems found: the state of each, and each check of the last day."""

from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.models.company import SystemSample, SystemState

UP, DOWN, UNKNOWN = "up", "down", "unknown"
KEEP_FOR = timedelta(days=1)
LASTING = timedelta(minutes=1)
"""Administrators are notified of a status that checks at the beginning and at the end of this time have found, and all
between. It is counted in time, since a person may check as often as they like."""


class State(NamedTuple):
    """The health of a system, as the columns of SystemState."""

    status: str = UNKNOWN
    since: datetime | None = None
    checked_at: datetime | None = None
    succeeded_at: datetime | None = None
    error: str = ""
    told_status: str = ""


class Sample(NamedTuple):
    """One check: the seconds that the system took to answer; None when it was broken."""

    checked_at: datetime
    seconds: float | None


def states(session: Session) -> dict[str, State]:
    """Return the state of every system that was ever checked."""
    return {row.system: _state(row) for row in session.exec(select(SystemState))}


def samples(session: Session, since: datetime) -> dict[str, list[Sample]]:
    """Return the checks of each system since then, the oldest first."""
    found: dict[str, list[Sample]] = {}
    query = (
        select(SystemSample)
        .where(col(SystemSample.checked_at) >= since)
        .order_by(col(SystemSample.checked_at), col(SystemSample.id))
    )
    for row in session.exec(query):
        found.setdefault(row.system, []).append(Sample(row.checked_at, row.seconds))
    return found


def newest_sample(session: Session, system: str) -> int:
    """Return the id of a system's last check; 0 when there is none."""
    return session.exec(select(sa.func.max(SystemSample.id)).where(SystemSample.system == system)).one() or 0


def record(session: Session, system: str, seconds: float | None, error: str, now: datetime) -> None:
    """Store the outcome of a check, and delete old ones. Without `seconds` the system is broken, by this error."""
    session.exec(sa.delete(SystemSample).where(col(SystemSample.checked_at) < now - KEEP_FOR))
    session.add(SystemSample(system=system, checked_at=now, seconds=seconds))
    status = DOWN if seconds is None else UP
    row = session.get(SystemState, system) or SystemState(system=system, status="", since=now, checked_at=now)
    if row.status != status:
        row.status, row.since = status, now
    row.checked_at = now
    if seconds is None:
        row.error = error
    else:
        row.succeeded_at = now
    session.add(row)
    session.flush()


def take_news(session: Session, system: str) -> str | None:
    """Return the status of which administrators are to be notified now, and remember that they were; None for none.

    A system that goes down and up between checks is no news, nor is one that has worked ever since it was set up.
    """
    row = session.get_one(SystemState, system)
    is_lasting = row.checked_at - row.since >= LASTING
    if not is_lasting or row.status == (row.told_status or UP):
        return None
    row.told_status = row.status
    session.add(row)
    return row.status


def _state(row: SystemState) -> State:
    return State(row.status, row.since, row.checked_at, row.succeeded_at, row.error, row.told_status)
