"""Tasks for programs: the same inputs and calls as the pages, answered as JSON; and what forms are built of."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.lists import Vocabulary
from helpdesk.tasks.model import Edit, Field
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import language, translate
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.tasks import change, colors, comment_edit, schemas, task_input, views
from helpdesk.web.tasks import page as task_page


async def task(request: Request) -> Response:
    """Show a task; PUT changes its details and custom fields, DELETE deletes it."""
    return await {"PUT": _change, "DELETE": views.remove}.get(request.method, views.show)(request)


async def watch(request: Request) -> Response:
    """Begin to watch by PUT, stop by DELETE."""
    watching = request.method == "PUT"
    task = await views.write_watch(request, watching)
    watchers = [schemas.member(each) for each in task.watchers]
    state = {"task_id": task.id, "watched": task.watched, "watchers": watchers}
    return json_response(request, {"message": translate(request, views.WATCHED[watching]), **state})


async def entry(request: Request) -> Response:
    """Change the text of a comment by PUT, delete the comment by DELETE."""
    deletes = request.method == "DELETE"
    text = "" if deletes else (await request_data.read(request)).required_text("comment")
    number = request_data.entry_id(request)
    written = await comment_edit.write(request, text)
    message = translate(request, comment_edit.DELETED if deletes else comment_edit.CHANGED)
    comment = next((schemas.comment(each) for each in written.after.entries if each.id == number and each.notes), None)
    return json_response(request, {"message": message, "comment": comment})


async def statuses(request: Request) -> Response:
    return await _choices(request, "status")


async def priorities(request: Request) -> Response:
    return await _choices(request, "priority")


async def assignees(request: Request) -> Response:
    return await _choices(request, "assignee")


async def history(request: Request) -> Response:
    task = await task_page.load(request)

    def work() -> Response:
        return json_response(request, {"task_id": task.id, "history": schemas.history(task, language(request))})

    return await task_page.run_if_many(work, len(task.entries))


async def projects(request: Request) -> Response:
    """List the projects of this person, parents before their children."""
    vocabulary = await _vocabulary(request)
    return json_response(request, {"projects": [schemas.project(each) for each in vocabulary.projects]})


async def members(request: Request) -> Response:
    """List the people of a project."""
    people = await services(request).backend.members(await actor(request), request_data.path_id(request, "project_id"))
    return json_response(request, {"members": [schemas.project_member(each) for each in people]})


async def all_statuses(request: Request) -> Response:
    """List every status with its color."""
    vocabulary = await _vocabulary(request)
    of_statuses = await colors.of_vocabulary(request, vocabulary)
    return json_response(request, {"statuses": [schemas.status(each, of_statuses) for each in vocabulary.statuses]})


async def _choices(request: Request, field: Field) -> Response:
    return json_response(request, schemas.choices(await task_page.load(request), field))


async def _vocabulary(request: Request) -> Vocabulary:
    return await services(request).backend.vocabulary(await actor(request))


async def _edit(request: Request) -> Edit:
    return task_input.edit(await request_data.read(request))


@idempotent
async def _change(request: Request) -> Response:
    return await change.make(request, change.Change(_edit), change.JSON_WITH_MESSAGE)
