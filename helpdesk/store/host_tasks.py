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
MOST_AT_ONCE = 20
GIVEN_UP = timedelta(days=1)
"""A task that could not be written for so long is written no more."""
INCIDENT = table(HostIncident).c


class Unwritten(NamedTuple):
    """An incident whose task is to be opened, or to be closed."""

    id: int
    host_id: int
    host_name: str
    address: str
    fault: str
    began_at: datetime
    ended_at: datetime | None
    task_id: int | None
    task_state: str
    task_at: datetime | None


def unwritten(session: Session, leaving_out: Sequence[int] = ()) -> list[Unwritten]:
    """Return the incidents, the oldest first, whose task is wanted, was being written, or is to be closed."""
    host = table(MonitoredHost).c
    is_over = sa.and_(INCIDENT.task_state == "open", INCIDENT.ended_at.is_not(None))
    asked = (
        sa.select(
            INCIDENT.id, INCIDENT.host_id, host.name, host.address, *(INCIDENT[it] for it in Unwritten._fields[4:])
        )
        .join_from(HostIncident, MonitoredHost, INCIDENT.host_id == host.id)
        .where(sa.or_(INCIDENT.task_state.in_(("wanted", "opening", "closing")), is_over))
        .where(INCIDENT.id.not_in(leaving_out))
        .order_by(INCIDENT.id)
        .limit(MOST_AT_ONCE)
    )
    return [Unwritten(*row) for row in session.execute(asked)]


def note(session: Session, incident_id: int, state: TaskState, now: datetime, task_id: int | None = None) -> None:
    """Store what has become of the task, and its number once it is known."""
    known = {} if task_id is None else {"task_id": task_id}
    changed = sa.update(HostIncident).where(INCIDENT.id == incident_id)
    session.execute(changed.values(task_state=state, task_at=now, **known))
