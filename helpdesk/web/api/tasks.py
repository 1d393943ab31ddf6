"""Tasks for programs: the same inputs and calls as the pages, answered as JSON."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.web import tasks
from helpdesk.web.api import shapes
from helpdesk.web.rendering import data, language

# These answer programs by themselves.
show = tasks.show
comments = tasks.comments
status = tasks.status
priority = tasks.priority
assignee = tasks.assignee


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
