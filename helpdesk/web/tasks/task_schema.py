"""One task as the JSON that programs know (contract §4): nested as one old shape had it, flat as the other."""

from helpdesk.tasks.colors import Colors
from helpdesk.tasks.fields import CustomValue
from helpdesk.tasks.model import Link, Relation, Task
from helpdesk.web.core.faces import Json, day, moment
from helpdesk.web.tasks.schemas import attachment, colored, member, named


def task(found: Task, colors: Colors) -> Json:
    """The flat shape stands under `data`."""
    common = _common(found)
    return {**common, **_nested(found, colors), **_around(found, colors), "data": {**common, **_flat(found)}}


def _common(found: Task) -> Json:
    return {
        "id": found.id,
        "subject": found.row.subject,
        "description": found.description,
        "start_date": day(found.start_date),
        "due_date": day(found.row.due_date),
        "done_ratio": found.done_ratio,
        "created_on": moment(found.row.created_on),
        "updated_on": moment(found.row.updated_on),
        "attachments": [attachment(each) for each in found.attachments],
    }


def _nested(found: Task, colors: Colors) -> Json:
    top = found.row
    return {
        "status": colored(top.status, colors),
        "priority": colored(top.priority, colors),
        "assignee": member(top.assignee),
        "author": member(top.author),
        "project": named(top.project),
        "lock_version": found.version,
    }


def _flat(found: Task) -> Json:
    top = found.row
    return {
        "status_id": top.status.id,
        "status_name": top.status.name,
        "priority_id": top.priority.id,
        "priority_name": top.priority.name,
        "project_id": top.project.id,
        "project_name": top.project.name,
        "tracker_id": top.tracker.id,
        "tracker_name": top.tracker.name,
        "assigned_to_id": top.assignee.id if top.assignee else None,
        "assigned_to_name": top.assignee.name if top.assignee else None,
        "closed_on": moment(found.closed_on),
    }


def _around(found: Task, colors: Colors) -> Json:
    """Return the fields that neither of the two old schemas had."""
    return {
        "custom_fields": [_custom(each) for each in found.custom],
        "is_private": found.row.is_private,
        "estimated_hours": found.estimated_hours,
        "spent_hours": found.spent_hours,
        "parent": _link(found.parent, colors) if found.parent else None,
        "children": [_link(each, colors) for each in found.children],
        "relations": [_relation(each, colors) for each in found.relations],
        "watchers": [member(each) for each in found.watchers],
        "watched": found.watched,
    }


def _custom(held: CustomValue) -> Json:
    """Several values are a list, one is a text, none is null; as the tracker keeps them."""
    value = list(held.value) if held.field.multiple else next(iter(held.value), None)
    file = {"filename": next(iter(held.field.words(held.value)), None)} if held.field.kind == "file" else {}
    return {"id": held.field.id, "name": held.field.name, "value": value, **file}


def _link(found: Link, colors: Colors) -> Json:
    return {
        "id": found.id,
        "subject": found.subject,
        "status": colored(found.status, colors) if found.status else None,
    }


def _relation(found: Relation, colors: Colors) -> Json:
    return {"kind": found.kind, **_link(found.other, colors)}
