"""Write incidents of hosts: what was found out about them."""

from datetime import datetime
from hashlib import sha256

from sqlmodel import Session

from helpdesk.errors import Conflict
from helpdesk.store.database import required
from helpdesk.store.models.netmonitor import HostIncident


def version(note: str) -> str:
    """Return an opaque text that changes with a note."""
    return sha256(note.encode()).hexdigest()[:16]


def note(session: Session, incident_id: int, person_id: int, text: str, now: datetime, known: str | None) -> None:
    """Write what a person found out about an incident whose note has the version `known`. Raises NotFound, Conflict."""
    row = required(session, HostIncident, incident_id, for_update=True)
    if known is not None and known != version(row.note):
        raise Conflict(row)
    row.note, row.noted_by, row.noted_at = text, person_id, now
    session.add(row)
