"""What else is done with a task: to watch it, and to take it away."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotAllowed, sentence
from helpdesk.web import inputs, task_page, tasks
from helpdesk.web.guards import actor
from helpdesk.web.idempotency import once
from helpdesk.web.rendering import data, html, is_htmx, path_to, see_other, services, spoken, wants_html

DELETED = sentence("The task was deleted.")
WATCHED = {True: sentence("You watch this task."), False: sentence("You do not watch this task.")}


async def watch(request: Request) -> Response:
    """A form's `watching` says whether to begin or to cease."""
    watching = (await inputs.read(request)).flag("watching")
    task = await services(request).tracker.watch(await actor(request), tasks.task_id(request), watching)
    if not wants_html(request):
        return data(request, {"message": spoken(request, WATCHED[watching]), "watched": task.watched})
    if not is_htmx(request):
        return see_other(task_page.address(request, task.id))
    return await task_page.part(request, "tasks/_watched.html", task, says=WATCHED[watching])


async def changed(request: Request) -> Response:
    """For a page that was told of a change: nothing if `?since` is the present version, else who made it; `?show=1`
    brings all that is new, and leaves alone the forms that somebody types in."""
    if not is_htmx(request):
        return see_other(task_page.address(request, tasks.task_id(request)))
    task, history = await tasks.load(request), request.query_params.get("history", "")
    if request.query_params.get("show"):
        return await task_page.caught_up(request, task, history)
    if request.query_params.get("since") == task.version:
        return Response(status_code=204)
    return html(request, "tasks/_happened.html", task=task, history=history)


async def delete(request: Request) -> Response:
    """GET asks once more; POST does it and leads to the list."""
    if request.method == "POST":
        return await _delete(request)
    task = await tasks.load(request)
    if not task.choices.may_delete:
        raise NotAllowed
    return html(request, "tasks/delete.html", task=task)


@once
async def _delete(request: Request) -> Response:
    await services(request).tracker.delete(await actor(request), tasks.task_id(request))
    if not wants_html(request):
        return data(request, {"message": spoken(request, DELETED)})
    return see_other(path_to(request, "tasks:my_tasks"))
