"""The list of tasks: what its address asks for, and addresses that ask for a little else."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request

from helpdesk.errors import sentence
from helpdesk.tasks.model import SORTS, Priority, Ref, Scope, Status, TaskQuery, Vocabulary
from helpdesk.web import inputs

MOST_PER_PAGE = 100
LONGEST_SEARCH = 200
NAMED = {"status": "statuses", "priority": "priorities", "project": "projects"}
NOBODY = -1
NEWEST_FIRST = "updated_on"  # the usual sort, and the only one that goes down unless told otherwise
COLUMNS = {
    "id": sentence("Number"),
    "subject": sentence("Subject"),
    "status": sentence("Status"),
    "priority": sentence("Priority"),
    "author": sentence("From"),
    "assigned_to": sentence("Assignee"),
    "project": sentence("Project"),
    "due_date": sentence("Due"),
    "created_on": sentence("Created"),
    "updated_on": sentence("Changed"),
}
SHOWN = {
    "assigned": ("id", "subject", "status", "priority", "author", "due_date", "updated_on"),
    "authored": ("id", "subject", "status", "priority", "assigned_to", "due_date", "updated_on"),
}


Named = Status | Priority | Ref


class Listing(NamedTuple):
    """A query with the scope that was asked for in words; `scope_chosen` is False when nobody asked."""

    query: TaskQuery
    filters: dict[str, Any]
    scope_chosen: bool
    path: str

    def link(self, **changes: Any) -> str:
        """The list's address with some of its questions asked otherwise; from page 1 unless a page is named."""
        query = self.query._replace(**{"page": 1, **changes})
        asked: list[tuple[str, Any]] = [("author_id" if query.scope == "authored" else "assigned_to_id", "me")]
        for name, ids in (
            ("status_id", query.status_ids),
            ("priority_id", query.priority_ids),
            ("project_id", query.project_ids),
        ):
            asked += [(name, each) for each in ids if each != NOBODY]
        rest = {"search": query.search, "closed": int(query.closed), "sort": query.sort}
        usual = {"search": "", "closed": 0, "sort": NEWEST_FIRST}
        asked += [(name, value) for name, value in rest.items() if value != usual[name]]
        if query.descending != (query.sort == NEWEST_FIRST):
            asked.append(("order", "desc" if query.descending else "asc"))
        asked += [("page", query.page)] if query.page > 1 else []
        asked += [("per_page", query.per_page)] if query.per_page != TaskQuery().per_page else []
        return f"{self.path}?{urlencode(asked)}"

    def only(self, words: Vocabulary) -> list[str]:
        """The names of what the list is narrowed to; a question mark for what this person can't know."""
        query = self.query
        narrowed: list[tuple[Iterable[Named], tuple[int, ...]]] = [
            (words.statuses, query.status_ids),
            (words.priorities, query.priority_ids),
            (words.projects, query.project_ids),
        ]
        return [{ref.id: ref.name for ref in refs}.get(each, "?") for refs, ids in narrowed for each in ids]

    def sorted_by(self, column: str) -> str:
        """The address that sorts by `column`, the other way round when it does already."""
        return self.link(sort=column, descending=not self.query.descending if column == self.query.sort else False)


def read(request: Request, vocabulary: Vocabulary) -> Listing:
    """The list that the address asks for. Raises Invalid for what is no page, no number, no column."""
    asked = request.query_params
    page, per_page = _from_one(request, "page", 1), min(_per_page(request), MOST_PER_PAGE)
    sort = asked.get("sort") or NEWEST_FIRST
    if sort not in SORTS:
        raise inputs.refusal("sort", sentence("The list can't be sorted by this."))
    order = asked.get("order") or ("desc" if sort == NEWEST_FIRST else "asc")
    if order not in ("asc", "desc"):
        raise inputs.refusal("order", sentence("The order is asc or desc."))
    search = inputs.clean("search", asked.get("search", ""), LONGEST_SEARCH).strip()
    query = TaskQuery(
        scope=_scope(request),
        search=search,
        status_ids=_ids(request, "status", vocabulary),
        priority_ids=_ids(request, "priority", vocabulary),
        project_ids=_ids(request, "project", vocabulary),
        closed=inputs.Fields(asked).flag("closed"),
        sort=sort,
        descending=order == "desc",
        page=page,
        per_page=per_page,
    )
    asked_ids = {"status": query.status_ids, "priority": query.priority_ids, "project": query.project_ids}
    filters = {name: [each for each in ids if each != NOBODY] for name, ids in asked_ids.items()}
    scope_chosen = "author_id" in asked or "assigned_to_id" in asked
    return Listing(query, {**filters, "search": search}, scope_chosen, request.url.path)


def nearby(page: int, pages: int) -> list[int | None]:
    """Numbers of pages worth a link: the first, the last and those around this one; None where some are left out."""
    near = {1, pages, *range(page - 2, page + 3)}
    shown = sorted(number for number in near if 1 <= number <= pages)
    links: list[int | None] = []
    for before, number in zip([0, *shown], shown, strict=False):
        links += [number] if number - before == 1 else [None, number]
    return links


def _scope(request: Request) -> Scope:
    """`assigned_to_id=me` (also when nothing is said) or `author_id=me`."""
    for name in ("author_id", "assigned_to_id"):
        if request.query_params.get(name, "me") != "me":
            raise inputs.refusal(name, sentence("Only “me” is possible here."))
    return "authored" if "author_id" in request.query_params else "assigned"


def _per_page(request: Request) -> int:
    return _from_one(request, "limit" if "limit" in request.query_params else "per_page", TaskQuery().per_page)


def _from_one(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    number = inputs.whole(name, text) if text else default
    if number < 1:
        raise inputs.refusal(name, sentence("This must be 1 or more."))
    return number


def _ids(request: Request, name: str, vocabulary: Vocabulary) -> tuple[int, ...]:
    """Ids from `<name>_id` and names from `<name>`, repeated or in a comma list. An unknown name finds nothing."""
    ids = [inputs.whole(f"{name}_id", item) for item in _items(request, f"{name}_id")]
    named = {ref.name.casefold(): ref.id for ref in getattr(vocabulary, NAMED[name])}
    ids += [named.get(inputs.clean(name, item).casefold(), NOBODY) for item in _items(request, name)]
    return tuple(dict.fromkeys(ids))


def _items(request: Request, name: str) -> list[str]:
    return [item.strip() for value in request.query_params.getlist(name) for item in value.split(",") if item.strip()]
