"""Notifications as the JSON that programs know (contract §5): the union of the two shapes once promised."""

from helpdesk.languages import say
from helpdesk.web.api.shapes import Shape, moment
from helpdesk.web.telling import Told


def notification(told: Told, language: str) -> Shape:
    it = told.kept
    statuses = {"old_status": told.old_status or None, "new_status": told.new_status or None}
    return {
        "id": it.id,
        "type": it.type,
        "title": say(language, told.title),
        "message": say(language, told.message),
        "issue_id": it.task_id,
        **statuses,
        "old_subj": told.subject,
        "date_created": moment(it.happened_at),
        "created_at": moment(it.happened_at),
        "is_read": it.read_at is not None,
        "data": {**statuses, "task_subject": told.subject},
    }


def listed(items: list[Shape], pagination: Shape, unread: int) -> Shape:
    """A page of them, with all the names by which programs find the list and the counts."""
    counts = {"total_count": pagination["total"], "unread_count": unread}
    return {"notifications": items, "pagination": pagination, "data": {"notifications": items, **counts}, **counts}
