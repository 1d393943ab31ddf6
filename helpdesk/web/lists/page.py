"""A list of tasks as a page."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

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
from helpdesk.web.lists import params as list_params
from helpdesk.web.lists import statistics_tables
from helpdesk.web.lists.filter_form import chips, selects
from helpdesk.web.lists.urls import COLUMNS, PEOPLE, Listing, nearby
from helpdesk.web.tasks import colors

MOST_LOOKED_UP = 5
TYPED = ("search", "updated_since", "due_by", "closed", "sort")


class Kept(NamedTuple):
    """The stored part of a list: this person's views, and the phases that administrators chose."""

    views: list[View]
    rules: Rules


async def kept(request: Request) -> Kept:
    person = await current_user(request)
    return await services(request).database.run(
        lambda db: Kept(saved_views.of_person(db, person.id), colors.phase_rules(db))
    )


async def page(request: Request, who: Actor, found: TaskPage, kept: Kept) -> Response:
    """The list with its form, its chips, its totals, and the person's saved views. It needs the summary and words."""
    tracker, person, shown = services(request).backend, await current_user(request), people_of(found.rows)
    asked, words = list_params.of_query(request, request.url.path, found.query), found.vocabulary
    assert words is not None and found.summary is not None
    names = await named(request, who, asked, shown)
    fields = selects(asked, words, {id: name for id, name in names.items() if id != who.id})
    return html(
        request,
        "tasks/list.html",
        asked=asked,
        page=found,
        rows=found.rows,
        words=words,
        totals=statistics_tables.totals(found.summary, asked, words.statuses, kept.rules),
        chips=chips(asked, words, names | {who.id: person.full_name}),
        selects=fields,
        hidden=asked.kept(*TYPED, *(field.name for field in fields)),
        links=nearby(asked.query.page, found.pages),
        columns=COLUMNS,
        searches=tracker.capabilities.searches,
        today=today(request),
        people=[Ref(*one) for one in sorted({who.id: person.full_name, **shown["assignees"]}.items())],
        views=kept.views,
        elsewhere=_elsewhere(request, asked, found),
        shortened=list_params.shortened(request.query_params),
        by="author" if asked.query.assignees else "assignee",
    )


def _elsewhere(request: Request, asked: Listing, found: TaskPage) -> str:
    """Return the address that finds the task with the searched number, if this list may leave it out; else nothing."""
    number = found.query.wanted_id
    if not asked.may_lack_its_number or number in [row.id for row in found.rows]:
        return ""
    return Listing(TaskQuery(search=f"#{number}"), path_to(request, "tasks:every"), False).link()


def people_of(rows: Iterable[TaskRow]) -> dict[str, dict[int, str]]:
    """Return the assignees and authors of these tasks: by the query's field, names by id."""
    rows = tuple(rows)
    return {
        "assignees": {row.assignee.id: row.assignee.name for row in rows if row.assignee},
        "authors": {row.author.id: row.author.name for row in rows if row.author},
    }


async def named(request: Request, who: Actor, asked: Listing, shown: Mapping[str, Mapping[int, str]]) -> dict[int, str]:
    """The people of a page and those whom the list is narrowed to, as far as a task that this person sees has them."""
    names = {id: name for names in shown.values() for id, name in names.items()}
    missing = [
        (field, each)
        for field in PEOPLE.values()
        for each in getattr(asked.query, field)
        if isinstance(each, int) and each not in names and each != who.id
    ]
    found = await asyncio.gather(*(_seen(request, who, field, each) for field, each in missing[:MOST_LOOKED_UP]))
    return names | {id: name for id, name in found if name}


async def _seen(request: Request, who: Actor, field: str, person_id: int) -> tuple[int, str]:
    """Somebody's name as a task shows it, empty when no task does."""
    whose: dict[str, Any] = {field: (person_id,)}
    query = TaskQuery(closed=True, per_page=1, **whose)
    page = await services(request).backend.tasks(who, query)
    return person_id, people_of(page.rows)[field].get(person_id, "")


async def never_assigned(request: Request, who: Actor) -> bool:
    """Tell whether this person only asks for tasks, and never had one."""
    query = TaskQuery(("me",), closed=True, per_page=1)
    return (await services(request).backend.tasks(who, query)).total == 0
