"""Drafts of what is being typed: kept by a script of the page (a button discards them: tasks/draft_discard.py)."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.web.core import request_data
from helpdesk.web.core.faces import json_response
from helpdesk.web.drafts import service as drafts


async def save(request: Request) -> Response:
    """Save the whole form; an empty text deletes the draft. A form of somebody else is refused."""
    person, fields = await drafts.person_typing(request), await request_data.read(request)
    kept = await drafts.keep(request, person.id, request.path_params["place"], fields.values)
    return json_response(request, {"kept": kept})
