"""Store the times of requests by route, added up over all processes, and which processes run.

Rows of a route are the sums of all processes; each process adds what it has counted since its last writing, so those
that have ended leave nothing behind. Beside them NO_ROUTE has a row for each process, as of when it wrote last, and
one for the last reset: a process that finds another reset than it knew forgets what it has counted until then.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.route_times import Times, merged
from helpdesk.store.models.company import RouteMetric

NO_ROUTE = ""
SUM = ""
"""In place of a process: the row of all."""
RUNNING = timedelta(seconds=30)
"""A process that wrote within this time runs."""
FORGOTTEN = timedelta(days=1)


class Metrics(NamedTuple):
    """The times by route, and the number of processes that run."""

    routes: dict[str, Times]
    workers: int


def add(session: Session, process: str, known_reset: int | None, times: Mapping[str, Times], now: datetime) -> int:
    """Add what a process has counted since its last writing, and return the number of the last reset.

    When that is another one than the process knew, nothing is added: part of it was counted before the reset. A process
    that has only just begun knows none.
    """
    reset = _locked_reset(session, now)
    _note_process(session, process, now)
    if known_reset in (reset, None):
        for route in sorted(times):  # in one order, so that two processes do not wait for each other
            _add(session, route, times[route], now)
    return reset


def reset(session: Session, now: datetime) -> int:
    """Forget all times, and return the number of this reset."""
    number = _locked_reset(session, now) + 1
    session.exec(sa.delete(RouteMetric).where(col(RouteMetric.route) != NO_ROUTE))
    row = session.get_one(RouteMetric, (NO_ROUTE, SUM))
    row.count, row.written_at = number, now
    session.add(row)
    return number


def read(session: Session, now: datetime) -> Metrics:
    """Return the times of all processes."""
    routes = {row.route: _times(row) for row in session.exec(select(RouteMetric).where(RouteMetric.route != NO_ROUTE))}
    running = sa.and_(col(RouteMetric.process) != SUM, col(RouteMetric.written_at) >= now - RUNNING)
    workers = session.exec(select(sa.func.count()).where(RouteMetric.route == NO_ROUTE, running)).one()
    return Metrics(routes, workers)


def leave(session: Session, process: str) -> None:
    """Note that a process ends."""
    session.exec(sa.delete(RouteMetric).where(*_of_process(process)))


def _locked_reset(session: Session, now: datetime) -> int:
    """Return the number of the last reset. Others who add or reset wait until this transaction ends."""
    _ensure(session, NO_ROUTE, SUM, now)
    query = select(RouteMetric.count).where(*_of_process(SUM)).with_for_update()
    return session.exec(query).one()


def _of_process(process: str) -> tuple[sa.ColumnElement[bool], ...]:
    return col(RouteMetric.route) == NO_ROUTE, col(RouteMetric.process) == process


def _note_process(session: Session, process: str, now: datetime) -> None:
    old = sa.and_(col(RouteMetric.process) != SUM, col(RouteMetric.written_at) < now - FORGOTTEN)
    session.exec(sa.delete(RouteMetric).where(col(RouteMetric.route) == NO_ROUTE, old))
    _ensure(session, NO_ROUTE, process, now)
    session.exec(sa.update(RouteMetric).where(*_of_process(process)).values(written_at=now))


def _ensure(session: Session, route: str, process: str, now: datetime) -> None:
    if session.get(RouteMetric, (route, process)) is not None:
        return
    empty = _columns(Times(0, 0.0, 0.0, 0.0, {}), now)
    with suppress(IntegrityError), session.begin_nested():  # another process has just made it
        session.add(RouteMetric(route=route, process=process, **empty))


def _add(session: Session, route: str, times: Times, now: datetime) -> None:
    row = session.get(RouteMetric, (route, SUM))
    total = merged([times, _times(row)]) if row else times
    values = _columns(total, now)
    if row is None:
        session.add(RouteMetric(route=route, process=SUM, **values))
        session.flush()
        return
    session.exec(
        sa.update(RouteMetric).where(col(RouteMetric.route) == route, col(RouteMetric.process) == SUM).values(**values)
    )


def _columns(times: Times, now: datetime) -> dict[str, Any]:
    return {
        "count": times.requests,
        "total": times.total,
        "longest": times.longest,
        "shortest": times.shortest,
        "histogram": json.dumps(times.histogram),
        "written_at": now,
    }


def _times(row: RouteMetric) -> Times:
    histogram = {int(bucket): count for bucket, count in json.loads(row.histogram).items()}
    return Times(row.count, row.total, row.longest, row.shortest, histogram)
