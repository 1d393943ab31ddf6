"""Render notifications as the JSON that programs know (contract §5): the union of the two shapes once promised."""

from helpdesk.languages import say
from helpdesk.web.core.json_values import Json, moment
from helpdesk.web.notifications.render import Item


def notification(item: Item, language: str) -> Json:
    """Return one notification."""
    row = item.row
    statuses = {"old_status": item.old_status or None, "new_status": item.new_status or None}
    return {
        "id": row.id,
        "type": row.type,
        "title": say(language, item.title),
        "message": say(language, item.message),
        "issue_id": row.task_id,
        **statuses,
        "old_subj": item.subject,
        "date_created": moment(row.happened_at),
        "created_at": moment(row.happened_at),
        "is_read": row.read_at is not None,
        "data": {**statuses, "task_subject": item.subject},
    }


def listed(items: list[Json], pagination: Json, unread: int) -> Json:
    """Return a page of them, with all the names by which programs find the list and the counts."""
    counts = {"total_count": pagination["total"], "unread_count": unread}
    return {"notifications": items, "pagination": pagination, "data": {"notifications": items, **counts}, **counts}
