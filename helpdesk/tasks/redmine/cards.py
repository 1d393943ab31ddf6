"""A board's cards over Redmine's REST API, which tells of no comments without asking for each task by itself."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from helpdesk.redmine_client import JSON
from helpdesk.tasks.cards import Asking, Card, Cards, CardsAsked
from helpdesk.tasks.lists import TaskQuery
from helpdesk.tasks.model import Actor, TaskRow
from helpdesk.tasks.redmine import reading
from helpdesk.tasks.redmine.listing import Filters
from helpdesk.tasks.redmine.lists import Lists
from helpdesk.tasks.redmine.words import PAGE

Group = tuple[int, ...]
Columns = dict[Group, tuple[list[JSON], int]]
"""Issues of one page and how many there are, by the statuses that were asked for together."""


class Boards(Lists):
    async def cards(self, actor: Actor, asked: Asking) -> Cards:
        async with self.asking():
            words = await self._words(actor)
            wish = asked(words)
            shown, counted = await self._shown_and_counted(actor, wish)
            issues = (issue for found, _ in shown.values() for issue in found)
            rows = _latest(reading.row(issue, words.priorities) for issue in issues)
            if wish.only is not None:
                rows = _page(rows, wish.query)
            totals = {status: counted[(status,)][1] for status in wish.counted}
            return Cards(wish, words, wish.in_order(map(Card, rows)), totals)

    async def _shown_and_counted(self, actor: Actor, wish: CardsAsked) -> tuple[Columns, Columns]:
        """A request for each status, side by side; that for its cards tells its total, too, if nothing is left out."""
        groups: list[Group] = [(it,) for it in wish.columns({})] if wish.only is None else []
        of_totals, of_cards = await self._filters(actor, wish.of_totals), wish.of_cards or wish.query
        left: list[Group] = [(it,) for it in dict.fromkeys(wish.counted) if (it,) not in groups]
        limit, offset = wish.query.per_page, wish.query.offset
        if wish.only is not None and wish.of_cards and wish.statuses:  # few tasks: all together
            groups, limit, offset = [wish.statuses], PAGE, 0
        shown, counted = await asyncio.gather(
            self._columns(actor, await self._filters(actor, of_cards), groups, limit, offset),
            self._columns(actor, of_totals, left, 1, 0),
        )
        return shown, {**shown, **counted}

    async def _columns(
        self, actor: Actor, filters: Filters, groups: Collection[Group], limit: int, offset: int
    ) -> Columns:
        asked = (self._list(actor, filters | {"status_id": ("=", each)}, limit, offset) for each in groups)
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
