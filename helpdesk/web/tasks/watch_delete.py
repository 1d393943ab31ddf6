"""Watching a task, deleting it, and the news for pages that show it."""

import re

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotAllowed, NotFound, sentence
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import saved
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, fragment_or_page, html, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.idempotency import idempotent
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate
from helpdesk.web.notifications import notify_flag
from helpdesk.web.tasks import lookup
from helpdesk.web.tasks import page as task_page

DELETED = sentence("The task was deleted.")
ENTRY = re.compile(r"\d{1,10}", re.ASCII)
WATCHED = {True: sentence("You watch this task."), False: sentence("You do not watch this task.")}


async def watch(request: Request) -> Response:
    """A form's `watching` says whether to begin or to cease."""
    watching = (await request_data.read(request)).flag("watching")
    task = await saved(
        request, services(request).backend.watch(await actor(request), request_data.task_id(request), watching)
    )
    body = {"message": translate(request, WATCHED[watching]), "watched": task.watched}
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: see_other(task_page.address(request, task.id)),
        fragment=lambda: task_page.part(request, "tasks/_watch_saved.html", task, says=WATCHED[watching]),
    )


async def changed(request: Request) -> Response:
    """For a page that was told of a change: nothing if `?since` names the present version, else which other person made
    it after the page's last `?entry`. `?show=1`, or when nobody else did, brings all that is new, and leaves alone the
    forms that somebody types in. Of a task that is gone it says so."""

    page = task_page.address(request, request_data.task_id(request))
    return await fragment_or_page(request, lambda: _news(request), page)


async def _news(request: Request) -> Response:
    shows, history = bool(request.query_params.get("show")), request.query_params.get("history", "")
    try:
        task = await lookup.load(request)
    except NotFound as error:
        return html(request, "tasks/_task_gone_answer.html" if shows else "tasks/_task_gone.html", status_of(error))
    if shows:
        return await task_page.caught_up(request, task, history)
    if task.version in request.query_params.getlist("since"):
        return Response(status_code=204)
    who, last = await actor(request), request.query_params.get("entry", "")
    unseen = [entry for entry in task.entries if entry.id > (int(last) if ENTRY.fullmatch(last) else 0)]
    others = [entry for entry in unseen if not entry.author or entry.author.id != who.id]
    if unseen and not others:
        return await task_page.caught_up(request, task, history)
    return html(request, "tasks/_changed_notice.html", task=task, history=history, entry=others[-1] if others else None)


async def delete(request: Request) -> Response:
    """GET asks once more; POST does it and leads to the list."""
    if request.method == "POST":
        return await remove(request)
    task = await lookup.load(request)
    if not task.choices.may_delete:
        raise NotAllowed
    return html(request, "tasks/delete.html", task=task)


@idempotent
async def remove(request: Request) -> Response:
    number = request_data.task_id(request)
    await saved(request, services(request).backend.delete(await actor(request), number))
    await notify_flag.deleted(request, number)
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, DELETED)}),
        page=lambda: see_other(path_to(request, "tasks:my_tasks")),
    )
