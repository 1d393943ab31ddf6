"""Store each person's notification preferences, as the JSON of `notifications/preferences.py`."""

from collections.abc import Callable, Iterable

from sqlmodel import Session, col, select

from helpdesk.store import locks
from helpdesk.store.models.notifications import NotificationPreference


def of_people(session: Session, person_ids: Iterable[int]) -> dict[int, str]:
    """Return the JSON of those of these people who have chosen anything."""
    chosen = select(NotificationPreference.person_id, NotificationPreference.told)
    chosen = chosen.where(col(NotificationPreference.person_id).in_(set(person_ids)))
    return {row[0]: row[1] for row in session.exec(chosen)}


def change(session: Session, person_id: int, changed: Callable[[str], str]) -> None:
    """Replace a person's JSON by what `changed` returns for it; it is empty when the person has chosen nothing. Changes
    from two pages of the same person come one after the other."""
    locks.person(session, person_id)
    save(session, person_id, changed(of_people(session, [person_id]).get(person_id, "")))


def save(session: Session, person_id: int, text: str) -> None:
    """Store a person's JSON in place of what was there. The caller holds the lock of the person."""
    session.merge(NotificationPreference(person_id=person_id, told=text))
