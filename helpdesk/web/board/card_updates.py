"""The changes of an open board: its cards and the counts of their columns, as the board's own address asks."""

from collections.abc import Collection, Sequence
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request

from helpdesk.tasks import board
from helpdesk.tasks.lists import CardQuery, Cards, Vocabulary
from helpdesk.web.board import card_context
from helpdesk.web.board import page as board_page
from helpdesk.web.board import query as board_query
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.lists import board_listing


async def cards(
    request: Request, asked: QueryParams, ids: Sequence[int], at: Collection[int] | None = None
) -> dict[str, Any]:
    """These tasks' cards as far as the board shows them, which are `gone` from it, and the columns `at` which they were
    and are; without `at` all columns."""

    def ask(words: Vocabulary) -> CardQuery:
        listing = board_listing.read(request, asked, words)
        columns = tuple(it.id for it in board_query.statuses(listing, words))
        counted = tuple(it for it in columns if at is None or it in at)
        return CardQuery(listing.query._replace(page=1, per_page=len(ids) or 1), columns, counted, tuple(ids))

    found = await services(request).backend.cards(await actor(request), ask)
    counted = [it for it in found.vocabulary.statuses if it.id in found.totals]
    gone = sorted(set(ids) - {card.row.id for card in found.cards})
    context = {"columns": board.columns(counted, found, (await board_page.kept(request)).rules), "gone": gone}
    return context | await of_cards(request, asked, found)


async def of_cards(request: Request, asked: QueryParams, found: Cards) -> dict[str, Any]:
    listing = board_listing.read(request, asked, found.vocabulary)
    return await card_context.of_cards(request, board_listing.lanes(asked), found.cards, listing.is_newest_first)
