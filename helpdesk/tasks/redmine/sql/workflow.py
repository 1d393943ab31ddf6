"""A person's allowed actions on a task, and the form of a new one, by Redmine's rights, workflow and field rules.

Sources: Redmine 5, Issue#safe_attribute_names, #new_statuses_allowed_to, #workflow_rule_by_attribute,
#assignable_users, .allowed_target_trackers.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from helpdesk.tasks.creation import NewTaskForm, default_priority, one_of
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.model import Ref, Status
from helpdesk.tasks.redmine import allowed_actions
from helpdesk.tasks.redmine.allowed_actions import Rights
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.config_snapshot import Tracker
from helpdesk.tasks.redmine.sql.query_conditions import projects
from helpdesk.tasks.redmine.sql.source import Reading
from helpdesk.tasks.redmine.visibility import Role

BY_TRACKER = ("edit_issues", "edit_own_issues", "add_issue_notes", "delete_issues", "add_issues")
BY_PROJECT = (
    "manage_subtasks",
    "set_notes_private",
    "set_issues_private",
    "set_own_issues_private",
    "edit_issue_notes",
    "edit_own_issue_notes",
    "view_issue_watchers",
)
NEW = 0
"""The status of a new task in the workflow's rows."""

RULES = (
    t.select_columns(t.workflows, "type role_id new_status_id author assignee field_name rule")
    .where(t.workflows.c.tracker_id == sa.bindparam("tracker"))
    .where(t.workflows.c.old_status_id == sa.bindparam("status"))
    .where(t.workflows.c.role_id.in_(sa.bindparam("roles", expanding=True)))
)
_OTHER, _ISSUE = t.issues.alias("other"), t.issues.c
_CLOSED: sa.BindParameter[int] = sa.bindparam("closed", expanding=True)
_BELOW = sa.exists().where(_OTHER.c.root_id == _ISSUE.root_id, _OTHER.c.lft > _ISSUE.lft, _OTHER.c.rgt < _ISSUE.rgt)
_ABOVE = sa.exists().where(_OTHER.c.root_id == _ISSUE.root_id, _OTHER.c.lft < _ISSUE.lft, _OTHER.c.rgt > _ISSUE.rgt)
_BLOCKING = sa.exists().where(
    t.issue_relations.c.issue_to_id == _ISSUE.id,
    t.issue_relations.c.relation_type == "blocks",
    t.issue_relations.c.issue_from_id == _OTHER.c.id,
)
SURROUNDINGS = (
    _BELOW.where(_OTHER.c.status_id.not_in(_CLOSED)).correlate(t.issues).label("open_below"),
    _ABOVE.where(_OTHER.c.status_id.in_(_CLOSED)).correlate(t.issues).label("closed_above"),
    _BLOCKING.where(_OTHER.c.status_id.not_in(_CLOSED)).correlate(t.issues).label("blocked"),
)
"""Columns of an issue's row: the relatives that keep it from some statuses; `closed` are the ids of closed ones."""
MEMBERS = (
    sa.select(*users.NAME_COLUMNS)
    .distinct()
    .join(t.members, t.members.c.user_id == t.users.c.id)
    .join(t.member_roles, t.member_roles.c.member_id == t.members.c.id)
    .where(t.members.c.project_id == sa.bindparam("project"), t.users.c.status == users.ACTIVE)
    .where(t.users.c.type.in_(sa.bindparam("kinds", expanding=True)))
    .where(t.member_roles.c.role_id.in_(sa.bindparam("assigning", expanding=True)))
)


class Workflow(NamedTuple):
    """A task's workflow: the next statuses, and the rule of a field, read-only or required, by its name in Redmine or
    a custom field's id."""

    next_statuses: frozenset[int]
    rules: dict[str, str]

    def fields(self, rule: str) -> frozenset[str]:
        """Return the fields with a rule."""
        return frozenset(field for field, its_rule in self.rules.items() if its_rule == rule)


