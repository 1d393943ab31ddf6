"""The listing that a board's address asks for, and how its cards are laid out."""

from typing import get_args

from starlette.datastructures import QueryParams
from starlette.requests import Request

from helpdesk.tasks.board import By
from helpdesk.tasks.lists import Vocabulary
from helpdesk.web.core import request_data
from helpdesk.web.core.navigation import BOARD
from helpdesk.web.core.services import path_to
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists.params import names_somebody
from helpdesk.web.lists.urls import Listing

LANES, COMPACT = "lanes", "compact"

Said = QueryParams | tuple[tuple[str, str], ...]


def read(request: Request, asked: QueryParams, words: Vocabulary) -> Listing:
    """The board's listing: of one's own tasks when the address names nobody. Raises Invalid."""
    path = path_to(request, BOARD)
    query = list_params.of_address(request, path, asked, words).query
    if not names_somebody(asked):
        query = query._replace(assignees=("me",))
    said = ((LANES, lanes(asked) or ""), (COMPACT, "1" if is_compact(asked) else ""))
    return Listing(query, path, False, tuple((name, value) for name, value in said if value), names_anybody=True)


def lanes(asked: Said) -> By | None:
    """Return the field that divides the board into lanes."""
    return next((each for each in get_args(By) if each == dict(asked).get(LANES)), None)


def is_compact(asked: Said) -> bool:
    return request_data.Fields(dict(asked)).flag(COMPACT)
