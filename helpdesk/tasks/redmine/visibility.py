"""A person's visibility and rights in Redmine, as conditions on its tables. Nothing is read here.

Source of the rules: Redmine 5.0, Issue.visible_condition, Project.allowed_to_condition, User#roles_for_project,
User#project_ids_by_role, User#allowed_to?, Issue#user_tracker_permission?, Journal.visible_notes_condition.
docs/permissions.md tells how they are proven equal.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from helpdesk.tasks.redmine.sql.tables import issues, journals

Condition = ColumnElement[bool]

ACTIVE, CLOSED, ARCHIVED = 1, 5, 9
NON_MEMBER = 1
TRACKING = "issue_tracking"
READING = frozenset({"view_issues", "view_private_notes", "view_issue_watchers", "view_time_entries"})
"""The permissions that hold in closed projects, too. Source: lib/redmine/preparation.rb, `:read => true`."""
MODULES = {"view_time_entries": "time_tracking"}
"""The module that a permission needs; all others that we use need TRACKING."""


class Role(NamedTuple):
    """`trackers` limits a permission to some trackers; permissions without limits are absent."""

    id: int
    builtin: int = 0
    assignable: bool = True
    issues_visibility: str = "default"
    time_entries_visibility: str = "all"
    permissions: frozenset[str] = frozenset()
    trackers: Mapping[str, frozenset[int]] = {}

    def on(self, permission: str, tracker_id: int) -> bool:
        """Whether the permission holds for a tracker. Source: Role#permissions_tracker?."""
        return permission not in self.trackers or tracker_id in self.trackers[permission]


class ProjectInfo(NamedTuple):
    """A project as far as rights depend on it; `guests` are the roles of non-members when it is public."""

    id: int
    status: int
    is_public: bool
    modules: frozenset[str]
    guests: frozenset[int] = frozenset()


class Person(NamedTuple):
    """`memberships`: project → roles, including those from groups and from parent projects."""

    id: int
    is_admin: bool = False
    groups: frozenset[int] = frozenset()
    memberships: Mapping[int, frozenset[int]] = {}

    @property
    def principals(self) -> frozenset[int]:
        """Return the person and the person's groups: tasks of all of them count as the person's own."""
        return self.groups | {self.id}