def rights(read: Reading, project_id: int, tracker_id: int) -> Rights:
    """Return the person's rights over tasks of a tracker in a project."""
    permissions = read.permissions
    names = {name for name in BY_TRACKER if permissions.permits_on(name, project_id, tracker_id)}
    names |= {name for name in BY_PROJECT if permissions.permits(name, project_id)}
    return Rights(False, True, frozenset(names))


def rule_values(read: Reading, project_id: int, tracker_id: int, status_id: int) -> dict[str, Any]:
    """Return the values of RULES for this person and a task in a status."""
    roles = read.permissions.workflow_roles(project_id)
    return {"tracker": tracker_id, "status": status_id, "roles": [role.id for role in roles]}


def member_values(read: Reading, project_id: int, tracker_id: int) -> dict[str, Any]:
    """Return the values of MEMBERS for the assignable people: active members with an assignable role that sees the
    tracker, and groups where Redmine's setting allows them. Source: Project#assignable_users."""
    roles = (role for role in read.config.roles.values() if role.assignable and role.on("view_issues", tracker_id))
    return {
        "project": project_id,
        "kinds": ("User", "Group") if read.config.is_on("issue_group_assignment") else ("User",),
        "assigning": [role.id for role in roles],
    }


def workflow(read: Reading, issue: Any, rows: Sequence[Any]) -> Workflow:
    """Return the workflow of a task; `rows` are of RULES."""
    roles = read.permissions.workflow_roles(issue.project_id)
    is_author, is_assignee = issue.author_id == read.person.id, issue.assigned_to_id in read.person.principals
    return Workflow(_next_statuses(rows, is_author, is_assignee), _field_rules(read, roles, rows))


def _of_new(read: Reading, project_id: int, tracker: Tracker) -> tuple[tuple[Status, ...], Workflow]:
    """Return the first statuses that the person may give to a new task, the default first, and the default's rules."""
    roles, known = read.permissions.workflow_roles(project_id), read.config.statuses

    def rules(status_id: int) -> Sequence[Any]:
        return read.db.execute(RULES, rule_values(read, project_id, tracker.id, status_id)).all()

    allowed = _next_statuses(rules(NEW), True, False)
    offered = [number for number in known if number in allowed] or [tracker.first_status or NEW]
    first = tracker.first_status if tracker.first_status in offered else offered[0]
    ordered = sorted(offered, key=lambda number: number != first)
    statuses = tuple(read.status(number) for number in ordered if number in known)
    return statuses, Workflow(allowed, _field_rules(read, roles, rules(first)))


def statuses(read: Reading, issue: Any, flow: Workflow) -> tuple[Status, ...]:
    """Return the statuses that the person may give, with the present one, in Redmine's order.

    `issue` has SURROUNDINGS.
    """
    ids = flow.next_statuses | {issue.status_id} if flow.next_statuses else frozenset()
    closed = set(read.config.closed)
    if issue.open_below or issue.blocked:
        ids -= closed
    if issue.closed_above:
        ids &= closed
    return tuple(read.status(number) for number in read.config.statuses if number in ids)


def assignable(read: Reading, members: Iterable[Any]) -> tuple[Ref, ...]:
    """Return the people and groups of rows of MEMBERS."""
    return tuple(Ref(it.id, users.name(it, read.style)) for it in members)


def trackers(read: Reading, project_id: int, present: int | None = None) -> tuple[Tracker, ...]:
    """Return the trackers that the person may give to a task of a project. Source: Issue.allowed_target_trackers."""
    offered = read.config.trackers_in(project_id)
    adding = [role for role in read.permissions.roles_in(project_id) if "add_issues" in role.permissions]
    if read.person.is_admin or any("add_issues" not in role.trackers for role in adding):
        return tuple(offered)
    ids = {present, *(each for role in adding for each in role.trackers["add_issues"])}
    return tuple(tracker for tracker in offered if tracker.id in ids)


