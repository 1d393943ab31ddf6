"""Tasks for programs: the same inputs and calls as the pages, answered as JSON."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.model import Field
from helpdesk.web import inputs, tasks
from helpdesk.web.api import shapes
from helpdesk.web.rendering import data, language, spoken

show = tasks.show
comments = tasks.comments


async def statuses(request: Request) -> Response:
    task = await tasks.load(request)
    return data(request, shapes.choice(task, "status", task.choices.statuses))


async def priorities(request: Request) -> Response:
    task = await tasks.load(request)
    return data(request, shapes.choice(task, "priority", task.choices.priorities))


async def assignees(request: Request) -> Response:
    task = await tasks.load(request)
    return data(request, shapes.choice(task, "assignee", task.choices.assignees))


async def status(request: Request) -> Response:
    return await _change(request, "status")


async def priority(request: Request) -> Response:
    return await _change(request, "priority")


async def assignee(request: Request) -> Response:
    return await _change(request, "assignee")


async def history(request: Request) -> Response:
    task = await tasks.load(request)
    return data(request, {"task_id": task.id, "history": shapes.history(task, language(request))})


async def _change(request: Request, field: Field) -> Response:
    written = await tasks.change(request, await inputs.edit(request, field))
    return data(request, shapes.changed(written, field, spoken(request, tasks.CHANGED[field])))
