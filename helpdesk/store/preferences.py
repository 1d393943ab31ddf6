"""What each person wants to be told, as the JSON of `notifications/preferences.py`."""

from collections.abc import Callable, Iterable

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.store.notification_tables import NotificationPreference
from helpdesk.store.tables import Person


def told(session: Session, person_ids: Iterable[int]) -> dict[int, str]:
    """The JSON of those of these people who chose anything."""
    chosen = select(NotificationPreference.person_id, NotificationPreference.told)
    chosen = chosen.where(col(NotificationPreference.person_id).in_(set(person_ids)))
    return {row[0]: row[1] for row in session.exec(chosen)}


def change(session: Session, person_id: int, anew: Callable[[str], str]) -> None:
    """Put what `anew` makes of this person's choice, empty for who chose nothing, in its place. Whatever another page
    of the same person changes comes before that or after it, not between."""
    # Whose choice it is, is there before the choice: to wait for a row that others are making ends in deadlocks.
    session.exec(select(Person.id).where(col(Person.id) == person_id).with_for_update()).one()
    save(session, person_id, anew(told(session, [person_id]).get(person_id, "")))


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
