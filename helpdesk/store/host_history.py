"""Read how hosts answered: points for a chart, days in a time zone, and a summary of a time.

Samples are read as rows until their hour has been rolled up, then packed. Times are stored in hundredths of a ms and
returned in ms.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import accumulate
from math import ceil
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.database import required
from helpdesk.store.host_packing import HOUR, Minute, unpack_minutes, unpack_samples
from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostHour, HostIncident, HostPacked, HostSample, MonitoredHost

SAMPLES, MINUTES = 1, 60
"""The resolutions that are packed."""
WIDTHS = (60, 120, 180, 300, 600, 900, 1800, HOUR, *(hours * HOUR for hours in (2, 3, 6, 12, 24, 48, 168)))
"""How many seconds one point may stand for."""
HUNDREDTHS = 100


class Point(NamedTuple):
    """The probes of a time that begins at `at`. Times are in ms, None when all failed."""

    at: datetime
    probes: int
    lost: int
    min_ms: float | None
    avg_ms: float | None
    max_ms: float | None


class Day(NamedTuple):
    """The probes of a day, which may have 23 or 25 hours. Times are in ms, None without an answer."""

    day: date
    probes: int
    lost: int
    min_ms: float | None
    avg_ms: float | None
    max_ms: float | None


class Summary(NamedTuple):
    """How a host answered: `loss` is the share of lost probes in percent; times are in ms, None without an answer."""

    probes: int
    loss: float
    min_ms: float | None
    avg_ms: float | None
    max_ms: float | None
    p95_ms: float | None
    incidents: int


HOUR_COLUMNS = table(HostHour).c
SAMPLE = table(HostSample).c


def points(session: Session, host_id: int, since: datetime, until: datetime, most: int = 500) -> list[Point]:
    """Return at most `most` points from `since` until before `until`, as fine as what is stored. A point stands for a
    sample, or for a part of `WIDTHS`, of which the first may begin before `since`. Raises NotFound."""
    host, begin, end = required(session, MonitoredHost, host_id), int(since.timestamp()), ceil(until.timestamp())
    if (end - begin) <= most * host.interval_seconds:
        found = [it for it in _pieces(session, host_id, begin, end, SAMPLES) if begin <= it.at < end]
        if len(found) <= most:
            return [Point(_moment(it.at), it.probes, it.lost, *_times(it)) for it in found]
    width = next((it for it in WIDTHS if -(-end // it) - begin // it <= most), WIDTHS[-1])
    begin -= begin % width
    finest = MINUTES if width < HOUR else HOUR
    parts = _merged(
        (it for it in _pieces(session, host_id, begin, end, finest) if it.at < end), lambda at: at - at % width
    )
    return [Point(_moment(it.at), it.probes, it.lost, *_times(it)) for it in parts[-most:]]


def days(session: Session, host_id: int, first: date, last: date, zone: tzinfo) -> list[Day]:
    """Return the days from `first` to `last` in which the host was probed.

    An hour of which no minutes are stored any more belongs to the day in which it begins.
    """
    begin, end = (int(datetime.combine(it, time(), zone).timestamp()) for it in (first, last + timedelta(days=1)))
    pieces = (it for it in _pieces(session, host_id, begin, end, MINUTES) if begin <= it.at < end)

    def day_of(at: int) -> int:
        return _moment(at).astimezone(zone).toordinal()

    return [Day(date.fromordinal(it.at), it.probes, it.lost, *_times(it)) for it in _merged(pieces, day_of)]


def summary(session: Session, host_ids: Sequence[int], since: datetime, now: datetime) -> dict[int, Summary]:
    """Return how hosts answered from the begin of the hour of `since` until `now`, those that were probed.

    What a clock that was ahead has stored after `now` is left out. `p95` is found by the nearest rank: of samples,
    while their hour is not rolled up, and else among the hours' own p95, each of which counts as often as the hour has
    answers. The database reckons it all: a row for each host comes out.
    """
    begin, end = int(since.timestamp()) // HOUR * HOUR, int(now.timestamp())
    opened = _incidents(session, host_ids, since, now)
    return {
        host_id: _summary(*(int(it or 0) for it in numbers), incidents=opened.get(host_id, 0))
        for host_id, *numbers in session.execute(_summed(host_ids, begin, end))
    }


def _summary(probes: int, lost: int, low: int, total: int, high: int, p95: int, *, incidents: int) -> Summary:
    """Return the numbers of a host in ms; the times, which count only with an answer, are in hundredths."""
    loss = 100 * lost / probes
    if lost == probes:
        return Summary(probes, loss, None, None, None, None, incidents)
    mean = total / (probes - lost) / HUNDREDTHS
    return Summary(probes, loss, _ms(low), mean, _ms(high), _ms(p95), incidents)


def _summed(host_ids: Sequence[int], begin: int, end: int) -> sa.Select[tuple[object, ...]]:
    """Select the numbers of each host: of its finished hours and of the samples of the others."""
    part = _finished(host_ids, begin, end).union_all(_unfinished(host_ids, begin, end)).subquery().c
    reached = sa.func.sum(part.probes - part.lost).over(partition_by=part.host_id, order_by=part.p95, rows=(None, 0))
    ranked = sa.select(
        part.host_id,
        sa.func.sum(part.probes).over(partition_by=part.host_id).label("probes"),
        sa.func.sum(part.lost).over(partition_by=part.host_id).label("lost"),
        part.low,
        part.total,
        part.high,
        part.p95,
        reached.label("reached"),
    ).subquery()
    of = ranked.c
    is_p95 = of.reached * 100 >= (of.probes - of.lost) * 95
    return sa.select(
        of.host_id,
        sa.func.max(of.probes),
        sa.func.max(of.lost),
        sa.func.min(of.low),
        sa.func.sum(of.total),
        sa.func.max(of.high),
        sa.func.min(sa.case((is_p95, of.p95))),
    ).group_by(of.host_id)


def nearest_rank(weighted: Sequence[tuple[int, int]]) -> int:
    """Return the p95 of values, which come in order with how often each counts."""
    wanted = (sum(weight for _, weight in weighted) * 95 + 99) // 100
    reached = accumulate(weight for _, weight in weighted)
    return next(value for (value, _), so_far in zip(weighted, reached, strict=True) if so_far >= wanted)


def _finished(host_ids: Sequence[int], begin: int, end: int) -> sa.Select[tuple[object, ...]]:
    hour = HOUR_COLUMNS
    total = (hour.mean * (hour.probes - hour.lost)).label("total")
    return sa.select(hour.host_id, hour.probes, hour.lost, hour.low, total, hour.high, hour.p95).where(
        hour.host_id.in_(host_ids), hour.hour >= begin, hour.hour <= end
    )


def _unfinished(host_ids: Sequence[int], begin: int, end: int) -> sa.Select[tuple[object, ...]]:
    """Select the same numbers of the samples whose hour has not been rolled up."""
    hundredths, in_order = sa.func.round(SAMPLE.ms * HUNDREDTHS), (SAMPLE.ms.is_(None), SAMPLE.ms)
    ranked = (
        sa.select(
            SAMPLE.host_id,
            hundredths.label("time"),
            sa.func.row_number().over(partition_by=SAMPLE.host_id, order_by=in_order).label("place"),
            sa.func.count(SAMPLE.ms).over(partition_by=SAMPLE.host_id).label("answered"),
        )
        .where(SAMPLE.host_id.in_(host_ids), SAMPLE.at >= begin, SAMPLE.at <= end)
        .subquery()
    ).c
    is_p95 = ranked.place == (ranked.answered * 95 + 99) // 100
    return sa.select(
        ranked.host_id,
        sa.func.count(),
        sa.func.count() - sa.func.max(ranked.answered),
        sa.func.min(ranked.time),
        sa.func.sum(ranked.time),
        sa.func.max(ranked.time),
        sa.func.max(sa.case((is_p95, ranked.time))),
    ).group_by(ranked.host_id)


def _incidents(session: Session, host_ids: Sequence[int], since: datetime, now: datetime) -> dict[int, int]:
    """Return how many incidents of each host were open at some time since."""
    of = table(HostIncident).c
    asked = sa.select(of.host_id, sa.func.count()).where(
        of.host_id.in_(host_ids), sa.or_(of.ended_at.is_(None), of.ended_at > since), of.began_at <= now
    )
    return {row[0]: row[1] for row in session.execute(asked.group_by(of.host_id))}


def _pieces(session: Session, host_id: int, begin: int, end: int, finest: int) -> list[Minute]:
    """Return what is stored from the hour of `begin` until before `end`, each hour as fine as asked for, or as it is
    still stored, in their order."""
    begin -= begin % HOUR
    of = HOUR_COLUMNS
    asked = sa.select(of.hour, of.probes, of.lost, of.low, of.mean, of.high)
    asked = asked.where(of.host_id == host_id, of.hour >= begin, of.hour < end)
    hours = {row.hour: [Minute(*row)] for row in session.execute(asked)}
    for resolution in (MINUTES, SAMPLES):
        if finest <= resolution:
            hours |= _unpacked(session, host_id, begin, end, resolution)
    rows = sa.select(SAMPLE.at, SAMPLE.ms).where(SAMPLE.host_id == host_id, SAMPLE.at >= begin, SAMPLE.at < end)
    late = [_of_sample(at, None if ms is None else round(ms * HUNDREDTHS)) for at, ms in session.execute(rows)]
    return sorted([it for pieces in hours.values() for it in pieces] + late)


def _unpacked(session: Session, host_id: int, begin: int, end: int, resolution: int) -> dict[int, list[Minute]]:
    of = table(HostPacked).c
    asked = sa.select(of.hour, of.packed).where(
        of.host_id == host_id, of.resolution == resolution, of.hour >= begin, of.hour < end
    )
    if resolution == MINUTES:
        return {hour: unpack_minutes(hour, packed) for hour, packed in session.execute(asked)}
    rows = session.execute(asked)
    return {hour: [_of_sample(*it) for it in unpack_samples(hour, packed)] for hour, packed in rows}


def _of_sample(at: int, time: int | None) -> Minute:
    return Minute(at, 1, 1 if time is None else 0, time, time, time)


def _merged(pieces: Iterable[Minute], key: Callable[[int], int]) -> list[Minute]:
    """Return the pieces with the same key as one each, which begins at the key."""
    groups = defaultdict[int, list[Minute]](list)
    for piece in pieces:
        groups[key(piece.at)].append(piece)
    return [merge(at, its) for at, its in groups.items()]


def merge(at: int, pieces: Sequence[Minute]) -> Minute:
    """Return several pieces as one, which begins at `at`."""
    count, lost = sum(it.probes for it in pieces), sum(it.lost for it in pieces)
    answered = [(it.low, it.mean, it.high, it.probes - it.lost) for it in pieces if it.low is not None]
    if not answered:
        return Minute(at, count, lost, None, None, None)
    mean = sum((mean or 0) * weight for _, mean, _, weight in answered) / (count - lost)
    return Minute(at, count, lost, min(it[0] for it in answered), round(mean), max(it[2] or 0 for it in answered))


def _times(piece: Minute) -> tuple[float | None, float | None, float | None]:
    return _ms(piece.low), _ms(piece.mean), _ms(piece.high)


def _ms(time: int | None) -> float | None:
    return None if time is None else time / HUNDREDTHS


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
