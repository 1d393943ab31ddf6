"""Ask the phone for something: another state, an action on a call, a call to a number.

The phone system only accepts what it is asked, so the answer is the bar, which says what was asked.
"""

from collections.abc import Awaitable

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid
from helpdesk.telephony.phone import PhoneDeclined
from helpdesk.web.calls import bar
from helpdesk.web.calls.access import desk_of
from helpdesk.web.core import request_data, session
from helpdesk.web.core.faces import answer, see_other
from helpdesk.web.core.navigation import current_url

LONGEST = 200
"""Of what is typed as a number; the desk says what is wrong with it."""


async def set_state(request: Request) -> Response:
    """Ask for being ready or not ready."""
    fields, signed_in = await request_data.read(request), await session.required(request)
    state, reason_id = fields.text("state", LONGEST), fields.text("reason_id", LONGEST)
    await asked(desk_of(request).set_state(signed_in, state, reason_id if state == "NOT_READY" else ""))
    return await shown(request)


async def act(request: Request) -> Response:
    """Ask for an action on a call."""
    fields, signed_in = await request_data.read(request), await session.required(request)
    action, to = fields.text("action", LONGEST), fields.text("to_address", LONGEST)
    await asked(desk_of(request).act(signed_in, request.path_params["dialog_id"], action, to))
    return await shown(request)


async def dial(request: Request) -> Response:
    """Ask for a call to a number."""
    fields, signed_in = await request_data.read(request), await session.required(request)
    await asked(desk_of(request).dial(signed_in, fields.text("to_address", LONGEST)))
    return await shown(request, "calls/_dialled.html" if fields.text("by_link", LONGEST) else "calls/_bar.html")


async def asked(ask: Awaitable[None]) -> None:
    """Await a question to the phone. Raises PhoneDeclined with the first fault of what was typed."""
    try:
        await ask
    except Invalid as error:
        raise PhoneDeclined(message=next(iter(error.fields.values()))[0]) if error.fields else error from error


async def shown(request: Request, fragment: str = "calls/_bar.html") -> Response:
    """Answer scripts by the bar; lead others back to their page when something has come."""

    async def page() -> Response:
        await bar.settled(request)
        return see_other(current_url(request))

    return await answer(request, json=page, page=page, fragment=lambda: bar.fragment(request, fragment))
