"""Save what a person chose, and let what waits for them wait by it: until another hour, or no longer."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from helpdesk.notifications.preferences import waits_until
from helpdesk.notifications.preferences_json import from_json
from helpdesk.store import outbox
from helpdesk.store import preferences as stored


def change(session: Session, person_id: int, changed: Callable[[str], str], now: datetime) -> None:
    """Replace a person's preferences as JSON by what `changed` returns for it, and move what waits in the outbox."""
    stored.change(session, person_id, changed)
    chosen = from_json(stored.of_people(session, [person_id])[person_id])
    outbox.reschedule(session, person_id, waits_until(chosen, now) or now, now)
