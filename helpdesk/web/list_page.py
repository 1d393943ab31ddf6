"""A list of tasks as a page."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.store.views import View
from helpdesk.tasks.lists import TaskPage, TaskQuery
from helpdesk.tasks.model import Actor, Ref, TaskRow
from helpdesk.web import list_inputs
from helpdesk.web.keeping import person_here
from helpdesk.web.listing import COLUMNS, PEOPLE, Listing, nearby
from helpdesk.web.narrowing import chips, selects
from helpdesk.web.rendering import html, services, today

MOST_LOOKED_UP = 5
TYPED = ("search", "updated_since", "due_by", "closed", "sort")


async def page(request: Request, who: Actor, found: TaskPage, saved: list[View]) -> Response:
    """The list with its form, its chips, its totals, and the person's saved views. It needs the summary and words."""
    tracker, person, shown = services(request).tracker, await person_here(request), people_of(found.rows)
    asked, words = list_inputs.of_query(request, request.url.path, found.query), found.words
    assert words is not None
    names = await named(request, who, asked, shown)
    fields = selects(asked, words, {id: name for id, name in names.items() if id != who.id})
    return html(
        request,
        "tasks/list.html",
        asked=asked,
        page=found,
        rows=found.rows,
        words=words,
        summary=found.summary,
        chips=chips(asked, words, names | {who.id: person.full_name}),
        selects=fields,
        hidden=asked.kept(*TYPED, *(field.name for field in fields)),
        links=nearby(asked.query.page, found.pages),
        columns=COLUMNS,
        searches=tracker.capabilities.searches,
        today=today(request),
        people=[Ref(*one) for one in sorted({who.id: person.full_name, **shown["assignees"]}.items())],
        views=saved,
        by="author" if asked.query.assignees else "assignee",
    )


def people_of(rows: Iterable[TaskRow]) -> dict[str, dict[int, str]]:
    """Who has these tasks and who asked for them: by the query's field, names by id."""
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
    page = await services(request).tracker.tasks(who, query)
    return person_id, people_of(page.rows)[field].get(person_id, "")
