"""Tell whether a person has written anything recently, by the idempotency keys that were used."""

from datetime import datetime

from sqlmodel import Session, col, select

from helpdesk.store.models.tables import FirstAnswer


def any_since(session: Session, person_id: int, since: datetime) -> bool:
    """Tell whether this person claimed a key since then that was not freed."""
    lately = (col(FirstAnswer.person_id) == person_id, col(FirstAnswer.created_at) >= since)
    return session.exec(select(FirstAnswer.key).where(*lately).limit(1)).first() is not None
