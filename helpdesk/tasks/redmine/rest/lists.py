"""Lists of tasks and cards of a board over Redmine's REST API, which does not count comments in lists."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from helpdesk.errors import BadResponse, LockedOut, NotAllowed, NotFound, Unavailable
from helpdesk.redmine_client import JSON
from helpdesk.tasks import colors
from helpdesk.tasks.lists import (
    EXPORTED_AT_ONCE,
    Card,
    CardQuery,
    CardQueryFactory,
    Cards,
    QueryFactory,
    TaskPage,
    TaskQuery,
    Vocabulary,
)
from helpdesk.tasks.model import Actor, Ref, Status, TaskRow
from helpdesk.tasks.phases import NO_RULES, Rules, Summary, grouped
from helpdesk.tasks.projects import ProjectMember, with_descendants
from helpdesk.tasks.redmine.rest import json_mapper, query_params
from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.rest.metadata_cache import PAGE, items
from helpdesk.tasks.statistics import Statistics

IssuePage = tuple[list[JSON], int]
"""Issues of one page, and the total of all pages."""
Group = tuple[int, ...]
Columns = dict[Group, IssuePage]
"""By the statuses that were requested together."""

OVERLAPPING = EXPORTED_AT_ONCE - 1
MOST_READ_AGAIN = 3
CLOCKS_APART = timedelta(minutes=2)


class Search(NamedTuple):
    """A query as filters; `alone` is the issue of its number that these filters do not find."""

    query: TaskQuery
    filters: query_params.Filters
    alone: JSON | None = None

    def alone_in(self, statuses: Collection[int] | None) -> JSON | None:
        """Return `alone` when it is in one of these statuses; None means all."""
        if self.alone is None or statuses is None:
            return self.alone
        return self.alone if json_mapper.ref(self.alone["status"]).id in statuses else None


class IssueLists:
    """Reads lists of issues as one person. Other classes use `search`, `matches` and `issues` within their own call."""

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

    async def colleagues(self, actor: Actor) -> tuple[Ref, ...]:
        async with self.calls.reading():
            await self.users.me(actor)
            return await self.users.colleagues(actor)

    async def tasks(
        self, actor: Actor, query: TaskQuery | QueryFactory, *, summed: bool = False, rules: Rules = NO_RULES
    ) -> TaskPage:
        async with self.calls.reading():
            vocabulary = None
            if callable(query):
                vocabulary = await self.current_vocabulary(actor)
                query = query(vocabulary)
            await self.users.me(actor)
            search = await self.search(actor, query)
            if not summed:
                return (await self._page(actor, search))._replace(query=query, vocabulary=vocabulary)
            whole = await self.search(actor, query.of_any_status()) if query.status_ids else search
            resolved = colors.resolved(await self.metadata.statuses(), rules)
            page, summary, of_resolved = await asyncio.gather(
                self._page(actor, search),
                self._summary(actor, whole, rules),
                self._total(actor, whole, resolved),
            )
            return page._replace(query=query, summary=summary, vocabulary=vocabulary, resolved=of_resolved)

    async def export(self, actor: Actor, query: TaskQuery) -> AsyncGenerator[tuple[TaskRow, ...], None]:
        """Read page by page. Tasks changed meanwhile may move to an earlier page: they are read at the end."""
        async with self.calls.reading():
            await self.users.me(actor)
            search, began = await self.search(actor, query), datetime.now(UTC) - CLOCKS_APART
            priorities = await self.metadata.priorities()
        known: dict[int, datetime] = {}
        if search.alone:
            row = json_mapper.row(search.alone, priorities)
            known[row.id] = row.updated_on
            yield (row,)
        async with aclosing(self._pages(actor, search.filters, known)) as pages:
            async for page in pages:
                yield page
        if len(known) > EXPORTED_AT_ONCE:
            since = max(began, query.updated_since or began)
            moved = query_params.filters(search.query._replace(updated_since=since, sort="id"))
            async with aclosing(self._pages(actor, moved, known)) as pages:
                async for page in pages:
                    yield page

    async def _pages(
        self, actor: Actor, filters: query_params.Filters, known: dict[int, datetime]
    ) -> AsyncGenerator[tuple[TaskRow, ...], None]:
        """Yield the rows that are not `known` yet, and add them with the moments of their last changes.

        Pages overlap by a row. That row was read before and is unchanged, unless rows before it were removed: then the
        page before is read again, for rows that moved there. Raises Unavailable when that does not end.
        """
        offset, left = 0, None
        while left is None or left > 0:
            async with self.calls.reading():
                issues, total = await self.issues(actor, filters, EXPORTED_AT_ONCE, offset)
                priorities = await self.metadata.priorities()
            left = MOST_READ_AGAIN * (total // EXPORTED_AT_ONCE + 2) if left is None else left - 1
            rows = [json_mapper.row(issue, priorities) for issue in issues]
            if offset and not (rows and known.get(rows[0].id) == rows[0].updated_on):
                offset = max(0, offset - OVERLAPPING)
                continue
            fresh = tuple(row for row in rows if row.id not in known)
            known |= {row.id: row.updated_on for row in rows}
            if fresh:
                yield fresh
            if offset + len(rows) >= total:
                return
            if not rows:
                raise BadResponse(detail="a page without any of the issues that there are")
            offset += max(1, len(rows) - 1)
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
            parts = [ids[start : start + PAGE] for start in range(0, len(ids), PAGE)]
            pages = await asyncio.gather(*(self.issues(actor, query_params.with_ids(part), PAGE, 0) for part in parts))
            issues = [issue for page, _ in pages for issue in page]
            projects = {json_mapper.number(issue, "id"): json_mapper.ref(issue["project"]).id for issue in issues}
            distinct = set(projects.values())
            read = await asyncio.gather(*(self.users.rights_in(mine, project) for project in distinct))
            rights = dict(zip(distinct, read, strict=True))
            return {number: rights[project].has("view_private_notes") for number, project in projects.items()}

    async def statistics(self, actor: Actor, query: TaskQuery, now: datetime, rules: Rules = NO_RULES) -> Statistics:
        """Return only the summary: each other number would be a request of its own."""
        async with self.calls.reading():
            await self.users.me(actor)
            return Statistics(await self._summary(actor, await self.search(actor, query), rules))

    async def current_vocabulary(self, actor: Actor) -> Vocabulary:
        metadata, mine = self.metadata, await self.users.me(actor)
        projects = await self.users.projects(actor)
        return Vocabulary(
            await metadata.statuses(),
            await metadata.priorities(),
            projects,
            await metadata.trackers(),
            await self.users.may_edit_somewhere(mine, await self.users.projects_with_tasks(actor)),
        )

    async def _page(self, actor: Actor, search: Search) -> TaskPage:
        query = search.query
        issues, total = await self.matches(actor, search, query.per_page, query.offset)
        priorities = await self.metadata.priorities()
        return TaskPage(tuple(json_mapper.row(issue, priorities) for issue in issues), total, query)

    async def _summary(self, actor: Actor, search: Search, rules: Rules) -> Summary:
        """Send a small request for each phase, side by side."""
        chosen = search.query.status_ids
        phases = grouped(await self.metadata.statuses(), rules).values()
        groups = ([it.id for it in phase if not chosen or it.id in chosen] for phase in phases)
        return Summary(*await asyncio.gather(*(self._total(actor, search, statuses) for statuses in groups)))

    async def _total(self, actor: Actor, search: Search, statuses: Collection[int]) -> int:
        return (await self.matches(actor, search, 1, 0, statuses))[1] if statuses else 0

    async def search(self, actor: Actor, query: TaskQuery) -> Search:
        """Return the filters of a query, with the projects below those that were chosen."""
        if query.project_ids:
            wanted = with_descendants(query.project_ids, await self.users.projects(actor))
            query = query._replace(project_ids=wanted)
        filters, of_number, number = query_params.filters(query), query_params.by_number(query), query.wanted_id
        if of_number is None or number is None:
            return Search(query, filters)
        (alone, _), (_, is_among) = await asyncio.gather(
            self.issues(actor, query_params.filters(of_number), 1, 0),
            self.issues(actor, query_params.having(filters, number), 1, 0),
        )
        return Search(query, filters, alone[0] if alone and not is_among else None)

    async def matches(
        self, actor: Actor, search: Search, limit: int, offset: int, statuses: Collection[int] | None = None
    ) -> IssuePage:
        """Return the issues of a search, in these statuses if any are named; the issue of the number comes first."""
        filters = search.filters if statuses is None else query_params.of_statuses(search.filters, statuses)
        alone = search.alone_in(statuses)
        if alone is None:
            issues, total = await self.issues(actor, filters, limit, offset)
            return sorted(issues, key=lambda it: offset > 0 or it["id"] != search.query.wanted_id), total
        issues, total = await self.issues(actor, filters, limit, max(offset - 1, 0))
        return (issues if offset else [alone, *issues])[:limit], total + 1

    async def issues(self, actor: Actor, filters: query_params.Filters, limit: int, offset: int) -> IssuePage:
        """Read one page. Redmine answers 403 to somebody who may view issues nowhere."""
        params = query_params.params(filters, limit, offset)
        try:
            answer = await self.calls.client.get("/issues.json", actor.login, params)
        except LockedOut:
            raise
        except NotAllowed:
            return [], 0
        except NotFound as error:
            raise BadResponse(detail=error.detail) from error
        return items(answer, "issues"), json_mapper.number(answer, "total_count")

    async def cards(self, actor: Actor, factory: CardQueryFactory) -> Cards:
        async with self.calls.reading():
            vocabulary = await self.current_vocabulary(actor)
            request = factory(vocabulary)
            cards, counts = await self._cards_and_counts(actor, request)
            issues = (issue for page, _ in cards.values() for issue in page)
            rows = _latest(json_mapper.row(issue, vocabulary.priorities) for issue in issues)
            if request.only is not None:
                rows = _of_page(rows, request.query)
            totals = {status: counts[(status,)][1] for status in request.counted}
            return Cards(request, vocabulary, request.in_order(map(Card, rows)), totals)

    async def _cards_and_counts(self, actor: Actor, request: CardQuery) -> tuple[Columns, Columns]:
        """Send a request for each status, side by side; that for its cards tells its total as well, unless `only`
        leaves some out."""
        groups: list[Group] = [(it,) for it in request.statuses_on_page({})] if request.only is None else []
        of_totals = of_cards = await self.search(actor, request.query.of_any_status())
        if request.only is not None and request.of_cards:
            of_cards = await self.search(actor, request.of_cards)
        left: list[Group] = [(it,) for it in dict.fromkeys(request.counted) if (it,) not in groups]
        limit, offset = request.query.per_page, request.query.offset
        if request.only is not None and request.of_cards and request.statuses:  # few tasks: all together
            groups, limit, offset = [request.statuses], PAGE, 0
        cards, counts = await asyncio.gather(
            self._columns(actor, of_cards, groups, limit, offset),
            self._columns(actor, of_totals, left, 1, 0),
        )
        return cards, {**cards, **counts}

    async def _columns(
        self, actor: Actor, search: Search, groups: Collection[Group], limit: int, offset: int
    ) -> Columns:
        requests = (self.matches(actor, search, limit, offset, each) for each in groups)
        return dict(zip(groups, await asyncio.gather(*requests), strict=True))


def _of_page(rows: Iterable[TaskRow], query: TaskQuery) -> Iterator[TaskRow]:
    before = Counter[int]()
    for row in rows:
        if query.offset <= before[row.status.id] < query.offset + query.per_page:
            yield row
        before[row.status.id] += 1


def _latest(rows: Iterable[TaskRow]) -> Iterable[TaskRow]:
    """Return each task once, as it was last: one that moves meanwhile may be in the answers for both statuses."""
    latest: dict[int, TaskRow] = {}
    for row in rows:
        if row.id not in latest or latest[row.id].updated_on < row.updated_on:
            latest.pop(row.id, None)
            latest[row.id] = row
    return latest.values()
