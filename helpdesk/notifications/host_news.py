"""Notify those who watch the network that a host does not answer, or that it answers again."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from sqlmodel import Session

from helpdesk.notifications.delivery import Delivery
from helpdesk.notifications.kinds import Kind
from helpdesk.notifications.messages import of_no_task
from helpdesk.notifications.of_no_task import deliver
from helpdesk.notifications.outbox import Outbox


def notify(
    session: Session,
    host_id: int,
    name: str,
    incident_id: int,
    kind: Kind,
    people: Sequence[int],
    now: datetime,
    outbox: Outbox,
    zone: tzinfo,
) -> list[Delivery]:
    """Store the notification of these people, whose subject is the host's name, and return what is to be delivered. Of
    an incident each of the kinds "host_down" and "host_up" is stored once for a person."""
    event = f"{kind}.{host_id}.{incident_id}"
    return deliver(session, people, of_no_task(0, event, kind, now, name), now, outbox, zone)
