"""A new task as the JSON that programs know (contract §4), and what one may say."""

from collections.abc import Iterable

from helpdesk.tasks.creation import Blank
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.model import Ref, Task
from helpdesk.web.api.shapes import Shape, coloured, moment, named


def created(found: Task) -> Shape:
    row = found.row
    return {
        "task_id": found.id,
        "subject": row.subject,
        "status": row.status.name,
        "assigned_to": row.assignee.name if row.assignee else None,
        "project": row.project.name,
        "created_on": moment(row.created_on),
    }


def offered(projects: Iterable[Ref], blank: Blank | None) -> Shape:
    """Where tasks may be created; with a project named, what they may say there."""
    places: Shape = {"projects": [named(project) for project in projects]}
    if blank is None:
        return places
    return places | {
        "project": named(blank.project),
        "tracker": named(blank.tracker),
        "trackers": [named(each) for each in blank.trackers],
        "statuses": [coloured(each) for each in blank.statuses],
        "priorities": [coloured(each) for each in blank.priorities],
        "assignees": [named(each) for each in blank.assignees],
        "default_priority_id": blank.default_priority,
        "fields": sorted(blank.details | blank.required),
        "required": sorted(blank.required),
        "custom_fields": [_custom(field) for field in blank.custom],
    }


def _custom(field: CustomField) -> Shape:
    return {
        "id": field.id,
        "name": field.name,
        "kind": field.kind,
        "options": [option._asdict() for option in field.options],
        "multiple": field.multiple,
        "required": field.required,
        "default": list(field.default),
    }
