"""Write incidents of hosts: what was found out about them."""

from datetime import datetime

from sqlmodel import Session

from helpdesk.store.database import required
from helpdesk.store.models.netmonitor import HostIncident


def note(session: Session, incident_id: int, person_id: int, text: str, now: datetime) -> None:
    """Write what a person found out about an incident. Raises NotFound."""
    row = required(session, HostIncident, incident_id, for_update=True)
    row.note, row.noted_by, row.noted_at = text, person_id, now
    session.add(row)
