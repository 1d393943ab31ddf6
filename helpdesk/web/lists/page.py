"""Render a list of tasks as a page."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.store import notifications
from helpdesk.tasks import board
from helpdesk.tasks.lists import TaskPage, TaskQuery, Vocabulary
from helpdesk.tasks.model import Actor, TaskRow
from helpdesk.tasks.phases import Rules
from helpdesk.web.clocks import shown as clocks
from helpdesk.web.clocks.promised import BY_PROMISE, is_partial
from helpdesk.web.core import navigation, request_data
from helpdesk.web.core.faces import html
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today
from helpdesk.web.lists import counts, quick, statistics_tables
from helpdesk.web.lists import layout as list_layout
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists.filter_form import SHOWN_FIELDS, chips, selects
from helpdesk.web.lists.urls import COLUMNS, FORM, PEOPLE, Listing, nearby
from helpdesk.web.tasks import colors

MOST_LOOKED_UP = 5
MS = 1_000
LEFT = sentence("Time left")


async def page(request: Request, who: Actor, page: TaskPage, rules: Rules) -> Response:
    """Render the list with its tabs, chips and quick lists. The page must have its summary and vocabulary."""
    person, people = await current_user(request), people_of(page.rows)
    vocabulary, summary = page.vocabulary, page.summary
    assert vocabulary is not None and summary is not None
    counts.correct(request, page.total)
    listing = _listing(request, page)
    names, _ = await asyncio.gather(people_names(request, who, listing, people), colors.prepare(request))
    totals = statistics_tables.tabs(page, listing, vocabulary.statuses, rules)
    has_promises = await clocks.are_there(request)
    of_tab = not any(it.is_current and not it.phases for it in totals)
    return html(
        request,
        "lists/list.html",
        page=page,
        rows=page.rows,
        origin=_origins(request, page),
        vocabulary=vocabulary,
        totals=totals,
        quick=quick.lists(request, listing, vocabulary, rules),
        chips=chips(listing, vocabulary, names | {who.id: person.full_name}, statuses=not of_tab),
        links=nearby(listing.query.page, page.pages),
        among_all=_among_all(request, listing, page),
        shortened=list_params.is_shortened(request.query_params),
        **_form(request, who, listing, vocabulary, names, has_promises),
        partly=await is_partial(request, who),
        **await row_context(request, page.rows),
    )


def _origins(request: Request, page: TaskPage) -> Callable[[int], str]:
    """Return a function that makes the parameter of a row's link by the row's position."""
    listing = _listing(request, page)
    if listing.own_field == "assignees" and not list_params.names_somebody(request.query_params):
        listing = listing._replace(query=page.query._replace(assignees=()))  # its path says so
    address = listing.link(page=page.query.page)
    start = navigation.Origin(address, 0, page.total, last_change(page.rows)).query(request).removesuffix("0")
    return lambda position: start and f"{start}{position}"


def last_change(rows: Iterable[TaskRow]) -> int:
    """Return when the last of these tasks was changed, in milliseconds."""
    return max((int(row.updated_on.timestamp() * MS) for row in rows), default=0)


async def filter_form(request: Request, who: Actor, page: TaskPage) -> Response:
    """Render the form with all filters alone, for htmx to put into the list."""
    listing, vocabulary = _listing(request, page), page.vocabulary
    assert vocabulary is not None
    names = await people_names(request, who, listing, people_of(page.rows))
    form = _form(request, who, listing, vocabulary, names, await clocks.are_there(request))
    return html(request, "lists/_filter.html", opened=True, **form)


def shows_form(request: Request) -> bool:
    """Tell whether an address asks for the form with all filters."""
    return request_data.Fields(request.query_params).flag(FORM)


def _listing(request: Request, page: TaskPage) -> Listing:
    return list_params.of_query(request, request.url.path, page.query, request.query_params)


def _form(
    request: Request,
    who: Actor,
    listing: Listing,
    vocabulary: Vocabulary,
    names: Mapping[int, str],
    has_promises: bool,
) -> dict[str, Any]:
    """Return the context of the form: all its filters if the address asks for them, else only words to search for."""
    others = {id: name for id, name in names.items() if id != who.id}
    fields = selects(listing, vocabulary, others, has_promises) if shows_form(request) else []
    shown = (*SHOWN_FIELDS, *(field.name for field in fields)) if fields else ("search",)
    return {
        "listing": listing,
        "selects": fields,
        "hidden": [*listing.hidden_fields(*shown), *([(FORM, 1)] if fields else [])],
        "columns": COLUMNS | ({BY_PROMISE: LEFT} if has_promises or listing.query.sort == BY_PROMISE else {}),
        "searches": services(request).backend.capabilities.searches,
        "query": listing.query,
    }


async def row_context(request: Request, rows: Iterable[TaskRow]) -> dict[str, Any]:
    """Return the context of the rows of a list: their columns, ages and clocks, and which tasks have unread
    notifications."""
    rows, person, now = tuple(rows), await current_user(request), services(request).clock()
    ids = [row.id for row in rows]
    return {
        "clocks": await clocks.of_rows(request, await actor(request), rows) if rows else {},
        "layout": list_layout.of_request(request),
        "unread_tasks": await services(request).database.run(lambda db: notifications.unread_tasks(db, person.id, ids)),
        "age": lambda since: board.age(since, now),
        "today": today(request),
    }


def _among_all(request: Request, listing: Listing, page: TaskPage) -> str:
    """Return the address that finds the task with the searched number, if this list may leave it out; else nothing."""
    number = page.query.wanted_id
    if not listing.may_hide_wanted_task or number in [row.id for row in page.rows]:
        return ""
    return Listing(TaskQuery(search=f"#{number}"), path_to(request, "tasks:index")).link()


def people_of(rows: Iterable[TaskRow]) -> dict[str, dict[int, str]]:
    """Return the assignees and authors of these tasks: by the query's field, names by id."""
    rows = tuple(rows)
    return {
        "assignees": {row.assignee.id: row.assignee.name for row in rows if row.assignee},
        "authors": {row.author.id: row.author.name for row in rows if row.author},
    }


async def people_names(
    request: Request, who: Actor, listing: Listing, people: Mapping[str, Mapping[int, str]]
) -> dict[int, str]:
    """Return the names of the people of a page and of its filters, as far as a task that this person sees has them."""
    names = {id: name for by_id in people.values() for id, name in by_id.items()}
    missing = [
        (field, id)
        for field in PEOPLE.values()
        for id in getattr(listing.query, field)
        if isinstance(id, int) and id not in names and id != who.id
    ]
    more = await asyncio.gather(*(_name(request, who, field, id) for field, id in missing[:MOST_LOOKED_UP]))
    return names | {id: name for (_, id), name in zip(missing, more, strict=False) if name}


async def _name(request: Request, who: Actor, field: str, person_id: int) -> str:
    """Return a person's name as a task shows it, empty when no task does."""
    people: dict[str, Any] = {field: (person_id,)}
    page = await services(request).backend.tasks(who, TaskQuery(include_closed=True, per_page=1, **people))
    return people_of(page.rows)[field].get(person_id, "")


async def was_never_assigned(request: Request, who: Actor) -> bool:
    """Tell whether this person only asks for tasks, and never had one."""
    query = TaskQuery(("me",), include_closed=True, per_page=1)
    return (await services(request).backend.tasks(who, query)).total == 0
