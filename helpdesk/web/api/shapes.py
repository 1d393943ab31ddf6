"""Our things as the JSON that programs know (contract §3 and §4): the union of the two shapes once promised."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from helpdesk.languages import say
from helpdesk.people.model import Person
from helpdesk.tasks.lists import TaskPage
from helpdesk.tasks.model import Attachment, Entry, Field, Member, Priority, Ref, Status, Task, TaskRow, Written
from helpdesk.tasks.projects import Project, ProjectMember
from helpdesk.tasks.wording import in_words

Shape = dict[str, Any]
Named = Ref | Status | Priority | Member

COLOURS = ("#4c7bd9", "#d98a1f", "#7a5bd0", "#2f9e62", "#c2405b", "#1f8a99", "#8a6d3b", "#5c6b7a")
CLOSED_COLOUR = "#7d8590"
PLURALS: dict[Field, str] = {"status": "statuses", "priority": "priorities", "assignee": "assignees"}


def user(person: Person) -> Shape:
    return {
        "id": person.id,
        "username": person.login,
        "email": person.email,
        "full_name": person.full_name,
        "is_admin": person.is_admin,
        "is_redmine_user": person.redmine_id is not None,
        "can_access_quality_control": person.can_access_quality_control,
        "can_access_contact_center_moscow": person.can_access_contact_center_moscow,
    }


def task_list(page: TaskPage) -> Shape:
    query = page.query
    pagination = {"page": query.page, "per_page": query.per_page, "total": page.total, "pages": page.pages}
    filters: Shape = {
        name: [each for each in getattr(query, f"{name}_ids") if each > 0] for name in ("status", "priority", "project")
    }
    filters["search"] = query.search
    return {"tasks": [row(found) for found in page.rows], "pagination": pagination, "filters": filters}


def row(found: TaskRow) -> Shape:
    return {
        "id": found.id,
        "subject": found.subject,
        "status": found.status.name,
        "status_id": found.status.id,
        "priority": found.priority.name,
        "priority_id": found.priority.id,
        "project": found.project.name,
        "project_id": found.project.id,
        "tracker": found.tracker.name,
        "due_date": day(found.due_date),
        "assigned_to": found.assignee.name if found.assignee else None,
        "assigned_to_id": found.assignee.id if found.assignee else None,
        "author": found.author.name if found.author else None,
        "created_on": moment(found.created_on),
        "updated_on": moment(found.updated_on),
    }


def choice(found: Task, field: Field, offered: Iterable[Named]) -> Shape:
    """What a field holds and what this person may choose for it."""
    held, listed = _held(found, field), [named(each) for each in offered]
    return {
        "task_id": found.id,
        f"current_{field}": named(held) if held else None,
        f"available_{PLURALS[field]}": listed,
        "total_available": len(listed),
    }


def changed(written: Written, field: Field, message: str, sent: int) -> Shape:
    """The answer to a change of one field, of which `sent` people are told."""
    before, after = written.before, written.after
    old, new = _held(before, field), _held(after, field)
    commented = any(entry.notes for entry in written.new_entries)
    return {
        "message": message,
        "task": {"id": after.id, field: member(new) if isinstance(new, Member) else coloured(new) if new else None},
        "task_id": after.id,
        f"old_{field}_id": old.id if old else None,
        f"new_{field}_id": new.id if new else None,
        f"new_{field}_name": new.name if new else None,
        "data": {
            "task_id": after.id,
            f"old_{field}": old.name if old else None,
            f"new_{field}": new.name if new else None,
            "comment_added": commented,
            "notifications_sent": sent,
        },
        "updated_at": moment(after.row.updated_on),
        "lock_version": after.version,
    }


def comment(entry: Entry) -> Shape:
    return {
        "id": entry.id,
        "author": member(entry.author),
        "notes": entry.notes,
        "private": entry.private,
        "created_on": moment(entry.created_on),
    }


def history(found: Task, language: str) -> list[Shape]:
    """Comments and changes, oldest first, each change in words."""
    return [
        {**comment(entry), "changes": [say(language, in_words(change)) for change in entry.changes]}
        for entry in found.entries
    ]


def attachment(found: Attachment) -> Shape:
    return {"id": found.id, "filename": found.filename, "size": found.size, "content_type": found.content_type}


def member(found: Member | None) -> Shape | None:
    return {"id": found.id, "name": found.name, "email": found.email or None} if found else None


def named(found: Named) -> Shape:
    return {"id": found.id, "name": found.name}


def project(found: Project) -> Shape:
    return {"id": found.id, "name": found.name, "identifier": found.identifier, "description": found.description}


def project_member(found: ProjectMember) -> Shape:
    return {"user_id": found.id, "name": found.name, "roles": list(found.roles)}


def status(found: Status) -> Shape:
    return {**coloured(found), "is_default": found.is_default, "is_closed": found.is_closed}


def coloured(found: Named) -> Shape:
    closed = isinstance(found, Status) and found.is_closed
    return {**named(found), "color": CLOSED_COLOUR if closed else COLOURS[found.id % len(COLOURS)]}


def moment(at: datetime | None) -> str | None:
    """ISO 8601 in UTC, whole seconds, ending in Z."""
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z") if at else None


def day(on: date | None) -> str | None:
    return on.isoformat() if on else None


def _held(found: Task, field: Field) -> Named | None:
    held: dict[Field, Named | None] = {
        "status": found.row.status,
        "priority": found.row.priority,
        "assignee": found.row.assignee,
    }
    return held[field]
