"""A cache of answers that many requests share, and Redmine's lists that are the same for everybody."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic
from typing import Any, TypeVar, cast

from cachetools import LRUCache

from helpdesk.errors import BadResponse, HelpdeskError, NotAllowed, NotFound, Unavailable, WrongKey
from helpdesk.redmine_client import JSON, Params, RedmineClient, part, within
from helpdesk.tasks.model import Priority, Ref, Status, ranked
from helpdesk.tasks.projects import Project
from helpdesk.tasks.redmine.rest import custom_fields, json_mapper
from helpdesk.timings import measured

log = logging.getLogger(__name__)

T = TypeVar("T")

STALE_SECONDS = 15.0
"""How much longer an answer is used while a newer one is fetched; a healthy fetch takes far less."""
FETCH_SECONDS = 30.0
"""The limit of one fetch. Those who wait for it may give up earlier, which does not end it."""


class Cache:
    """At most `size` answers, each fresh for `seconds`.

    The first request that finds an answer out of date fetches it again and waits; the others get the old one meanwhile,
    or wait for the same fetch when there is none, or one that is too old. A failed fetch changes nothing, except that a
    refusal removes the old answer. `ticks` are seconds of a monotonic clock.
    """

    def __init__(self, size: int, seconds: float, ticks: Callable[[], float] = monotonic) -> None:
        self.seconds, self.ticks = seconds, ticks
        self._answers: LRUCache[object, tuple[Any, float]] = LRUCache(size)
        self._fetches: dict[object, asyncio.Task[Any]] = {}

    async def get(self, key: object, fetch: Callable[[], Awaitable[T]]) -> T:
        """Return the answer under `key`. Raises what `fetch` does, and Unavailable when that takes too long."""
        answer, running = self._answers.get(key), self._fetches.get(key)
        if answer and self.ticks() - answer[1] < self.seconds + (STALE_SECONDS if running else 0):
            return cast(T, answer[0])
        with measured("backend"):  # also for those who wait for another request's fetch
            return cast(T, await asyncio.shield(running or self._begin(key, fetch)))

    def _begin(self, key: object, fetch: Callable[[], Awaitable[Any]]) -> asyncio.Task[Any]:
        """Begin a task of its own: it goes on for the others when the first request is cancelled."""
        task = self._fetches[key] = asyncio.create_task(self._fetched(key, fetch))
        task.add_done_callback(lambda done: self._ended(key, done))
        return task

    async def _fetched(self, key: object, fetch: Callable[[], Awaitable[Any]]) -> Any:
        began = self.ticks()
        try:
            async with within(FETCH_SECONDS):
                value = await fetch()
        except HelpdeskError as error:
            if isinstance(error, WrongKey) or not isinstance(error, Unavailable):
                self._answers.pop(key, None)
            raise
        self._answers[key] = (value, began)
        return value

    def _ended(self, key: object, task: asyncio.Task[Any]) -> None:
        if self._fetches.get(key) is task:
            del self._fetches[key]
        if not task.cancelled() and (error := task.exception()):
            log.debug("a response could not be fetched", exc_info=error)  # it is raised where it is awaited


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
        """Return the statuses with the first ones of trackers marked; none by an older Redmine, which does not tell."""

        async def fetch() -> tuple[Status, ...]:
            listed = items(await self.client.get_fixed("/issue_statuses.json"), "issue_statuses")
            first_statuses = (tracker.get("default_status") for tracker in await self._trackers())
            defaults = {json_mapper.ref(status).id for status in first_statuses if status}
            return tuple(it._replace(is_default=it.id in defaults) for it in map(json_mapper.status, listed))

        return await self.cache.get("statuses", fetch)

    async def priorities(self) -> tuple[Priority, ...]:
        async def fetch() -> tuple[Priority, ...]:
            listed = items(await self.client.get_fixed("/enumerations/issue_priorities.json"), "issue_priorities")
            active = [item for item in listed if item.get("active") is not False]
            return ranked((*json_mapper.ref(item), item.get("is_default") is True) for item in active)

        return await self.cache.get("priorities", fetch)

    async def trackers(self) -> tuple[Ref, ...]:
        return tuple(map(json_mapper.ref, await self._trackers()))

    async def first_status(self, tracker_id: int) -> Status | None:
        """Return the first status of a tracker's tasks; None from an older Redmine, which does not tell."""
        default = (await self._tracker(tracker_id)).get("default_status")
        first = json_mapper.ref(default).id if default else None
        return next((status for status in await self.statuses() if status.id == first), None)

    async def standard_fields(self, tracker_id: int) -> frozenset[str]:
        """Return Redmine's own fields that a tracker uses; all of them where Redmine does not tell (before 5.0).

        Source: app/views/trackers/index.api.rsb, Tracker::CORE_FIELDS.
        """
        enabled = (await self._tracker(tracker_id)).get("enabled_standard_fields")
        return STANDARD_FIELDS if enabled is None else frozenset(map(str, enabled))

    async def _tracker(self, tracker_id: int) -> JSON:
        """Return a tracker of the list; an empty one when it is gone."""
        trackers = {json_mapper.ref(tracker).id: tracker for tracker in await self._trackers()}
        return trackers.get(tracker_id, {})

    async def _trackers(self) -> list[JSON]:
        async def fetch() -> list[JSON]:
            return items(await self.client.get_fixed("/trackers.json"), "trackers")

        return await self.cache.get("trackers", fetch)

    async def definitions(self) -> custom_fields.Definitions:
        """Return the custom fields of tasks by id; none when our key may not read them: they are only shown then."""

        async def fetch() -> custom_fields.Definitions:
            try:
                answer = await self.client.get("/custom_fields.json")
            except (NotFound, NotAllowed):
                return {}
            return custom_fields.definitions(items(answer, "custom_fields"))

        return await self.cache.get("custom fields", fetch)

    async def fields_in_use(self, project_id: int, tracker_id: int) -> tuple[int, ...] | None:
        """Return the custom fields that any task of this project and tracker has; None when there is no task."""

        async def fetch() -> tuple[int, ...] | None:
            which: list[tuple[str, str | int]] = [("project_id", project_id), ("tracker_id", tracker_id), ("limit", 1)]
            anywhere_in_it = [("status_id", "*"), ("subproject_id", "!*")]
            issues = items(await self.client.get_fixed("/issues.json", None, [*which, *anywhere_in_it]), "issues")
            return tuple(json_mapper.ref(it).id for it in issues[0].get("custom_fields", ())) if issues else None

        return await self.cache.get(("fields", project_id, tracker_id), fetch)

    async def fields_named_by_projects(self) -> frozenset[int]:
        """Return the custom fields of tasks that any project names as its own."""

        async def fetch() -> frozenset[int]:
            projects = await self.all_of("/projects.json", "projects", None, "issue_custom_fields")
            return frozenset(
                json_mapper.ref(field).id for project in projects for field in project.get("issue_custom_fields", ())
            )

        return await self.cache.get("fields of projects", fetch)

    async def names_in_project(self, project_id: int, kind: str) -> dict[str, str]:
        """Return the names of a project's `versions` or `issue_categories` by id; none where the project has none.

        It uses our own key: people who see a task see the names in its history.
        """

        async def fetch() -> dict[str, str]:
            try:
                answer = await self.client.get(f"/projects/{project_id}/{kind}.json")
            except (NotFound, NotAllowed):
                return {}
            return names_by_id(map(json_mapper.ref, items(answer, kind)))

        return await self.cache.get((kind, project_id), fetch)

    async def name(self, user_id: str) -> str:
        """Return the name of a former member, as Redmine's own page shows it."""

        async def fetch() -> str:
            try:
                user = part(await self.client.get(f"/users/{int(user_id)}.json"), "user")
            except (NotFound, NotAllowed):
                return f"#{user_id}"
            return f"{user.get('firstname') or ''} {user.get('lastname') or ''}".strip() or f"#{user_id}"

        return await self.cache.get(("user", user_id), fetch)

    async def roles(self) -> tuple[Ref, ...]:
        """Return the roles that members may have, in Redmine's order."""

        async def fetch() -> tuple[Ref, ...]:
            return tuple(map(json_mapper.ref, items(await self.client.get_fixed("/roles.json"), "roles")))

        return await self.cache.get("roles", fetch)

    async def all_of(
        self, path: str, name: str, as_login: str | None, include: str = "", get: Get | None = None
    ) -> list[JSON]:
        """Return every item of a list that comes in pages; `get` is other than `get_fixed` for what may be forbidden.

        Raises BadResponse when Redmine says that there are more and gives none: a list is never cut silently.
        """
        ask, listed = get or self.client.get_fixed, list[JSON]()
        while True:
            params: list[tuple[str, str | int]] = [("limit", PAGE), ("offset", len(listed)), ("include", include)]
            answer = await ask(path, as_login, params)
            page = items(answer, name)
            listed += page
            if len(listed) >= json_mapper.number(answer, "total_count"):
                return listed
            if not page:
                raise BadResponse(detail=f"{path}: fewer {name} than there are")


def names_by_id(named: Iterable[Status | Priority | Ref | Project]) -> dict[str, str]:
    return {str(item.id): item.name for item in named}


def items(answer: JSON, name: str) -> list[JSON]:
    """Return the list that an answer holds under `name`. Raises BadResponse when it holds none."""
    listed = answer.get(name)
    if not isinstance(listed, list):
        raise BadResponse(detail=f"no list of {name}")
    return listed
