"""Store the hosts that are watched, as administrators keep them. NETMONITOR_HOSTS owns a part of some."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from helpdesk.errors import Conflict, Invalid, NotAllowed, sentence
from helpdesk.store import audit, host_news, host_samples, leases, locks
from helpdesk.store.database import required
from helpdesk.store.host_fields import MOST_HOSTS, HostFields, folded, names
from helpdesk.store.host_samples import UNWATCHED
from helpdesk.store.host_tasks import GIVEN_UP
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import (
    HostHour,
    HostIncident,
    HostMaintenance,
    HostPacked,
    HostSample,
    HostState,
    MonitoredHost,
)
from helpdesk.store.models.notifications import Lease

OF_THE_SETTING = ("name", "method", "address", "port", "is_active")
"""What NETMONITOR_HOSTS says of the hosts that it names."""
TAKEN = sentence("There is a host with this name already.")
TOO_MANY = sentence("There are %(most)s hosts already.", most=MOST_HOSTS)
SET = sentence("NETMONITOR_HOSTS names this host: take it out there.")


@dataclass(frozen=True, slots=True)
class HostValues(HostFields):
    """What administrators say of a host."""

    is_public: bool
    is_active: bool
    opens_task: bool


def all(session: Session) -> Sequence[MonitoredHost]:
    """Return all hosts by their groups and names, also those that are switched off."""
    order = (func.lower(col(MonitoredHost.group_name)), col(MonitoredHost.name_folded), col(MonitoredHost.id))
    return session.exec(select(MonitoredHost).order_by(*order).limit(2 * MOST_HOSTS)).all()


def one(session: Session, host_id: int) -> MonitoredHost:
    """Return a host. Raises NotFound."""
    return required(session, MonitoredHost, host_id)


def groups(session: Session) -> Sequence[str]:
    """Return the names of the groups that hosts have."""
    name = col(MonitoredHost.group_name)
    return session.exec(select(name).where(name != "").distinct().order_by(name)).all()


def values(host: MonitoredHost) -> HostValues:
    return HostValues(**{name: getattr(host, name) for name in names(HostValues)})


def add(session: Session, actor_id: int, wanted: HostValues, now: datetime) -> MonitoredHost:
    """Add a host. Raises Invalid."""
    locks.everybody(session)
    _require_free(session, wanted.name, None)
    if session.exec(select(func.count()).select_from(MonitoredHost)).one() >= MOST_HOSTS:
        raise Invalid({"name": [TOO_MANY]})
    row = MonitoredHost(**asdict(wanted), name_folded=folded(wanted.name), created_at=now)
    session.add(row)
    host_samples.expect(session, row, now)
    audit.note(session, actor_id, "host_added", None, {"host": row.id, "name": row.name, "address": row.address})
    return row


def change(
    session: Session, actor_id: int, host_id: int, wanted: HostValues, known: int | None, now: datetime
) -> MonitoredHost:
    """Change a host whose version is `known`; what NETMONITOR_HOSTS says of it stays. Raises NotFound, Invalid, and
    Conflict with the host as it is now."""
    locks.everybody(session)
    row = required(session, MonitoredHost, host_id, for_update=True)
    if known is not None and known != row.version:
        raise Conflict(row)
    before = values(row)
    if row.is_set:
        wanted = replace(wanted, **{name: getattr(before, name) for name in OF_THE_SETTING})
    changed = [name for name in names(HostValues) if getattr(before, name) != getattr(wanted, name)]
    if changed:
        _require_free(session, wanted.name, host_id)
        row.sqlmodel_update({**asdict(wanted), "name_folded": folded(wanted.name), "version": row.version + 1})
        session.add(row)
        host_samples.expect(session, row, now)
        told = [f"{name}: {getattr(before, name)} → {getattr(wanted, name)}" for name in changed]
        audit.note(session, actor_id, "host_changed", None, {"host": host_id, "name": row.name, "changes": told})
    return row


def remove(session: Session, actor_id: int, host_id: int, now: datetime) -> set[int]:
    """Remove a host with all that was measured and told of it; tasks of its incidents get a comment before these are
    removed. Return who had a notification of it.

    Raises NotFound, and NotAllowed when the setting names it.
    """
    leases.wait_for(session, host_samples.LEASE)
    locks.everybody(session)
    row = required(session, MonitoredHost, host_id, for_update=True)
    if row.is_set:
        raise NotAllowed(SET)
    _leave_tasks(session, host_id, now)
    for model in (HostSample, HostHour, HostPacked, HostState, HostIncident, HostMaintenance):
        session.execute(sa.delete(model).where(table(model).c.host_id == host_id))
    session.execute(sa.delete(Lease).where(col(Lease.name) == host_samples.check_lease(host_id)))
    session.delete(row)
    session.flush()
    audit.note(session, actor_id, "host_removed", None, {"host": host_id, "name": row.name, "address": row.address})
    return host_news.take_back(session, host_id)


def _leave_tasks(session: Session, host_id: int, now: datetime) -> None:
    """Take away the host of incidents whose tasks are to be closed, and delete those left in this way that nobody has
    closed for long."""
    of, incidents = table(HostIncident).c, sa.update(HostIncident)
    session.execute(sa.delete(HostIncident).where(of.host_id.is_(None), of.ended_at < now - 2 * GIVEN_UP))
    session.execute(incidents.where(of.open_host_id == host_id).values(**UNWATCHED, ended_at=now))
    has_task = (of.host_id == host_id, of.task_state.in_(("opening", "open", "closing")))
    session.execute(incidents.where(*has_task).values(host_id=None, note="", noted_by=None, noted_at=None))


def _require_free(session: Session, name: str, own_id: int | None) -> None:
    found = session.exec(select(MonitoredHost.id).where(MonitoredHost.name_folded == folded(name))).first()
    if found not in (None, own_id):
        raise Invalid({"name": [TAKEN]})
