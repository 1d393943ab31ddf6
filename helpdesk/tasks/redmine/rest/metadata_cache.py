"""Caches Redmine's lists that are the same for everybody, for five minutes."""

from collections.abc import Awaitable, Callable, Iterable

from helpdesk.errors import BadResponse, NotAllowed, NotFound
from helpdesk.redmine_client import JSON, Params, RedmineClient, part
from helpdesk.tasks.model import Priority, Ref, Status, ranked
from helpdesk.tasks.projects import Project
from helpdesk.tasks.redmine.rest import custom_fields, json_mapper
from helpdesk.tasks.redmine.rest.cache import Cache

METADATA_SECONDS = 300
PAGE = 100
Get = Callable[[str, str | None, Params], Awaitable[JSON]]
STANDARD_FIELDS = frozenset(
    {"assigned_to_id", "parent_issue_id", "start_date", "due_date", "estimated_hours", "done_ratio", "description"}
)


class MetadataCache:
    """Answers to our own key, cached by one process."""

    def __init__(self, client: RedmineClient) -> None:
        self.client = client
        self.cache = Cache(2_000, METADATA_SECONDS)

    async def statuses(self) -> tuple[Status, ...]:
        """With those in which tasks begin marked; none of an older Redmine, which does not tell."""

        async def fetch() -> tuple[Status, ...]:
            found = map(
                json_mapper.status, items(await self.client.get_fixed("/issue_statuses.json"), "issue_statuses")
            )
            first_statuses = (tracker.get("default_status") for tracker in await self._trackers())
            begin = {json_mapper.ref(status).id for status in first_statuses if status}
            return tuple(status._replace(is_default=status.id in begin) for status in found)

        statuses: tuple[Status, ...] = await self.cache.get("statuses", fetch)
        return statuses

    async def priorities(self) -> tuple[Priority, ...]:
        async def fetch() -> tuple[Priority, ...]:
            listed = items(await self.client.get_fixed("/enumerations/issue_priorities.json"), "issue_priorities")
            active = [item for item in listed if item.get("active") is not False]
            return ranked((*json_mapper.ref(item), item.get("is_default") is True) for item in active)

        priorities: tuple[Priority, ...] = await self.cache.get("priorities", fetch)
        return priorities

    async def trackers(self) -> tuple[Ref, ...]:
        return tuple(map(json_mapper.ref, await self._trackers()))

    async def first_status(self, tracker_id: int) -> Status | None:
        """The status in which tasks of a tracker begin; None from an older Redmine, which does not tell."""
        default = (await self._tracker(tracker_id)).get("default_status")
        first = json_mapper.ref(default).id if default else None
        return next((status for status in await self.statuses() if status.id == first), None)

    async def standard_fields(self, tracker_id: int) -> frozenset[str]:
        """Redmine's own fields that a tracker uses; all of them where Redmine does not tell (before 5.0).

        Source: app/views/trackers/index.api.rsb, Tracker::CORE_FIELDS.
        """
        enabled = (await self._tracker(tracker_id)).get("enabled_standard_fields")
        return STANDARD_FIELDS if enabled is None else frozenset(map(str, enabled))

    async def _tracker(self, tracker_id: int) -> JSON:
        """A tracker as the list tells it; nothing of one that is not there any more."""
        trackers = {json_mapper.ref(tracker).id: tracker for tracker in await self._trackers()}
        return trackers.get(tracker_id, {})

    async def _trackers(self) -> list[JSON]:
        async def fetch() -> list[JSON]:
            return items(await self.client.get_fixed("/trackers.json"), "trackers")

        trackers: list[JSON] = await self.cache.get("trackers", fetch)
        return trackers

    async def definitions(self) -> custom_fields.Definitions:
        """The custom fields of tasks by id; none when our key may not read them (then they can only be shown)."""

        async def fetch() -> custom_fields.Definitions:
            try:
                found = await self.client.get("/custom_fields.json")
            except (NotFound, NotAllowed):
                return {}
            return custom_fields.definitions(items(found, "custom_fields"))

        definitions: custom_fields.Definitions = await self.cache.get("custom fields", fetch)
        return definitions

    async def fields_in_use(self, project_id: int, tracker_id: int) -> tuple[int, ...] | None:
        """The custom fields that a task of this project and tracker has, by our own key; None when there is none."""

        async def fetch() -> tuple[tuple[int, ...] | None]:
            which: list[tuple[str, str | int]] = [("project_id", project_id), ("tracker_id", tracker_id), ("limit", 1)]
            anywhere_in_it = [("status_id", "*"), ("subproject_id", "!*")]
            found = items(await self.client.get_fixed("/issues.json", None, [*which, *anywhere_in_it]), "issues")
            return (tuple(json_mapper.ref(field).id for field in found[0].get("custom_fields", ())) if found else None,)

        in_use: tuple[tuple[int, ...] | None] = await self.cache.get(("fields", project_id, tracker_id), fetch)
        return in_use[0]

    async def fields_named_by_projects(self) -> frozenset[int]:
        """The custom fields of tasks that any project names as its own."""

        async def fetch() -> frozenset[int]:
            projects = await self.all_of("/projects.json", "projects", None, "issue_custom_fields")
            return frozenset(
                json_mapper.ref(field).id for project in projects for field in project.get("issue_custom_fields", ())
            )

        named: frozenset[int] = await self.cache.get("fields of projects", fetch)
        return named

    async def names_in_project(self, project_id: int, kind: str) -> dict[str, str]:
        """The names of a project's `versions` or `issue_categories` by id; none where the project keeps none.

        Asked with our own key: whoever sees a task sees what its history names.
        """

        async def fetch() -> dict[str, str]:
            try:
                found = await self.client.get(f"/projects/{project_id}/{kind}.json")
            except (NotFound, NotAllowed):
                return {}
            return names_by_id(map(json_mapper.ref, items(found, kind)))

        names: dict[str, str] = await self.cache.get((kind, project_id), fetch)
        return names

    async def name(self, user_id: str) -> str:
        """The name of somebody who is no member any more, as Redmine's own page shows it."""

        async def fetch() -> str:
            try:
                user = part(await self.client.get(f"/users/{int(user_id)}.json"), "user")
            except (NotFound, NotAllowed):
                return f"#{user_id}"
            return f"{user.get('firstname') or ''} {user.get('lastname') or ''}".strip() or f"#{user_id}"

        name: str = await self.cache.get(("user", user_id), fetch)
        return name

    async def roles(self) -> tuple[Ref, ...]:
        """Return the roles that members may have, in Redmine's order."""

        async def fetch() -> tuple[Ref, ...]:
            return tuple(map(json_mapper.ref, items(await self.client.get_fixed("/roles.json"), "roles")))

        roles: tuple[Ref, ...] = await self.cache.get("roles", fetch)
        return roles

    async def all_of(
        self, path: str, name: str, as_login: str | None, include: str = "", get: Get | None = None
    ) -> list[JSON]:
        """Every item of a list that comes in pages; of what not everybody is shown by another `get` than `get_fixed`.

        Raises BadResponse when Redmine says that there are more and gives none: a list is never cut without a word.
        """
        ask, listed = get or self.client.get_fixed, list[JSON]()
        while True:
            params: list[tuple[str, str | int]] = [("limit", PAGE), ("offset", len(listed)), ("include", include)]
            found = await ask(path, as_login, params)
            page = items(found, name)
            listed += page
            if len(listed) >= json_mapper.number(found, "total_count"):
                return listed
            if not page:
                raise BadResponse(detail=f"{path}: fewer {name} than there are")


def names_by_id(named: Iterable[Status | Priority | Ref | Project]) -> dict[str, str]:
    return {str(item.id): item.name for item in named}


def items(found: JSON, name: str) -> list[JSON]:
    """The list that an answer holds under `name`. Raises BadResponse when it holds none."""
    listed = found.get(name)
    if not isinstance(listed, list):
        raise BadResponse(detail=f"no list of {name}")
    return listed
