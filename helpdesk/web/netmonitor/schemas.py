"""Say hosts, their history and incidents as JSON (contract §5, with the shape that the predecessor had)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from helpdesk.netmonitor.model import grade_of
from helpdesk.store.host_history import Point, Summary
from helpdesk.store.netmonitor import HostRow, IncidentRow
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.netmonitor.states import state_of

NO_ANSWER_MS = -1
"""The time of a failure, as older programs know it."""


def host_to_dict(row: HostRow, now: datetime) -> Json:
    """Return a host. One that was not checked yet is offline, without a `last_check`."""
    is_online = row.status == "online"
    return {
        "id": row.id,
        "name": row.name,
        "ip": row.address,
        "group": row.group_name,
        "status": "online" if is_online else "offline",
        "grade": grade_of(row.ms if is_online else None),
        "state": state_of(row, now),
        "response_time": _rounded(row.ms) if is_online else None,
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
        "targets": {it.name: _target(it) for it in rows},
    }


def ping_to_dict(row: HostRow) -> Json:
    """Return the last check of a host."""
    is_online = row.status == "online"
    return {
        "target": row.address,
        "host": row.name,
        "status": "online" if is_online else "offline",
        "time_ms": _time(row),
        "timestamp": moment(row.checked_at),
        "error": None if is_online else row.fault or None,
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


def summary_to_dict(rows: Iterable[HostRow], summaries: Mapping[int, Summary]) -> Json:
    return {"hosts": [{"id": it.id, "name": it.name, **numbers_to_dict(summaries.get(it.id))} for it in rows]}


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


def _target(row: HostRow) -> Json:
    is_online = row.status == "online"
    return {
        "status": grade_of(row.ms if is_online else None),
        "time_ms": _time(row),
        "timestamp": moment(row.checked_at),
        "success": is_online,
    }


def _time(row: HostRow) -> float:
    return NO_ANSWER_MS if row.ms is None or row.status != "online" else round(row.ms, 2)


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 2)
