"""Define projects, their tree and their members. The visible part of a tree may be several smaller trees."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Project(NamedTuple):
    """A project; `parent_id` is the project above it."""

    id: int
    name: str
    identifier: str = ""
    description: str = ""
    parent_id: int | None = None


class ProjectMember(NamedTuple):
    """A member of a project, with the names of the roles there in the backend's order."""

    id: int
    name: str
    roles: tuple[str, ...]


def members(rows: Iterable[tuple[int, str, str | None]]) -> tuple[ProjectMember, ...]:
    """Return each person once, by name. `rows` are (person's id, name, role) in the order of roles."""
    names: dict[int, str] = {}
    roles: defaultdict[int, dict[str, None]] = defaultdict(dict)
    for number, name, role in rows:
        names[number] = name
        if role is not None:
            roles[number][role] = None
    people = (ProjectMember(number, name, tuple(roles[number])) for number, name in names.items())
    return tuple(sorted(people, key=lambda it: (it.name.casefold(), it.id)))


def in_tree_order(projects: Iterable[Project]) -> tuple[Project, ...]:
    """Return parents before their children, siblings by name. Projects without a known parent are at the top."""
    return tuple(project for project, _ in _walked(projects))


def with_depths(projects: Iterable[Project]) -> tuple[tuple[Project, int], ...]:
    """Return projects in tree order, each with the number of projects above it."""
    return tuple(_walked(projects))


def with_descendants(chosen: Iterable[int], projects: Iterable[Project]) -> tuple[int, ...]:
    """Return the chosen ids, also unknown ones, and the ids of all projects below them.

    Source: Redmine's Query#project_statement with display_subprojects_issues, its default.
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
