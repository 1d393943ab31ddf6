"""What the tracker calls things, for programs that build forms."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.lists import Vocabulary
from helpdesk.web.api import shapes
from helpdesk.web.guards import actor
from helpdesk.web.rendering import data, services


async def projects(request: Request) -> Response:
    """The projects of this person, parents before their children."""
    found = (await _vocabulary(request)).projects
    return data(request, {"projects": [shapes.project(each) for each in found]})


async def statuses(request: Request) -> Response:
    found = (await _vocabulary(request)).statuses
    return data(request, {"statuses": [shapes.status(each) for each in found]})


async def _vocabulary(request: Request) -> Vocabulary:
    return await services(request).tracker.vocabulary(await actor(request))
