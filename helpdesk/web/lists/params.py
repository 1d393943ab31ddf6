"""Read the query of a list's or a board's address, of a request or of a saved view."""

from collections.abc import Iterable, Mapping
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams
from starlette.requests import Request

from helpdesk.errors import Invalid, sentence
from helpdesk.tasks.board import LaneField
from helpdesk.tasks.lists import SORTS, TaskQuery, Vocabulary, Who
from helpdesk.tasks.model import Priority, Ref, Status
from helpdesk.tasks.projects import Project
from helpdesk.tasks.search_text import clean_search
from helpdesk.web.clocks.promised import ANY_PROMISE, BY_PROMISE, PROMISE, STATES
from helpdesk.web.core import request_data
from helpdesk.web.core.navigation import BOARD
from helpdesk.web.core.services import path_to, services
from helpdesk.web.lists.urls import ANYBODY, NEWEST_FIRST, NO_ID, PEOPLE, Listing

MOST_PER_PAGE = 100
MOST_ITEMS = 200
"""Of one parameter, such as projects."""
A_DAY = sentence("This must be a day such as 2026-11-20.")
LANES, COMPACT = "lanes", "compact"


def read(request: Request, vocabulary: Vocabulary) -> Listing:
    """Return the list of the request's address. Raises Invalid for a wrong page, number or column."""
    return of_address(request, request.url.path, request.query_params, vocabulary)


def of_address(request: Request, path: str, params: QueryParams, vocabulary: Vocabulary) -> Listing:
    """Return the list of a path and its parameters. A plain day begins in the zone in which dates are shown.

    Raises Invalid.
    """
    sort = params.get("sort") or NEWEST_FIRST
    if sort not in (*SORTS, BY_PROMISE):
        raise request_data.refusal("sort", sentence("The list can't be sorted by this."))
    order = params.get("order") or ("desc" if sort == NEWEST_FIRST else "asc")
    if order not in ("asc", "desc"):
        raise request_data.refusal("order", sentence("The order is asc or desc."))
    promise = params.get(PROMISE) or (ANY_PROMISE if sort == BY_PROMISE else "")
    if promise and promise not in STATES:
        raise request_data.refusal(PROMISE, request_data.NO_CHOICE)
    zone = services(request).settings.timezone
    query = TaskQuery(
        assignees=_people(params, "assigned_to_id"),
        authors=_people(params, "author_id"),
        status_ids=_ids(params, "status", vocabulary.statuses),
        priority_ids=_ids(params, "priority", vocabulary.priorities),
        project_ids=_ids(params, "project", vocabulary.projects),
        tracker_ids=_ids(params, "tracker", vocabulary.trackers),
        search=clean_search(params.get("search", ""))[0],
        updated_since=_moment(params, "updated_since", zone),
        due_by=_day(params, "due_by"),
        created_since=_moment(params, "created_since", zone),
        created_before=_end_of_day(params, "created_by", zone),
        include_closed=request_data.Fields(params).flag("closed"),
        sort=sort,
        descending=order == "desc",
        page=request_data.query_number(params, "page", 1),
        per_page=request_data.page_size(params, TaskQuery().per_page, MOST_PER_PAGE),
        promise=promise,
    )
    return of_query(request, path, query, params)


def normalized(request: Request, address: str, vocabulary: Vocabulary) -> str:
    """Return the address of a list in the one form that we make, so without foreign parameters; empty if it is none."""
    path, _, text = address.partition("?")
    try:
        listing = of_address(request, path, QueryParams(text), vocabulary)
    except Invalid:
        return ""
    return listing.link(page=listing.query.page)


def query_of(request: Request, path: str, params: QueryParams, vocabulary: Vocabulary) -> TaskQuery:
    """Return the query of a list or a board; of the person's own tasks where the path means them and nobody is named.

    Raises Invalid.
    """
    if path == path_to(request, BOARD):
        return of_board(request, params, vocabulary).query
    listing = of_address(request, path, params, vocabulary)
    is_own = listing.is_mine and not names_somebody(params)
    return listing.query._replace(assignees=("me",)) if is_own else listing.query


def of_query(request: Request, path: str, query: TaskQuery, params: QueryParams) -> Listing:
    """Return the list of a query that was read from these parameters."""
    listing = Listing(query, path, path == path_to(request, "tasks:my_tasks"))
    is_anybodys = listing.is_mine and names_somebody(params) and not (query.assignees or query.authors)
    return listing._replace(extra=(("assigned_to_id", ANYBODY),)) if is_anybodys else listing


