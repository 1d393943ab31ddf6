"""Make addresses of lists and boards, also with another filter, order or page; `params.py` reads them."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from helpdesk.errors import sentence
from helpdesk.tasks.lists import TaskQuery
from helpdesk.web.clocks.promised import PROMISE

FORM = "filter"  # the parameter of a list that shows the form with all filters
ANYBODY = "any"  # asks for the tasks of all people where the path by itself means the person's own
MOST_ADDRESSES = 1_000  # a list has twenty, and most people look at the same few lists
NO_ID = 0  # of a name that nothing has
NEWEST_FIRST = "updated_on"  # the usual sort, and the only one that is descending by default
COLUMNS = {
    "id": sentence("Number"),
    "subject": sentence("Subject"),
    "status": sentence("Status"),
    "priority": sentence("Priority"),
    "author": sentence("Requester"),
    "assigned_to": sentence("Assignee"),
    "project": sentence("Project"),
    "due_date": sentence("Due"),
    "created_on": sentence("Created"),
    "updated_on": sentence("Changed"),
}
LABELS = {
    **{name: COLUMNS[name] for name in ("status", "priority", "project")},
    "tracker": sentence("Type"),
    "assigned_to": COLUMNS["assigned_to"],
    "author": COLUMNS["author"],
    PROMISE: sentence("Promise"),
    "search": sentence("Words"),
    "updated_since": sentence("Changed since"),
    "due_by": sentence("Due by"),
    "created_since": sentence("Created since"),
    "created_by": sentence("Created by the end of"),
}
CHOICES = {"status": "statuses", "priority": "priorities", "project": "projects", "tracker": "trackers"}
PEOPLE: dict[str, Literal["assignees", "authors"]] = {"assigned_to": "assignees", "author": "authors"}
DAYS = ("updated_since", "due_by", "created_since", "created_before")
FILTERS = (*PEOPLE.values(), *(f"{name}_ids" for name in CHOICES), "search", *DAYS, "include_closed", PROMISE)


class Listing(NamedTuple):
    """A query and the path of its address. `is_mine` marks the list of the person's own tasks.

    `extra` are parameters of the address that are no filters, such as the lanes of a board. Without people a board's
    address means the person's own tasks.
    """

    query: TaskQuery
    path: str
    is_mine: bool = False
    extra: tuple[tuple[str, str], ...] = ()
    is_board: bool = False

    @property
    def own_field(self) -> str:
        """Return the field that makes the list one's own: "assignees" or "authors"; empty for any other list."""
        own = (name for name in PEOPLE.values() if getattr(self.query, name) == ("me",))
        return next(own, "") if self.is_mine else ""

    @property
    def may_hide_wanted_task(self) -> bool:
        """Tell whether another filter may leave out the task that is searched for by its number."""
        filters = (*(f"{name}_ids" for name in CHOICES), *DAYS, PROMISE)
        return self.query.wanted_id is not None and any(getattr(self.query, name) for name in filters)

    @property
    def is_newest_first(self) -> bool:
        return self.query.sort == NEWEST_FIRST and self.query.descending

    def link(self, **changes: Any) -> str:
        """Return the list's address with some parts of the query changed; of page 1 unless a page is named."""
        query, extra = self.query._replace(**{"page": 1, **changes}), self.extra
        if self.is_board and not (query.assignees or query.authors):
            extra = (("assigned_to_id", ANYBODY), *extra)
        return _address(self.path, query, extra)

    def with_extra(self, **changes: str) -> str:
        """Return the address with some of `extra` changed; empty ones are left out."""
        extra = dict(self.extra) | changes
        return self._replace(extra=tuple((name, value) for name, value in extra.items() if value)).link()

    def without_filters(self) -> str:
        """Return the address of all open tasks of this list."""
        defaults = TaskQuery()._asdict()
        return self.link(**{name: defaults[name] for name in FILTERS if name != self.own_field})

    def sorted_by(self, column: str) -> str:
        """Return the address that sorts by `column`, the other way round when it does already."""
        return self.link(sort=column, descending=column == self.query.sort and not self.query.descending)

    def with_form(self) -> str:
        """Return the address that shows the whole form of the filter."""
        return self.with_extra(**{FORM: "1"})

    def at(self, path: str, is_board: bool = False) -> "Listing":
        """Return the same query at another path."""
        return Listing(self.query, path, is_board=is_board)

    def hidden_fields(self, *shown: str) -> list[tuple[str, Any]]:
        """Return the parameters that a form must carry on, which are all but those that it shows."""
        return [
            *((name, value) for name, value in _params(self.query._replace(page=1)) if name not in shown),
            *self.extra,
        ]


def nearby(page: int, pages: int) -> list[int | None]:
    """Return the pages to link: the first, the last and those around this one; None where some are left out."""
    near = {1, pages, *range(page - 2, page + 3)}
    linked = sorted(number for number in near if 1 <= number <= pages)
    links: list[int | None] = []
    for before, number in zip([0, *linked], linked, strict=False):
        links += [number] if number - before == 1 else [None, number]
    return links


def is_day(at: datetime) -> bool:
    """Tell whether a moment is the beginning of a day in its own zone."""
    return at.time() == time.min


def last_day(query: TaskQuery) -> date | None:
    """Return the last day on which tasks of the query may have been created."""
    return (query.created_before - timedelta(days=1)).date() if query.created_before else None


@lru_cache(maxsize=MOST_ADDRESSES)
def _address(path: str, query: TaskQuery, extra: tuple[tuple[str, str], ...]) -> str:
    params = [*_params(query), *extra]
    return f"{path}?{urlencode(params, safe=',')}" if params else path


def _params(query: TaskQuery) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of a query; defaults are left out."""
    for name, field in PEOPLE.items():
        if people := getattr(query, field):
            yield f"{name}_id", ",".join("none" if who == "nobody" else str(who) for who in people)
    for name in CHOICES:
        if ids := getattr(query, f"{name}_ids"):
            yield f"{name}_id", ",".join(map(str, ids))
    last, order = last_day(query), "desc" if query.descending else "asc"
    others = {
        "search": query.search,
        "updated_since": query.updated_since and _since(query.updated_since),
        "created_since": query.created_since and _since(query.created_since),
        "created_by": last and last.isoformat(),
        "due_by": query.due_by and query.due_by.isoformat(),
        PROMISE: query.promise,
        "closed": int(query.include_closed),
        "sort": query.sort != NEWEST_FIRST and query.sort,
        "order": query.descending != (query.sort == NEWEST_FIRST) and order,
        "page": query.page > 1 and query.page,
        "per_page": query.per_page != TaskQuery().per_page and query.per_page,
    }
    yield from ((name, value) for name, value in others.items() if value)


def _since(at: datetime) -> str:
    return at.date().isoformat() if is_day(at) else at.isoformat()
