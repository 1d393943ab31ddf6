"""Caches Redmine's answers to one person for a minute: projects, people, and rights by the person's memberships.

REST does not tell the roles of people who are no members: they may try to comment, and Redmine decides.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from helpdesk.errors import LockedOut, NotAllowed, NotFound, Unavailable, WrongKey
from helpdesk.redmine_client import JSON, RedmineClient, part, user_id
from helpdesk.tasks.model import Actor, Ref
from helpdesk.tasks.projects import Project, ProjectMember, in_tree_order
from helpdesk.tasks.redmine.allowed_actions import Rights
from helpdesk.tasks.redmine.rest import json_mapper
from helpdesk.tasks.redmine.rest.metadata_cache import Cache, MetadataCache, items, names_by_id
from helpdesk.tasks.redmine.visibility import CLOSED

RIGHTS_SECONDS = 60
MOST_KNOWN = 50  # people whose colleagues are kept: thousands of names each
PARALLEL = 4  # lists of members that are read at once for one person


class Me(NamedTuple):
    """The person that Redmine says we act as, with roles by project."""

    id: int
    is_admin: bool
    roles: dict[int, set[int]]


class People(NamedTuple):
    """The members of a project, groups among them: all names by id, and the assignable people."""

    names: dict[str, str]
    assignable: tuple[Ref, ...]


class ProjectFacts(NamedTuple):
    """A project as one person sees it. `fields` are the custom fields that the project names as its own."""

    trackers: tuple[Ref, ...]
    fields: frozenset[int]
    is_closed: bool


class UserCache:
    """Answers that differ from person to person, cached per person; names in them come from `metadata`."""

    def __init__(self, client: RedmineClient, metadata: MetadataCache) -> None:
        self.client, self.metadata = client, metadata
        self.access = Cache(5_000, RIGHTS_SECONDS)
        self.known = Cache(MOST_KNOWN, RIGHTS_SECONDS)

    async def me(self, actor: Actor) -> Me:
        """Return the person that Redmine takes us for. Raises WrongKey when that is not the actor: Redmine silently
        ignores the request to act as others with a key that is no administrator's, and everybody would act as its
        owner."""

        async def fetch() -> Me:
            answer = await self.client.get_fixed("/users/current.json", actor.login, [("include", "memberships")])
            mine = to_me(part(answer, "user"))
            if mine.id != actor.id:
                raise WrongKey(detail=f"Redmine acts as user {mine.id} where {actor.id} was asked for")
            return mine

        return await self.access.get(("me", actor), fetch)

    async def rights_in(self, mine: Me, project_id: int) -> Rights:
        roles = await asyncio.gather(*map(self._role, mine.roles.get(project_id, ())))
        return rights(mine, project_id, roles)

    async def may_edit_somewhere(self, mine: Me, project_ids: Collection[int]) -> bool:
        """Tell whether the person may edit tasks in one of these projects, or is no member of one, where it is not
        known."""
        if mine.is_admin or not mine.roles.keys() >= set(project_ids):
            return bool(project_ids)
        role_ids = {role for project in project_ids for role in mine.roles[project]}
        roles = await asyncio.gather(*map(self._role, role_ids))
        return any(not {"edit_issues", "edit_own_issues"}.isdisjoint(role["permissions"]) for role in roles)

    async def _role(self, role_id: int) -> JSON:
        async def fetch() -> JSON:
            role = part(await self.client.get_fixed(f"/roles/{role_id}.json"), "role")
            return {"assignable": role.get("assignable") is True, "permissions": items(role, "permissions")}

        return await self.access.get(("role", role_id), fetch)

    async def project(self, actor: Actor, project_id: int) -> ProjectFacts:
        async def fetch() -> ProjectFacts:
            parts = [("include", "trackers,issue_custom_fields")]
            data = part(await self.client.get_fixed(f"/projects/{project_id}.json", actor.login, parts), "project")
            fields = frozenset(json_mapper.number(field, "id") for field in data.get("issue_custom_fields", ()))
            return ProjectFacts(
                tuple(map(json_mapper.ref, items(data, "trackers"))), fields, data.get("status") == CLOSED
            )

        return await self.access.get(("project", actor.id, project_id), fetch)

    async def people(self, actor: Actor, project_id: int) -> People:
        """Return the members; assignable are those with an assignable role, which only the database tells exactly."""

        async def fetch() -> People:
            path = f"/projects/{project_id}/memberships.json"
            memberships = await self.metadata.all_of(path, "memberships", actor.login)
            people = [(m["user"], m["roles"]) for m in memberships if "user" in m]
            groups = [m["group"] for m in memberships if "group" in m]
            assignable = [
                json_mapper.ref(user)
                for user, roles in people
                if any([(await self._role(json_mapper.number(role, "id")))["assignable"] for role in roles])
            ]
            everybody = [*groups, *(user for user, _ in people)]
            return People(names_by_id(map(json_mapper.ref, everybody)), tuple(assignable))

        return await self.access.get(("people", actor.id, project_id), fetch)

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        """Return the present members of a project, past the cache. Raises NotFound where Redmine does not show them."""
        path = f"/projects/{project_id}/memberships.json"
        with forbidden_is_missing():
            memberships = await self.metadata.all_of(path, "memberships", actor.login, get=self.client.get)
        ranks = {role.id: rank for rank, role in enumerate(await self.metadata.roles())}
        return json_mapper.members(memberships, ranks)

    async def colleagues(self, actor: Actor) -> tuple[Ref, ...]:
        """Return the members of all projects that Redmine shows to this person, kept for a while.

        A project whose members cannot be read is left out, unless none can be read.
        """
        at_once = asyncio.Semaphore(PARALLEL)

        async def members(project_id: int) -> tuple[ProjectMember, ...] | Unavailable:
            try:
                async with at_once:
                    return await self.members(actor, project_id)
            except NotFound:
                return ()
            except Unavailable as error:
                return error

        async def fetch() -> tuple[Ref, ...]:
            numbers = [json_mapper.number(project, "id") for project in await self._projects(actor)]
            found = await asyncio.gather(*map(members, numbers))
            failures = [it for it in found if isinstance(it, Unavailable)]
            if failures and len(failures) == len(found):
                raise failures[0]
            read = [it for it in found if not isinstance(it, Unavailable)]
            names = {member.id: member.name for each in read for member in each}
            return tuple(sorted((Ref(*it) for it in names.items()), key=lambda it: (it.name.casefold(), it.id)))

        return await self.known.get(actor.id, fetch)

    async def projects(self, actor: Actor) -> tuple[Project, ...]:
        return in_tree_order(map(json_mapper.project, await self._projects(actor)))

    async def projects_with_tasks(self, actor: Actor) -> frozenset[int]:
        """Return the ids of the projects with the module of tasks."""
        return frozenset(
            json_mapper.ref(project).id
            for project in await self._projects(actor)
            if any(module.get("name") == "issue_tracking" for module in project.get("enabled_modules", ()))
        )

    async def _projects(self, actor: Actor) -> list[JSON]:
        async def fetch() -> list[JSON]:
            return await self.metadata.all_of("/projects.json", "projects", actor.login, "enabled_modules")

        return await self.access.get(("projects", actor.id), fetch)


@contextmanager
def forbidden_is_missing() -> Iterator[None]:
    """Raise NotFound for NotAllowed: Redmine tells the invisible (403) from the missing (404); we do not."""
    try:
        yield
    except LockedOut:
        raise
    except NotAllowed as error:
        raise NotFound(detail=error.detail) from error


def to_me(user: JSON) -> Me:
    """Map /users/current.json?include=memberships; inherited and group roles are among the memberships."""
    roles: dict[int, set[int]] = {}
    for membership in user.get("memberships", ()):
        project = json_mapper.number(membership["project"], "id")
        roles[project] = {json_mapper.number(role, "id") for role in membership["roles"]}
    return Me(user_id(user), user.get("admin") is True, roles)


def rights(mine: Me, project_id: int, roles: Iterable[JSON]) -> Rights:
    """Return the permissions of the roles together. Each is a /roles/ID.json, with its list of permissions."""
    permissions = frozenset(str(name) for role in roles for name in role["permissions"])
    return Rights(mine.is_admin, mine.is_admin or project_id in mine.roles, permissions)
