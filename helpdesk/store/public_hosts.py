"""Read the hosts of the public status page: what administrators chose to show to anybody, and no more of it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostIncident, HostState, MonitoredHost

MOST_INCIDENTS = 2_000
"""The most incidents that are read, the last ones."""


class Incident(NamedTuple):
    """From when until when a host did not answer; `ended_at` is None while it goes on."""

    began_at: datetime
    ended_at: datetime | None


class PublicHost(NamedTuple):
    """A host by its name alone, with its incidents, the last first."""

    id: int
    name: str
    group_name: str
    checked_at: datetime | None
    interval_seconds: int
    created_at: datetime
    incidents: Sequence[Incident]


def hosts(session: Session, since: datetime) -> list[PublicHost]:
    """Return the chosen hosts by group and name, with their incidents that lasted after `since`."""
    state, host = table(HostState).c, table(MonitoredHost).c
    columns = (host.id, host.name, host.group_name, state.checked_at)
    chosen = (
        sa.select(*columns, host.interval_seconds, host.created_at)
        .outerjoin_from(MonitoredHost, HostState, state.host_id == host.id)
        .where(host.is_public, host.is_active)
        .order_by(host.group_name, host.name_folded)
    )
    lasted = _incidents(session, since)
    return [PublicHost._make([*row, lasted[row.id]]) for row in session.execute(chosen)]


def _incidents(session: Session, since: datetime) -> dict[int | None, list[Incident]]:
    of = HostIncident
    lasted = (
        select(of.host_id, of.began_at, of.ended_at)
        .join(MonitoredHost, col(MonitoredHost.id) == col(of.host_id))
        .where(col(MonitoredHost.is_public), sa.or_(col(of.ended_at).is_(None), col(of.ended_at) > since))
        .order_by(col(of.id).desc())
        .limit(MOST_INCIDENTS)
    )
    found = defaultdict[int | None, list[Incident]](list)
    for host_id, began_at, ended_at in session.exec(lasted):
        found[host_id].append(Incident(began_at, ended_at))
    return found
