"""What Redmine's lists say to everybody alike, asked once and kept for five minutes."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from cachetools import TTLCache

from helpdesk.errors import Nonsense, NotAllowed, NotFound
from helpdesk.redmine_client import JSON, Params, RedmineClient, part
from helpdesk.tasks.model import Priority, Ref, Status, ranked
from helpdesk.tasks.projects import Project
from helpdesk.tasks.redmine import custom, reading

WORDS_SECONDS = 300
PAGE = 100
MOST_PAGES = 10
Get = Callable[[str, str | None, Params], Awaitable[JSON]]
STANDARD_FIELDS = frozenset(
    {"assigned_to_id", "parent_issue_id", "start_date", "due_date", "estimated_hours", "done_ratio", "description"}
)


class Words:
    """Caches of one process, of what we ask with our own key."""

    def __init__(self, client: RedmineClient) -> None:
        self.client = client
        self.words: TTLCache[Any, Any] = TTLCache(maxsize=2_000, ttl=WORDS_SECONDS)

    async def statuses(self) -> tuple[Status, ...]:
        """With those in which tasks begin marked; none of an older Redmine, which does not tell."""

        async def fetch() -> tuple[Status, ...]:
            found = map(reading.status, items(await self.client.get_fixed("/issue_statuses.json"), "issue_statuses"))
            told = (tracker.get("default_status") for tracker in await self._trackers())
            begin = {reading.ref(status).id for status in told if status}
            return tuple(status._replace(is_default=status.id in begin) for status in found)

        statuses: tuple[Status, ...] = await cached(self.words, "statuses", fetch)
        return statuses

    async def priorities(self) -> tuple[Priority, ...]:
        async def fetch() -> tuple[Priority, ...]:
            listed = items(await self.client.get_fixed("/enumerations/issue_priorities.json"), "issue_priorities")
            active = [item for item in listed if item.get("active") is not False]
            return ranked((*reading.ref(item), item.get("is_default") is True) for item in active)

        priorities: tuple[Priority, ...] = await cached(self.words, "priorities", fetch)
        return priorities

    async def trackers(self) -> tuple[Ref, ...]:
        return tuple(map(reading.ref, await self._trackers()))

    async def first_status(self, tracker_id: int) -> Status | None:
        """The status in which tasks of a tracker begin; None from an older Redmine, which does not tell."""
        told = (await self._tracker(tracker_id)).get("default_status")
        first = reading.ref(told).id if told else None
        return next((status for status in await self.statuses() if status.id == first), None)

    async def standard_fields(self, tracker_id: int) -> frozenset[str]:
        """Redmine's own fields that a tracker uses; all of them where Redmine does not tell (before 5.0).

        Source: app/views/trackers/index.api.rsb, Tracker::CORE_FIELDS.
        """
        told = (await self._tracker(tracker_id)).get("enabled_standard_fields")
        return STANDARD_FIELDS if told is None else frozenset(map(str, told))

    async def _tracker(self, tracker_id: int) -> JSON:
        """A tracker as the list tells it; nothing of one that is not there any more."""
        trackers = {reading.ref(tracker).id: tracker for tracker in await self._trackers()}
        return trackers.get(tracker_id, {})

    async def _trackers(self) -> list[JSON]:
        async def fetch() -> list[JSON]:
            return items(await self.client.get_fixed("/trackers.json"), "trackers")

        trackers: list[JSON] = await cached(self.words, "trackers", fetch)
        return trackers

    async def definitions(self) -> custom.Definitions:
        """The custom fields of tasks by id; none when our key may not read them (then they can only be shown)."""

        async def fetch() -> custom.Definitions:
            try:
                found = await self.client.get("/custom_fields.json")
            except (NotFound, NotAllowed):
                return {}
            return custom.definitions(items(found, "custom_fields"))

        definitions: custom.Definitions = await cached(self.words, "custom fields", fetch)
        return definitions

    async def fields_in_use(self, project_id: int, tracker_id: int) -> tuple[int, ...] | None:
        """The custom fields that a task of this project and tracker has, by our own key; None when there is none."""

        async def fetch() -> tuple[tuple[int, ...] | None]:
            which: list[tuple[str, str | int]] = [("project_id", project_id), ("tracker_id", tracker_id), ("limit", 1)]
            anywhere_in_it = [("status_id", "*"), ("subproject_id", "!*")]
            found = items(await self.client.get_fixed("/issues.json", None, [*which, *anywhere_in_it]), "issues")
            return (tuple(reading.ref(field).id for field in found[0].get("custom_fields", ())) if found else None,)

        told: tuple[tuple[int, ...] | None] = await cached(self.words, ("fields", project_id, tracker_id), fetch)
        return told[0]

    async def fields_named_by_projects(self) -> frozenset[int]:
        """The custom fields of tasks that any project names as its own."""

        async def fetch() -> frozenset[int]:
            projects = await self.all_of("/projects.json", "projects", None, "issue_custom_fields")
            return frozenset(
                reading.ref(field).id for told in projects for field in told.get("issue_custom_fields", ())
            )

        named: frozenset[int] = await cached(self.words, "fields of projects", fetch)
        return named

    async def project_words(self, project_id: int, kind: str) -> dict[str, str]:
        """The names of a project's `versions` or `issue_categories` by id; none where the project keeps none.

        Asked with our own key: whoever sees a task sees what its history names.
        """

        async def fetch() -> dict[str, str]:
            try:
                found = await self.client.get(f"/projects/{project_id}/{kind}.json")
            except (NotFound, NotAllowed):
                return {}
            return names_by_id(map(reading.ref, items(found, kind)))

        words: dict[str, str] = await cached(self.words, (kind, project_id), fetch)
        return words

    async def name(self, user_id: str) -> str:
        """The name of somebody who is no member any more, as Redmine's own page shows it."""

        async def fetch() -> str:
            try:
                user = part(await self.client.get(f"/users/{int(user_id)}.json"), "user")
            except (NotFound, NotAllowed):
                return f"#{user_id}"
            return f"{user.get('firstname') or ''} {user.get('lastname') or ''}".strip() or f"#{user_id}"

        name: str = await cached(self.words, ("user", user_id), fetch)
        return name

    async def roles(self) -> tuple[Ref, ...]:
        """Those that members may have, in Redmine's order."""

        async def fetch() -> tuple[Ref, ...]:
            return tuple(map(reading.ref, items(await self.client.get_fixed("/roles.json"), "roles")))

        roles: tuple[Ref, ...] = await cached(self.words, "roles", fetch)
        return roles

    async def all_of(
        self, path: str, name: str, as_login: str | None, include: str = "", get: Get | None = None
    ) -> list[JSON]:
        """Every item of a list that comes in pages, up to a thousand; of what not everybody is shown by another `get`
        than `get_fixed`."""
        ask, listed = get or self.client.get_fixed, list[JSON]()
        for page in range(MOST_PAGES):
            params: list[tuple[str, str | int]] = [("limit", PAGE), ("offset", page * PAGE), ("include", include)]
            found = await ask(path, as_login, params)
            listed += items(found, name)
            if len(listed) >= reading.number(found, "total_count"):
                break
        return listed


def names_by_id(named: Iterable[Status | Priority | Ref | Project]) -> dict[str, str]:
    return {str(item.id): item.name for item in named}


def items(found: JSON, name: str) -> list[JSON]:
    """The list that an answer holds under `name`. Raises Nonsense when it holds none."""
    listed = found.get(name)
    if not isinstance(listed, list):
        raise Nonsense(detail=f"no list of {name}")
    return listed


async def cached(cache: TTLCache[Any, Any], key: object, fetch: Callable[[], Awaitable[Any]]) -> Any:
    """What `cache` holds under `key`, fetched when it holds nothing. Failures are not kept."""
    found = cache.get(key)
    if found is None:
        found = cache[key] = await fetch()
    return found
