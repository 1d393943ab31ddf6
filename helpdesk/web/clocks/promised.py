"""Narrow lists and boards to tasks by the clocks of their promises, and sort lists by these.

No backend knows promises. So the open tasks with clocks are reckoned first, and the backend is asked for those alone.
"""

from collections.abc import AsyncGenerator
from typing import NamedTuple

from starlette.datastructures import QueryParams
from starlette.requests import Request

from helpdesk.promises.states import State
from helpdesk.tasks.lists import QueryFactory, TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, TaskRow
from helpdesk.tasks.phases import NO_RULES, Rules
from helpdesk.web.core.faces import Json
from helpdesk.web.core.request_data import NO_ID
from helpdesk.web.core.services import services

AT_ONCE = 200
PROMISE, ANY_PROMISE = "promise", "any"
"""The filter by the clocks of tasks, and its value for any that go on."""
BY_PROMISE = "promise"
"""The order by these clocks."""
USUAL_ORDER = {"sort": TaskQuery().sort, "descending": TaskQuery().descending}
STATES: dict[str, frozenset[State]] = {
    ANY_PROMISE: frozenset({"running", "soon", "over", "paused"}),
    "over": frozenset({"over"}),
    "soon": frozenset({"soon"}),
    "running": frozenset({"running", "soon"}),
    "paused": frozenset({"paused"}),
}
"""The states of clocks that each filter lets through."""


class Ids(NamedTuple):
    """The tasks that a filter by promises lets through, the most urgent first; None without such a filter. Not all of
    them if there were too many tasks to look through."""

    ids: tuple[int, ...] | None = None
    is_whole: bool = True

    def narrowed(self, query: TaskQuery) -> TaskQuery:
        """Return a query for the backend."""
        order = USUAL_ORDER if query.sort == BY_PROMISE else {}
        return query._replace(**order, **({} if self.ids is None else {"task_ids": self.ids or (NO_ID,)}))  # type: ignore[arg-type]  # by field


async def ids_of(request: Request, who: Actor, params: QueryParams) -> Ids:
    """Return the tasks of the filter in an address. Raises Unavailable, NotConfigured."""
    name = params.get(PROMISE) or (ANY_PROMISE if params.get("sort") == BY_PROMISE else "")
    wanted = STATES.get(name)
    if wanted is None:  # none, or one that `params.py` refuses
        return Ids()
    ranking = await services(request).promises.ranking(who)
    return Ids(tuple(it.task_id for it in ranking.tasks if it.states & wanted), ranking.is_whole)


async def is_partial(request: Request, who: Actor) -> bool:
    """Tell whether the filter in the request's address may leave out tasks that it should let through."""
    return not (await ids_of(request, who, request.query_params)).is_whole


async def mark_partial(request: Request, who: Actor, body: Json) -> Json:
    """Return an answer for programs, which tells where it may leave out tasks."""
    return body | {"is_partial": True} if await is_partial(request, who) else body


async def tasks(
    request: Request,
    who: Actor,
    factory: QueryFactory,
    params: QueryParams,
    *,
    summed: bool = False,
    rules: Rules = NO_RULES,
) -> TaskPage:
    """Return the page of a query of these parameters. Raises what the backend does, and NotConfigured."""
    only = await ids_of(request, who, params)
    if only.ids is None:
        return await services(request).backend.tasks(who, factory, summed=summed, rules=rules)
    asked: list[TaskQuery] = []

    def narrowed(vocabulary: Vocabulary) -> TaskQuery:
        asked.append(factory(vocabulary))
        return only.narrowed(asked[-1])

    page = await services(request).backend.tasks(who, narrowed, summed=summed, rules=rules)
    query = asked[-1]
    rows = await _page_by_promise(request, who, query, only) if query.sort == BY_PROMISE else page.rows
    return page._replace(rows=rows, query=query)


def export(request: Request, who: Actor, query: TaskQuery, only: Ids) -> AsyncGenerator[tuple[TaskRow, ...], None]:
    """Yield all tasks of a query in its order, some at a time."""
    return (
        _by_promise(request, who, query, only)
        if query.sort == BY_PROMISE
        else services(request).backend.export(who, only.narrowed(query))
    )


async def _page_by_promise(request: Request, who: Actor, query: TaskQuery, only: Ids) -> tuple[TaskRow, ...]:
    """Return the rows of the query's page. Those before it are read, too: which of them match, the backend knows."""
    rows: list[TaskRow] = []
    found = _by_promise(request, who, query, only)
    async for some in found:
        rows += some
        if len(rows) >= query.offset + query.per_page:
            break
    await found.aclose()
    return tuple(rows[query.offset : query.offset + query.per_page])


async def _by_promise(
    request: Request, who: Actor, query: TaskQuery, only: Ids
) -> AsyncGenerator[tuple[TaskRow, ...], None]:
    ids = (only.ids or ())[:: -1 if query.descending else 1]
    for first in range(0, len(ids), AT_ONCE):
        some = ids[first : first + AT_ONCE]
        narrowed = Ids(some).narrowed(query)._replace(page=1, per_page=AT_ONCE, skip=0)
        by_id = {row.id: row for row in (await services(request).backend.tasks(who, narrowed)).rows}
        yield tuple(by_id[it] for it in some if it in by_id)
