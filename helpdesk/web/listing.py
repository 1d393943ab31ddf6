"""A list of tasks: what its address asks for, and addresses that ask for a little else."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request

from helpdesk.errors import Sentence, sentence
from helpdesk.tasks.lists import SORTS, TaskQuery, Vocabulary, Who
from helpdesk.tasks.model import Priority, Ref, Status
from helpdesk.tasks.projects import Project
from helpdesk.web import inputs

MOST_PER_PAGE = 100
LONGEST_SEARCH = 200
NOWHERE = -1  # what a name that nothing has asks for
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
CHOICES = {"status": "statuses", "priority": "priorities", "project": "projects", "tracker": "trackers"}
PEOPLE = {"assigned_to_id": "assignees", "author_id": "authors"}


class Chip(NamedTuple):
    """One thing that a list is narrowed to, in words, and the address of the list without it."""

    label: Sentence
    value: str | Sentence
    without: str


class Listing(NamedTuple):
    """A query with the address it came from. `chosen` is False when the address names nobody's tasks."""

    query: TaskQuery
    chosen: bool
    path: str

    def link(self, **changes: Any) -> str:
        """The list's address with some of its questions asked otherwise; from page 1 unless a page is named."""
        return f"{self.path}?{urlencode(list(_asked(self.query._replace(**{'page': 1, **changes}))))}"

    def sorted_by(self, column: str) -> str:
        """The address that sorts by `column`, the other way round when it does already."""
        return self.link(sort=column, descending=not self.query.descending if column == self.query.sort else False)

    def kept(self, *names: str) -> list[tuple[str, Any]]:
        """The questions of the address but for `names`, for a form to carry on."""
        return [(name, value) for name, value in _asked(self.query._replace(page=1)) if name not in names]

    def chips(self, words: Vocabulary) -> list[Chip]:
        """What the list is narrowed to; a question mark for what this person can't know."""
        found = []
        for name, many in CHOICES.items():
            ids, names = getattr(self.query, f"{name}_ids"), {ref.id: ref.name for ref in getattr(words, many)}
            for each in ids:
                rest = tuple(id for id in ids if id != each)
                found.append(Chip(LABELS[name], names.get(each, "?"), self.link(**{f"{name}_ids": rest})))
        if self.query.search:
            found.append(Chip(LABELS["search"], self.query.search, self.link(search="")))
        if self.query.due_by:
            found.append(Chip(LABELS["due_by"], self.query.due_by.strftime("%d.%m.%Y"), self.link(due_by=None)))
        return found


LABELS = {
    **{name: COLUMNS[name] for name in ("status", "priority", "project")},
    "tracker": sentence("Tracker"),
    "search": sentence("Words"),
    "due_by": sentence("Due by"),
}


def read(request: Request, vocabulary: Vocabulary) -> Listing:
    """The list that the address asks for. Raises Invalid for what is no page, no number, no column."""
    asked = request.query_params
    sort = asked.get("sort") or NEWEST_FIRST
    if sort not in SORTS:
        raise inputs.refusal("sort", sentence("The list can't be sorted by this."))
    order = asked.get("order") or ("desc" if sort == NEWEST_FIRST else "asc")
    if order not in ("asc", "desc"):
        raise inputs.refusal("order", sentence("The order is asc or desc."))
    query = TaskQuery(
        assignees=_people(request, "assigned_to_id"),
        authors=_people(request, "author_id"),
        status_ids=_ids(request, "status", vocabulary.statuses),
        priority_ids=_ids(request, "priority", vocabulary.priorities),
        project_ids=_ids(request, "project", vocabulary.projects),
        tracker_ids=_ids(request, "tracker", vocabulary.trackers),
        search=inputs.clean("search", asked.get("search", ""), LONGEST_SEARCH).strip(),
        updated_since=_moment(request, "updated_since"),
        due_by=_day(request, "due_by"),
        closed=inputs.Fields(asked).flag("closed"),
        sort=sort,
        descending=order == "desc",
        page=_from_one(request, "page", 1),
        per_page=min(_per_page(request), MOST_PER_PAGE),
    )
    return Listing(query, any(name in asked for name in PEOPLE), request.url.path)


def nearby(page: int, pages: int) -> list[int | None]:
    """Numbers of pages worth a link: the first, the last and those around this one; None where some are left out."""
    near = {1, pages, *range(page - 2, page + 3)}
    shown = sorted(number for number in near if 1 <= number <= pages)
    links: list[int | None] = []
    for before, number in zip([0, *shown], shown, strict=False):
        links += [number] if number - before == 1 else [None, number]
    return links


def _asked(query: TaskQuery) -> Iterator[tuple[str, Any]]:
    """A query as the questions of an address; what is usual is left out."""
    for name, field in PEOPLE.items():
        yield from ((name, "none" if who == "nobody" else who) for who in getattr(query, field))
    for name in CHOICES:
        yield from ((f"{name}_id", each) for each in getattr(query, f"{name}_ids") if each != NOWHERE)
    if query.search:
        yield "search", query.search
    if query.updated_since:
        yield "updated_since", query.updated_since.isoformat()
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


def _people(request: Request, name: str) -> tuple[Who, ...]:
    """`me`, ids, and for the assignee alone and by itself `none`."""
    people: list[Who] = []
    for item in _items(request, name):
        people.append("me" if item == "me" else "nobody" if item == "none" else inputs.whole(name, item))
    if "nobody" in people and (len(people) > 1 or name == "author_id"):
        raise inputs.refusal(name, sentence("Nobody can't be asked for together with somebody."))
    return tuple(dict.fromkeys(people))


def _per_page(request: Request) -> int:
    return _from_one(request, "limit" if "limit" in request.query_params else "per_page", TaskQuery().per_page)


def _from_one(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, "")
    number = inputs.whole(name, text) if text else default
    if number < 1:
        raise inputs.refusal(name, sentence("This must be 1 or more."))
    return number


def _moment(request: Request, name: str) -> datetime | None:
    """An ISO 8601 time with its zone; a plain day begins in UTC."""
    text = request.query_params.get(name, "").strip().replace(" ", "+")
    try:
        at = datetime.fromisoformat(text) if text else None
        if at and at.tzinfo is None:
            at = datetime.fromisoformat(f"{text}T00:00:00+00:00" if "T" not in text else f"{text}+00:00")
    except ValueError as error:
        raise inputs.refusal(name, sentence("This must be a time such as 2026-11-20T18:00:00Z.")) from error
    return at


def _day(request: Request, name: str) -> date | None:
    text = request.query_params.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise inputs.refusal(name, sentence("This must be a day such as 2026-11-20.")) from error


def _ids(request: Request, name: str, refs: Iterable[Status | Priority | Ref | Project]) -> tuple[int, ...]:
    """Ids from `<name>_id` and names from `<name>`, repeated or in a comma list. An unknown name finds nothing."""
    ids = [inputs.whole(f"{name}_id", item) for item in _items(request, f"{name}_id")]
    named = {ref.name.casefold(): ref.id for ref in refs}
    ids += [named.get(inputs.clean(name, item).casefold(), NOWHERE) for item in _items(request, name)]
    return tuple(dict.fromkeys(ids))


def _items(request: Request, name: str) -> list[str]:
    return [item.strip() for value in request.query_params.getlist(name) for item in value.split(",") if item.strip()]
