"""Turn stored notifications into what their person may read at present, for pages and for programs."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from starlette.requests import Request

from helpdesk.errors import Sentence, sentence
from helpdesk.languages import say
from helpdesk.notifications.messages import OF_NO_TASK, message
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.web.core import session
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.core.services import services

HIDDEN = sentence("You do not see this task any more")
NOT_ADMIN = sentence("You are not an administrator any more")
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


async def items(request: Request, rows: Iterable[NotificationRow]) -> list[Item]:
    """Render rows for the person of the request. The backend is asked once for all what the person may still see,
    as a task or as a request. Raises Unavailable, NotAllowed."""
    rows, signed_in = list(rows), await session.required(request)
    tasks = {row.task_id for row in rows if row.kind not in OF_NO_TASK}
    visible = await services(request).visible_tasks.seen(signed_in, tasks) if tasks else {}
    is_admin = signed_in.person.is_admin
    return [in_full(row) if _is_visible(row, visible, is_admin) else _hidden(row) for row in rows]


def in_full(row: NotificationRow) -> Item:
    """Render a notification about a task that the person may see."""
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
        "data": {**statuses, "task_subject": item.subject},
    }


def _is_visible(row: NotificationRow, visible: Mapping[int, bool], is_admin: bool) -> bool:
    """Return whether the person may see the task and, for a private event, private comments. What says nothing of a
    task is for administrators."""
    if row.kind in OF_NO_TASK:
        return is_admin
    return row.task_id in visible and (visible[row.task_id] or not row.is_private)


def _hidden(row: NotificationRow) -> Item:
    """Render a notification that the person may no longer read."""
    return Item(row, NOT_ADMIN if row.kind in OF_NO_TASK else HIDDEN, NOTHING, (NOTHING,))
