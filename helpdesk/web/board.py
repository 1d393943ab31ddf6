"""The kanban board: a list's tasks in columns by status, as a page and as what changes on it."""

from urllib.parse import urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.cards import Cards, CardsAsked
from helpdesk.tasks.lists import Vocabulary
from helpdesk.tasks.model import Actor
from helpdesk.web import board_address, board_page, cards_changed, inputs, list_inputs, task_list, views
from helpdesk.web.board_page import OfPerson
from helpdesk.web.guards import actor
from helpdesk.web.listing import Listing
from helpdesk.web.rendering import data, html, is_htmx, path_to, see_other, services, wants_html

MOST_AT_ONCE = 100


async def board(request: Request) -> Response:
    """My tasks by status, or what the address asks for; those I requested for people whom nothing was ever assigned."""
    who, kept, asked = await actor(request), await board_page.kept(request), request.query_params
    listing, found = await _found(request, who, asked, kept)
    if await _only_asks(request, who, found):
        hers = listing.link(assignees=(), authors=("me",))
        if wants_html(request):
            return see_other(hers)
        listing, found = await _found(request, who, QueryParams(urlsplit(hers).query), kept)
    if not wants_html(request):
        return data(request, board_page.shape(listing, found, kept))
    if listing.query.wanted_id is not None and found.cards:
        return see_other(path_to(request, "tasks:show", task_id=found.cards[0].row.id))
    return await board_page.page(request, who, listing, found, kept, await views.listed(request))


async def more(request: Request) -> Response:
    """The next cards of one column, after those that `skip` says are there."""
    if not is_htmx(request):
        return see_other(f"{path_to(request, 'tasks:board')}?{request.query_params}")
    asked, who = request.query_params, await actor(request)
    column = inputs.whole("column", asked.get("column", ""))

    def ask(words: Vocabulary) -> CardsAsked:
        query = board_address.read(request, asked, words).query
        return CardsAsked(query._replace(per_page=board_address.MORE, skip=board_address.skip(asked)), (column,))

    found = await services(request).tracker.cards(who, ask)
    return html(request, "board/_cards.html", **await cards_changed.of_cards(request, asked, found))


async def cards(request: Request) -> Response:
    """The cards of `ids` as they are now, and the counts of all columns, for each was counted at another moment: for a
    board that was told of a change."""
    asked = request.query_params
    if not is_htmx(request):
        return see_other(f"{path_to(request, 'tasks:board')}?{asked}")
    ids = [inputs.whole("ids", it) for it in asked.get("ids", "").split(",") if it]
    told = await cards_changed.cards(request, asked, ids[:MOST_AT_ONCE])
    return html(request, "board/_changed.html", **told)


async def folded(request: Request, status_id: int) -> Response:
    """A column that this person folded or opened just now, for the board that htmx speaks of; with lanes all anew, and
    where that board has no such column."""
    asked, who, kept = board_address.here(request), await actor(request), await board_page.kept(request)
    anew = Response(headers={"HX-Refresh": "true"})
    if board_address.lanes(asked):
        return anew

    def ask(words: Vocabulary) -> CardsAsked:
        wish = board_address.wish(board_address.read(request, asked, words), words, kept.folds)
        return wish._replace(statuses=tuple({status_id}.intersection(wish.statuses)))

    found = await services(request).tracker.cards(who, ask)
    listing = board_address.read(request, asked, found.words)
    column = next((it for it in board_page.shown(listing, found, kept) if it.status.id == status_id), None)
    return await board_page.one_column(request, listing, found, column) if column else anew


async def _found(request: Request, who: Actor, asked: QueryParams, kept: OfPerson) -> tuple[Listing, Cards]:
    """What a board shows at first. Raises Invalid."""

    def ask(words: Vocabulary) -> CardsAsked:
        return board_address.wish(board_address.read(request, asked, words), words, kept.folds)

    found = await services(request).tracker.cards(who, ask)
    return board_address.read(request, asked, found.words), found


async def _only_asks(request: Request, who: Actor, found: Cards) -> bool:
    """Whether this is somebody whom no task was ever assigned, on a board of the tasks assigned to oneself."""
    if any(found.totals.values()) or list_inputs.names_somebody(request.query_params):
        return False
    return await task_list.never_assigned(request, who)
