"""What Redmine's lists and roles say, asked once and kept for a while: words for five minutes, rights for one."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from cachetools import TTLCache

from helpdesk.errors import Nonsense, NotAllowed, NotFound, WrongKey
from helpdesk.redmine_client import JSON, RedmineClient, part
from helpdesk.tasks.model import Actor, Priority, Ref, Status, ranked
from helpdesk.tasks.projects import Project, in_tree_order
from helpdesk.tasks.redmine import reading, rights

WORDS_SECONDS = 300
RIGHTS_SECONDS = 60
PAGE = 100
MOST_PAGES = 10


class People(NamedTuple):
    """Members of a project: everybody by name, and those who may be assigned."""

    names: dict[str, str]
    assignable: tuple[Ref, ...]


class LookUps:
    """Caches of one process. What differs from person to person is kept per person."""

    def __init__(self, client: RedmineClient) -> None:
        self.client = client
        self.words: TTLCache[Any, Any] = TTLCache(maxsize=2_000, ttl=WORDS_SECONDS)
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

        mine: rights.Me = await _cached(self.access, ("me", actor), fetch)
        return mine

    async def rights_in(self, mine: rights.Me, project_id: int) -> rights.Rights:
        roles = [await self._role(role) for role in mine.roles.get(project_id, ())]
        return rights.rights(mine, project_id, roles)

    async def _role(self, role_id: int) -> JSON:
        async def fetch() -> JSON:
            role = part(await self.client.get_fixed(f"/roles/{role_id}.json"), "role")
            return {"assignable": role.get("assignable") is True, "permissions": items(role, "permissions")}

        role: JSON = await _cached(self.access, ("role", role_id), fetch)
        return role

    async def people(self, actor: Actor, project_id: int) -> People:
        """Members with a role that may be assigned; a list for programs of exactly who may be needs the database."""

        async def fetch() -> People:
            memberships = await self._all(f"/projects/{project_id}/memberships.json", "memberships", actor.login)
            people = [(m["user"], m["roles"]) for m in memberships if "user" in m]
            assignable = [
                reading.ref(user)
                for user, roles in people
                if any([(await self._role(reading.number(role, "id")))["assignable"] for role in roles])
            ]
            return People(_names_by_id(reading.ref(user) for user, _ in people), tuple(assignable))

        people: People = await _cached(self.access, ("people", actor.id, project_id), fetch)
        return people

    async def names(self, actor: Actor, people: People, journals: list[JSON], issue: JSON) -> reading.Names:
        known = [issue.get("author"), issue.get("assigned_to"), *(journal.get("user") for journal in journals)]
        assignees = people.names | _names_by_id(reading.ref(person) for person in known if person)
        for stranger in reading.people_changed(journals) - assignees.keys():
            assignees[stranger] = await self._name(stranger)
        return reading.Names(
            by_field={
                "status": _names_by_id(await self.statuses()),
                "priority": _names_by_id(await self.priorities()),
                "tracker": _names_by_id(await self.trackers()),
                "project": _names_by_id(await self.projects(actor)),
                "assignee": assignees,
            },
            custom_fields=_names_by_id(map(reading.ref, issue.get("custom_fields", ()))),
        )

    async def _name(self, user_id: str) -> str:
        """The name of somebody in a history who is no member any more, as Redmine's own page shows it."""

        async def fetch() -> str:
            try:
                user = part(await self.client.get(f"/users/{int(user_id)}.json"), "user")
            except (NotFound, NotAllowed):
                return f"#{user_id}"
            return f"{user.get('firstname') or ''} {user.get('lastname') or ''}".strip() or f"#{user_id}"

        name: str = await _cached(self.words, ("user", user_id), fetch)
        return name

    async def statuses(self) -> tuple[Status, ...]:
        """With those in which tasks begin marked; none of an older Redmine, which does not tell."""

        async def fetch() -> tuple[Status, ...]:
            found = map(reading.status, items(await self.client.get_fixed("/issue_statuses.json"), "issue_statuses"))
            told = (tracker.get("default_status") for tracker in await self._trackers())
            begin = {reading.ref(status).id for status in told if status}
            return tuple(status._replace(is_default=status.id in begin) for status in found)

        statuses: tuple[Status, ...] = await _cached(self.words, "statuses", fetch)
        return statuses

    async def priorities(self) -> tuple[Priority, ...]:
        async def fetch() -> tuple[Priority, ...]:
            listed = items(await self.client.get_fixed("/enumerations/issue_priorities.json"), "issue_priorities")
            active = [item for item in listed if item.get("active") is not False]
            return ranked((*reading.ref(item), item.get("is_default") is True) for item in active)

        priorities: tuple[Priority, ...] = await _cached(self.words, "priorities", fetch)
        return priorities

    async def trackers(self) -> tuple[Ref, ...]:
        return tuple(map(reading.ref, await self._trackers()))

    async def _trackers(self) -> list[JSON]:
        async def fetch() -> list[JSON]:
            return items(await self.client.get_fixed("/trackers.json"), "trackers")

        trackers: list[JSON] = await _cached(self.words, "trackers", fetch)
        return trackers

    async def projects(self, actor: Actor) -> tuple[Project, ...]:
        async def fetch() -> tuple[Project, ...]:
            return in_tree_order(map(reading.project, await self._all("/projects.json", "projects", actor.login)))

        projects: tuple[Project, ...] = await _cached(self.access, ("projects", actor.id), fetch)
        return projects

    async def _all(self, path: str, name: str, as_login: str) -> list[JSON]:
        """Every item of a list that comes in pages, up to a thousand."""
        listed: list[JSON] = []
        for page in range(MOST_PAGES):
            found = await self.client.get_fixed(path, as_login, [("limit", PAGE), ("offset", page * PAGE)])
            listed += items(found, name)
            if len(listed) >= reading.number(found, "total_count"):
                break
        return listed


def _names_by_id(named: Iterable[Status | Priority | Ref | Project]) -> dict[str, str]:
    return {str(item.id): item.name for item in named}


def items(found: JSON, name: str) -> list[JSON]:
    """The list that an answer holds under `name`. Raises Nonsense when it holds none."""
    listed = found.get(name)
    if not isinstance(listed, list):
        raise Nonsense(detail=f"no list of {name}")
    return listed


async def _cached(cache: TTLCache[Any, Any], key: object, fetch: Callable[[], Awaitable[Any]]) -> Any:
    """What `cache` holds under `key`, fetched when it holds nothing. Failures are not kept."""
    found = cache.get(key)
    if found is None:
        found = cache[key] = await fetch()
    return found
