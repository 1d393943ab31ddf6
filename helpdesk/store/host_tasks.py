"""Store what has become of the tasks of incidents: each step is written before it is made, so that a process that is
killed in the middle makes none twice."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.store.models import table
from helpdesk.store.models.netmonitor import HostIncident, MonitoredHost

TaskState = Literal["", "wanted", "opening", "open", "closing", "closed", "failed"]
MOST_AT_ONCE = 5
GIVEN_UP = timedelta(days=1)
"""A task that could not be written for so long is written no more."""
INCIDENT = table(HostIncident).c
IS_UNWRITTEN = sa.or_(
    INCIDENT.task_state.in_(("wanted", "opening", "closing")),
    sa.and_(INCIDENT.task_state == "open", INCIDENT.ended_at.is_not(None)),
)


class Unwritten(NamedTuple):
    """An incident whose task is to be opened, or to be closed. One without a host was removed with it."""

    id: int
    host_id: int | None
    host_name: str | None
    address: str | None
    fault: str
    began_at: datetime
    ended_at: datetime | None
    task_id: int | None
    task_state: TaskState
    task_at: datetime | None
    is_unwatched: bool


def unwritten(session: Session, leaving_out: Sequence[int] = ()) -> list[int]:
    """Return the incidents, the oldest first, whose task is wanted, was being written, or is to be closed."""
    asked = sa.select(INCIDENT.id).where(IS_UNWRITTEN, INCIDENT.id.not_in(leaving_out))
    return list(session.execute(asked.order_by(INCIDENT.id).limit(MOST_AT_ONCE)).scalars())


def one(session: Session, incident_id: int) -> Unwritten | None:
    """Return such an incident as it is now, None when its task is written or it is gone."""
    host = table(MonitoredHost).c
    asked = (
        sa.select(
            INCIDENT.id, INCIDENT.host_id, host.name, host.address, *(INCIDENT[it] for it in Unwritten._fields[4:])
        )
        .outerjoin_from(HostIncident, MonitoredHost, INCIDENT.host_id == host.id)
        .where(INCIDENT.id == incident_id, IS_UNWRITTEN)
    )
    row = session.execute(asked).first()
    return None if row is None else Unwritten(*row)


def note(session: Session, known: Unwritten, noted: Unwritten) -> bool:
    """Store what has become of the task. Return whether it was still as `known`; otherwise somebody else has gone on,
    and nothing is stored."""
    same = (INCIDENT.id == known.id, INCIDENT.task_state == known.task_state, INCIDENT.task_at == known.task_at)
    values = {"task_state": noted.task_state, "task_at": noted.task_at, "task_id": noted.task_id}
    if noted.host_id is None and noted.task_state in ("", "closed", "failed"):
        return bool(session.exec(sa.delete(HostIncident).where(*same)).rowcount)
    return bool(session.exec(sa.update(HostIncident).where(*same).values(values)).rowcount)