class Permissions:
    """One person's rights in all projects."""

    def __init__(self, person: Person, roles: Mapping[int, Role], project_info: Mapping[int, ProjectInfo]) -> None:
        self.person = person
        self.roles = roles
        self.project_info = project_info

    def roles_in(self, project_id: int) -> list[Role]:
        """Return the roles that count in a project; none in an archived one. Source: User#roles_for_project."""
        project = self.project_info.get(project_id)
        if project is None or project.status == ARCHIVED:
            return []
        if project_id in self.person.memberships:
            role_ids = self.person.memberships[project_id]
        else:
            role_ids = project.guests if project.is_public else frozenset()
        return [self.roles[role] for role in role_ids if role in self.roles]

    def permits(self, permission: str, project_id: int) -> bool:
        """Whether the person has a permission in a project. Source: User#allowed_to?, Project#allows_to?."""
        project = self.project_info.get(project_id)
        if project is None or not self._is_usable(project, permission):
            return False
        if self.person.is_admin:
            return True
        roles = (role for role in self.roles_in(project_id) if project.is_public or not role.builtin)
        return any(permission in role.permissions for role in roles)

    def sees_members(self, project_id: int) -> bool:
        """Whether the person may see the members of a project: every role may. Source: the permission `view_members`,
        which is `:public`, of no module, and holds in closed projects; User#allowed_to?."""
        project = self.project_info.get(project_id)
        if project is None or project.status == ARCHIVED:
            return False
        return self.person.is_admin or any(project.is_public or not role.builtin for role in self.roles_in(project_id))

    def permits_on(self, permission: str, project_id: int, tracker_id: int) -> bool:
        """Whether the person has a permission over the tasks of a tracker. Source: Issue#user_tracker_permission?."""
        project = self.project_info.get(project_id)
        if project is None or not (project.status == ACTIVE or permission in READING):
            return False
        holding = (role for role in self.roles_in(project_id) if permission in role.permissions)
        return self.person.is_admin or any(role.on(permission, tracker_id) for role in holding)

    def workflow_roles(self, project_id: int) -> list[Role]:
        """Return the roles whose transitions and field rules count: for an administrator all roles."""
        return list(self.roles.values()) if self.person.is_admin else self.roles_in(project_id)

    @cached_property
    def tasks(self) -> Condition:
        """Return the condition for the rows of `issues` that the person sees. Source: Issue.visible_condition."""
        if self.person.is_admin:
            return issues.c.project_id.in_(self._usable("view_issues"))
        parts = [
            sa.and_(issues.c.project_id.in_(projects), *self._seen_by(self.roles[role]))
            for role, projects in self._projects_by_role("view_issues").items()
        ]
        return sa.or_(*parts) if parts else sa.false()

    @cached_property
    def notes(self) -> Condition:
        """Return the condition for the rows of `journals` of a visible task that the person may read.

        Source: Journal.visible_notes_condition.
        """
        projects = (
            self._usable("view_private_notes")
            if self.person.is_admin
            else sorted({it for of_role in self._projects_by_role("view_private_notes").values() for it in of_role})
        )
        return sa.or_(
            journals.c.private_notes.is_(False),
            journals.c.user_id == self.person.id,
            issues.c.project_id.in_(projects),
        )

    def spent_time(self, project_id: int) -> Literal["all", "own", "none"]:
        """Return which spent time the person sees in a project. Source: TimeEntry.visible_condition."""
        if not self.permits("view_time_entries", project_id):
            return "none"
        roles = [role for role in self.roles_in(project_id) if "view_time_entries" in role.permissions]
        seen = {role.time_entries_visibility for role in roles}
        return "all" if self.person.is_admin or "all" in seen else "own" if "own" in seen else "none"

    def projects_with(self, permission: str) -> frozenset[int]:
        """Return the projects where the person has a permission, for some trackers at least."""
        return frozenset(project for project in self.project_info if self.permits(permission, project))

    @cached_property
    def projects(self) -> frozenset[int]:
        """Return the projects that the person sees: every role sees its projects. Source: Project.visible."""
        living = (project.id for project in self.project_info.values() if project.status != ARCHIVED)
        return frozenset(project for project in living if self.person.is_admin or self.roles_in(project))

    def _is_usable(self, project: ProjectInfo, permission: str) -> bool:
        """Whether a project's state and modules let anybody have a permission there."""
        state = project.status == ACTIVE or (project.status != ARCHIVED and permission in READING)
        return state and MODULES.get(permission, TRACKING) in project.modules

    def _usable(self, permission: str) -> list[int]:
        return sorted(project.id for project in self.project_info.values() if self._is_usable(project, permission))

    def _projects_by_role(self, permission: str) -> dict[int, list[int]]:
        """Return the projects where each role gives the permission. Source: Project.allowed_to_condition."""
        projects: dict[int, list[int]] = defaultdict(list)
        for project in self._usable(permission):
            for role in self.roles_in(project):
                if permission in role.permissions:
                    projects[role.id].append(project)
        return dict(sorted(projects.items()))

    def _seen_by(self, role: Role) -> Iterable[Condition]:
        """Yield the conditions of a role besides the project. One role's limits never mix with another's."""
        own = sa.or_(issues.c.author_id == self.person.id, issues.c.assigned_to_id.in_(sorted(self.person.principals)))
        if role.issues_visibility == "default":
            yield sa.or_(issues.c.is_private.is_(False), own)
        elif role.issues_visibility == "own":
            yield own
        elif role.issues_visibility != "all":
            yield sa.false()
        if "view_issues" in role.trackers:
            yield issues.c.tracker_id.in_(sorted(role.trackers["view_issues"]))
