"""What each person wants to be told, as the JSON of `notifications/preferences.py`."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.store.notification_tables import NotificationPreference


def told(session: Session, person_ids: Iterable[int]) -> dict[int, str]:
    """The JSON of those of these people who chose anything."""
    chosen = select(NotificationPreference.person_id, NotificationPreference.told)
    chosen = chosen.where(col(NotificationPreference.person_id).in_(set(person_ids)))
    return {row[0]: row[1] for row in session.exec(chosen)}


def save(session: Session, person_id: int, told: str) -> None:
    """What this person chose, in the place of what was there."""
    changed = sa.update(NotificationPreference).where(col(NotificationPreference.person_id) == person_id)
    if session.exec(changed.values(told=told)).rowcount:
        return
    try:
        with session.begin_nested():
            session.add(NotificationPreference(person_id=person_id, told=told))
    except IntegrityError:  # another page of the same person was quicker
        session.exec(changed.values(told=told))
