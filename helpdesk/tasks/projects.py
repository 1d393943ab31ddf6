"""Projects as a tree, whichever tracker keeps them, and who works in one. What one may see of a tree may be several
smaller ones."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Project(NamedTuple):
    """`parent_id` is the project that holds this one."""

    id: int
    name: str
    identifier: str = ""
    description: str = ""
    parent_id: int | None = None


class ProjectMember(NamedTuple):
    """Somebody in a project, with the names of the roles there in the tracker's order."""

    id: int
    name: str
    roles: tuple[str, ...]


def members(rows: Iterable[tuple[int, str, str | None]]) -> tuple[ProjectMember, ...]:
    """Each person once, by name, of (person's number, name, role); `rows` are in the order of roles, and a role comes
    as often as somebody has it."""
    names: dict[int, str] = {}
    roles: defaultdict[int, dict[str, None]] = defaultdict(dict)
    for number, name, role in rows:
        names[number] = name
        if role is not None:
            roles[number][role] = None
    found = (ProjectMember(number, name, tuple(roles[number])) for number, name in names.items())
    return tuple(sorted(found, key=lambda it: (it.name.casefold(), it.id)))


def in_tree_order(projects: Iterable[Project]) -> tuple[Project, ...]:
    """Parents before their children, siblings by name. Whose parent is not among them stands at the top."""
    return tuple(project for project, _ in _walked(projects))


def with_depths(projects: Iterable[Project]) -> tuple[tuple[Project, int], ...]:
    """In tree order, each with the number of projects above it."""
    return tuple(_walked(projects))


def with_descendants(chosen: Iterable[int], projects: Iterable[Project]) -> tuple[int, ...]:
    """The chosen ids, also those of no project here, and the ids of all that is below them.

    As Redmine's own list of a project's issues: Query#project_statement with display_subprojects_issues, its default.
    """
    wanted = dict.fromkeys(chosen)
    for project, _ in _walked(projects):
        if project.parent_id in wanted:
            wanted[project.id] = None
    return tuple(wanted)


def _walked(projects: Iterable[Project]) -> Iterator[tuple[Project, int]]:
    known = {project.id: project for project in projects}
    below: dict[int | None, list[Project]] = defaultdict(list)
    for project in sorted(known.values(), key=lambda it: (it.name.casefold(), it.id)):
        below[project.parent_id if project.parent_id in known else None].append(project)
    waiting = [(project, 0) for project in reversed(below[None])]
    while waiting:
        project, depth = waiting.pop()
        yield project, depth
        waiting += [(child, depth + 1) for child in reversed(below[project.id])]
