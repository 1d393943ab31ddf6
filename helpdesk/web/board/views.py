"""The kanban board: a list's tasks in columns by status, as a page and as what changes on it."""

from urllib.parse import urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.lists import CardQuery, Cards, Vocabulary
from helpdesk.tasks.model import Actor
from helpdesk.web.board import card_updates
from helpdesk.web.board import page as board_page
from helpdesk.web.board import query as board_query
from helpdesk.web.board.page import OfPerson
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import answer, fragment_or_page, html, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.lists import board_listing, saved_views
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists.page import never_assigned
from helpdesk.web.lists.urls import Listing

MOST_AT_ONCE = 100


async def board(request: Request) -> Response:
    """My tasks by status, or what the address asks for; those I requested for people whom nothing was ever assigned."""
    who, kept = await actor(request), await board_page.kept(request)
    listing, found = await _found(request, who, request.query_params, kept)
    requested = listing.link(assignees=(), authors=("me",)) if await _only_asks(request, who, found) else ""

    async def json() -> Response:
        own = (
            await _found(request, who, QueryParams(urlsplit(requested).query), kept) if requested else (listing, found)
        )
        return json_response(request, board_page.to_dict(*own, kept))

    async def page() -> Response:
        return see_other(requested) if requested else await _page(request, who, listing, found, kept)

    return await answer(request, json=json, page=page)


async def _page(request: Request, who: Actor, listing: Listing, found: Cards, kept: OfPerson) -> Response:
    """The board, or the one task whose number is searched for."""
    if sum(found.totals.values()) == 1 and listing.query.wanted_id in [card.row.id for card in found.cards]:
        return see_other(path_to(request, "tasks:show", task_id=found.cards[0].row.id))
    return await board_page.page(request, who, listing, found, kept, await saved_views.listed(request))


async def more(request: Request) -> Response:
    """The next cards of one column, after those that `skip` says are there."""
    page = f"{path_to(request, 'tasks:board')}?{request.query_params}"
    return await fragment_or_page(request, lambda: _more(request), page)


async def _more(request: Request) -> Response:
    asked, who = request.query_params, await actor(request)
    column = request_data.whole("column", asked.get("column", ""))

    def ask(words: Vocabulary) -> CardQuery:
        query = board_listing.read(request, asked, words).query
        return CardQuery(query._replace(per_page=board_query.MORE, skip=board_query.skip(asked)), (column,))

    found = await services(request).backend.cards(who, ask)
    return html(request, "board/_cards.html", **await card_updates.of_cards(request, asked, found))


async def cards(request: Request) -> Response:
    """The cards of `ids` as they are now, and the counts of all columns, for each was counted at another moment: for a
    board that was told of a change."""
    page = f"{path_to(request, 'tasks:board')}?{request.query_params}"
    return await fragment_or_page(request, lambda: _cards(request), page)


async def _cards(request: Request) -> Response:
    asked = request.query_params
    ids = [request_data.whole("ids", it) for it in asked.get("ids", "").split(",") if it]
    context = await card_updates.cards(request, asked, ids[:MOST_AT_ONCE])
    return html(request, "board/_card_updates.html", **context)


async def folded(request: Request, status_id: int) -> Response:
    """A column that this person folded or opened just now, for the board that htmx speaks of; with lanes all anew, and
    where that board has no such column."""
    asked, who, kept = board_query.here(request), await actor(request), await board_page.kept(request)
    anew = Response(headers={"HX-Refresh": "true"})
    if board_listing.lanes(asked):
        return anew

    def ask(words: Vocabulary) -> CardQuery:
        every = board_query.cards_asked(board_listing.read(request, asked, words), words, kept.folds)
        return every._replace(statuses=tuple({status_id}.intersection(every.statuses)))

    found = await services(request).backend.cards(who, ask)
    listing = board_listing.read(request, asked, found.vocabulary)
    column = next((it for it in board_page.shown(listing, found, kept) if it.status.id == status_id), None)
    return await board_page.one_column(request, listing, found, column) if column else anew


async def _found(request: Request, who: Actor, asked: QueryParams, kept: OfPerson) -> tuple[Listing, Cards]:
    """Return the listing and the cards that a board shows at first. Raises Invalid."""

    def ask(words: Vocabulary) -> CardQuery:
        return board_query.cards_asked(board_listing.read(request, asked, words), words, kept.folds)

    found = await services(request).backend.cards(who, ask)
    return board_listing.read(request, asked, found.vocabulary), found


async def _only_asks(request: Request, who: Actor, found: Cards) -> bool:
    """Tell whether this is somebody whom no task was ever assigned, on a board of the tasks assigned to oneself."""
    if any(found.totals.values()) or list_params.names_somebody(request.query_params):
        return False
    return await never_assigned(request, who)
