"""Our things as the JSON that programs know (contract §3 and §4): the union of the two shapes once promised."""

from collections.abc import Iterable, Mapping, Sequence

from helpdesk.languages import say
from helpdesk.people.model import Person
from helpdesk.tasks.change_messages import in_words
from helpdesk.tasks.colors import Colors
from helpdesk.tasks.lists import TaskPage, Vocabulary
from helpdesk.tasks.model import Attachment, Entry, Field, Member, Priority, Ref, Status, Task, TaskRow, Theirs, Written
from helpdesk.tasks.projects import Project, ProjectMember
from helpdesk.web.core.faces import Json, day, moment

Held = Status | Priority | Member
Named = Held | Ref

FILTERS = {"status": "statuses", "priority": "priorities", "project": "projects"}
PLURALS: dict[Field, str] = {"status": "statuses", "priority": "priorities", "assignee": "assignees"}


def user(person: Person) -> Json:
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


def account(person: Person) -> Json:
    """Return what everybody may know of a person."""
    return {"id": person.id, "username": person.login, "full_name": person.full_name}


def task_list(page: TaskPage) -> Json:
    """A page whose query was made of the vocabulary."""
    query = page.query
    assert page.vocabulary is not None
    pagination = {"page": query.page, "per_page": query.per_page, "total": page.total, "pages": page.pages}
    ids = {name: [each for each in getattr(query, f"{name}_ids") if each > 0] for name in FILTERS}
    return {
        "tasks": [row(found) for found in page.rows],
        "pagination": pagination,
        "filters": _filters(ids, page.vocabulary) | {"search": query.search or None},
        "filter_ids": {f"{name}_id": chosen for name, chosen in ids.items()},
    }


def row(found: TaskRow) -> Json:
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


def _filters(ids: Mapping[str, Sequence[int]], words: Vocabulary) -> Json:
    """The names of what a list is narrowed to, several joined by a comma; null where it is not narrowed."""
    names_asked: Json = {}
    for name, chosen in ids.items():
        names = {each.id: each.name for each in getattr(words, FILTERS[name])}
        names_asked[name] = ",".join(names[each] for each in chosen if each in names) or None
    return names_asked


def choice(found: Task, field: Field, offered: Iterable[Named]) -> Json:
    """Return the value of a field and the values that this person may choose for it."""
    held, listed = _held(found, field), [named(each) for each in offered]
    return {
        "task_id": found.id,
        f"current_{field}": named(held) if held else None,
        f"available_{PLURALS[field]}": listed,
        "total_available": len(listed),
    }


def changed(written: Written, field: Field, person_id: int, sent: int, colors: Colors) -> Json:
    """The answer to a person's change of one field, of which `sent` people are told."""
    before, after = written.before, written.after
    old, new = _held(before, field), _held(after, field)
    commented = any(entry.notes for entry in written.own_entries(person_id))
    return {
        "task": {"id": after.id, field: _whole(new, colors)},
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


def comment(entry: Entry) -> Json:
    return {
        "id": entry.id,
        "author": member(entry.author),
        "notes": entry.notes,
        "private": entry.private,
        "created_on": moment(entry.created_on),
    }


def history(found: Task, language: str) -> list[Json]:
    """Comments and changes, oldest first, each change in words."""
    return [
        {**comment(entry), "changes": [say(language, in_words(change)) for change in entry.changes]}
        for entry in found.entries
    ]


def conflicts(found: Iterable[Theirs], language: str) -> list[Json]:
    """Return the changes that others made to the same fields meanwhile, oldest first."""
    return [
        {
            "field": it.name,
            "old": it.change.old,
            "new": it.change.new,
            "change": say(language, in_words(it.change)),
            "author": member(it.entry.author),
            "changed_on": moment(it.entry.created_on),
        }
        for it in found
    ]


def attachment(found: Attachment) -> Json:
    return {"id": found.id, "filename": found.filename, "size": found.size, "content_type": found.content_type}


def member(found: Member | None) -> Json | None:
    return {"id": found.id, "name": found.name, "email": found.email or None} if found else None


def named(found: Named) -> Json:
    return {"id": found.id, "name": found.name}


def project(found: Project) -> Json:
    return {"id": found.id, "name": found.name, "identifier": found.identifier, "description": found.description}


def project_member(found: ProjectMember) -> Json:
    return {"user_id": found.id, "name": found.name, "roles": list(found.roles)}


def status(found: Status, colors: Colors) -> Json:
    return {**colored(found, colors), "is_default": found.is_default, "is_closed": found.is_closed}


def colored(found: Status | Priority, colors: Colors) -> Json:
    return {**named(found), "color": colors.of(found)}


def _whole(held: Held | None, colors: Colors) -> Json | None:
    return colored(held, colors) if isinstance(held, Status | Priority) else member(held)


def _held(found: Task, field: Field) -> Held | None:
    held: dict[Field, Held | None] = {
        "status": found.row.status,
        "priority": found.row.priority,
        "assignee": found.row.assignee,
    }
    return held[field]
