"""Show one call, with the forms of those who may write to it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.people.model import Person
from helpdesk.store import call_lists
from helpdesk.store.call_lists import Call
from helpdesk.web.calls.access import SUPERVISOR, desk_of
from helpdesk.web.calls.call_schemas import call_to_dict
from helpdesk.web.calls.index import shared, subjects_of
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.guards import holds
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user


async def show(request: Request) -> Response:
    """Show a call."""
    call, person = await load(request), await current_user(request)
    note = {"note": call.row.note} if may_write(call, person) else {}
    return await answer(
        request,
        json=lambda: json_response(request, {"call": {**call_to_dict(call), **note}}),
        page=lambda: page(request, call),
    )


async def load(request: Request) -> Call:
    """Return the call that the address names. Raises NotFound."""
    desk_of(request)
    number = request_data.path_id(request, "call_id")
    call = await services(request).database.run(lambda db: call_lists.one(db, number))
    if call is None:
        raise NotFound
    return call


def may_write(call: Call, person: Person) -> bool:
    """Tell whether a person may read and write the note of a call, and link it: its agent and supervisors."""
    return call.row.person_id == person.id or holds(person, SUPERVISOR)


async def page(request: Request, call: Call, status: int = 200, **context: Any) -> Response:
    """Show the page of a call."""
    person = await current_user(request)
    return html(
        request,
        "calls/show.html",
        status,
        **{**shared(request), "error": None, **context},
        call=call,
        row=call.row,
        may_write=may_write(call, person),
        subjects=await subjects_of(request, [call]),
    )
