"""What each person wants to be told, as the JSON of `notifications/preferences.py`."""

from collections.abc import Callable, Iterable
from contextlib import suppress

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from helpdesk.store.notification_tables import NotificationPreference


def told(session: Session, person_ids: Iterable[int]) -> dict[int, str]:
    """The JSON of those of these people who chose anything."""
    chosen = select(NotificationPreference.person_id, NotificationPreference.told)
    chosen = chosen.where(col(NotificationPreference.person_id).in_(set(person_ids)))
    return {row[0]: row[1] for row in session.exec(chosen)}


def change(session: Session, person_id: int, anew: Callable[[str], str]) -> None:
    """Put what `anew` makes of this person's choice, empty for who chose nothing, in its place. Whatever another page
    of the same person changes comes before that or after it, not between."""
    if not told(session, [person_id]):
        with suppress(IntegrityError), session.begin_nested():  # another page may be quicker
            session.add(NotificationPreference(person_id=person_id, told=""))
    mine = select(NotificationPreference).where(col(NotificationPreference.person_id) == person_id).with_for_update()
    kept = session.exec(mine.execution_options(populate_existing=True)).one()
    kept.told = anew(kept.told)
    session.flush()


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
