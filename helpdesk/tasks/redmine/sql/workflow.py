"""A person's allowed actions on a task, by Redmine's own rights, workflow and field rules.

Sources: Redmine 5, Issue#safe_attribute_names, #new_statuses_allowed_to, #workflow_rule_by_attribute,
#assignable_users, .allowed_target_trackers.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from helpdesk.tasks.model import Ref, Status
from helpdesk.tasks.redmine.rest.permissions import Rights
from helpdesk.tasks.redmine.sql import tables as t
from helpdesk.tasks.redmine.sql import users
from helpdesk.tasks.redmine.sql.config_snapshot import Tracker
from helpdesk.tasks.redmine.sql.read_context import Reading
from helpdesk.tasks.redmine.visibility import ACTIVE, Role

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
"""What the workflow calls the status of a task that is not there yet."""

RULES = (
    sa.select(
        *(
            t.workflows.c[name]
            for name in ("type", "role_id", "new_status_id", "author", "assignee", "field_name", "rule")
        )
    )
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
"""Columns of an issue's row that say which statuses other tasks keep it from; `closed` are the ids of closed ones."""
MEMBERS = (
    sa.select(*users.NAMED)
    .distinct()
    .join(t.members, t.members.c.user_id == t.users.c.id)
    .join(t.member_roles, t.member_roles.c.member_id == t.members.c.id)
    .where(t.members.c.project_id == sa.bindparam("project"), t.users.c.status == users.ACTIVE)
    .where(t.users.c.type.in_(sa.bindparam("kinds", expanding=True)))
    .where(t.member_roles.c.role_id.in_(sa.bindparam("assigning", expanding=True)))
)


class Workflow(NamedTuple):
    """A task's workflow: statuses it leads to, and fields that are read-only or required."""

    leads_to: frozenset[int]
    rules: dict[str, str]

    def named(self, rule: str) -> frozenset[str]:
        """The fields with a rule, as Redmine names them; custom ones by their ids."""
        return frozenset(field for field, found in self.rules.items() if found == rule)


def rights(read: Reading, project_id: int, tracker_id: int) -> Rights:
    """Return the person's rights over tasks of a tracker in a project."""
    permissions = read.permissions
    held = {name for name in BY_TRACKER if permissions.permits_on(name, project_id, tracker_id)}
    held |= {name for name in BY_PROJECT if permissions.permits(name, project_id)}
    return Rights(False, True, frozenset(held))


def of_rules(read: Reading, project_id: int, tracker_id: int, status_id: int) -> dict[str, Any]:
    """The values that RULES wants for what the person may do to a task in a status."""
    roles = read.permissions.workflow_roles(project_id)
    return {"tracker": tracker_id, "status": status_id, "roles": [role.id for role in roles]}


def of_members(read: Reading, project_id: int, tracker_id: int) -> dict[str, Any]:
    """The values that MEMBERS wants for those who may be assigned: active members with a role for that which sees the
    tracker, and groups where Redmine is set so. Source: Project#assignable_users."""
    roles = (role for role in read.config.roles.values() if role.assignable and role.on("view_issues", tracker_id))
    return {
        "project": project_id,
        "kinds": ("User", "Group") if read.config.is_on("issue_group_assignment") else ("User",),
        "assigning": [role.id for role in roles],
    }


def workflow(read: Reading, issue: Any, rows: Sequence[Any]) -> Workflow:
    """Return the workflow of a task, by RULES: the statuses that may follow, and the fields in its status."""
    roles = read.permissions.workflow_roles(issue.project_id)
    is_author, is_assignee = issue.author_id == read.person.id, issue.assigned_to_id in read.person.principals
    return Workflow(_leads_to(rows, is_author, is_assignee), _field_rules(read, roles, rows))


def beginning(read: Reading, project_id: int, tracker: Tracker) -> tuple[tuple[Status, ...], Workflow]:
    """The statuses in which the person may let a new task begin, the usual one first, and the rules of that one."""
    roles, known = read.permissions.workflow_roles(project_id), read.config.statuses

    def rows_of(status_id: int) -> Sequence[Any]:
        return read.db.execute(RULES, of_rules(read, project_id, tracker.id, status_id)).all()

    led = _leads_to(rows_of(NEW), True, False)
    offered = [number for number in known if number in led] or [tracker.first_status or NEW]
    first = tracker.first_status if tracker.first_status in offered else offered[0]
    ordered = sorted(offered, key=lambda number: number != first)
    found = tuple(read.status(number) for number in ordered if number in known)
    return found, Workflow(frozenset(led), _field_rules(read, roles, rows_of(first)))


def statuses(read: Reading, issue: Any, flow: Workflow) -> tuple[Status, ...]:
    """The statuses the person may give, with the present one, in Redmine's order. `issue` has SURROUNDINGS."""
    ids = flow.leads_to | {issue.status_id} if flow.leads_to else frozenset()
    closed = set(read.config.closed)
    if issue.open_below or issue.blocked:
        ids -= closed
    if issue.closed_above:
        ids &= closed
    return tuple(read.status(number) for number in read.config.statuses if number in ids)


def assignable(read: Reading, members: Iterable[Any]) -> tuple[Ref, ...]:
    """The people and groups of MEMBERS."""
    return tuple(Ref(it.id, users.name(users.Named(*it), read.style)) for it in members)


def trackers(read: Reading, project_id: int, present: int | None = None) -> tuple[Tracker, ...]:
    """The trackers that the person may give to a task here. Source: Issue.allowed_target_trackers."""
    offered = read.config.trackers_in(project_id)
    adding = [role for role in read.permissions.roles_in(project_id) if "add_issues" in role.permissions]
    if read.person.is_admin or any("add_issues" not in role.trackers for role in adding):
        return tuple(offered)
    ids = {present, *(each for role in adding for each in role.trackers["add_issues"])}
    return tuple(tracker for tracker in offered if tracker.id in ids)


def _leads_to(rows: Iterable[Any], is_author: bool, is_assignee: bool) -> frozenset[int]:
    transitions = (row for row in rows if row.type == "WorkflowTransition")
    return frozenset(row.new_status_id for row in transitions if _holds(row, is_author, is_assignee))


def _holds(transition: Any, is_author: bool, is_assignee: bool) -> bool:
    """Whether a transition is for this person. Source: IssueStatus.new_statuses_allowed."""
    author, assignee = bool(transition.author), bool(transition.assignee)
    if is_author and is_assignee:
        return True
    if is_author or is_assignee:
        return author == is_author or assignee == is_assignee
    return not author and not assignee


def _field_rules(read: Reading, roles: Iterable[Role], rows: Iterable[Any]) -> dict[str, str]:
    """A rule counts where all roles that may write have one for the field; where they differ it is required."""
    writing = {role.id for role in roles if role.permissions & {"add_issues", "edit_issues"}}
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for row in rows:
        if row.type == "WorkflowPermission" and row.role_id in writing:
            found[row.field_name][row.role_id] = row.rule
    if found:
        for number, definition in read.config.fields.items():
            hidden = set() if definition.visible or not definition.roles else writing - definition.roles
            found[str(number)] |= dict.fromkeys(hidden, "readonly")
    agreed = {
        field: set(by_role.values()) for field, by_role in found.items() if by_role and len(by_role) == len(writing)
    }
    return {field: kinds.pop() if len(kinds) == 1 else "required" for field, kinds in agreed.items()}


def is_open_for_writing(read: Reading, project_id: int) -> bool:
    """Whether a project is neither closed nor archived."""
    return read.config.project_info[project_id].status == ACTIVE
