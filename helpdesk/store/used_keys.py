"""Whether somebody wrote anything lately, by the idempotency keys that were used."""

from datetime import datetime

from sqlmodel import Session, col, select

from helpdesk.store.tables import FirstAnswer


def any_since(session: Session, person_id: int, since: datetime) -> bool:
    """Whether a key of this person was claimed then or later, and is not free again."""
    lately = (col(FirstAnswer.person_id) == person_id, col(FirstAnswer.created_at) >= since)
    return session.exec(select(FirstAnswer.key).where(*lately).limit(1)).first() is not None
