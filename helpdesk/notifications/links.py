"""Return the page that a notification leads to."""

from helpdesk.notifications.kinds import READERS, REPORT, TEST
from helpdesk.store.models.notifications import NotificationRow

LIST = "/notifications"
PREFERENCES = "/notifications/preferences"
SAVED_REPORTS = "/reports/saved"
ROOMS = {
    "post": "/posts",
    "monitor": "/netmonitor",
    "quality": "/quality-control/new",
    "promises": "/tasks?promise=any&sort=promise",
}
"""The pages of notifications about no task, by their readers. Those of the first two have pages with a number."""


def number_of(row: NotificationRow) -> int:
    """Return the number of the page that a notification about no task leads to; 0 when it has none of its own."""
    parts = row.event.split(".")
    has_number = READERS.get(row.kind) in ROOMS and len(parts) > 1 and parts[1].isascii() and parts[1].isdecimal()
    return int(parts[1]) if has_number else 0


def path_of(row: NotificationRow) -> str:
    """Return the address of what a notification is about; that of the list where there is none."""
    if row.kind == TEST:
        return PREFERENCES
    if row.kind == REPORT:
        return SAVED_REPORTS
    readers = READERS.get(row.kind)
    if readers in ROOMS:
        return f"{ROOMS[readers]}/{number}" if (number := number_of(row)) else ROOMS[readers]
    return f"/tasks/{row.task_id}" if row.task_id and readers is None else LIST
