"""What the address of a board asks for: the questions of a list, and how the board is laid out."""

from collections.abc import Mapping
from typing import get_args
from urllib.parse import urlsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request

from helpdesk.tasks.board import By
from helpdesk.tasks.cards import CardsAsked
from helpdesk.tasks.lists import Vocabulary
from helpdesk.tasks.model import Status
from helpdesk.web import inputs, list_inputs
from helpdesk.web.list_inputs import names_somebody
from helpdesk.web.listing import BOARD, Listing
from helpdesk.web.rendering import came_from, path_to

LANES, COMPACT, SKIP = "lanes", "compact", "skip"
MORE = 25

Said = QueryParams | tuple[tuple[str, str], ...]


def here(request: Request) -> QueryParams:
    """What the board asks for that htmx speaks of; of a form, the one to come back to."""
    parts = urlsplit(came_from(request))
    return QueryParams(parts.query if parts.path == path_to(request, BOARD) else "")


def read(request: Request, asked: QueryParams, words: Vocabulary) -> Listing:
    """The board's listing: of one's own tasks when the address names nobody. Raises Invalid."""
    path = path_to(request, BOARD)
    query = list_inputs.of_address(request, path, asked, words).query
    if not names_somebody(asked):
        query = query._replace(assignees=("me",))
    said = ((LANES, lanes(asked) or ""), (COMPACT, "1" if is_compact(asked) else ""))
    return Listing(query, path, False, tuple((name, value) for name, value in said if value), names_anybody=True)


def statuses(listing: Listing, words: Vocabulary) -> tuple[Status, ...]:
    """The columns: the statuses that the board is narrowed to, else all there are."""
    chosen = listing.query.status_ids
    return tuple(it for it in words.statuses if not chosen or it.id in chosen)


def folded(listing: Listing, words: Vocabulary, folds: Mapping[int, bool]) -> frozenset[int]:
    """The columns of which one sees the head alone: as chosen, else those of closed tasks unless they are asked for."""
    query = listing.query
    opened = query.closed or query.status_ids or query.wanted_id is not None
    return frozenset(
        it.id
        for it in statuses(listing, words)
        if folds.get(it.id, it.is_closed and not opened) and not query.wanted_id
    )


def wish(listing: Listing, words: Vocabulary, folds: Mapping[int, bool]) -> CardsAsked:
    """What a whole board asks of the tracker."""
    columns, closed = [it.id for it in statuses(listing, words)], folded(listing, words, folds)
    return CardsAsked(listing.query, tuple(id for id in columns if id not in closed), tuple(columns))


def lanes(asked: Said) -> By | None:
    """What the board is divided by across its columns."""
    return next((each for each in get_args(By) if each == dict(asked).get(LANES)), None)


def is_compact(asked: Said) -> bool:
    return inputs.Fields(dict(asked)).flag(COMPACT)


def skip(asked: QueryParams) -> int:
    """How many cards of a column are there already. Raises Invalid."""
    return inputs.whole(SKIP, asked.get(SKIP) or "0")
