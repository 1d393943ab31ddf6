"""Notify administrators that a system went down, or that it is back."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from sqlmodel import Session

from helpdesk.notifications.delivery import Delivery
from helpdesk.notifications.kinds import Kind
from helpdesk.notifications.messages import of_no_task
from helpdesk.notifications.of_no_task import deliver
from helpdesk.notifications.outbox import Outbox


def notify(
    session: Session, system: str, kind: Kind, people: Sequence[int], now: datetime, outbox: Outbox, zone: tzinfo
) -> list[Delivery]:
    """Store the notification of these people, whose subject is the name of the system (`system_names.py`), and return
    what is to be delivered."""
    event = f"{kind}.{system}.{now.timestamp():.0f}"
    return deliver(session, people, of_no_task(0, event, kind, now, system), now, outbox, zone)
