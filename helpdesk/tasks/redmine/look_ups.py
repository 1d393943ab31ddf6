"""What Redmine says to one person, asked once and kept for a minute: projects, people, and what one may do there."""

from typing import Any, NamedTuple

from cachetools import TTLCache

from helpdesk.errors import LockedOut, NotAllowed, NotFound, WrongKey
from helpdesk.redmine_client import JSON, RedmineClient, part
from helpdesk.tasks.model import Actor, Ref
from helpdesk.tasks.projects import Project, ProjectMember, in_tree_order
from helpdesk.tasks.redmine import custom, reading, rights
from helpdesk.tasks.redmine.words import Words, cached, items, names_by_id

RIGHTS_SECONDS = 60
CLOSED = 5
NAMED_BY_PROJECT = {"fixed_version_id": "versions", "category_id": "issue_categories"}


class People(NamedTuple):
    """Members of a project, groups among them: everybody by name, and the people who may be assigned."""

    names: dict[str, str]
    assignable: tuple[Ref, ...]


class ProjectFacts(NamedTuple):
    """What one person is told of a project. `fields` are the custom fields that are not simply in all projects."""

    trackers: tuple[Ref, ...]
    fields: frozenset[int]
    is_closed: bool


class LookUps(Words):
    """Besides the words, caches of what differs from person to person, kept per person."""

    def __init__(self, client: RedmineClient) -> None:
        super().__init__(client)
        self.access: TTLCache[Any, Any] = TTLCache(maxsize=5_000, ttl=RIGHTS_SECONDS)

    async def me(self, actor: Actor) -> rights.Me:
        """Whom Redmine takes us for. Raises WrongKey when that is not the actor: a key that is not an administrator's
        is silently ignored by Redmine, and everybody would act as its owner."""

        async def fetch() -> rights.Me:
            found = await self.client.get_fixed("/users/current.json", actor.login, [("include", "memberships")])
            mine = rights.me(part(found, "user"))
            if mine.id != actor.id:
                raise WrongKey(detail=f"Redmine acts as user {mine.id} where {actor.id} was asked for")
            return mine

        mine: rights.Me = await cached(self.access, ("me", actor), fetch)
        return mine

    async def rights_in(self, mine: rights.Me, project_id: int) -> rights.Rights:
        roles = [await self._role(role) for role in mine.roles.get(project_id, ())]
        return rights.rights(mine, project_id, roles)

    async def _role(self, role_id: int) -> JSON:
        async def fetch() -> JSON:
            role = part(await self.client.get_fixed(f"/roles/{role_id}.json"), "role")
            return {"assignable": role.get("assignable") is True, "permissions": items(role, "permissions")}

        role: JSON = await cached(self.access, ("role", role_id), fetch)
        return role

    async def project(self, actor: Actor, project_id: int) -> ProjectFacts:
        async def fetch() -> ProjectFacts:
            parts = [("include", "trackers,issue_custom_fields")]
            told = part(await self.client.get_fixed(f"/projects/{project_id}.json", actor.login, parts), "project")
            fields = frozenset(reading.number(field, "id") for field in told.get("issue_custom_fields", ()))
            return ProjectFacts(tuple(map(reading.ref, items(told, "trackers"))), fields, told.get("status") == CLOSED)

        project: ProjectFacts = await cached(self.access, ("project", actor.id, project_id), fetch)
        return project

    async def people(self, actor: Actor, project_id: int) -> People:
        """Members with a role that may be assigned; a list for programs of exactly who may be needs the database."""

        async def fetch() -> People:
            memberships = await self.all_of(f"/projects/{project_id}/memberships.json", "memberships", actor.login)
            people = [(m["user"], m["roles"]) for m in memberships if "user" in m]
            groups = [m["group"] for m in memberships if "group" in m]
            assignable = [
                reading.ref(user)
                for user, roles in people
                if any([(await self._role(reading.number(role, "id")))["assignable"] for role in roles])
            ]
            everybody = [*groups, *(user for user, _ in people)]
            return People(names_by_id(map(reading.ref, everybody)), tuple(assignable))

        people: People = await cached(self.access, ("people", actor.id, project_id), fetch)
        return people

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        """Everybody of a project as of now. Raises NotFound where Redmine shows it to nobody like this person."""
        try:
            path = f"/projects/{project_id}/memberships.json"
            memberships = await self.all_of(path, "memberships", actor.login, get=self.client.get)
        except LockedOut:
            raise
        except NotAllowed as error:
            raise NotFound(detail=error.detail) from error
        places = {role.id: place for place, role in enumerate(await self.roles())}
        return reading.members(memberships, places)

    async def names(self, actor: Actor, people: People, journals: list[JSON], issue: JSON) -> reading.Names:
        known = [issue.get("author"), issue.get("assigned_to"), *(journal.get("user") for journal in journals)]
        assignees = people.names | names_by_id(reading.ref(person) for person in known if person)
        for stranger in reading.values_of("assigned_to_id", journals) - assignees.keys():
            assignees[stranger] = await self.name(stranger)
        of_project = {
            field: await self.project_words(reading.ref(issue["project"]).id, NAMED_BY_PROJECT[field])
            for field in NAMED_BY_PROJECT
            if reading.values_of(field, journals)
        }
        return reading.Names(
            by_field={
                "status": names_by_id(await self.statuses()),
                "priority": names_by_id(await self.priorities()),
                "tracker": names_by_id(await self.trackers()),
                "project": names_by_id(await self.projects(actor)),
                "assignee": assignees,
                "parent_id": {},
                "child_id": {},
                **of_project,
            },
            custom_fields=custom.fields(issue, await self.definitions()),
        )

    async def projects(self, actor: Actor) -> tuple[Project, ...]:
        return in_tree_order(map(reading.project, await self._projects(actor)))

    async def projects_with_tasks(self, actor: Actor) -> frozenset[int]:
        """The ids of those projects that keep tasks at all."""
        return frozenset(
            reading.ref(project).id
            for project in await self._projects(actor)
            if any(module.get("name") == "issue_tracking" for module in project.get("enabled_modules", ()))
        )

    async def _projects(self, actor: Actor) -> list[JSON]:
        async def fetch() -> list[JSON]:
            return await self.all_of("/projects.json", "projects", actor.login, "enabled_modules")

        projects: list[JSON] = await cached(self.access, ("projects", actor.id), fetch)
        return projects
