"""Show one call, with the forms of those who may write to it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.store.call_lists import Call
from helpdesk.telephony import recognition
from helpdesk.web.call_log import forms
from helpdesk.web.call_log.index import shared, subjects_of
from helpdesk.web.call_log.schemas import call_to_dict
from helpdesk.web.calls.access import call_of, may_write
from helpdesk.web.calls.pop import WHY
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user


async def show(request: Request) -> Response:
    """Show a call."""
    call, person = await call_of(request), await current_user(request)
    note = {"note": call.row.note} if may_write(call.row, person) else {}
    return await answer(
        request,
        json=lambda: json_response(request, {"call": {**call_to_dict(call), **note}}),
        page=lambda: page(request, call),
    )


async def _who(request: Request, call: Call) -> dict[str, Any]:
    """Return who may be at the other end, as long as nobody is known to be."""
    if call.caller:
        return {"candidates": ()}
    found = await services(request).database.run(lambda db: recognition.candidates(db, call.row))
    return {"candidates": found, "why": WHY}


async def page(request: Request, call: Call, status: int = 200, **context: Any) -> Response:
    """Show the page of a call."""
    may = may_write(call.row, await current_user(request))
    form = {**await forms.context(request, call), **await _who(request, call)} if may else {}
    shown = {**shared(request), "error": None, "task_typed": {}, **form, **context}
    subjects = await subjects_of(request, [call])
    return html(request, "calls/show.html", status, **shown, call=call, row=call.row, may_write=may, subjects=subjects)
