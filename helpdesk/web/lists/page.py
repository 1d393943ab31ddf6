"""Render a list of tasks as a page."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.store import saved_views
from helpdesk.store.saved_views import View
from helpdesk.tasks.lists import TaskPage, TaskQuery
from helpdesk.tasks.model import Actor, Ref, TaskRow
from helpdesk.tasks.phases import Rules
from helpdesk.web.core.faces import html
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today
from helpdesk.web.lists import counts, statistics_tables
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists.filter_form import SHOWN_FIELDS, chips, selects
from helpdesk.web.lists.urls import COLUMNS, PEOPLE, Listing, nearby
from helpdesk.web.tasks import colors

MOST_LOOKED_UP = 5


async def views_and_rules(request: Request) -> tuple[list[View], Rules]:
    """Return the stored part of a list: this person's views, and the phases that administrators chose."""
    person = await current_user(request)
    return await services(request).database.run(
        lambda db: (saved_views.of_person(db, person.id), colors.phase_rules(db))
    )


async def page(request: Request, who: Actor, page: TaskPage, views: list[View], rules: Rules) -> Response:
    """Render the list with its form, chips, totals and saved views. The page must have its summary and vocabulary."""
    backend, person, people = services(request).backend, await current_user(request), people_of(page.rows)
    listing = list_params.of_query(request, request.url.path, page.query, request.query_params)
    vocabulary = page.vocabulary
    assert vocabulary is not None and page.summary is not None
    counts.correct(request, page.total)
    names, _ = await asyncio.gather(people_names(request, who, listing, people), colors.prepare(request))
    fields = selects(listing, vocabulary, {id: name for id, name in names.items() if id != who.id})
    return html(
        request,
        "lists/list.html",
        listing=listing,
        page=page,
        rows=page.rows,
        vocabulary=vocabulary,
        totals=statistics_tables.totals(page.summary, listing, vocabulary.statuses, rules),
        chips=chips(listing, vocabulary, names | {who.id: person.full_name}),
        selects=fields,
        hidden=listing.hidden_fields(*SHOWN_FIELDS, *(field.name for field in fields)),
        links=nearby(listing.query.page, page.pages),
        columns=COLUMNS,
        searches=backend.capabilities.searches,
        today=today(request),
        people=[Ref(*one) for one in sorted({who.id: person.full_name, **people["assignees"]}.items())],
        views=views,
        among_all=_among_all(request, listing, page),
        shortened=list_params.is_shortened(request.query_params),
        by="author" if listing.query.assignees else "assignee",
    )


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
