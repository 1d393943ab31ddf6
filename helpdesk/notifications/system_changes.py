"""Notify administrators that a system went down, or that it is back."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from sqlmodel import Session

from helpdesk.notifications import preferences, preferences_json
from helpdesk.notifications.delivery import Delivery
from helpdesk.notifications.event_processing import NAME, listed
from helpdesk.notifications.kinds import TYPES, Kind
from helpdesk.notifications.messages import system_notification
from helpdesk.notifications.outbox import Outbox
from helpdesk.store import leases
from helpdesk.store import preferences as stored_preferences

NO_TASK = 0


def notify(
    session: Session, system: str, kind: Kind, people: Sequence[int], now: datetime, outbox: Outbox, zone: tzinfo
) -> list[Delivery]:
    """Store the notification of these people and return what is to be delivered, as each one's preferences say. Digests
    for which no zone was chosen go by `zone`.

    Any process may do so beside the poller of the feed: one waits for the other, so that ids appear in their order.
    """
    leases.wait_for(session, NAME)
    chosen = stored_preferences.of_people(session, people)
    deliveries = [_delivery(person, chosen.get(person, ""), system, kind, now, zone) for person in people]
    return listed(session, [it for it in deliveries if it.decisions], now, outbox)


def _delivery(person: int, chosen: str, system: str, kind: Kind, now: datetime, zone: tzinfo) -> Delivery:
    wanted = preferences_json.from_json(chosen)
    decisions = preferences.decide(wanted, TYPES[kind], NO_TASK, NO_TASK, now.astimezone(zone))
    options = preferences.at_once(decisions)
    sound = preferences.sound_of(wanted, kind) if "sound" in options else ""
    return Delivery(system_notification(system, person, kind, sound, now), options, decisions)
