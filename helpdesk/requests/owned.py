"""Read the tasks that belong to a person, as the system actor sees them."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import ParamSpec, TypeVar

from helpdesk.errors import NotFound
from helpdesk.requests.model import Ownership, Requester
from helpdesk.requests.ownership import Rules
from helpdesk.requests.source import MOST_REQUESTS, RequestSource
from helpdesk.tasks.backend import Backend
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Task, TaskRow
from helpdesk.threads import Threads

LONG_TEXT = 5_000
"""Characters from which on fields are read beside the event loop."""
THREADS = Threads(2)
P = ParamSpec("P")
T = TypeVar("T")


async def beside(ownerships: Mapping[int, Ownership], work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of work that reads these fields, done beside the event loop if they are long."""
    if sum(len(text) for each in ownerships.values() for text in each.fields) < LONG_TEXT:
        return work(*args, **kwargs)
    return await THREADS.run(work, *args, **kwargs)


class Owned:
    """The tasks of requesters. Whose a task is, `rules` decide."""

    def __init__(self, backend: Backend, source: RequestSource, rules: Rules) -> None:
        self.backend, self.source, self.rules = backend, source, rules

    async def rows(self, who: Requester, search: str = "", only_open: bool = False) -> list[TaskRow]:
        """Return the requests of a person, the last changed first; MOST_REQUESTS at most."""
        ids = list(await self._own(who, await self.source.candidates(who, MOST_REQUESTS)))[:MOST_REQUESTS]
        query = TaskQuery(search=search, include_closed=not only_open, public_only=True)
        rows = [row async for row in self._visible_rows(ids, query)]
        return await THREADS.run(sorted, rows, key=_changed, reverse=True)

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
        system = await self.source.system()
        at_once = self.source.at_once
        for start in range(0, len(ids), at_once):
            some = query._replace(task_ids=tuple(ids[start : start + at_once]), per_page=at_once)
            for row in (await self.backend.tasks(system, some)).rows:
                yield row


def _changed(row: TaskRow) -> tuple[datetime, int]:
    return row.updated_on, row.id
