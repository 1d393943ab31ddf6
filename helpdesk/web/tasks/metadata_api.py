"""Projects, members and statuses, for programs that build forms."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.lists import Vocabulary
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.tasks import colors
from helpdesk.web.tasks import schemas as task_schemas


async def projects(request: Request) -> Response:
    """The projects of this person, parents before their children."""
    found = (await _vocabulary(request)).projects
    return json_response(request, {"projects": [task_schemas.project(each) for each in found]})


async def members(request: Request) -> Response:
    """The people of a project."""
    found = await services(request).backend.members(await actor(request), request_data.path_id(request, "project_id"))
    return json_response(request, {"members": [task_schemas.project_member(each) for each in found]})


async def statuses(request: Request) -> Response:
    """Every status, with what its color tells."""
    words = await _vocabulary(request)
    known = await colors.of(request, words)
    return json_response(request, {"statuses": [task_schemas.status(each, known) for each in words.statuses]})


async def _vocabulary(request: Request) -> Vocabulary:
    return await services(request).backend.vocabulary(await actor(request))
