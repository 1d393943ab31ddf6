"""The query of a board's address: its columns, folded or open, and the cards to ask for."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request

from helpdesk.tasks.lists import CardQuery, Vocabulary
from helpdesk.tasks.model import Status
from helpdesk.web.core import request_data
from helpdesk.web.core.navigation import BOARD, current_url
from helpdesk.web.core.services import path_to
from helpdesk.web.lists.urls import Listing

SKIP = "skip"
MORE = 25


def here(request: Request) -> QueryParams:
    """Return the query of the board that htmx names as its page; of a form, of the board to come back to."""
    parts = urlsplit(current_url(request))
    return QueryParams(parts.query if parts.path == path_to(request, BOARD) else "")


def statuses(listing: Listing, words: Vocabulary) -> tuple[Status, ...]:
    """The columns: the statuses that the board is narrowed to, else all there are."""
    chosen = listing.query.status_ids
    return tuple(it for it in words.statuses if not chosen or it.id in chosen)


def folded(listing: Listing, words: Vocabulary, folds: Mapping[int, bool]) -> frozenset[int]:
    """The columns of which one sees the head alone: as chosen, else those of closed tasks unless they are asked for.
    None where a task is asked for by its number."""
    query = listing.query
    if query.wanted_id is not None:
        return frozenset()
    opened = not query.only_open
    return frozenset(it.id for it in statuses(listing, words) if folds.get(it.id, it.is_closed and not opened))


def cards_asked(listing: Listing, words: Vocabulary, folds: Mapping[int, bool]) -> CardQuery:
    """Return what a whole board asks of the backend."""
    columns, closed = [it.id for it in statuses(listing, words)], folded(listing, words, folds)
    return CardQuery(listing.query, tuple(id for id in columns if id not in closed), tuple(columns))


def skip(asked: QueryParams) -> int:
    """Return the number of cards of a column that are there already. Raises Invalid."""
    return request_data.whole(SKIP, asked.get(SKIP) or "0")
