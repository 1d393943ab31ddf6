"""A person's rights in the embedded tracker, and the conditions and choices that follow from them."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, get_args

from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import Session

from helpdesk.store.tracker import tasks as rows
from helpdesk.store.tracker.roles import PERMISSIONS
from helpdesk.tasks.fields import CustomField, Detail
from helpdesk.tasks.model import Actor, Choices, Priority, Ref, Status, ranked
from helpdesk.tasks.projects import Project, in_tree_order

DETAILS: frozenset[Detail] = frozenset(get_args(Detail)) - {"is_private"}
PRIVATE: frozenset[Detail] = frozenset({"is_private"})
EVERYTHING = frozenset(PERMISSIONS) - {"assignable", "set_own_private"}
"""What an administrator may do: a member's role alone makes somebody an assignee."""
SYSTEM = Actor(0, "", is_admin=True)
"""An administrator who is nobody: it sees every task that is not archived."""


class Rights(NamedTuple):
    """A person's permissions and roles by project."""

    person_id: int
    permissions: dict[int, set[str]]
    roles: dict[int, set[int]]

    def has(self, project_id: int, permission: str) -> bool:
        return permission in self.permissions.get(project_id, ())


def rights(session: Session, actor: Actor) -> Rights:
    """Return the actor's rights; an administrator has every role everywhere."""
    held = rows.all_roles(session) if actor.is_admin else rows.roles_by_project(session, actor.id)
    permissions: defaultdict[int, set[str]] = defaultdict(set)
    roles: defaultdict[int, set[int]] = defaultdict(set)
    for project_id, role_id, names in held:
        permissions[project_id].update(EVERYTHING if actor.is_admin else names.split())
        roles[project_id].add(role_id)
    return Rights(actor.id, permissions, roles)


def visible(mine: Rights) -> ColumnElement[bool]:
    return visible_to(mine.person_id, mine.permissions)


def visible_to(person_id: int | ColumnElement[int], permissions: Mapping[int, Collection[str]]) -> ColumnElement[bool]:
    """Return the condition for the tasks that a person with these permissions by project sees.

    `person_id` may be a column, for several people with the same permissions.
    """
    seen = {project for project, held in permissions.items() if "view_all" in held}
    whole = {project for project in seen if "view_private" in permissions[project]}
    return rows.visible(person_id, sorted(whole), sorted(permissions.keys() - seen), sorted(seen - whole))


def projects(session: Session, mine: Rights) -> tuple[Project, ...]:
    """Return the projects in which the actor has a role."""
    return in_tree_order(Project(*row) for row in rows.projects(session, mine.permissions))


def hiding(mine: Rights, project_id: int, is_author: bool) -> frozenset[Detail]:
    """Return `is_private`, as a set of details, if the actor may make such a task private, or public again."""
    may = mine.has(project_id, "set_private") or (is_author and mine.has(project_id, "set_own_private"))
    return PRIVATE if may else frozenset()


def choices(session: Session, actor: Actor, mine: Rights, row: Any, fields: tuple[CustomField, ...]) -> Choices:
    project = row.project_id
    statuses = rows.next_statuses(session, mine.roles[project], row.status_id)
    edits = mine.has(project, "edit")
    present = ((row.assignee_id, row.assignee),) if row.assignee_id else ()
    return Choices(
        statuses=tuple(Status(*status) for status in statuses),
        priorities=priorities(session) if edits else (),
        assignees=assignable(session, project, *present) if edits else (),
        may_comment=mine.has(project, "comment"),
        may_comment_privately=mine.has(project, "comment_privately"),
        trackers=tuple(Ref(*kind) for kind in rows.trackers(session)) if edits else (),
        details=(DETAILS if edits else frozenset()) | hiding(mine, project, row.author_id == actor.id),
        custom=frozenset(field.id for field in fields if field.is_writable) if edits else frozenset(),
        may_attach=mine.has(project, "comment"),
        may_watch=True,
        may_delete=mine.has(project, "delete"),
    )


def priorities(session: Session) -> tuple[Priority, ...]:
    return ranked(rows.priorities(session))


def assignable(session: Session, project_id: int, *present: tuple[int, str]) -> tuple[Ref, ...]:
    """Return members with an assignable role, and (id, name) of the present assignee, by name."""
    people = dict(present)
    for person_id, name, permissions in rows.members(session, project_id):
        if "assignable" in permissions.split():
            people[person_id] = name
    return tuple(Ref(*item) for item in sorted(people.items(), key=lambda item: item[1]))
