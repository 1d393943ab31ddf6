"""Store the windows of maintenance, in which failures of hosts open no incident."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from helpdesk.errors import Invalid, NotFound, sentence
from helpdesk.store import audit, locks, monitored_hosts
from helpdesk.store.database import required
from helpdesk.store.models.netmonitor import HostMaintenance, MonitoredHost
from helpdesk.store.models.tables import Person

MOST = 200
"""The most windows that have not ended."""
EARLIER = 20
"""So many windows that have ended are listed."""
FORGOTTEN_AT_ONCE = 500
TOO_MANY = sentence("There are %(most)s windows already that have not ended.", most=MOST)


class WindowValues(NamedTuple):
    """A window of a host, of a group, or of all hosts without either."""

    host_id: int | None
    group_name: str
    begins_at: datetime
    ends_at: datetime
    reason: str


class Window(NamedTuple):
    """A window with the name of its host, if it is one host's, and of who made it."""

    row: HostMaintenance
    host: str | None
    maker: str


def open(session: Session, now: datetime) -> Sequence[Window]:
    """Return the windows that are on or to come, the next first."""
    return _windows(session, col(HostMaintenance.ends_at) > now, col(HostMaintenance.begins_at).asc(), MOST)


def ended(session: Session, now: datetime) -> Sequence[Window]:
    """Return the last windows that have ended, the last first."""
    return _windows(session, col(HostMaintenance.ends_at) <= now, col(HostMaintenance.ends_at).desc(), EARLIER)


def add(session: Session, actor_id: int, wanted: WindowValues, now: datetime) -> HostMaintenance:
    """Add a window. Raises NotFound for an unknown host or group, and Invalid when there are too many."""
    locks.everybody(session)
    host = required(session, MonitoredHost, wanted.host_id) if wanted.host_id is not None else None
    if wanted.group_name and wanted.group_name not in monitored_hosts.groups(session):
        raise NotFound
    if session.exec(select(func.count()).where(col(HostMaintenance.ends_at) > now)).one() >= MOST:
        raise Invalid({"reason": [TOO_MANY]})
    row = HostMaintenance(**wanted._asdict(), made_by=actor_id, made_at=now)
    session.add(row)
    session.flush()
    _note(session, actor_id, "maintenance_added", row, host)
    return row


def end(session: Session, actor_id: int, window_id: int, now: datetime) -> None:
    """End a window now; one that has not begun is gone, and one that has ended stays as it is. Raises NotFound."""
    row = required(session, HostMaintenance, window_id, for_update=True)
    if row.ends_at <= now:
        return
    host = session.get(MonitoredHost, row.host_id) if row.host_id is not None else None
    if row.begins_at >= now:
        session.delete(row)
    else:
        row.ends_at = now
        session.add(row)
    session.flush()
    _note(session, actor_id, "maintenance_ended", row, host)


def forget(session: Session, before: datetime) -> None:
    """Delete windows that ended before then, some at a time."""
    oldest = select(HostMaintenance.id).where(col(HostMaintenance.ends_at) < before).limit(FORGOTTEN_AT_ONCE)
    session.exec(sa.delete(HostMaintenance).where(col(HostMaintenance.id).in_(session.exec(oldest).all())))


def _windows(
    session: Session, which: sa.ColumnElement[bool], order: sa.UnaryExpression[datetime], most: int
) -> Sequence[Window]:
    query = (
        select(HostMaintenance, MonitoredHost.name, Person.full_name, Person.login)
        .outerjoin(MonitoredHost, col(MonitoredHost.id) == col(HostMaintenance.host_id))
        .join(Person, col(Person.id) == col(HostMaintenance.made_by))
        .where(which)
        .order_by(order, col(HostMaintenance.id))
        .limit(most)
    )
    return [Window(row, host, name or login) for row, host, name, login in session.exec(query)]


def _note(session: Session, actor_id: int, act: str, row: HostMaintenance, host: MonitoredHost | None) -> None:
    told = {
        "name": host.name if host else row.group_name,
        "since": row.begins_at.isoformat(timespec="minutes"),
        "until": row.ends_at.isoformat(timespec="minutes"),
        "why": row.reason,
    }
    audit.note(session, actor_id, act, None, told)
