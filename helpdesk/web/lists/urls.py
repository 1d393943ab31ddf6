"""A list of tasks: what it is narrowed to, and addresses that ask for a little else. `params.py` reads them."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from helpdesk.errors import sentence
from helpdesk.tasks.lists import TaskQuery

ANYBODY = "any"  # asks for whoever's tasks where the path by itself means one's own
MOST_ADDRESSES = 1_000  # a list has twenty, and most people look at the same few lists
NOWHERE = 0  # what a name that nothing has asks for
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
LABELS = {
    **{name: COLUMNS[name] for name in ("status", "priority", "project")},
    "tracker": sentence("Tracker"),
    "assigned_to": COLUMNS["assigned_to"],
    "author": COLUMNS["author"],
    "search": sentence("Words"),
    "updated_since": sentence("Changed since"),
    "due_by": sentence("Due by"),
    "created_since": sentence("Created since"),
    "created_by": sentence("Created by the end of"),
}
CHOICES = {"status": "statuses", "priority": "priorities", "project": "projects", "tracker": "trackers"}
PEOPLE: dict[str, Literal["assignees", "authors"]] = {"assigned_to": "assignees", "author": "authors"}
DAYS = ("updated_since", "due_by", "created_since", "created_before")
NARROWING = (*PEOPLE.values(), *(f"{name}_ids" for name in CHOICES), "search", *DAYS, "closed")


class Listing(NamedTuple):
    """A query with the path it came from. `mine` says that it is the list of one's own tasks, as its path promises.

    `also` is what else its address says, which is no question to the tracker; `names_anybody` says that the path of an
    address without people means one's own tasks.
    """

    query: TaskQuery
    path: str
    mine: bool
    also: tuple[tuple[str, str], ...] = ()
    names_anybody: bool = False

    @property
    def whose(self) -> str:
        """Return the field that makes the list one's own: "assignees" or "authors"; empty for any other list."""
        own = (name for name in PEOPLE.values() if getattr(self.query, name) == ("me",))
        return next(own, "") if self.mine else ""

    @property
    def may_lack_its_number(self) -> bool:
        """Tell whether another filter may leave out the task that is searched for by its number."""
        besides = (*(f"{name}_ids" for name in CHOICES), *DAYS)
        return self.query.wanted_id is not None and any(getattr(self.query, name) for name in besides)

    @property
    def is_newest_first(self) -> bool:
        return self.query.sort == NEWEST_FIRST and self.query.descending

    def link(self, **changes: Any) -> str:
        """The list's address with some of its questions asked otherwise; from page 1 unless a page is named."""
        query = self.query._replace(**{"page": 1, **changes})
        return _address(self.path, query, self._said_of(query))

    def saying(self, **also: str) -> str:
        """The address that says something else beside its questions; what is empty is said no more."""
        said = dict(self.also) | also
        return self._replace(also=tuple((name, value) for name, value in said.items() if value)).link()

    def whole(self) -> str:
        """The address of all open tasks of this list, narrowed to nothing else."""
        usual = TaskQuery()._asdict()
        return self.link(**{name: usual[name] for name in NARROWING if name != self.whose})

    def sorted_by(self, column: str) -> str:
        """The address that sorts by `column`, the other way round when it does already."""
        return self.link(sort=column, descending=not self.query.descending if column == self.query.sort else False)

    def elsewhere(self, path: str) -> "Listing":
        """The same questions at another address of ours."""
        return Listing(self.query, path, self.mine)

    def on_board(self, path: str) -> "Listing":
        """The same questions of the board at `path`."""
        return Listing(self.query, path, False, names_anybody=True)

    def kept(self, *names: str) -> list[tuple[str, Any]]:
        """The questions of the address but for `names`, for a form to carry on, and what else it says."""
        asked = [(name, value) for name, value in _asked(self.query._replace(page=1)) if name not in names]
        return [*asked, *self.also]

    def _said_of(self, query: TaskQuery) -> tuple[tuple[str, str], ...]:
        of_anybody = self.names_anybody and not (query.assignees or query.authors)
        return (("assigned_to_id", ANYBODY), *self.also) if of_anybody else self.also


def nearby(page: int, pages: int) -> list[int | None]:
    """Numbers of pages worth a link: the first, the last and those around this one; None where some are left out."""
    near = {1, pages, *range(page - 2, page + 3)}
    shown = sorted(number for number in near if 1 <= number <= pages)
    links: list[int | None] = []
    for before, number in zip([0, *shown], shown, strict=False):
        links += [number] if number - before == 1 else [None, number]
    return links


def is_day(at: datetime) -> bool:
    """Tell whether a moment is the beginning of a day, where it is given."""
    return at.time() == time.min


def last_day(query: TaskQuery) -> date | None:
    """The last day on which tasks of the query may have been created."""
    return (query.created_before - timedelta(days=1)).date() if query.created_before else None


@lru_cache(maxsize=MOST_ADDRESSES)
def _address(path: str, query: TaskQuery, also: tuple[tuple[str, str], ...]) -> str:
    asked = [*_asked(query), *also]
    return f"{path}?{urlencode(asked, safe=',')}" if asked else path


def _since(at: datetime) -> str:
    return at.date().isoformat() if is_day(at) else at.isoformat()


def _asked(query: TaskQuery) -> Iterator[tuple[str, Any]]:
    """A query as the questions of an address; what is usual is left out."""
    for name, field in PEOPLE.items():
        if people := getattr(query, field):
            yield f"{name}_id", ",".join("none" if who == "nobody" else str(who) for who in people)
    for name in CHOICES:
        if ids := getattr(query, f"{name}_ids"):
            yield f"{name}_id", ",".join(map(str, ids))
    if query.search:
        yield "search", query.search
    if since := query.updated_since:
        yield "updated_since", _since(since)
    if created := query.created_since:
        yield "created_since", _since(created)
    if last := last_day(query):
        yield "created_by", last.isoformat()
    if query.due_by:
        yield "due_by", query.due_by.isoformat()
    if query.closed:
        yield "closed", 1
    if query.sort != NEWEST_FIRST:
        yield "sort", query.sort
    if query.descending != (query.sort == NEWEST_FIRST):
        yield "order", "desc" if query.descending else "asc"
    if query.page > 1:
        yield "page", query.page
    if query.per_page != TaskQuery().per_page:
        yield "per_page", query.per_page
