"""What the tracker calls things, for programs that build forms."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.tasks.lists import Vocabulary
from helpdesk.web import inputs
from helpdesk.web.api import shapes
from helpdesk.web.guards import actor
from helpdesk.web.rendering import data, services


async def projects(request: Request) -> Response:
    """The projects of this person, parents before their children."""
    found = (await _vocabulary(request)).projects
    return data(request, {"projects": [shapes.project(each) for each in found]})


async def members(request: Request) -> Response:
    """The people of a project."""
    found = await services(request).tracker.members(await actor(request), _project_id(request))
    return data(request, {"members": [shapes.project_member(each) for each in found]})


async def statuses(request: Request) -> Response:
    found = (await _vocabulary(request)).statuses
    return data(request, {"statuses": [shapes.status(each) for each in found]})


async def _vocabulary(request: Request) -> Vocabulary:
    return await services(request).tracker.vocabulary(await actor(request))


def _project_id(request: Request) -> int:
    """The number in the address. Raises NotFound for one that no project can have."""
    number: int = request.path_params["project_id"]
    if not 0 < number <= inputs.LARGEST_ID:
        raise NotFound
    return number
