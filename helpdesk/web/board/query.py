"""Read the query of a board's address, and load its columns, folded or open, and cards."""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request

from helpdesk.tasks.lists import CardQuery, Cards, Vocabulary
from helpdesk.tasks.model import Actor, Status
from helpdesk.web.clocks import promised
from helpdesk.web.core.navigation import BOARD, current_url
from helpdesk.web.core.services import path_to, services
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists.urls import Listing

MORE = 25


def of_current_page(request: Request) -> QueryParams:
    """Return the query of the board that htmx names as its page; of a form, of the board to come back to."""
    parts = urlsplit(current_url(request))
    return QueryParams(parts.query if parts.path == path_to(request, BOARD) else "")


def is_mine(params: QueryParams) -> bool:
    """Tell whether a board is that of the tasks assigned to the person who looks at it, or to a group of theirs."""
    return params.get("assigned_to_id") == "me" or not list_params.names_somebody(params)


def statuses(listing: Listing, vocabulary: Vocabulary) -> tuple[Status, ...]:
    """Return the columns: the statuses that the board is filtered by, else all."""
    chosen = listing.query.status_ids
    return tuple(it for it in vocabulary.statuses if not chosen or it.id in chosen)


def folded(listing: Listing, vocabulary: Vocabulary, folds: Mapping[int, bool]) -> frozenset[int]:
    """Return the folded columns: as chosen, else those of closed tasks unless the query includes closed tasks. None is
    folded where a task is searched for by its number."""
    query = listing.query
    if query.wanted_id is not None:
        return frozenset()
    columns = statuses(listing, vocabulary)
    return frozenset(it.id for it in columns if folds.get(it.id, it.is_closed and query.only_open))


async def load(
    request: Request, who: Actor, params: QueryParams, query: Callable[[Listing, Vocabulary], CardQuery]
) -> tuple[Listing, Cards]:
    """Return the board of these parameters and the cards of the query that is made for it. Raises Invalid."""

    only = await promised.ids_of(request, who, params)

    def of_vocabulary(vocabulary: Vocabulary) -> CardQuery:
        wanted = query(list_params.of_board(request, params, vocabulary), vocabulary)
        return wanted._replace(query=only.narrowed(wanted.query))

    cards = await services(request).backend.cards(who, of_vocabulary)
    return list_params.of_board(request, params, cards.vocabulary), cards


def card_query(listing: Listing, vocabulary: Vocabulary, folds: Mapping[int, bool]) -> CardQuery:
    """Return the query for a whole board."""
    columns, closed = [it.id for it in statuses(listing, vocabulary)], folded(listing, vocabulary, folds)
    return CardQuery(listing.query, tuple(id for id in columns if id not in closed), tuple(columns))
