"""Tasks for programs: the same inputs and calls as the pages, answered as JSON."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk import threads
from helpdesk.tasks.model import Edit
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import saved
from helpdesk.web.core.faces import json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.idempotency import idempotent
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import language, translate
from helpdesk.web.tasks import change, comment_edit, lookup, presenters, task_form, views, watch_delete
from helpdesk.web.tasks import schemas as task_schemas


async def task(request: Request) -> Response:
    """GET shows it, PUT changes its details and custom fields, DELETE takes it away."""
    return await {"PUT": _change, "DELETE": watch_delete.remove}.get(request.method, views.show)(request)


async def watch(request: Request) -> Response:
    """PUT begins, DELETE ceases."""
    watching, tracker = request.method == "PUT", services(request).backend
    found = await saved(request, tracker.watch(await actor(request), request_data.task_id(request), watching))
    watchers = [task_schemas.member(each) for each in found.watchers]
    state = {"task_id": found.id, "watched": found.watched, "watchers": watchers}
    return json_response(request, {"message": translate(request, watch_delete.WATCHED[watching]), **state})


async def entry(request: Request) -> Response:
    """PUT gives a comment another text, DELETE takes it away."""
    deletes = request.method == "DELETE"
    text = "" if deletes else (await request_data.read(request)).required_text("comment")
    who, number = await actor(request), request_data.entry_id(request)
    written = await saved(
        request, services(request).backend.edit_comment(who, request_data.task_id(request), number, text)
    )
    left = next(
        (task_schemas.comment(each) for each in written.after.entries if each.id == number and each.notes), None
    )
    return json_response(
        request,
        {"message": translate(request, comment_edit.DELETED if deletes else comment_edit.CHANGED), "comment": left},
    )


async def statuses(request: Request) -> Response:
    task = await lookup.load(request)
    return json_response(request, task_schemas.choice(task, "status", task.choices.statuses))


async def priorities(request: Request) -> Response:
    task = await lookup.load(request)
    return json_response(request, task_schemas.choice(task, "priority", task.choices.priorities))


async def assignees(request: Request) -> Response:
    task = await lookup.load(request)
    return json_response(request, task_schemas.choice(task, "assignee", task.choices.assignees))


async def history(request: Request) -> Response:
    task = await lookup.load(request)

    def made() -> Response:
        return json_response(request, {"task_id": task.id, "history": task_schemas.history(task, language(request))})

    return await threads.run_if_many(made, len(task.entries))


async def _edit(request: Request) -> Edit:
    return task_form.edit(await request_data.read(request))


@idempotent
async def _change(request: Request) -> Response:
    return await change.make(request, change.Change(_edit), presenters.JSON_WITH_MESSAGE)
