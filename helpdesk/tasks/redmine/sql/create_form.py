"""The form of a new task."""

from helpdesk.errors import NotFound
from helpdesk.tasks.creation import NewTaskForm
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.model import Ref
from helpdesk.tasks.redmine import allowed_actions
from helpdesk.tasks.redmine.sql import workflow as may_be
from helpdesk.tasks.redmine.sql.config_snapshot import Tracker
from helpdesk.tasks.redmine.sql.lists import projects
from helpdesk.tasks.redmine.sql.read_context import Reading


def projects_for_new(read: Reading) -> tuple[Ref, ...]:
    """Return the projects where the person may create tasks of some tracker. Source: Issue.allowed_target_projects."""
    allowed = read.permissions.projects_with("add_issues")
    return tuple(
        Ref(project.id, project.name)
        for project in projects(read)
        if project.id in allowed and may_be.trackers(read, project.id)
    )


def new_task_form(read: Reading, project_id: int, tracker_id: int | None) -> NewTaskForm:
    """Raises NotFound for a project or tracker that is not offered."""
    project = next((each for each in projects_for_new(read) if each.id == project_id), None)
    trackers = may_be.trackers(read, project_id) if project else ()
    tracker = next((each for each in trackers if tracker_id in (None, each.id)), None)
    if project is None or tracker is None:
        raise NotFound
    statuses, flow = may_be.beginning(read, project_id, tracker)
    fixed, required = flow.named("readonly"), flow.named("required")
    fields, priorities = tracker.fields - fixed, read.config.usable_priorities
    me = Ref(read.person.id, read.names([read.person.id])[read.person.id])
    members = read.db.execute(may_be.MEMBERS, may_be.of_members(read, project_id, tracker.id))
    people = [*may_be.assignable(read, members), me]
    return NewTaskForm(
        project=project,
        tracker=Ref(tracker.id, tracker.name),
        trackers=tuple(Ref(each.id, each.name) for each in trackers),
        statuses=statuses[:1] if "status_id" in fixed else statuses,
        priorities=() if "priority_id" in fixed else priorities,
        assignees=allowed_actions.by_name(people) if "assigned_to_id" in fields else (),
        default_priority=next((one.id for one in priorities if one.rank == 1), None),
        details=allowed_actions.of_new(may_be.rights(read, project_id, tracker.id), fields, fixed),
        required=allowed_actions.required(required),
        custom=_fields(read, project_id, tracker, fixed, required),
        may_attach=True,
    )


def _fields(
    read: Reading, project_id: int, tracker: Tracker, fixed: frozenset[str], required: frozenset[str]
) -> tuple[CustomField, ...]:
    """The custom fields that the person may fill in."""
    return tuple(
        one.field._replace(required=one.field.required or str(one.field.id) in required)
        for one in read.config.fields_in(project_id, tracker.id)
        if one.field.is_writable and read.sees(one, project_id) and str(one.field.id) not in fixed
    )
