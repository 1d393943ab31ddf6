"""Lists of tasks: mine and all that I may see, as pages, JSON and CSV."""

import asyncio
import csv
from collections.abc import Coroutine
from io import StringIO
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.errors import NotAllowed, NotFound
from helpdesk.tasks.lists import TaskPage, TaskQuery, Vocabulary, Who
from helpdesk.tasks.model import Actor, TaskRow
from helpdesk.web import inputs, list_inputs, list_page, session, views
from helpdesk.web.api import shapes
from helpdesk.web.guards import actor
from helpdesk.web.list_inputs import MOST_PER_PAGE
from helpdesk.web.listing import COLUMNS, LABELS
from helpdesk.web.rendering import data, path_to, see_other, services, spoken, wants_html

MOST_IN_CSV = 5_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")
CSV_COLUMNS = ("id", "subject", "status", "priority", "project", "tracker", "assigned_to", "author", "due_date")


async def home(request: Request) -> Response:
    """Where this person begins. A visitor's browser goes to sign in, and begins there afterwards."""
    if found := await session.current(request):
        return RedirectResponse(await views.first_page(request, found.person), 302)
    return RedirectResponse(path_to(request, "people:login" if wants_html(request) else "tasks:my_tasks"), 302)


async def my_tasks(request: Request) -> Response:
    """Tasks assigned to me, or those I asked for; the latter by itself for people whom nothing was ever assigned."""
    who = await actor(request)
    return await _answer(request, who, _mine(request, who))


async def of_person(request: Request) -> Response:
    """An old program's address of somebody's tasks: one's own, or for administrators anybody's in the tracker."""
    who, tracker = await actor(request), services(request).tracker
    wanted: int = request.path_params["person_id"]
    if wanted not in (who.id, request.state.person.id) and not request.state.person.is_admin:
        raise NotAllowed
    if wanted > inputs.LARGEST_ID:
        raise NotFound
    asked = list_inputs.read(request, await tracker.vocabulary(who))
    holder: Who = "me" if wanted in (who.id, request.state.person.id) else wanted
    return data(request, shapes.task_list(await tracker.tasks(who, asked.query._replace(assignees=(holder,)))))


async def every(request: Request) -> Response:
    """All tasks that this person may see."""
    who = await actor(request)
    return await _answer(request, who, _find(request, who))


async def export(request: Request) -> Response:
    """The list as a CSV file for spreadsheets, all its pages up to MOST_IN_CSV rows."""
    who, tracker = await actor(request), services(request).tracker
    asked = list_inputs.read(request, await tracker.vocabulary(who))
    rows: list[TaskRow] = []
    for number in range(1, MOST_IN_CSV // MOST_PER_PAGE + 1):
        page = await tracker.tasks(who, asked.query._replace(page=number, per_page=MOST_PER_PAGE))
        rows += page.rows
        if number >= page.pages:
            break
    headers = {"Content-Disposition": 'attachment; filename="tasks.csv"'}
    return Response(_csv(request, rows), media_type="text/csv; charset=utf-8", headers=headers)


async def _answer(request: Request, who: Actor, finding: Coroutine[Any, Any, TaskPage]) -> Response:
    if not wants_html(request):
        return data(request, shapes.task_list(await finding))
    page, saved = await asyncio.gather(finding, views.listed(request))
    if page.query.wanted_id is not None and page.total == 1:
        return see_other(path_to(request, "tasks:show", task_id=page.rows[0].id))
    return await list_page.page(request, who, page, saved)


async def _mine(request: Request, who: Actor) -> TaskPage:
    page, chosen = await _find(request, who, assignees=("me",)), list_inputs.names_somebody(request.query_params)
    if page.total or chosen or not await never_assigned(request, who):
        return page
    return await _find(request, who, authors=("me",))


async def _find(request: Request, who: Actor, **usual: tuple[Who, ...]) -> TaskPage:
    """The page that the address asks for, of the `usual` people when it names nobody."""

    def ask(words: Vocabulary) -> TaskQuery:
        query = list_inputs.read(request, words).query
        return query if list_inputs.names_somebody(request.query_params) else query._replace(**usual)  # type: ignore[arg-type]  # by field

    return await services(request).tracker.tasks(who, ask, summed=wants_html(request))


async def never_assigned(request: Request, who: Actor) -> bool:
    """Whether this person only asks for tasks, and never had one."""
    query = TaskQuery(("me",), closed=True, per_page=1)
    return (await services(request).tracker.tasks(who, query)).total == 0


def _csv(request: Request, rows: list[TaskRow]) -> bytes:
    """With a mark of its encoding and semicolons, as spreadsheets of this country expect; never a formula."""
    text = StringIO()
    writer = csv.writer(text, delimiter=";")
    labels = COLUMNS | {"tracker": LABELS["tracker"]}
    writer.writerow([spoken(request, labels[name]) for name in CSV_COLUMNS])
    for row in rows:
        shape = shapes.row(row)
        writer.writerow([_harmless(shape[name]) for name in CSV_COLUMNS])
    return text.getvalue().encode("utf-8-sig")


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
