"""A board's cards over Redmine's REST API, which tells of no comments without asking for each task by itself."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from helpdesk.tasks.lists import Card, CardQuery, CardQueryFactory, Cards, TaskQuery
from helpdesk.tasks.model import Actor, TaskRow
from helpdesk.tasks.redmine.rest import json_mapper
from helpdesk.tasks.redmine.rest.calls import RestCalls
from helpdesk.tasks.redmine.rest.lists import Found, IssueLists, Sought
from helpdesk.tasks.redmine.rest.metadata_cache import PAGE

Group = tuple[int, ...]
Columns = dict[Group, Found]
"""By the statuses that were asked for together."""


class BoardCards:
    def __init__(self, calls: RestCalls, lists: IssueLists) -> None:
        self.calls, self.lists = calls, lists

    async def cards(self, actor: Actor, asked: CardQueryFactory) -> Cards:
        async with self.calls.reading():
            vocabulary = await self.lists.current_vocabulary(actor)
            request = asked(vocabulary)
            shown, counted = await self._shown_and_counted(actor, request)
            issues = (issue for found, _ in shown.values() for issue in found)
            rows = _latest(json_mapper.row(issue, vocabulary.priorities) for issue in issues)
            if request.only is not None:
                rows = _page(rows, request.query)
            totals = {status: counted[(status,)][1] for status in request.counted}
            return Cards(request, vocabulary, request.in_order(map(Card, rows)), totals)

    async def _shown_and_counted(self, actor: Actor, request: CardQuery) -> tuple[Columns, Columns]:
        """A request for each status, side by side; that for its cards tells its total, too, if nothing is left out."""
        groups: list[Group] = [(it,) for it in request.columns({})] if request.only is None else []
        of_totals = of_cards = await self.lists.search(actor, request.query.of_any_status())
        if request.only is not None and request.of_cards:
            of_cards = await self.lists.search(actor, request.of_cards)
        left: list[Group] = [(it,) for it in dict.fromkeys(request.counted) if (it,) not in groups]
        limit, offset = request.query.per_page, request.query.offset
        if request.only is not None and request.of_cards and request.statuses:  # few tasks: all together
            groups, limit, offset = [request.statuses], PAGE, 0
        shown, counted = await asyncio.gather(
            self._columns(actor, of_cards, groups, limit, offset),
            self._columns(actor, of_totals, left, 1, 0),
        )
        return shown, {**shown, **counted}

    async def _columns(
        self, actor: Actor, sought: Sought, groups: Collection[Group], limit: int, offset: int
    ) -> Columns:
        asked = (self.lists.matches(actor, sought, limit, offset, each) for each in groups)
        return dict(zip(groups, await asyncio.gather(*asked), strict=True))


def _page(rows: Iterable[TaskRow], query: TaskQuery) -> Iterator[TaskRow]:
    """Of each status what is on the query's page."""
    before = Counter[int]()
    for row in rows:
        if query.offset <= before[row.status.id] < query.offset + query.per_page:
            yield row
        before[row.status.id] += 1


def _latest(rows: Iterable[TaskRow]) -> Iterable[TaskRow]:
    """Each task once, as it was last: what moves while we ask may be in the answers for both of its statuses."""
    found: dict[int, TaskRow] = {}
    for row in rows:
        if row.id not in found or found[row.id].updated_on < row.updated_on:
            found.pop(row.id, None)
            found[row.id] = row
    return found.values()
