"""Read the tasks that belong to a person, as the system actor sees them."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence

from helpdesk.errors import NotFound
from helpdesk.requests import paging
from helpdesk.requests.model import Ownership, OwnTasks, Requester, Whole
from helpdesk.requests.ownership import THREADS, Rules, beside
from helpdesk.requests.source import MOST_REQUESTS, RequestSource
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import TaskRow


class Owned:
    """The tasks of requesters. Whose a task is, `rules` decide."""

    def __init__(self, backend: Backend, source: RequestSource, rules: Rules) -> None:
        self.backend, self.source, self.rules = backend, source, rules

    async def own(self, who: Requester) -> OwnTasks:
        """Return the requests of a person, the last changed first; MOST_REQUESTS at most."""
        return await self.source.own(who, MOST_REQUESTS)

    async def matching(self, own: OwnTasks, search: str) -> OwnTasks:
        """Return those that a search finds. Private comments are not searched, although the system actor reads them."""
        query = TaskQuery(search=search, include_closed=True, public_only=True)
        told = [it.row for it in own.values() if it.row]
        if len(told) == len(own):
            found = await THREADS.run(paging.matching, told, query)
        else:
            found = {row.id async for row in self._visible_rows(list(own), query)}
        return {task: it for task, it in own.items() if task in found}

    async def rows(self, own: OwnTasks, ids: Sequence[int]) -> list[TaskRow]:
        """Return the rows of some of one's requests, in their order; those that are gone meanwhile are left out."""
        rows = {task: row for task in ids if (row := own[task].row)}
        missing = [task for task in ids if task not in rows]
        rows |= {row.id: row async for row in self._visible_rows(missing, TaskQuery(include_closed=True))}
        return [rows[task] for task in ids if task in rows]

    async def whole(self, who: Requester, task_id: int) -> Whole:
        """Return a task that belongs to the person. Raises NotFound."""
        if task_id not in await self._own(who, await self.source.ownerships([task_id])):
            raise NotFound
        return await self.source.whole(task_id)

    async def among(self, who: Requester, task_ids: Collection[int]) -> frozenset[int]:
        """Return those of these tasks that belong to the person and are visible."""
        return await self.seen(await self._own(who, await self.source.ownerships(task_ids)))

    async def seen(self, task_ids: Collection[int]) -> frozenset[int]:
        """Return those of these tasks that the system actor sees."""
        if not task_ids:
            return frozenset()
        return frozenset(await self.backend.seen(await self.source.system(), task_ids))

    async def owners(self, task_id: int, people: Iterable[Requester]) -> Sequence[Requester]:
        """Return those of these people to whom a task belongs, whether it is visible or not."""
        found = await self.source.ownerships([task_id])
        if task_id not in found:
            return ()
        named = await beside(found, self.rules.addresses, found[task_id])
        return self.rules.owners(found[task_id], named, people)

    async def _own(self, who: Requester, ownerships: Mapping[int, Ownership]) -> Sequence[int]:
        """Return the ids of those that belong to the person, in their order."""
        return await beside(ownerships, self.rules.own, who, ownerships)

    async def _visible_rows(self, ids: Sequence[int], query: TaskQuery) -> AsyncIterator[TaskRow]:
        system, at_once = await self.source.system(), self.source.at_once
        for start in range(0, len(ids), at_once):
            some, read, total = query._replace(task_ids=tuple(ids[start : start + at_once]), per_page=at_once), 0, 1
            while read < total:
                page = await self.backend.tasks(system, some._replace(skip=read))
                read, total = read + len(page.rows), page.total if page.rows else 0
                for row in page.rows:
                    yield row
