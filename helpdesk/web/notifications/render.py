"""Turn stored notifications into what their person may read at present, for pages and for programs."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request

from helpdesk.errors import Sentence, sentence
from helpdesk.languages import say
from helpdesk.notifications.kinds import READERS
from helpdesk.notifications.links import number_of
from helpdesk.notifications.messages import message
from helpdesk.notifications.readers import Rules, unreadable
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.web.core import session
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.core.services import services

HIDDEN = sentence("You do not see this task any more")
NOT_READER: dict[str, Sentence] = {
    "administrators": sentence("You are not an administrator any more"),
    "monitor": sentence("You do not see the network monitor any more"),
    "quality": sentence("You do not see quality control any more"),
    "post": sentence("You do not see this announcement any more"),
}
"""The words in place of a notification about no task that the person may not read."""
HEADINGS: dict[str, Sentence] = {
    "administrators": sentence("Systems"),
    "monitor": sentence("Network monitor"),
    "promises": sentence("Promises of time"),
    "quality": sentence("Quality control"),
    "post": sentence("Announcements"),
}
NOTHING = sentence("Notifications about it are not shown.")


class Item(NamedTuple):
    """A notification in words. `subject` and the statuses are empty where the person may no longer see the task."""

    row: NotificationRow
    title: Sentence
    message: Sentence
    details: tuple[Sentence | str, ...]
    subject: str = ""
    old_status: str = ""
    new_status: str = ""
    is_hidden: bool = False

    @property
    def group(self) -> tuple[str, int]:
        """Return the key of its heading, which it shares with those of its task, of its page, or of systems."""
        readers = READERS.get(self.row.kind)
        return (readers, number_of(self.row)) if readers and not self.row.task_id else ("task", self.row.task_id)

    @property
    def heading(self) -> Sentence | None:
        """Return the heading; None for that of a task, which is its number."""
        return HEADINGS.get(self.group[0])


async def items(request: Request, rows: Iterable[NotificationRow]) -> list[Item]:
    """Render rows for the person of the request. The backend is asked once for all what the person may still see,
    as a task or as a request. Raises Unavailable, NotAllowed."""
    rows, signed_in = list(rows), await session.required(request)
    tasks = {row.task_id for row in rows if row.kind not in READERS}
    visible = await services(request).visible_tasks.seen(signed_in, tasks) if tasks else {}
    if any(row.kind in READERS for row in rows):
        now, rules = services(request).clock(), services(request).readers
        rows = await services(request).database.run(lambda db: without_unreadable(db, rows, rules, now))
    return [in_full(row) if _is_visible(row, visible) else _hidden(row) for row in rows]


def without_unreadable(
    session: Session, rows: Iterable[NotificationRow], rules: Rules, now: datetime
) -> list[NotificationRow]:
    """Return rows with nothing but the kind of those about no task that their people may not read now."""
    rows = list(rows)
    hidden = unreadable(session, rows, rules, now)
    return [_without_texts(row) if (row.person_id, row.event) in hidden else row for row in rows]


def _without_texts(row: NotificationRow) -> NotificationRow:
    return row._replace(event="", subject="", author="", excerpt="")


def in_full(row: NotificationRow) -> Item:
    """Render a notification of what the person may see, unless `without_unreadable` has left nothing of it."""
    if not row.event:
        return _hidden(row)
    statuses = ("", "") if row.kind == "priority" else (row.old, row.new)
    return Item(row, *message(row), row.subject if row.task_id else "", *statuses)


def to_dict(item: Item, language: str) -> Json:
    """Return a notification as programs know it (contract §5): the union of the two shapes once promised."""
    row = item.row
    statuses = {"old_status": item.old_status or None, "new_status": item.new_status or None}
    return {
        "id": row.id,
        "type": row.type,
        "title": say(language, item.title),
        "message": say(language, item.message),
        "issue_id": row.task_id or None,
        **statuses,
        "old_subj": item.subject,
        "date_created": moment(row.happened_at),
        "created_at": moment(row.happened_at),
        "is_read": row.read_at is not None,
        "data": {
            **statuses,
            "task_subject": item.subject,
            "url": None if item.is_hidden else f"/notifications/{row.id}",
        },
    }


def _is_visible(row: NotificationRow, visible: Mapping[int, bool]) -> bool:
    """Return whether the person may see the task and, for a private event, private comments."""
    if row.kind in READERS:
        return True
    return row.task_id in visible and (visible[row.task_id] or not row.is_private)


def _hidden(row: NotificationRow) -> Item:
    """Render a notification that the person may no longer read."""
    title = NOT_READER.get(READERS.get(row.kind, ""), HIDDEN)
    return Item(row, title, NOTHING, (NOTHING,), is_hidden=True)
