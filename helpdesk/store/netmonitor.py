"""Read the hosts of the network monitor with what is known of them, and their incidents."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.errors import NotFound
from helpdesk.store import host_recent, maintenance
from helpdesk.store.host_fields import HostFields, names
from helpdesk.store.host_recent import Line
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostIncident, HostState, MonitoredHost
from helpdesk.store.models.tables import Person

MOST_INCIDENTS = 200


class IncidentRow(NamedTuple):
    """An incident with its host's name, and who noted something about it."""

    id: int
    host_id: int
    host_name: str
    began_at: datetime
    opened_at: datetime
    ended_at: datetime | None
    fault: str
    detail: str
    is_damped: bool
    flaps: int
    note: str
    noted_by: int | None
    noter: str | None
    noted_at: datetime | None
    task_id: int | None
    task_state: str
    is_unwatched: bool


@dataclass(frozen=True, slots=True)
class HostRow(HostFields):
    """A host: its columns, its state, the incident that is open, the reason of a window of maintenance that is on, and
    the last hour (`host_recent.line`)."""

    id: int
    is_set: bool
    is_public: bool
    is_active: bool
    opens_task: bool
    version: int
    status: str
    since: datetime | None
    ms: float | None
    checked_at: datetime | None
    due_at: datetime | None
    failures: int
    successes: int
    fault: str
    detail: str
    expires_at: datetime | None
    incident: IncidentRow | None
    maintenance: str | None
    line: Line


class Version(NamedTuple):
    """Values that change with the status of a host, and when maintenance or an incident begins or ends."""

    since: datetime | None
    maintained: int
    last_incident: int | None
    open_incidents: int


OF_HOST, OF_STATE = (
    [its.c[name] for name in names(HostRow) if name in its.c] for its in (table(MonitoredHost), table(HostState))
)
STATELESS = {"status": "unknown", "failures": 0, "successes": 0, "fault": "", "detail": ""}
INCIDENT = table(HostIncident).c
OF_INCIDENT = [
    INCIDENT.id,
    INCIDENT.host_id,
    table(MonitoredHost).c.name,
    *(INCIDENT[name] for name in IncidentRow._fields[3:12]),
    table(Person).c.full_name,
    *(INCIDENT[name] for name in IncidentRow._fields[13:]),
]


def overview(session: Session, now: datetime) -> list[HostRow]:
    """Return the hosts that are watched, by group and name."""
    return _hosts(session, now, table(MonitoredHost).c.is_active, incidents(session, open_only=True, limit=None))


def version(session: Session) -> Version:
    """Return the version of what the overview shows, but for times of answers."""
    state = table(HostState).c
    maintained = sa.func.coalesce(sa.func.sum(sa.case((state.is_maintained, 1), else_=0)), 0)
    since, number = session.execute(sa.select(sa.func.max(state.since), maintained)).one()
    # Each by an index of its own: this is asked every few seconds.
    last = session.execute(sa.select(sa.func.max(INCIDENT.id))).scalar()
    opened = sa.select(sa.func.count()).where(INCIDENT.open_host_id.is_not(None))
    return Version(since, int(number), last, session.execute(opened).scalar_one())


def host(session: Session, host_id: int, now: datetime) -> HostRow:
    """Return a host, also one that is not watched any more. Raises NotFound."""
    found = _hosts(session, now, col(MonitoredHost.id) == host_id, incidents(session, host_id, open_only=True))
    if not found:
        raise NotFound
    return found[0]


def incidents(
    session: Session,
    host_id: int | None = None,
    open_only: bool = False,
    limit: int | None = MOST_INCIDENTS,
    before: int | None = None,
) -> list[IncidentRow]:
    """Return the incidents, the last one first: of one host or of all, and with a lower id than `before`."""
    asked = _asked().order_by(INCIDENT.id.desc()).limit(limit)
    if host_id is not None:
        asked = asked.where(INCIDENT.host_id == host_id)
    if open_only:
        asked = asked.where(INCIDENT.open_host_id.is_not(None))
    if before is not None:
        asked = asked.where(INCIDENT.id < before)
    return [IncidentRow(*row) for row in session.execute(asked)]


def incident(session: Session, incident_id: int) -> IncidentRow:
    """Return an incident. Raises NotFound."""
    row = session.execute(_asked().where(INCIDENT.id == incident_id)).first()
    if row is None:
        raise NotFound
    return IncidentRow(*row)


def _asked() -> sa.Select[tuple[object, ...]]:
    return (
        sa.select(*OF_INCIDENT)
        .join_from(HostIncident, MonitoredHost, INCIDENT.host_id == col(MonitoredHost.id))
        .outerjoin(Person, INCIDENT.noted_by == col(Person.id))
    )


def _hosts(
    session: Session, now: datetime, which: sa.ColumnElement[bool], opened: Iterable[IncidentRow]
) -> list[HostRow]:
    windows, second = maintenance.current(session, now), int(now.timestamp())
    of_host = {it.host_id: it for it in opened}
    state = table(HostState).c
    asked = (
        sa.select(*OF_HOST, state.recent, *OF_STATE)
        .outerjoin_from(MonitoredHost, HostState, col(MonitoredHost.id) == state.host_id)
        .where(which)
        .order_by(col(MonitoredHost.group_name), col(MonitoredHost.name_folded))
    )
    rows = list[HostRow]()
    for row in session.execute(asked).mappings():
        values = dict(row)
        if values["status"] is None:  # it was never probed
            values |= STATELESS
        line = host_recent.line(values.pop("recent") or b"", second)
        window = maintenance.is_on(windows, row["id"], row["group_name"], now)
        rows.append(HostRow(**values, incident=of_host.get(row["id"]), maintenance=window and window.reason, line=line))
    return rows
