"""A new task as the JSON that programs know (contract §4), and what one may say."""

from collections.abc import Iterable

from helpdesk.tasks.colors import Colors
from helpdesk.tasks.creation import NewTaskForm
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.model import Ref, Task
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.tasks.schemas import colored, named


def created(found: Task) -> Json:
    row = found.row
    return {
        "task_id": found.id,
        "subject": row.subject,
        "status": row.status.name,
        "assigned_to": row.assignee.name if row.assignee else None,
        "project": row.project.name,
        "created_on": moment(row.created_on),
    }


def offered(projects: Iterable[Ref], blank: NewTaskForm | None, colors: Colors) -> Json:
    """Return the projects for new tasks and, with a project named, the fields of a task there."""
    places: Json = {"projects": [named(project) for project in projects]}
    if blank is None:
        return places
    return places | {
        "project": named(blank.project),
        "tracker": named(blank.tracker),
        "trackers": [named(each) for each in blank.trackers],
        "statuses": [colored(each, colors) for each in blank.statuses],
        "priorities": [colored(each, colors) for each in blank.priorities],
        "assignees": [named(each) for each in blank.assignees],
        "default_priority_id": blank.default_priority,
        "fields": sorted(blank.details | blank.required),
        "required": sorted(blank.required),
        "custom_fields": [_custom(field) for field in blank.custom],
    }


def _custom(field: CustomField) -> Json:
    return {
        "id": field.id,
        "name": field.name,
        "kind": field.kind,
        "options": [option._asdict() for option in field.options],
        "multiple": field.multiple,
        "required": field.required,
        "default": list(field.default),
    }
