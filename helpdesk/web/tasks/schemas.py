"""Tasks and people as the JSON that programs know (contract §3 and §4).

A task is the union of the two shapes once promised: nested as one had it, flat under `data` as the other.
"""

from collections.abc import Iterable

from helpdesk.languages import say
from helpdesk.people.model import Person
from helpdesk.people.rights import RIGHTS
from helpdesk.tasks.change_messages import in_words
from helpdesk.tasks.colors import Colors
from helpdesk.tasks.creation import NewTaskForm
from helpdesk.tasks.fields import CustomField, CustomValue
from helpdesk.tasks.lists import TaskPage
from helpdesk.tasks.model import Attachment, Entry, Field, Link, Member, Priority, Ref, Status, Task, TaskRow, Written
from helpdesk.tasks.projects import Project, ProjectMember
from helpdesk.web.core.faces import Json, day, moment

FILTERS = {"status": "statuses", "priority": "priorities", "project": "projects"}
PLURALS: dict[Field, str] = {"status": "statuses", "priority": "priorities", "assignee": "assignees"}


def user(person: Person) -> Json:
    return {
        "id": person.id,
        "username": person.login,
        "email": person.email,
        "full_name": person.full_name,
        **{right: right in person.rights for right in RIGHTS},
    }


def account(person: Person) -> Json:
    """Return what everybody may know of a person."""
    return {"id": person.id, "username": person.login, "full_name": person.full_name}


def task_list(page: TaskPage) -> Json:
    """Return a page of a list; in `filters` several names are joined by a comma, none are null."""
    query = page.query
    assert page.vocabulary is not None
    ids = {name: [each for each in getattr(query, f"{name}_ids") if each > 0] for name in FILTERS}
    names = {name: {each.id: each.name for each in getattr(page.vocabulary, FILTERS[name])} for name in FILTERS}
    return {
        "tasks": [row(each) for each in page.rows],
        "pagination": {"page": query.page, "per_page": query.per_page, "total": page.total, "pages": page.pages},
        "filters": {
            **{name: ",".join(names[name][it] for it in ids[name] if it in names[name]) or None for name in FILTERS},
            "search": query.search or None,
        },
        "filter_ids": {f"{name}_id": chosen for name, chosen in ids.items()},
    }


def row(row: TaskRow) -> Json:
    return {
        "id": row.id,
        "subject": row.subject,
        "status": row.status.name,
        "status_id": row.status.id,
        "priority": row.priority.name,
        "priority_id": row.priority.id,
        "project": row.project.name,
        "project_id": row.project.id,
        "tracker": row.tracker.name,
        "due_date": day(row.due_date),
        "assigned_to": row.assignee.name if row.assignee else None,
        "assigned_to_id": row.assignee.id if row.assignee else None,
        "author": row.author.name if row.author else None,
        "created_on": moment(row.created_on),
        "updated_on": moment(row.updated_on),
    }


def choices(task: Task, field: Field) -> Json:
    """Return the value of a field and the values that this person may choose for it."""
    value, offered = getattr(task.row, field), [named(each) for each in getattr(task.choices, PLURALS[field])]
    return {
        "task_id": task.id,
        f"current_{field}": named(value) if value else None,
        f"available_{PLURALS[field]}": offered,
        "total_available": len(offered),
    }


