"""Show the kanban board, which has a list's tasks in columns by status, and save a person's choices for it."""

from functools import partial
from urllib.parse import urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.store import board as store
from helpdesk.tasks.lists import CardQuery, Cards, Vocabulary
from helpdesk.tasks.model import Actor
from helpdesk.web.board import page as board_page
from helpdesk.web.board import query as board_query
from helpdesk.web.board.page import BoardSettings
from helpdesk.web.clocks import promised
from helpdesk.web.clocks import shown as clocks
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, fragment_or_page, html, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.navigation import BOARD
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.lists import page as list_page
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists.urls import Listing

MOST_AT_ONCE = 100
NO_STATUS = sentence("There is no such status.")


async def board(request: Request) -> Response:
    """Show my tasks, or those of the address, by status; without any task ever assigned, those that I requested."""
    who, settings = await actor(request), await board_page.settings(request)
    listing, cards = await _load(request, who, request.query_params, settings)
    requested = listing.link(assignees=(), authors=("me",)) if await _only_requests(request, who, cards) else ""

    async def json() -> Response:
        shown = listing, cards
        if requested:
            shown = await _load(request, who, QueryParams(urlsplit(requested).query), settings)
        promises = await clocks.known(request, who, [card.row for card in shown[1].cards])
        body = board_page.to_dict(*shown, settings, promises)
        return json_response(request, await promised.mark_partial(request, who, body))

    async def page() -> Response:
        return see_other(requested) if requested else await _page(request, who, listing, cards, settings)

    async def filter_form() -> Response:
        return await board_page.filter_form(request, who, listing, cards)

    form = filter_form if list_page.shows_form(request) else None
    return await answer(request, json=json, page=page, fragment=form)


async def _page(request: Request, who: Actor, listing: Listing, cards: Cards, settings: BoardSettings) -> Response:
    """Show the board, or redirect to the one task whose number is searched for."""
    if sum(cards.totals.values()) == 1 and listing.query.wanted_id in [card.row.id for card in cards.cards]:
        return see_other(path_to(request, "tasks:show", task_id=cards.cards[0].row.id))
    return await board_page.page(request, who, listing, cards, settings)


async def more(request: Request) -> Response:
    """Show the next cards of one column, after those that `skip` counts."""
    return await fragment_or_page(request, lambda: _more(request), _this_board(request))


async def _more(request: Request) -> Response:
    params, who = request.query_params, await actor(request)
    column = request_data.whole("column", params.get("column", ""))

    def query(listing: Listing, vocabulary: Vocabulary) -> CardQuery:
        skip = request_data.whole("skip", params.get("skip") or "0")
        return CardQuery(listing.query._replace(per_page=board_query.MORE, skip=skip), (column,))

    listing, cards = await board_query.load(request, who, params, query)
    may_move = cards.vocabulary.may_edit
    context = await board_page.card_context(request, params, cards.cards, may_move, listing.is_newest_first)
    return html(request, "board/_cards.html", **context)


async def cards(request: Request) -> Response:
    """Show the present cards of `ids`, for a board that got an event. All columns are counted with them, for each was
    counted at another moment."""
    return await fragment_or_page(request, lambda: _cards(request), _this_board(request))


async def _cards(request: Request) -> Response:
    params = request.query_params
    ids = [request_data.whole("ids", it) for it in params.get("ids", "").split(",") if it]
    context = await board_page.updated_cards(request, params, ids[:MOST_AT_ONCE])
    return html(request, "board/_card_updates.html", **context)


async def fold(request: Request) -> Response:
    """Fold the column of `status_id`, or open it, as `folded` says. Raises Invalid for an unknown status."""
    person, fields = await current_user(request), await request_data.read(request)
    number, folded = fields.number("status_id"), fields.flag("folded")
    vocabulary = await services(request).backend.vocabulary(await actor(request))
    status = next((it.id for it in vocabulary.statuses if it.id == number), None)
    if status is None:
        raise request_data.refusal("status_id", NO_STATUS)
    await stored(request, lambda db: store.fold(db, person.id, status, folded))
    return await answer(
        request,
        json=lambda: json_response(request, {"status_id": status, "folded": folded}),
        page=lambda: _to_board(request, fields),
        fragment=lambda: _column(request, status),
    )


async def _column(request: Request, status_id: int) -> Response:
    """Show a column that this person folded or opened, on the board that htmx names as its page. A board with lanes, or
    without such a column, is loaded again as a whole."""
    params, settings = board_query.of_current_page(request), await board_page.settings(request)
    refresh = Response(headers={"HX-Refresh": "true"})
    if list_params.lanes(params):
        return refresh

    def query(listing: Listing, vocabulary: Vocabulary) -> CardQuery:
        board = board_query.card_query(listing, vocabulary, settings.folds)
        return board._replace(statuses=tuple({status_id}.intersection(board.statuses)))

    listing, cards = await board_query.load(request, await actor(request), params, query)
    columns = board_page.columns_of(listing, cards, settings)
    column = next((it for it in columns if it.status.id == status_id), None)
    return await board_page.one_column(request, params, listing, cards, column) if column else refresh


def _to_board(request: Request, fields: request_data.Fields) -> Response:
    return flash.redirect(request, fields.next_path() or path_to(request, BOARD), flash.CHOICE_SAVED)


def _this_board(request: Request) -> str:
    return f"{path_to(request, BOARD)}?{request.query_params}"


async def _load(request: Request, who: Actor, params: QueryParams, settings: BoardSettings) -> tuple[Listing, Cards]:
    """Return the listing and the first cards of a board. Raises Invalid."""
    query = partial(board_query.card_query, folds=settings.folds)
    return await board_query.load(request, who, params, query)


async def _only_requests(request: Request, who: Actor, cards: Cards) -> bool:
    """Tell whether an empty board of one's own tasks is that of a person who never had a task assigned."""
    if any(cards.totals.values()) or list_params.names_somebody(request.query_params):
        return False
    return await list_page.was_never_assigned(request, who)
