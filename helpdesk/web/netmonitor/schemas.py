"""Say hosts, their history and incidents as JSON (contract §5, with the shape that the predecessor had)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from helpdesk.netmonitor.model import grade_of
from helpdesk.store.host_history import Point, Summary
from helpdesk.store.netmonitor import HostRow, IncidentRow
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.netmonitor.states import is_stale, state_of

NO_ANSWER_MS = -1
"""The time of a failure, as older programs know it."""


def host_to_dict(row: HostRow, now: datetime) -> Json:
    """Return a host. One of which nothing is known is offline, as its `state` says; one that has just failed is still
    online, without a time."""
    is_online, ms = _is_online(row, now), _answer(row, now)
    return {
        "id": row.id,
        "name": row.name,
        "ip": row.address,
        "group": row.group_name,
        "status": "online" if is_online else "offline",
        "grade": grade_of(ms),
        "state": state_of(row, now),
        "response_time": _rounded(ms),
        "last_check": moment(row.checked_at),
        "since": moment(row.since),
        "fault": row.fault or None,
        "maintenance": row.maintenance is not None,
    }


def status_to_dict(rows: Sequence[HostRow], now: datetime) -> Json:
    """Return all hosts, and the same by their names as `targets`."""
    return {
        "status": "ok",
        "timestamp": moment(now),
        "hosts": [host_to_dict(it, now) for it in rows],
        "targets": {it.name: _target(it, now) for it in rows},
    }


def ping_to_dict(row: HostRow, now: datetime) -> Json:
    """Return the last check of a host: it is online if that was answered, and not too long ago."""
    ms = _answer(row, now)
    return {
        "target": row.address,
        "host": row.name,
        "status": "offline" if ms is None else "online",
        "time_ms": _time(ms),
        "timestamp": moment(row.checked_at),
        "error": row.fault or None if ms is None else None,
    }


def history_to_dict(row: HostRow, points: Iterable[Point]) -> Json:
    """Return the history of a host, and the same again as `history`."""
    told = [
        {
            "at": moment(it.at),
            "status": "offline" if it.avg_ms is None else "online",
            "response_time": _rounded(it.avg_ms),
            "probes": it.probes,
            "lost": it.lost,
        }
        for it in points
    ]
    return {
        "host": row.name,
        "target": row.address,
        "points": told,
        "history": [
            {
                "timestamp": it["at"],
                "target": row.address,
                "success": it["status"] == "online",
                "time_ms": NO_ANSWER_MS if it["response_time"] is None else it["response_time"],
            }
            for it in told
        ],
    }


def summary_to_dict(since: datetime, rows: Iterable[HostRow], summaries: Mapping[int, Summary]) -> Json:
    """Return how hosts answered since a moment."""
    hosts = [{"id": it.id, "name": it.name, **numbers_to_dict(summaries.get(it.id))} for it in rows]
    return {"since": moment(since), "hosts": hosts}


def numbers_to_dict(found: Summary | None) -> Json:
    """Return how a host answered; all is null of one without a sample."""
    if found is None:
        return {**dict.fromkeys(("loss", "min", "avg", "max", "p95")), "incidents": 0}
    return {
        "loss": round(found.loss, 3),
        "min": _rounded(found.min_ms),
        "avg": _rounded(found.avg_ms),
        "max": _rounded(found.max_ms),
        "p95": _rounded(found.p95_ms),
        "incidents": found.incidents,
    }


def incident_to_dict(it: IncidentRow) -> Json:
    return {
        "id": it.id,
        "host_id": it.host_id,
        "host": it.host_name,
        "began_at": moment(it.began_at),
        "ended_at": moment(it.ended_at),
        "fault": it.fault or None,
        "note": it.note,
        "task_id": it.task_id,
    }


def _target(row: HostRow, now: datetime) -> Json:
    ms = _answer(row, now)
    return {
        "status": grade_of(ms),
        "time_ms": _time(ms),
        "timestamp": moment(row.checked_at),
        "success": ms is not None,
    }


def _is_online(row: HostRow, now: datetime) -> bool:
    return row.status == "online" and not is_stale(row, now)


def _answer(row: HostRow, now: datetime) -> float | None:
    """Return the time of the last check of a host that is online, None if that failed."""
    return row.ms if _is_online(row, now) else None


def _time(ms: float | None) -> float:
    return NO_ANSWER_MS if ms is None else round(ms, 2)


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 2)
