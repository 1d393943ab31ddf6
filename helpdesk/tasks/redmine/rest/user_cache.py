"""Caches Redmine's answers to one person for a minute: projects, people and rights."""

from typing import NamedTuple

from helpdesk.errors import LockedOut, NotAllowed, NotFound, WrongKey
from helpdesk.redmine_client import JSON, RedmineClient, part
from helpdesk.tasks.model import Actor, Ref
from helpdesk.tasks.projects import Project, ProjectMember, in_tree_order
from helpdesk.tasks.redmine.rest import custom_fields, json_mapper, permissions
from helpdesk.tasks.redmine.rest.cache import Cache
from helpdesk.tasks.redmine.rest.metadata_cache import MetadataCache, items, names_by_id

RIGHTS_SECONDS = 60
CLOSED = 5
NAMED_BY_PROJECT = {"fixed_version_id": "versions", "category_id": "issue_categories"}


class People(NamedTuple):
    """Members of a project, groups among them: everybody by name, and the people who may be assigned."""

    names: dict[str, str]
    assignable: tuple[Ref, ...]


class ProjectFacts(NamedTuple):
    """A project as one person sees it. `fields` are the custom fields that are not simply in all projects."""

    trackers: tuple[Ref, ...]
    fields: frozenset[int]
    is_closed: bool


class UserCache:
    """Answers that differ from person to person, cached per person; names in them come from `metadata`."""

    def __init__(self, client: RedmineClient, metadata: MetadataCache) -> None:
        self.client, self.metadata = client, metadata
        self.access = Cache(5_000, RIGHTS_SECONDS)

    async def me(self, actor: Actor) -> permissions.Me:
        """Return the person Redmine takes us for. Raises WrongKey when that is not the actor: Redmine silently ignores
        the request to act as others with a key that is no administrator's, and everybody would act as its owner."""

        async def fetch() -> permissions.Me:
            found = await self.client.get_fixed("/users/current.json", actor.login, [("include", "memberships")])
            mine = permissions.me(part(found, "user"))
            if mine.id != actor.id:
                raise WrongKey(detail=f"Redmine acts as user {mine.id} where {actor.id} was asked for")
            return mine

        mine: permissions.Me = await self.access.get(("me", actor), fetch)
        return mine

    async def rights_in(self, mine: permissions.Me, project_id: int) -> permissions.Rights:
        roles = [await self._role(role) for role in mine.roles.get(project_id, ())]
        return permissions.rights(mine, project_id, roles)

    async def _role(self, role_id: int) -> JSON:
        async def fetch() -> JSON:
            role = part(await self.client.get_fixed(f"/roles/{role_id}.json"), "role")
            return {"assignable": role.get("assignable") is True, "permissions": items(role, "permissions")}

        role: JSON = await self.access.get(("role", role_id), fetch)
        return role

    async def project(self, actor: Actor, project_id: int) -> ProjectFacts:
        async def fetch() -> ProjectFacts:
            parts = [("include", "trackers,issue_custom_fields")]
            data = part(await self.client.get_fixed(f"/projects/{project_id}.json", actor.login, parts), "project")
            fields = frozenset(json_mapper.number(field, "id") for field in data.get("issue_custom_fields", ()))
            return ProjectFacts(
                tuple(map(json_mapper.ref, items(data, "trackers"))), fields, data.get("status") == CLOSED
            )

        project: ProjectFacts = await self.access.get(("project", actor.id, project_id), fetch)
        return project

    async def people(self, actor: Actor, project_id: int) -> People:
        """Members with a role that may be assigned; a list for programs of exactly who may be needs the database."""

        path = f"/projects/{project_id}/memberships.json"

        async def fetch() -> People:
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

        people: People = await self.access.get(("people", actor.id, project_id), fetch)
        return people

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        """Everybody of a project as of now. Raises NotFound where Redmine shows it to nobody like this person."""
        try:
            path = f"/projects/{project_id}/memberships.json"
            memberships = await self.metadata.all_of(path, "memberships", actor.login, get=self.client.get)
        except LockedOut:
            raise
        except NotAllowed as error:
            raise NotFound(detail=error.detail) from error
        ranks = {role.id: rank for rank, role in enumerate(await self.metadata.roles())}
        return json_mapper.members(memberships, ranks)

    async def names(self, actor: Actor, people: People, journals: list[JSON], issue: JSON) -> json_mapper.Names:
        known = [issue.get("author"), issue.get("assigned_to"), *(journal.get("user") for journal in journals)]
        assignees = people.names | names_by_id(json_mapper.ref(person) for person in known if person)
        for stranger in json_mapper.values_of("assigned_to_id", journals) - assignees.keys():
            assignees[stranger] = await self.metadata.name(stranger)
        of_project = {
            field: await self.metadata.names_in_project(json_mapper.ref(issue["project"]).id, NAMED_BY_PROJECT[field])
            for field in NAMED_BY_PROJECT
            if json_mapper.values_of(field, journals)
        }
        return json_mapper.Names(
            by_field={
                "status": names_by_id(await self.metadata.statuses()),
                "priority": names_by_id(await self.metadata.priorities()),
                "tracker": names_by_id(await self.metadata.trackers()),
                "project": names_by_id(await self.projects(actor)),
                "assignee": assignees,
                "parent_id": {},
                "child_id": {},
                **of_project,
            },
            custom_fields=custom_fields.fields(issue, await self.metadata.definitions()),
        )

    async def projects(self, actor: Actor) -> tuple[Project, ...]:
        return in_tree_order(map(json_mapper.project, await self._projects(actor)))

    async def projects_with_tasks(self, actor: Actor) -> frozenset[int]:
        """The ids of those projects that keep tasks at all."""
        return frozenset(
            json_mapper.ref(project).id
            for project in await self._projects(actor)
            if any(module.get("name") == "issue_tracking" for module in project.get("enabled_modules", ()))
        )

    async def _projects(self, actor: Actor) -> list[JSON]:
        async def fetch() -> list[JSON]:
            return await self.metadata.all_of("/projects.json", "projects", actor.login, "enabled_modules")

        projects: list[JSON] = await self.access.get(("projects", actor.id), fetch)
        return projects
