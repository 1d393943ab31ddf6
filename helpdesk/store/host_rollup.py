"""Roll up the samples of finished hours, and forget what is too old.

An hour's row, its packed minutes and samples, and the end of the samples' own rows are one transaction. Samples that
come later, as from a clock that was set back, are added to what is packed, and to the numbers of the hour when its
samples are kept no more.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.store.host_history import HUNDREDTHS, MINUTES, SAMPLES, merge, nearest_rank
from helpdesk.store.host_packing import (
    HOUR,
    Minute,
    Sample,
    pack_minutes,
    pack_samples,
    unpack_minutes,
    unpack_samples,
)  # fmt: skip
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostHour, HostIncident, HostPacked, HostSample, MonitoredHost

SAMPLE = table(HostSample).c
KEPT_SECONDS = {SAMPLES: 48 * HOUR, MINUTES: 30 * 24 * HOUR}
"""How long the packed samples and minutes are kept."""
HOURS_KEPT_SECONDS = 2 * 366 * 24 * HOUR
MOST_AT_ONCE = 24 * HOUR
"""Of one host no more than a day is deleted at once."""


def finished(session: Session, before: int, most: int) -> list[tuple[int, int]]:
    """Return some hours that ended until `before` and hold samples, the oldest of each host: its id, the begin."""
    of_host = SAMPLE.host_id == table(MonitoredHost).c.id
    oldest = sa.select(sa.func.min(SAMPLE.at)).where(of_host).scalar_subquery().label("oldest")
    each = sa.select(table(MonitoredHost).c.id, oldest).subquery().c
    asked = sa.select(each.id, each.oldest).where(each.oldest < before - before % HOUR).limit(most)
    return [(host_id, at - at % HOUR) for host_id, at in session.execute(asked)]


def roll_up(session: Session, host_id: int, hour: int) -> None:
    """Replace the samples of an hour by its numbers, and by what is packed of it."""
    if session.get(MonitoredHost, host_id, with_for_update={"read": True}) is None:  # removed meanwhile
        return
    its = sa.and_(SAMPLE.host_id == host_id, SAMPLE.at >= hour, SAMPLE.at < hour + HOUR)
    rows = session.execute(sa.select(SAMPLE.at, SAMPLE.ms).where(its))
    samples = {at: Sample(at, None if ms is None else round(ms * HUNDREDTHS)) for at, ms in rows}
    packed = session.get(HostPacked, (host_id, SAMPLES, hour), populate_existing=True)
    known = session.get(HostHour, (host_id, hour), populate_existing=True)
    if packed is not None:
        samples |= {it.at: it for it in unpack_samples(hour, packed.packed)}
    ordered = sorted(samples.values())
    if packed is None and known is not None:
        _add(session, known, ordered)
    else:
        session.merge(hour_row(host_id, hour, ordered))
        _pack(session, host_id, hour, SAMPLES, pack_samples(hour, ordered))
        _pack(session, host_id, hour, MINUTES, pack_minutes(hour, of_minutes(ordered)))
    session.flush()
    session.execute(sa.delete(HostSample).where(its))


def _add(session: Session, row: HostHour, late: Sequence[Sample]) -> None:
    """Add samples to the numbers of an hour, and to its minutes if they are kept."""
    host_id, hour, own = row.host_id, row.hour, hour_row(row.host_id, row.hour, late)
    parts = [Minute(hour, it.probes, it.lost, it.low, it.mean, it.high) for it in (row, own)]
    ranks = sorted((it.p95, it.probes - it.lost) for it in (row, own) if it.p95 is not None)
    row.p95 = nearest_rank(ranks) if ranks else None
    _, row.probes, row.lost, row.low, row.mean, row.high = merge(hour, parts)
    session.add(row)
    packed = session.get(HostPacked, (host_id, MINUTES, hour), populate_existing=True)
    if packed is not None:
        minutes = defaultdict[int, list[Minute]](list)
        for it in (*unpack_minutes(hour, packed.packed), *of_minutes(late)):
            minutes[it.at].append(it)
        merged = [merge(at, minutes[at]) for at in sorted(minutes)]
        _pack(session, host_id, hour, MINUTES, pack_minutes(hour, merged))


def _pack(session: Session, host_id: int, hour: int, resolution: int, packed: bytes) -> None:
    session.merge(HostPacked(host_id=host_id, resolution=resolution, hour=hour, packed=packed))


def hour_row(host_id: int, hour: int, samples: Sequence[Sample]) -> HostHour:
    """Return the numbers of an hour's samples, of which there is at least one."""
    row = _reckoned(hour, samples)
    times = sorted(it.time for it in samples if it.time is not None)
    return HostHour(
        host_id=host_id,
        hour=hour,
        probes=row.probes,
        lost=row.lost,
        low=row.low,
        mean=row.mean,
        high=row.high,
        p95=nearest_rank([(it, 1) for it in times]) if times else None,
    )


def of_minutes(samples: Sequence[Sample]) -> list[Minute]:
    """Return the minutes of samples, which come in order."""
    minutes = defaultdict[int, list[Sample]](list)
    for sample in samples:
        minutes[sample.at - sample.at % 60].append(sample)
    return [_reckoned(at, its) for at, its in minutes.items()]


def _reckoned(at: int, samples: Sequence[Sample]) -> Minute:
    times, number = [it.time for it in samples if it.time is not None], len(samples)
    if not times:
        return Minute(at, number, number, None, None, None)
    return Minute(at, number, number - len(times), min(times), round(sum(times) / len(times)), max(times))


def forget_old(session: Session, host_id: int, now: int) -> int:
    """Delete what is kept of a host for too long, and return how many rows that were: some at a time."""
    of, hour = table(HostPacked).c, table(HostHour).c
    deleted = 0
    for resolution, seconds in KEPT_SECONDS.items():
        its = sa.and_(of.host_id == host_id, of.resolution == resolution)
        deleted += _delete_oldest(session, of.hour, its, now - seconds)
    deleted += _delete_oldest(session, hour.hour, hour.host_id == host_id, now - HOURS_KEPT_SECONDS)
    incident, limit = table(HostIncident).c, datetime.fromtimestamp(now - HOURS_KEPT_SECONDS, UTC)
    old = sa.delete(HostIncident).where(incident.host_id == host_id, incident.ended_at < limit)
    return deleted + session.exec(old).rowcount


def _delete_oldest(session: Session, hour: "sa.Column[int]", which: sa.ColumnElement[bool], before: int) -> int:
    oldest = session.execute(sa.select(sa.func.min(hour)).where(which)).scalar()
    # An hour is kept as long as its last second is.
    limit = before - HOUR
    if oldest is None or oldest >= limit:
        return 0
    its = sa.and_(which, hour < min(limit, oldest + MOST_AT_ONCE))
    return session.exec(sa.delete(hour.table).where(its)).rowcount


def hosts(session: Session) -> list[int]:
    """Return the ids of all hosts, also of those that are not watched."""
    return list(session.execute(sa.select(col(MonitoredHost.id)).order_by(col(MonitoredHost.id))).scalars())
