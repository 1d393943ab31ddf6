"""A person's rights in a Redmine project, as far as REST tells: the roles of the person's memberships.

Source of the rules: Redmine 5, Issue#attributes_editable?, Issue#notes_addable?, Role#permissions. Roles of people who
are no members are not told by REST: they may try to comment, and Redmine decides.
"""

from collections.abc import Iterable
from typing import NamedTuple

from helpdesk.redmine_client import JSON, user_id
from helpdesk.tasks.model import Member
from helpdesk.tasks.redmine.rest.json_mapper import number


class Me(NamedTuple):
    """The person that Redmine says we act as."""

    id: int
    is_admin: bool
    roles: dict[int, set[int]]


class Rights(NamedTuple):
    """Permission names of one person in one project; `known` is False for somebody who is no member."""

    is_admin: bool
    known: bool
    permissions: frozenset[str]

    def may_edit(self, is_author: bool) -> bool:
        return self.has("edit_issues") or (is_author and self.has("edit_own_issues"))

    def may_edit_note_of(self, author: Member | None, own_id: int) -> bool:
        """Source: Redmine's Journal#editable_by?."""
        own = author is not None and author.id == own_id
        return self.has("edit_issue_notes") or (own and self.has("edit_own_issue_notes"))

    def in_project(self, is_closed: bool) -> "Rights":
        """In a closed project nobody may write, administrators neither. Source: Redmine's User#allowed_to?."""
        return Rights(False, True, frozenset()) if is_closed else self

    @property
    def may_comment(self) -> bool:
        return not self.known or self.has("add_issue_notes")

    @property
    def may_comment_privately(self) -> bool:
        """Never guessed: Redmine saves the private note of somebody without the permission as a public one."""
        return self.has("add_issue_notes") and self.has("set_notes_private")

    def may_hide(self, is_author: bool) -> bool:
        """Whether a task may be made private, or public again. Source: Issue's safe attribute `is_private`."""
        return self.has("set_issues_private") or (is_author and self.has("set_own_issues_private"))

    def has(self, permission: str) -> bool:
        """Whether a permission of Redmine's is known to be given."""
        return self.is_admin or permission in self.permissions


def me(user: JSON) -> Me:
    """/users/current.json?include=memberships; inherited and group roles are among the memberships."""
    roles: dict[int, set[int]] = {}
    for membership in user.get("memberships", ()):
        roles[number(membership["project"], "id")] = {number(role, "id") for role in membership["roles"]}
    return Me(user_id(user), user.get("admin") is True, roles)


def rights(mine: Me, project_id: int, roles: Iterable[JSON]) -> Rights:
    """Return the permissions of the roles together. Each is a /roles/ID.json, with its list of permissions."""
    permissions = frozenset(str(name) for role in roles for name in role["permissions"])
    return Rights(mine.is_admin, mine.is_admin or project_id in mine.roles, permissions)
