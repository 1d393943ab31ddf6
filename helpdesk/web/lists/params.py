"""The query of a list's address, of a request or of a saved view."""

from collections.abc import Iterable
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams
from starlette.requests import Request

from helpdesk.errors import sentence
from helpdesk.tasks.lists import SORTS, TaskQuery, Vocabulary, Who, clean_search
from helpdesk.tasks.model import Priority, Ref, Status
from helpdesk.tasks.projects import Project
from helpdesk.web.core import request_data
from helpdesk.web.core.services import path_to, services
from helpdesk.web.lists.urls import ANYBODY, NEWEST_FIRST, NOWHERE, PEOPLE, Listing

MOST_PER_PAGE = 100
MOST_ITEMS = 200
"""Named by one question of an address, such as projects."""
A_DAY = sentence("This must be a day such as 2026-11-20.")


def read(request: Request, vocabulary: Vocabulary) -> Listing:
    """The list that the request's address asks for. Raises Invalid for what is no page, no number, no column."""
    return of_address(request, request.url.path, request.query_params, vocabulary)


def of_address(request: Request, path: str, asked: QueryParams, vocabulary: Vocabulary) -> Listing:
    """The list that a path of ours and its questions ask for. A plain day begins where dates are shown.

    Raises Invalid.
    """
    sort = asked.get("sort") or NEWEST_FIRST
    if sort not in SORTS:
        raise request_data.refusal("sort", sentence("The list can't be sorted by this."))
    order = asked.get("order") or ("desc" if sort == NEWEST_FIRST else "asc")
    if order not in ("asc", "desc"):
        raise request_data.refusal("order", sentence("The order is asc or desc."))
    zone = services(request).settings.timezone
    query = TaskQuery(
        assignees=_people(asked, "assigned_to_id"),
        authors=_people(asked, "author_id"),
        status_ids=_ids(asked, "status", vocabulary.statuses),
        priority_ids=_ids(asked, "priority", vocabulary.priorities),
        project_ids=_ids(asked, "project", vocabulary.projects),
        tracker_ids=_ids(asked, "tracker", vocabulary.trackers),
        search=clean_search(asked.get("search", ""))[0],
        updated_since=_moment(asked, "updated_since", zone),
        due_by=_day(asked, "due_by"),
        created_since=_moment(asked, "created_since", zone),
        created_before=_end_of_day(asked, "created_by", zone),
        closed=request_data.Fields(asked).flag("closed"),
        sort=sort,
        descending=order == "desc",
        page=_from_one(asked, "page", 1),
        per_page=min(_per_page(asked), MOST_PER_PAGE),
    )
    return of_query(request, path, query, asked)


def of_query(request: Request, path: str, query: TaskQuery, asked: QueryParams | None = None) -> Listing:
    """The list at a path of ours that asks this, as `asked`, or the request's own questions, have said it."""
    listing = Listing(query, path, path == path_to(request, "tasks:my_tasks"))
    says = request.query_params if asked is None else asked
    is_anybodys = listing.mine and names_somebody(says) and not (query.assignees or query.authors)
    return listing._replace(also=(("assigned_to_id", ANYBODY),)) if is_anybodys else listing


def shortened(asked: QueryParams) -> bool:
    """Tell whether less is searched for than an address says."""
    return clean_search(asked.get("search", ""))[1]


def names_somebody(asked: QueryParams) -> bool:
    """Tell whether an address says whose tasks it asks for."""
    return any(asked.get(f"{name}_id") for name in PEOPLE)


def _people(asked: QueryParams, name: str) -> tuple[Who, ...]:
    """`me`, ids, and for the assignee alone and by itself `none`; `any` is nobody in particular."""
    people: list[Who] = []
    for item in (it for it in _items(asked, name) if it != ANYBODY):
        people.append("me" if item == "me" else "nobody" if item == "none" else request_data.whole(name, item))
    if "nobody" in people and (len(people) > 1 or name == "author_id"):
        raise request_data.refusal(name, sentence("Nobody can't be asked for together with somebody."))
    return tuple(dict.fromkeys(people))


def _per_page(asked: QueryParams) -> int:
    return _from_one(asked, "limit" if "limit" in asked else "per_page", TaskQuery().per_page)


def _from_one(asked: QueryParams, name: str, default: int) -> int:
    text = asked.get(name, "")
    number = request_data.whole(name, text) if text else default
    if number < 1:
        raise request_data.refusal(name, sentence("This must be 1 or more."))
    return number


def _moment(asked: QueryParams, name: str, zone: ZoneInfo) -> datetime | None:
    """An ISO 8601 time, in UTC unless it says otherwise, or a plain day; in `zone`."""
    text = asked.get(name, "").strip().replace(" ", "+")
    try:
        at = datetime.fromisoformat(text) if text else None
        if at and at.tzinfo is None:
            at = at.replace(tzinfo=UTC if "T" in text else zone)
        return _in_any_zone(at.astimezone(zone)) if at else None
    except (ValueError, OverflowError) as error:
        raise request_data.refusal(name, sentence("This must be a time such as 2026-11-20T18:00:00Z.")) from error


def _day(asked: QueryParams, name: str) -> date | None:
    text = asked.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise request_data.refusal(name, A_DAY) from error


def _end_of_day(asked: QueryParams, name: str, zone: ZoneInfo) -> datetime | None:
    """The midnight in `zone` that ends a day."""
    on = _day(asked, name)
    try:
        return _in_any_zone(datetime.combine(on + timedelta(days=1), time.min, zone)) if on else None
    except OverflowError as error:
        raise request_data.refusal(name, A_DAY) from error


def _in_any_zone(at: datetime) -> datetime:
    """A moment that has a date wherever it is told. Raises OverflowError for one at the ends of the calendar."""
    if not MINYEAR < at.year < MAXYEAR:
        raise OverflowError
    return at


def _ids(asked: QueryParams, name: str, refs: Iterable[Status | Priority | Ref | Project]) -> tuple[int, ...]:
    """Ids from `<name>_id` and names from `<name>`, repeated or in a comma list. An unknown name finds nothing."""
    ids = [request_data.whole(f"{name}_id", item) for item in _items(asked, f"{name}_id")]
    named = {ref.name.casefold(): ref.id for ref in refs}
    ids += [named.get(request_data.clean(name, item).casefold(), NOWHERE) for item in _items(asked, name)]
    return tuple(dict.fromkeys(ids))


def _items(asked: QueryParams, name: str) -> list[str]:
    items = [item.strip() for value in asked.getlist(name) for item in value.split(",") if item.strip()]
    if len(items) > MOST_ITEMS:
        raise request_data.refusal(name, request_data.too_many(MOST_ITEMS))
    return items
