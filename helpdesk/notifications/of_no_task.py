"""Deliver notifications that are about no task to people who are known, as each one's preferences say."""

from collections.abc import Iterable
from datetime import datetime, tzinfo

from sqlmodel import Session

from helpdesk.notifications import preferences, preferences_json
from helpdesk.notifications.delivery import Delivery
from helpdesk.notifications.event_processing import NAME, listed
from helpdesk.notifications.kinds import type_of
from helpdesk.notifications.outbox import Outbox
from helpdesk.store import leases
from helpdesk.store import preferences as stored_preferences
from helpdesk.store.models.notifications import NotificationRow


def deliver(
    session: Session, people: Iterable[int], notification: NotificationRow, now: datetime, outbox: Outbox, zone: tzinfo
) -> list[Delivery]:
    """Store the notification for each of these people and return what is to be delivered. Digests for which no zone was
    chosen go by `zone`.

    Any process may do so beside the poller of the feed: one waits for the other, so that ids appear in their order.
    """
    leases.wait_for(session, NAME)
    ids, local = list(people), now.astimezone(zone)
    chosen = stored_preferences.of_people(session, ids)
    deliveries = [_delivery(notification._replace(person_id=id), chosen.get(id, ""), local) for id in ids]
    return listed(session, [it for it in deliveries if it.decisions], now, outbox)


def _delivery(notification: NotificationRow, chosen: str, now: datetime) -> Delivery:
    wanted = preferences_json.from_json(chosen)
    type, project, task = type_of(notification.kind), notification.project_id, notification.task_id
    decisions = preferences.decide(wanted, type, project, task, now)
    options = preferences.at_once(decisions)
    sound = preferences.sound_of(wanted, notification.kind) if "sound" in options else ""
    return Delivery(notification._replace(sound=sound), options, decisions)