def of_board(request: Request, params: QueryParams, vocabulary: Vocabulary) -> Listing:
    """Return the board of these parameters: of one's own tasks when they name nobody. No board is sorted by promises.

    Raises Invalid.
    """
    path = path_to(request, BOARD)
    query = of_address(request, path, params, vocabulary).query
    if query.sort == BY_PROMISE:
        query = query._replace(sort=NEWEST_FIRST, descending=True)
    if not names_somebody(params):
        query = query._replace(assignees=("me",))
    extra = ((LANES, lanes(params) or ""), (COMPACT, "1" if is_compact(params) else ""))
    return Listing(query, path, extra=tuple((name, value) for name, value in extra if value), is_board=True)


def lanes(params: Mapping[str, str]) -> LaneField | None:
    """Return the field that divides the board into lanes."""
    return next((field for field in get_args(LaneField) if field == params.get(LANES)), None)


def is_compact(params: Mapping[str, str]) -> bool:
    return request_data.Fields(params).flag(COMPACT)


def is_shortened(params: QueryParams) -> bool:
    """Tell whether the search of an address was too long, so that only its beginning is searched for."""
    return clean_search(params.get("search", ""))[1]


def names_somebody(params: QueryParams) -> bool:
    """Tell whether an address names people."""
    return any(params.get(f"{name}_id") for name in PEOPLE)


def _people(params: QueryParams, name: str) -> tuple[Who, ...]:
    """Read `me`, ids, and for the assignee alone and by itself `none`; `any` is nobody in particular."""
    people: list[Who] = []
    for item in (it for it in _items(params, name) if it != ANYBODY):
        people.append("me" if item == "me" else "nobody" if item == "none" else request_data.whole(name, item))
    if "nobody" in people and (len(people) > 1 or name == "author_id"):
        raise request_data.refusal(name, sentence("Nobody can't be asked for together with somebody."))
    return tuple(dict.fromkeys(people))


def _moment(params: QueryParams, name: str, zone: ZoneInfo) -> datetime | None:
    """Read an ISO 8601 time, in UTC unless it says otherwise, or a plain day; in `zone`."""
    text = params.get(name, "").strip().replace(" ", "+")
    try:
        at = datetime.fromisoformat(text) if text else None
        if at and at.tzinfo is None:
            at = at.replace(tzinfo=UTC if "T" in text else zone)
        return _in_any_zone(at.astimezone(zone)) if at else None
    except (ValueError, OverflowError) as error:
        raise request_data.refusal(name, sentence("This must be a time such as 2026-11-20T18:00:00Z.")) from error


def _day(params: QueryParams, name: str) -> date | None:
    text = params.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise request_data.refusal(name, A_DAY) from error


def _end_of_day(params: QueryParams, name: str, zone: ZoneInfo) -> datetime | None:
    """Return the midnight in `zone` that ends a day."""
    on = _day(params, name)
    try:
        return _in_any_zone(datetime.combine(on + timedelta(days=1), time.min, zone)) if on else None
    except OverflowError as error:
        raise request_data.refusal(name, A_DAY) from error


def _in_any_zone(at: datetime) -> datetime:
    """Return a moment that has a date in every zone. Raises OverflowError at the ends of the calendar."""
    if not MINYEAR < at.year < MAXYEAR:
        raise OverflowError
    return at


def _ids(params: QueryParams, name: str, refs: Iterable[Status | Priority | Ref | Project]) -> tuple[int, ...]:
    """Read ids from `<name>_id` and names from `<name>`, repeated or in a comma list. An unknown name finds nothing."""
    ids = [request_data.whole(f"{name}_id", item) for item in _items(params, f"{name}_id")]
    named = {ref.name.casefold(): ref.id for ref in refs}
    ids += [named.get(request_data.clean(name, item).casefold(), NO_ID) for item in _items(params, name)]
    return tuple(dict.fromkeys(ids))


def _items(params: QueryParams, name: str) -> list[str]:
    items = [item.strip() for value in params.getlist(name) for item in value.split(",") if item.strip()]
    if len(items) > MOST_ITEMS:
        raise request_data.refusal(name, request_data.too_many(MOST_ITEMS))
    return items
