"""Read the tasks that belong to a person, as the system actor sees them."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence

from helpdesk.errors import NotFound
from helpdesk.requests.model import Ownership, Requester
from helpdesk.requests.ownership import Rules
from helpdesk.requests.source import MOST_REQUESTS, RequestSource
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Task, TaskRow
from helpdesk.threads import Threads

AT_ONCE = 100
"""Redmine returns no more tasks at a time."""
LONG_TEXT = 5_000
"""Characters from which on fields are read beside the event loop."""
THREADS = Threads(2)


class Owned:
    """The tasks of requesters. Whose a task is, `rules` decide."""

    def __init__(self, backend: Backend, source: RequestSource, rules: Rules) -> None:
        self.backend, self.source, self.rules = backend, source, rules

    async def rows(self, who: Requester, search: str = "", only_open: bool = False) -> list[TaskRow]:
        """Return the requests of a person, the last changed first; MOST_REQUESTS at most."""
        ids = list(await self._own(who, await self.source.candidates(who, MOST_REQUESTS)))[:MOST_REQUESTS]
        rows = [row async for row in self._visible_rows(ids, TaskQuery(search=search, include_closed=not only_open))]
        return sorted(rows, key=lambda row: (row.updated_on, row.id), reverse=True)

    async def task(self, who: Requester, task_id: int) -> Task:
        """Return a task that belongs to the person. Raises NotFound."""
        if task_id not in await self._own(who, await self.source.ownerships([task_id])):
            raise NotFound
        return await self.backend.task(await self.source.system(), task_id)

    async def among(self, who: Requester, task_ids: Collection[int]) -> frozenset[int]:
        """Return those of these tasks that belong to the person and are visible."""
        return await self.seen(await self._own(who, await self.source.ownerships(task_ids)))

    async def seen(self, task_ids: Collection[int]) -> frozenset[int]:
        """Return those of these tasks that the system actor sees."""
        if not task_ids:
            return frozenset()
        return frozenset(await self.backend.seen(await self.source.system(), task_ids))

    async def _own(self, who: Requester, ownerships: Mapping[int, Ownership]) -> Sequence[int]:
        """Return the ids of those that belong to the person, in their order."""
        if sum(len(text) for each in ownerships.values() for text in each.fields) < LONG_TEXT:
            return self.rules.own(who, ownerships)
        return await THREADS.run(self.rules.own, who, ownerships)

    async def _visible_rows(self, ids: Sequence[int], query: TaskQuery) -> AsyncIterator[TaskRow]:
        system = await self.source.system()
        for start in range(0, len(ids), AT_ONCE):
            some = query._replace(task_ids=tuple(ids[start : start + AT_ONCE]), per_page=AT_ONCE)
            for row in (await self.backend.tasks(system, some)).rows:
                yield row
