"""Define what is decided about a notification, and the form in which the outbox keeps it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from helpdesk.notifications.preferences import Decision
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.tasks.feed import Event

MOMENTS = ("happened_at", "created_at", "read_at")


class Delivery(NamedTuple):
    """A notification for one person, and what was decided about each option that the person chose for its type.

    `options` are those over which it goes out at once. It is listed on the page, and has an `id` there, when the option
    "page" is among them.
    """

    notification: NotificationRow
    options: frozenset[str]
    decisions: Mapping[str, Decision] = {}


def to_content(notification: NotificationRow) -> str:
    """Return a notification as JSON, as rows of the outbox have it."""
    values = notification._asdict()
    moments = {name: values[name] and values[name].isoformat() for name in MOMENTS}
    return json.dumps(values | moments, ensure_ascii=False)


def from_content(content: str) -> NotificationRow:
    """Read a notification from JSON, which may lack columns that were added since."""
    values = json.loads(content)
    moments = {name: values.get(name) and datetime.fromisoformat(values[name]) for name in MOMENTS}
    known = {name: value for name, value in values.items() if name in NotificationRow._fields}
    return NotificationRow(**known | moments)


def to_event(row: NotificationRow) -> Event:
    """Return as much of the event of a notification as `Feed.visible_to` needs."""
    private = row.is_private
    return Event(row.event, row.task_id, row.subject, row.project_id, "", row.happened_at, None, private=private)
