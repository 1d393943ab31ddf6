"""Store the texts that administrators keep for everybody."""

from datetime import datetime

from sqlmodel import Session

from helpdesk.store import audit
from helpdesk.store.models.company import CompanyText

SIGNATURE, WRAP_UP = "signature", "wrap_up_reasons"


def read(session: Session, name: str) -> str | None:
    """Return a text by its name; None while there is none."""
    row = session.get(CompanyText, name)
    return row.text if row else None


def write(session: Session, name: str, text: str, now: datetime, actor_id: int) -> None:
    """Store a text in place of the one before, and record who did."""
    session.merge(CompanyText(name=name, text=text, changed_at=now, changed_by=actor_id))
    audit.note(session, actor_id, "text_changed", None, {"name": name})