def _next_statuses(rows: Iterable[Any], is_author: bool, is_assignee: bool) -> frozenset[int]:
    transitions = (row for row in rows if row.type == "WorkflowTransition")
    return frozenset(row.new_status_id for row in transitions if _holds(row, is_author, is_assignee))


def _holds(transition: Any, is_author: bool, is_assignee: bool) -> bool:
    """Whether a transition is allowed to this person. Source: IssueStatus.new_statuses_allowed."""
    author, assignee = bool(transition.author), bool(transition.assignee)
    if is_author and is_assignee:
        return True
    if is_author or is_assignee:
        return author == is_author or assignee == is_assignee
    return not author and not assignee


def _field_rules(read: Reading, roles: Iterable[Role], rows: Iterable[Any]) -> dict[str, str]:
    """Return the rules of fields: a rule counts when all roles that may write have one for the field; where these
    differ it is required."""
    writing = {role.id for role in roles if role.permissions & {"add_issues", "edit_issues"}}
    rules: dict[str, dict[int, str]] = defaultdict(dict)
    for row in rows:
        if row.type == "WorkflowPermission" and row.role_id in writing:
            rules[row.field_name][row.role_id] = row.rule
    if rules:
        for number, definition in read.config.fields.items():
            hidden = set() if definition.visible or not definition.roles else writing - definition.roles
            rules[str(number)] |= dict.fromkeys(hidden, "readonly")
    agreed = {
        field: set(by_role.values()) for field, by_role in rules.items() if by_role and len(by_role) == len(writing)
    }
    return {field: kinds.pop() if len(kinds) == 1 else "required" for field, kinds in agreed.items()}


def projects_for_new(read: Reading) -> tuple[Ref, ...]:
    """Return the projects where the person may create tasks of some tracker. Source: Issue.allowed_target_projects."""
    allowed = read.permissions.projects_with("add_issues")
    return tuple(
        Ref(project.id, project.name)
        for project in projects(read)
        if project.id in allowed and trackers(read, project.id)
    )


def new_task_form(read: Reading, project_id: int, tracker_id: int | None) -> NewTaskForm:
    """Return the form of a new task. Raises NotFound for a project or tracker that is not offered."""
    project = one_of(projects_for_new(read), project_id)
    offered = trackers(read, project_id)
    tracker = one_of(offered, tracker_id)
    first_statuses, flow = _of_new(read, project_id, tracker)
    fixed, required = flow.fields("readonly"), flow.fields("required")
    fields, priorities = tracker.fields - fixed, read.config.usable_priorities
    me = Ref(read.person.id, read.names([read.person.id])[read.person.id])
    members = read.db.execute(MEMBERS, member_values(read, project_id, tracker.id))
    people = [*assignable(read, members), me]
    return NewTaskForm(
        project=project,
        tracker=Ref(tracker.id, tracker.name),
        trackers=tuple(Ref(each.id, each.name) for each in offered),
        statuses=first_statuses[:1] if "status_id" in fixed else first_statuses,
        priorities=() if "priority_id" in fixed else priorities,
        assignees=allowed_actions.by_name(people) if "assigned_to_id" in fields else (),
        default_priority=default_priority(priorities),
        details=allowed_actions.of_new(rights(read, project_id, tracker.id), fields, fixed),
        required=allowed_actions.required(required),
        custom=_fields(read, project_id, tracker, fixed, required),
        may_attach=True,
    )


def _fields(
    read: Reading, project_id: int, tracker: Tracker, fixed: frozenset[str], required: frozenset[str]
) -> tuple[CustomField, ...]:
    return tuple(
        it.field._replace(required=it.field.required or str(it.field.id) in required)
        for it in read.config.fields_in(project_id, tracker.id)
        if it.field.is_writable and read.sees(it, project_id) and str(it.field.id) not in fixed
    )