def changed(written: Written, field: Field, person_id: int, recipients: int, colors: Colors) -> Json:
    """Return the answer to a person's change of one field, of which so many recipients are notified."""
    after = written.after
    old, new = getattr(written.before.row, field), getattr(after.row, field)
    commented = any(entry.notes for entry in written.own_entries(person_id))
    return {
        "task": {"id": after.id, field: colored(new, colors) if isinstance(new, Status | Priority) else member(new)},
        "task_id": after.id,
        f"old_{field}_id": old.id if old else None,
        f"new_{field}_id": new.id if new else None,
        f"new_{field}_name": new.name if new else None,
        "data": {
            "task_id": after.id,
            f"old_{field}": old.name if old else None,
            f"new_{field}": new.name if new else None,
            "comment_added": commented,
            "notifications_sent": recipients,
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


def history(task: Task, language: str) -> list[Json]:
    """Return comments and changes, oldest first, each change as a sentence."""
    return [
        {**comment(entry), "changes": [say(language, in_words(change)) for change in entry.changes]}
        for entry in task.entries
    ]


def attachment(file: Attachment) -> Json:
    return {"id": file.id, "filename": file.filename, "size": file.size, "content_type": file.content_type}


def member(member: Member | None) -> Json | None:
    return {"id": member.id, "name": member.name, "email": member.email or None} if member else None


def named(value: Status | Priority | Member | Ref) -> Json:
    return {"id": value.id, "name": value.name}


def project(project: Project) -> Json:
    return {
        "id": project.id,
        "name": project.name,
        "identifier": project.identifier,
        "description": project.description,
    }


def project_member(member: ProjectMember) -> Json:
    return {"user_id": member.id, "name": member.name, "roles": list(member.roles)}


def status(status: Status, colors: Colors) -> Json:
    return {**colored(status, colors), "is_default": status.is_default, "is_closed": status.is_closed}


def colored(value: Status | Priority, colors: Colors) -> Json:
    return {**named(value), "color": colors.of(value)}


def task(task: Task, colors: Colors) -> Json:
    """Return a task; the flat shape stands under `data`."""
    common = _common(task)
    return {**common, **_nested(task, colors), **_additional(task, colors), "data": {**common, **_flat(task)}}


def _common(task: Task) -> Json:
    return {
        "id": task.id,
        "subject": task.row.subject,
        "description": task.description,
        "start_date": day(task.start_date),
        "due_date": day(task.row.due_date),
        "done_ratio": task.done_ratio,
        "created_on": moment(task.row.created_on),
        "updated_on": moment(task.row.updated_on),
        "attachments": [attachment(each) for each in task.attachments],
    }


def _nested(task: Task, colors: Colors) -> Json:
    row = task.row
    return {
        "status": colored(row.status, colors),
        "priority": colored(row.priority, colors),
        "assignee": member(row.assignee),
        "author": member(row.author),
        "project": named(row.project),
        "lock_version": task.version,
    }


def _flat(task: Task) -> Json:
    row = task.row
    values = {"status": row.status, "priority": row.priority, "project": row.project, "tracker": row.tracker}
    return {
        **{f"{name}_{key}": getattr(value, key) for name, value in values.items() for key in ("id", "name")},
        "assigned_to_id": row.assignee.id if row.assignee else None,
        "assigned_to_name": row.assignee.name if row.assignee else None,
        "closed_on": moment(task.closed_on),
    }


def _additional(task: Task, colors: Colors) -> Json:
    """Return the fields that neither of the two old schemas had."""
    return {
        "custom_fields": [_custom_value(each) for each in task.custom],
        "is_private": task.row.is_private,
        "estimated_hours": task.estimated_hours,
        "spent_hours": task.spent_hours,
        "parent": _link(task.parent, colors) if task.parent else None,
        "children": [_link(each, colors) for each in task.children],
        "relations": [{"kind": each.kind, **_link(each.other, colors)} for each in task.relations],
        "watchers": [member(each) for each in task.watchers],
        "watched": task.watched,
    }


def _custom_value(custom: CustomValue) -> Json:
    """Return several values as a list, one as a text, none as null, as the backend keeps them."""
    field, values = custom
    value = list(values) if field.multiple else next(iter(values), None)
    file = {"filename": next(iter(field.labels(values)), None)} if field.kind == "file" else {}
    return {"id": field.id, "name": field.name, "value": value, **file}


def _link(link: Link, colors: Colors) -> Json:
    status = colored(link.status, colors) if link.status else None
    return {"id": link.id, "subject": link.subject, "status": status}


def new_task(projects: Iterable[Ref], form: NewTaskForm | None, colors: Colors) -> Json:
    """Return the projects for new tasks and, with a project named, the fields of a task there."""
    offered: Json = {"projects": [named(project) for project in projects]}
    if form is None:
        return offered
    return offered | {
        "project": named(form.project),
        "tracker": named(form.tracker),
        "trackers": [named(each) for each in form.trackers],
        "statuses": [colored(each, colors) for each in form.statuses],
        "priorities": [colored(each, colors) for each in form.priorities],
        "assignees": [named(each) for each in form.assignees],
        "default_priority_id": form.default_priority,
        "fields": sorted(form.details | form.required),
        "required": sorted(form.required),
        "custom_fields": [_custom_field(field) for field in form.custom],
    }


def _custom_field(field: CustomField) -> Json:
    return {
        "id": field.id,
        "name": field.name,
        "kind": field.kind,
        "options": [option._asdict() for option in field.options],
        "multiple": field.multiple,
        "required": field.required,
        "default": list(field.default),
    }


def created(task: Task) -> Json:
    row = task.row
    return {
        "task_id": task.id,
        "subject": row.subject,
        "status": row.status.name,
        "assigned_to": row.assignee.name if row.assignee else None,
        "project": row.project.name,
        "created_on": moment(row.created_on),
    }
