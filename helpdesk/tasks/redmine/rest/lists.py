"""Lists of tasks over Redmine's REST API, and the vocabulary of their filters."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from helpdesk.errors import BadResponse, LockedOut, NotAllowed, NotFound, Unavailable
from helpdesk.redmine_client import JSON
from helpdesk.tasks.lists import EXPORTED_AT_ONCE, QueryFactory, TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, Status, TaskRow
from helpdesk.tasks.phases import NO_RULES, Rules, Summary, grouped
from helpdesk.tasks.projects import ProjectMember, with_descendants
from helpdesk.tasks.redmine.rest import json_mapper, query_params
from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.rest.metadata_cache import PAGE, items
from helpdesk.tasks.statistics import Statistics

Found = tuple[list[JSON], int]
"""Issues of one page, and how many there are on all."""


class Sought(NamedTuple):
    """A query as filters; `alone` is the issue of its number that these do not find."""

    query: TaskQuery
    filters: query_params.Filters
    alone: JSON | None = None

    def alone_in(self, statuses: Collection[int] | None) -> JSON | None:
        """`alone` when it is in one of these statuses, of which None are all."""
        if self.alone is None or statuses is None:
            return self.alone
        return self.alone if json_mapper.ref(self.alone["status"]).id in statuses else None


OVERLAPPING = EXPORTED_AT_ONCE - 1
MOST_READ_AGAIN = 3
CLOCKS_APART = timedelta(minutes=2)


class IssueLists:
    """Reads lists of issues as one person. Other parts use `search`, `matches` and `issues` within a call of theirs."""

    def __init__(self, calls: RestCalls) -> None:
        self.calls, self.metadata, self.users = calls, calls.metadata, calls.users

    async def statuses(self) -> tuple[Status, ...]:
        async with self.calls.reading():
            return await self.metadata.statuses()

    async def vocabulary(self, actor: Actor) -> Vocabulary:
        async with self.calls.reading():
            return await self.current_vocabulary(actor)

    async def members(self, actor: Actor, project_id: int) -> tuple[ProjectMember, ...]:
        async with self.calls.reading():
            await self.users.me(actor)
            return await self.users.members(actor, project_id)

    async def tasks(
        self, actor: Actor, asked: TaskQuery | QueryFactory, *, summed: bool = False, rules: Rules = NO_RULES
    ) -> TaskPage:
        async with self.calls.reading():
            vocabulary, query = None, asked
            if callable(query):
                vocabulary = await self.current_vocabulary(actor)
                query = query(vocabulary)
            await self.users.me(actor)
            sought = await self.search(actor, query)
            if not summed:
                return (await self._page(actor, sought))._replace(query=query, vocabulary=vocabulary)
            page, summary = await asyncio.gather(self._page(actor, sought), self._summary(actor, sought, rules))
            return page._replace(query=query, summary=summary, vocabulary=vocabulary)

    async def export(self, actor: Actor, query: TaskQuery) -> AsyncGenerator[tuple[TaskRow, ...], None]:
        """Read page by page. Tasks changed meanwhile may be on an earlier page then: they are asked for at the end."""
        async with self.calls.reading():
            await self.users.me(actor)
            sought, began = await self.search(actor, query), datetime.now(UTC) - CLOCKS_APART
            priorities = await self.metadata.priorities()
        known: dict[int, datetime] = {}
        if sought.alone:
            row = json_mapper.row(sought.alone, priorities)
            known[row.id] = row.updated_on
            yield (row,)
        async with aclosing(self._pages(actor, sought.filters, known)) as pages:
            async for page in pages:
                yield page
        if len(known) > EXPORTED_AT_ONCE:
            since = max(began, query.updated_since or began)
            moved = query_params.filters(sought.query._replace(updated_since=since, sort="id"))
            async with aclosing(self._pages(actor, moved, known)) as pages:
                async for page in pages:
                    yield page

    async def _pages(
        self, actor: Actor, filters: query_params.Filters, known: dict[int, datetime]
    ) -> AsyncGenerator[tuple[TaskRow, ...], None]:
        """The rows that are not `known` yet, which come to be, by the moments of their last changes.

        Pages overlap by a row. It is one that was read, and was not changed since, unless what stood before was taken
        away: then the page before is read again, for what moved there. Raises Unavailable when that finds no end.
        """
        place, left = 0, None
        while left is None or left > 0:
            async with self.calls.reading():
                issues, total = await self.issues(actor, filters, EXPORTED_AT_ONCE, place)
                priorities = await self.metadata.priorities()
            left = MOST_READ_AGAIN * (total // EXPORTED_AT_ONCE + 2) if left is None else left - 1
            rows = [json_mapper.row(issue, priorities) for issue in issues]
            if place and not (rows and known.get(rows[0].id) == rows[0].updated_on):
                place = max(0, place - OVERLAPPING)
                continue
            fresh = tuple(row for row in rows if row.id not in known)
            known |= {row.id: row.updated_on for row in rows}
            if fresh:
                yield fresh
            if place + len(rows) >= total:
                return
            if not rows:
                raise BadResponse(detail="a page without any of the issues that there are")
            place += max(1, len(rows) - 1)
        raise Unavailable(detail="tasks are changed faster than they can be read")

    async def numbered(self, actor: Actor, ids: Sequence[int]) -> tuple[TaskRow, ...]:
        """Return the visible ones of these tasks, in the order of the ids."""
        async with self.calls.reading():
            await self.users.me(actor)
            issues, _ = await self.issues(actor, query_params.with_ids(ids), len(ids), 0)
            priorities = await self.metadata.priorities()
        rows = (json_mapper.row(issue, priorities) for issue in issues)
        return tuple(sorted(rows, key=lambda row: ids.index(row.id)))

    async def seen(self, actor: Actor, task_ids: Collection[int]) -> Mapping[int, bool]:
        async with self.calls.reading():
            mine, ids = await self.users.me(actor), sorted(task_ids)
            pages = [
                await self.issues(actor, query_params.with_ids(ids[place : place + PAGE]), PAGE, 0)
                for place in range(0, len(ids), PAGE)
            ]
            issues = [issue for found, _ in pages for issue in found]
            places = {json_mapper.number(issue, "id"): json_mapper.ref(issue["project"]).id for issue in issues}
            rights = {place: await self.users.rights_in(mine, place) for place in set(places.values())}
            return {number: rights[place].has("view_private_notes") for number, place in places.items()}

    async def statistics(self, actor: Actor, query: TaskQuery, now: datetime, rules: Rules = NO_RULES) -> Statistics:
        """No more than the summary: each other number would be a request of its own."""
        async with self.calls.reading():
            await self.users.me(actor)
            return Statistics(await self._summary(actor, await self.search(actor, query), rules))

    async def current_vocabulary(self, actor: Actor) -> Vocabulary:
        await self.users.me(actor)
        metadata = self.metadata
        projects = await self.users.projects(actor)
        return Vocabulary(await metadata.statuses(), await metadata.priorities(), projects, await metadata.trackers())

    async def _page(self, actor: Actor, sought: Sought) -> TaskPage:
        query = sought.query
        issues, total = await self.matches(actor, sought, query.per_page, query.offset)
        priorities = await self.metadata.priorities()
        return TaskPage(tuple(json_mapper.row(issue, priorities) for issue in issues), total, query)

    async def _summary(self, actor: Actor, sought: Sought, rules: Rules) -> Summary:
        """A small request for each phase, side by side."""
        chosen = sought.query.status_ids
        groups = grouped(await self.metadata.statuses(), rules).values()
        asked = ([it.id for it in group if not chosen or it.id in chosen] for group in groups)
        return Summary(*await asyncio.gather(*(self._total(actor, sought, statuses) for statuses in asked)))

    async def _total(self, actor: Actor, sought: Sought, statuses: Collection[int]) -> int:
        return (await self.matches(actor, sought, 1, 0, statuses))[1] if statuses else 0

    async def search(self, actor: Actor, query: TaskQuery) -> Sought:
        """Return the filters of a query, with the projects below those that were chosen."""
        if query.project_ids:
            wanted = with_descendants(query.project_ids, await self.users.projects(actor))
            query = query._replace(project_ids=wanted)
        filters, of_number, number = query_params.filters(query), query_params.by_number(query), query.wanted_id
        if of_number is None or number is None:
            return Sought(query, filters)
        (alone, _), (_, is_among) = await asyncio.gather(
            self.issues(actor, query_params.filters(of_number), 1, 0),
            self.issues(actor, query_params.having(filters, number), 1, 0),
        )
        return Sought(query, filters, alone[0] if alone and not is_among else None)

    async def matches(
        self, actor: Actor, sought: Sought, limit: int, offset: int, statuses: Collection[int] | None = None
    ) -> Found:
        """Return the issues sought, in these statuses if any are named; on the first page that of the number first."""
        filters = sought.filters if statuses is None else query_params.of_statuses(sought.filters, statuses)
        alone = sought.alone_in(statuses)
        if alone is None:
            issues, total = await self.issues(actor, filters, limit, offset)
            return sorted(issues, key=lambda it: offset > 0 or it["id"] != sought.query.wanted_id), total
        issues, total = await self.issues(actor, filters, limit, max(offset - 1, 0))
        return (issues if offset else [alone, *issues])[:limit], total + 1

    async def issues(self, actor: Actor, filters: query_params.Filters, limit: int, offset: int) -> Found:
        """Issues of one page and how many there are. Redmine answers 403 to somebody who may view issues nowhere."""
        try:
            found = await self.calls.client.get(
                "/issues.json", actor.login, query_params.params(filters, limit, offset)
            )
        except LockedOut:
            raise
        except NotAllowed:
            return [], 0
        except NotFound as error:
            raise BadResponse(detail=error.detail) from error
        return items(found, "issues"), json_mapper.number(found, "total_count")
