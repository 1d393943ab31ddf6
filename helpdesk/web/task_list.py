"""Lists of tasks: mine and all that I may see, as pages, JSON and CSV."""

import csv
from io import StringIO

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.errors import NotAllowed, NotFound
from helpdesk.tasks.lists import TaskPage, TaskQuery, Vocabulary, Who
from helpdesk.tasks.model import Actor, TaskRow
from helpdesk.web import inputs, list_inputs, list_page, session, views
from helpdesk.web.api import shapes
from helpdesk.web.guards import actor
from helpdesk.web.list_inputs import MOST_PER_PAGE
from helpdesk.web.listing import COLUMNS, LABELS, Listing
from helpdesk.web.rendering import data, see_other, services, spoken, wants_html

MOST_IN_CSV = 5_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")
CSV_COLUMNS = ("id", "subject", "status", "priority", "project", "tracker", "assigned_to", "author", "due_date")


async def home(request: Request) -> Response:
    """Where this person begins. A visitor's browser goes to sign in, and begins there afterwards."""
    if found := await session.current(request):
        return RedirectResponse(await views.first_page(request, found.person), 302)
    return RedirectResponse(request.app.url_path_for("people:login" if wants_html(request) else "tasks:my_tasks"), 302)


async def my_tasks(request: Request) -> Response:
    """Tasks assigned to me, or those I asked for; the latter by itself for people whom nothing was ever assigned."""
    who, tracker = await actor(request), services(request).tracker
    vocabulary = await tracker.vocabulary(who)
    asked = list_inputs.read(request, vocabulary)
    if not asked.chosen:
        asked = asked._replace(query=asked.query._replace(assignees=("me",)))
    page = await tracker.tasks(who, asked.query, summed=wants_html(request))
    if not page.total and not asked.chosen and await _never_assigned(request, who):
        asked = asked._replace(query=asked.query._replace(assignees=(), authors=("me",)))
        page = await tracker.tasks(who, asked.query, summed=wants_html(request))
    return await _answer(request, who, asked, page, vocabulary)


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
    who, tracker = await actor(request), services(request).tracker
    vocabulary = await tracker.vocabulary(who)
    asked = list_inputs.read(request, vocabulary)
    page = await tracker.tasks(who, asked.query, summed=wants_html(request))
    return await _answer(request, who, asked, page, vocabulary)


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


async def _answer(request: Request, who: Actor, asked: Listing, page: TaskPage, vocabulary: Vocabulary) -> Response:
    if not wants_html(request):
        return data(request, shapes.task_list(page))
    if asked.query.wanted_id is not None and page.total == 1:
        return see_other(request.app.url_path_for("tasks:show", task_id=page.rows[0].id))
    return await list_page.page(request, who, asked, page, vocabulary)


async def _never_assigned(request: Request, who: Actor) -> bool:
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
