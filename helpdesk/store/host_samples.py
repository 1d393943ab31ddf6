"""Store what probes have found, and read what the next ones need. All is written by the holder of one lease."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.store.host_fields import HostFields, names
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostIncident, HostSample, HostState, MonitoredHost

HOST, STATE, SAMPLE = table(MonitoredHost), table(HostState), table(HostSample)
LEASE = "netmonitor"
"""The name of the lease of the process that samples."""

UNWATCHED = {"open_host_id": None, "is_unwatched": True}
"""The new values of an open incident whose host is not watched any more."""


@dataclass(frozen=True, slots=True)
class Watched(HostFields):
    """A host that is to be probed, with its last sample's moment."""

    id: int
    opens_task: bool
    version: int
    checked_at: datetime | None = None


OF_HOST = [HOST.c[name] for name in names(Watched) if name in HOST.c]


def check_lease(host_id: int) -> str:
    """Return the name of the lease of those who check a host by hand."""
    return f"netmonitor {host_id}"


def fingerprint(session: Session) -> tuple[int, int, int]:
    """Return what changes with each edit of the hosts, to read them only then: zeros without a host."""
    newest, versions = (sa.func.coalesce(it, 0) for it in (sa.func.max(HOST.c.id), sa.func.sum(HOST.c.version)))
    number, newest_id, summed = session.execute(sa.select(sa.func.count(), newest, versions)).one()
    return number, newest_id, int(summed)


def watched(session: Session, host_id: int | None = None) -> list[Watched]:
    """Return the hosts that are watched, or one of them."""
    asked = (
        sa.select(*OF_HOST, STATE.c.checked_at)
        .outerjoin_from(HOST, STATE, HOST.c.id == STATE.c.host_id)
        .where(HOST.c.is_active)
    )
    if host_id is not None:
        asked = asked.where(HOST.c.id == host_id)
    return [Watched(**row) for row in session.execute(asked.order_by(HOST.c.id)).mappings()]


def still_there(session: Session, ids: Collection[int]) -> dict[int, Watched]:
    """Return those of the hosts that are watched, and let nobody edit or remove them in this transaction."""
    locked = sa.select(*OF_HOST).where(HOST.c.id.in_(ids), HOST.c.is_active).order_by(HOST.c.id)
    return {row["id"]: Watched(**row) for row in session.execute(locked.with_for_update(read=True)).mappings()}


def states(session: Session, ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return the rows of the states of these hosts."""
    rows = session.execute(sa.select(STATE).where(STATE.c.host_id.in_(ids))).mappings()
    return {row["host_id"]: dict(row) for row in rows}


def stored(session: Session, keys: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return which of these samples, by host and second, are stored already."""
    ids, seconds = (sorted(set(it)) for it in zip(*keys, strict=True))
    asked = sa.select(SAMPLE.c.host_id, SAMPLE.c.at).where(SAMPLE.c.host_id.in_(ids), SAMPLE.c.at.in_(seconds))
    return {(host_id, at) for host_id, at in session.execute(asked)}


def add(session: Session, samples: Sequence[tuple[int, int, float | None]]) -> None:
    """Store samples that are not stored yet: host, second, ms."""
    if samples:
        session.execute(sa.insert(SAMPLE), [{"host_id": host, "at": at, "ms": ms} for host, at, ms in samples])


def expect(session: Session, host: MonitoredHost, now: datetime) -> None:
    """Note when a host that was added, edited or switched on is due: the moment before it says nothing any more, nor
    does the certificate of which people were notified. The caller has locked the host."""
    session.flush()
    state = session.get(HostState, host.id) or HostState(host_id=host.id or 0)
    state.due_at, state.told_expiry = now + timedelta(seconds=host.interval_seconds), None
    session.add(state)


def write_states(session: Session, new: Sequence[Mapping[str, Any]], changed: Sequence[Mapping[str, Any]]) -> None:
    """Store states, of which all have the same columns."""
    if new:
        session.execute(sa.insert(STATE), new)
    if changed:
        names = [name for name in changed[0] if name != "host_id"]
        update = sa.update(STATE).where(STATE.c.host_id == sa.bindparam("of_host"))
        rows = [{"of_host": row["host_id"], **{f"new_{name}": row[name] for name in names}} for row in changed]
        session.execute(update.values({name: sa.bindparam(f"new_{name}") for name in names}), rows)


def open_incidents(session: Session, ids: Collection[int]) -> dict[int, HostIncident]:
    """Return the open incidents of these hosts."""
    rows = session.exec(select(HostIncident).where(col(HostIncident.open_host_id).in_(ids)))
    return {row.open_host_id: row for row in rows if row.open_host_id is not None}


def openings(session: Session, host_id: int, since: datetime) -> list[datetime]:
    """Return when incidents of a host have opened since."""
    its = (col(HostIncident.host_id) == host_id, col(HostIncident.opened_at) > since)
    return list(session.exec(select(HostIncident.opened_at).where(*its)))


def end_unwatched(session: Session, now: datetime) -> None:
    """End the incidents of hosts that are not watched any more."""
    of = table(HostIncident)
    unwatched = sa.select(HOST.c.id).where(~HOST.c.is_active).scalar_subquery()
    session.execute(sa.update(of).where(of.c.open_host_id.in_(unwatched)).values(**UNWATCHED, ended_at=now))


def oldest_due(session: Session) -> datetime | None:
    """Return the moment for which a host has been waiting longest, None when none is watched."""
    due = sa.select(sa.func.min(STATE.c.due_at)).join_from(STATE, HOST, HOST.c.id == STATE.c.host_id)
    return session.execute(due.where(HOST.c.is_active)).scalar()
