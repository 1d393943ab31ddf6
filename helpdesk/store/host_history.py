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
from sqlmodel import Session, col

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


def summary(session: Session, since: datetime, now: datetime, host_id: int | None = None) -> dict[int, Summary]:
    """Return how each host, or one, answered since the begin of the hour of `since`, if it was probed.

    What a clock that was ahead has stored after `now` is left out. `p95` is found by the nearest rank: of samples,
    while their hour is not rolled up, and else among the hours' own p95, each of which counts as often as the hour has
    answers.
    """
    begin, end = int(since.timestamp()) // HOUR * HOUR, int(now.timestamp())
    parts = defaultdict[int, list[_Part]](list)
    asked = _finished(begin, end, host_id).union_all(_unfinished(begin, end, host_id))
    for its_id, *numbers in session.execute(asked):
        parts[its_id].append(_Part(*(int(it or 0) for it in numbers)))
    opened = _incidents(session, since, now)
    return {its_id: _summary(its, opened.get(its_id, 0)) for its_id, its in parts.items()}


class _Part(NamedTuple):
    """The probes of an hour. Times are 0 without an answer."""

    probes: int
    lost: int
    low: int
    total: int
    high: int
    p95: int

    @property
    def answered(self) -> int:
        return self.probes - self.lost


def _summary(parts: Sequence[_Part], incidents: int) -> Summary:
    probes, lost = sum(it.probes for it in parts), sum(it.lost for it in parts)
    answering = [it for it in parts if it.answered]
    found = Summary(probes, 100 * lost / probes, None, None, None, None, incidents)
    if not answering:
        return found
    p95 = nearest_rank(sorted((it.p95, it.answered) for it in answering))
    return found._replace(
        min_ms=_ms(min(it.low for it in answering)),
        avg_ms=sum(it.total for it in answering) / (probes - lost) / HUNDREDTHS,
        max_ms=_ms(max(it.high for it in answering)),
        p95_ms=_ms(p95),
    )


def rank(number: int) -> int:
    """Return the place, from 1, of the p95 among so many values in order."""
    return (number * 95 + 99) // 100


def nearest_rank(weighted: Sequence[tuple[int, int]]) -> int:
    """Return the p95 of values, which come in order with how often each counts."""
    wanted = rank(sum(weight for _, weight in weighted))
    reached = accumulate(weight for _, weight in weighted)
    return next(value for (value, _), so_far in zip(weighted, reached, strict=True) if so_far >= wanted)


def _finished(begin: int, end: int, host_id: int | None) -> sa.Select[tuple[object, ...]]:
    hour = HOUR_COLUMNS
    return (
        sa.select(
            hour.host_id, hour.probes, hour.lost, hour.low, hour.mean * (hour.probes - hour.lost), hour.high, hour.p95
        )
        .join_from(MonitoredHost, HostHour, col(MonitoredHost.id) == hour.host_id)
        .where(hour.hour >= begin, hour.hour <= end, _is(hour.host_id, host_id))
    )


def _unfinished(begin: int, end: int, host_id: int | None) -> sa.Select[tuple[object, ...]]:
    """Select the same numbers of the samples whose hour has not been rolled up."""
    hundredths, in_order = sa.func.round(SAMPLE.ms * HUNDREDTHS), (SAMPLE.ms.is_(None), SAMPLE.ms)
    ranked = (
        sa.select(
            SAMPLE.host_id,
            hundredths.label("time"),
            sa.func.row_number().over(partition_by=SAMPLE.host_id, order_by=in_order).label("place"),
            sa.func.count(SAMPLE.ms).over(partition_by=SAMPLE.host_id).label("answered"),
        )
        .where(SAMPLE.at >= begin, SAMPLE.at <= end, _is(SAMPLE.host_id, host_id))
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


def _is(column: "sa.Column[int]", host_id: int | None) -> sa.ColumnElement[bool]:
    return sa.true() if host_id is None else column == host_id


def _incidents(session: Session, since: datetime, now: datetime) -> dict[int, int]:
    """Return how many incidents of each host were open at some time since."""
    of = table(HostIncident).c
    lasted = sa.or_(of.ended_at.is_(None), of.ended_at > since)
    asked = sa.select(of.host_id, sa.func.count()).where(lasted, of.began_at <= now).group_by(of.host_id)
    return {row[0]: row[1] for row in session.execute(asked)}


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
