"""Read the hosts of the public status page: what administrators chose to show to anybody, and no more of it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostIncident, HostState, MonitoredHost

MOST_ENDED, LEAST_ENDED = 10_000, 20
"""The most ended incidents that are read of all hosts, which share them, and of each host at least: its last ones."""


class Incident(NamedTuple):
    """From when until when a host did not answer; `ended_at` is None while it goes on."""

    began_at: datetime
    ended_at: datetime | None


class PublicHost(NamedTuple):
    """A host by its name alone, with its incidents, the one that goes on first, then the last. `status` is "unknown",
    "online" or "offline", since `since`."""

    id: int
    name: str
    group_name: str
    status: str
    since: datetime | None
    checked_at: datetime | None
    interval_seconds: int
    created_at: datetime
    incidents: Sequence[Incident]


def hosts(session: Session, since: datetime) -> list[PublicHost]:
    """Return the chosen hosts by group and name, with their incidents that lasted after `since`."""
    state, host = table(HostState).c, table(MonitoredHost).c
    known = (sa.func.coalesce(state.status, "unknown"), state.since, state.checked_at)
    chosen = (
        sa.select(host.id, host.name, host.group_name, *known, host.interval_seconds, host.created_at)
        .outerjoin_from(MonitoredHost, HostState, state.host_id == host.id)
        .where(host.is_public, host.is_active)
        .order_by(host.group_name, host.name_folded)
    )
    rows = session.execute(chosen).all()
    lasted = _incidents(session, [row.id for row in rows], since)
    return [PublicHost._make([*row, lasted[row.id]]) for row in rows]


def _incidents(session: Session, host_ids: Sequence[int], since: datetime) -> dict[int, list[Incident]]:
    """Return the incidents of each host. One that goes on is never left out, however many ended after its begin."""
    of = table(HostIncident).c
    place = sa.func.row_number().over(partition_by=of.host_id, order_by=(of.open_host_id.is_(None), of.id.desc()))
    is_wanted = sa.and_(of.host_id.in_(host_ids), sa.or_(of.ended_at.is_(None), of.ended_at > since))
    numbered = sa.select(of.host_id, of.began_at, of.ended_at, place.label("place")).where(is_wanted).subquery().c
    most = 1 + max(LEAST_ENDED, MOST_ENDED // max(1, len(host_ids)))
    asked = sa.select(numbered.host_id, numbered.began_at, numbered.ended_at).where(numbered.place <= most)
    found = defaultdict[int, list[Incident]](list)
    for host_id, began_at, ended_at in session.execute(asked.order_by(numbered.host_id, numbered.place)):
        found[host_id].append(Incident(began_at, ended_at))
    return found
