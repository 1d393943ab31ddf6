"""Errors that somebody could make in `visibility.py`, and how to have one for a while."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NamedTuple
from unittest import mock

from helpdesk.tasks.redmine import visibility

PACKAGE = "helpdesk.tasks.redmine"


class Mutation(NamedTuple):
    """`wrong` stands in the place of `right`, a piece of the source that occurs once."""

    says: str
    right: str
    wrong: str


MUTATIONS = (
    Mutation(
        "archived projects are read",
        "project.status != ARCHIVED and permission in READING",
        "permission in READING",
    ),
    Mutation(
        "closed projects are written to",
        "project.status == ACTIVE or permission in READING",
        "project.status != ARCHIVED or permission in READING",
    ),
    Mutation(
        "projects without the module of tasks have tasks",
        "return state and MODULES.get(permission, TRACKING) in project.modules",
        "return state",
    ),
    Mutation(
        "members have the rights of guests, too",
        "role_ids = self.person.memberships[project_id]",
        "role_ids = self.person.memberships[project_id] | project.guests",
    ),
    Mutation(
        "strangers are guests of private projects",
        "role_ids = project.guests if project.is_public else frozenset()",
        "role_ids = project.guests",
    ),
    Mutation(
        "what is assigned to one's group is not one's own",
        "return self.groups | {self.id}",
        "return frozenset({self.id})",
    ),
    Mutation(
        "private tasks are seen by everybody",
        "yield sa.or_(issues.c.is_private.is_(False), own)",
        "yield sa.true()",
    ),
    Mutation(
        "who sees only one's own tasks sees all public ones",
        'elif role.issues_visibility == "own":\n            yield own',
        'elif role.issues_visibility == "own":\n            yield sa.or_(issues.c.is_private.is_(False), own)',
    ),
    Mutation(
        "limits to some trackers are not regarded in lists",
        'if "view_issues" in role.trackers:',
        'if "no permission" in role.trackers:',
    ),
    Mutation(
        "limits to some trackers are not regarded in rights",
        "return permission not in self.trackers or tracker_id in self.trackers[permission]",
        "return True",
    ),
    Mutation(
        "private comments are found by their words",
        "journals.c.private_notes.is_(False),",
        "sa.true(),",
    ),
    Mutation(
        "roles without the permission count",
        "if permission in role.permissions:\n                    projects[role.id].append(project)",
        "projects[role.id].append(project)",
    ),
    Mutation(
        "an administrator has only the roles of a member",
        "return list(self.roles.values()) if self.person.is_admin else self.roles_in(project_id)",
        "return self.roles_in(project_id)",
    ),
    Mutation(
        "the members of a project are told to everybody",
        "return self.person.is_admin"
        " or any(project.is_public or not role.builtin for role in self.roles_in(project_id))",
        "return True",
    ),
    Mutation(
        "the members of an archived project are told",
        "if project is None or project.status == ARCHIVED:\n            return False\n        return self.person",
        "if project is None:\n            return False\n        return self.person",
    ),
    Mutation(
        "projects are seen without a role in them",
        "for project in living if self.person.is_admin or self.roles_in(project))",
        "for project in living)",
    ),
)


@contextmanager
def made(mutation: Mutation) -> Iterator[None]:
    """The adapter with that error. Raises AssertionError when the source has no such piece any more."""
    source = Path(visibility.__file__).read_text(encoding="utf-8")
    found = source.count(mutation.right)
    assert found == 1, f"{mutation.says}: the piece to replace occurs {found} times in visibility.py"
    changed = ModuleType(visibility.__name__)
    exec(compile(source.replace(mutation.right, mutation.wrong), visibility.__file__, "exec"), vars(changed))
    with mock.patch.dict(sys.modules, {visibility.__name__: changed}):
        patches = [mock.patch.object(module, name, getattr(changed, name)) for module, name in _users_of_it()]
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in patches:
                patch.stop()


def _users_of_it() -> list[tuple[ModuleType, str]]:
    """Where the adapter's modules hold what `visibility.py` defines."""
    modules = [module for name, module in sys.modules.items() if name.startswith(PACKAGE) and module is not visibility]
    own = {
        name: value
        for name, value in vars(visibility).items()
        if getattr(value, "__module__", "") == visibility.__name__
    }
    return [(module, name) for module in modules for name, value in own.items() if vars(module).get(name) is value]
