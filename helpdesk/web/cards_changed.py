"""What changes on a board that is open: its cards, and the counts of their columns, in the board's own address."""

from collections.abc import Collection, Sequence
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request

from helpdesk.tasks import board
from helpdesk.tasks.cards import Cards, CardsAsked
from helpdesk.tasks.lists import Vocabulary
from helpdesk.web import board_address, board_page, card_looks
from helpdesk.web.guards import actor
from helpdesk.web.rendering import services


async def cards(
    request: Request, asked: QueryParams, ids: Sequence[int], at: Collection[int] | None = None
) -> dict[str, Any]:
    """These tasks' cards as far as the board shows them, which are `gone` from it, and the columns `at` which they were
    and are; without `at` all columns."""

    def ask(words: Vocabulary) -> CardsAsked:
        listing = board_address.read(request, asked, words)
        columns = tuple(it.id for it in board_address.statuses(listing, words))
        counted = tuple(it for it in columns if at is None or it in at)
        return CardsAsked(listing.query._replace(page=1, per_page=len(ids) or 1), columns, counted, tuple(ids))

    found = await services(request).tracker.cards(await actor(request), ask)
    counted = [it for it in found.words.statuses if it.id in found.totals]
    gone = sorted(set(ids) - {card.row.id for card in found.cards})
    told = {"columns": board.columns(counted, found, (await board_page.kept(request)).rules), "gone": gone}
    return told | await of_cards(request, asked, found)


async def of_cards(request: Request, asked: QueryParams, found: Cards) -> dict[str, Any]:
    listing = board_address.read(request, asked, found.words)
    return await card_looks.looks(request, board_address.lanes(asked), found.cards, listing.is_newest_first)
