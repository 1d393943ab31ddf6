"""Tasks for programs: the same inputs and calls as the pages, answered as JSON."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.web import details, inputs, mending, overwritten, task_parts, tasks
from helpdesk.web.api import shapes, task_shape
from helpdesk.web.guards import actor
from helpdesk.web.idempotency import once
from helpdesk.web.rendering import data, language, services, spoken

CHANGED = sentence("The task was changed.")

# These answer programs by themselves.
comments = tasks.comments
status = tasks.status
priority = tasks.priority
assignee = tasks.assignee


async def task(request: Request) -> Response:
    """GET shows it, PUT changes its details and custom fields, DELETE takes it away."""
    return await {"PUT": _change, "DELETE": _delete}.get(request.method, tasks.show)(request)


async def watch(request: Request) -> Response:
    """PUT begins, DELETE ceases."""
    watching = request.method == "PUT"
    found = await services(request).tracker.watch(await actor(request), tasks.task_id(request), watching)
    watchers = [shapes.member(each) for each in found.watchers]
    told = {"task_id": found.id, "watched": found.watched, "watchers": watchers}
    return data(request, {"message": spoken(request, task_parts.WATCHED[watching]), **told})


async def entry(request: Request) -> Response:
    """PUT gives a comment another text, DELETE takes it away."""
    deletes = request.method == "DELETE"
    text = "" if deletes else (await inputs.read(request)).required_text("comment")
    who, number = await actor(request), tasks.entry_id(request)
    written = await services(request).tracker.edit_comment(who, tasks.task_id(request), number, text)
    left = next((shapes.comment(each) for each in written.after.entries if each.id == number and each.notes), None)
    return data(request, {"message": spoken(request, mending.DELETED if deletes else mending.CHANGED), "comment": left})


async def statuses(request: Request) -> Response:
    task = await tasks.load(request)
    return data(request, shapes.choice(task, "status", task.choices.statuses))


async def priorities(request: Request) -> Response:
    task = await tasks.load(request)
    return data(request, shapes.choice(task, "priority", task.choices.priorities))


async def assignees(request: Request) -> Response:
    task = await tasks.load(request)
    return data(request, shapes.choice(task, "assignee", task.choices.assignees))


async def history(request: Request) -> Response:
    task = await tasks.load(request)
    return data(request, {"task_id": task.id, "history": shapes.history(task, language(request))})


@once
async def _change(request: Request) -> Response:
    edit = details.edit(await inputs.read(request))
    written = await services(request).tracker.change(await actor(request), tasks.task_id(request), edit)
    told = task_shape.task(written.after) | await overwritten.shape(request, written)
    return data(request, {"message": spoken(request, CHANGED), **told})


@once
async def _delete(request: Request) -> Response:
    await services(request).tracker.delete(await actor(request), tasks.task_id(request))
    return data(request, {"message": spoken(request, task_parts.DELETED)})
