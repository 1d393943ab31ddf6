"""Sign in to the phone and out of it."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Sentence, sentence
from helpdesk.web.calls import bar
from helpdesk.web.calls.access import desk_of
from helpdesk.web.calls.actions import asked
from helpdesk.web.core import flash, request_data, session
from helpdesk.web.core.faces import answer
from helpdesk.web.core.navigation import current_url

LONGEST = 200
SIGNED_IN = sentence("You are signed in to the phone.")
SIGNED_OUT = sentence("You are signed out of the phone.")


async def sign_in(request: Request) -> Response:
    """Sign in to the phone, for the length of the session."""
    fields, desk = await request_data.read(request), desk_of(request)
    agent_id, password, extension = (fields.text(name, LONGEST) for name in ("agent_id", "password", "extension"))
    signed_in = await session.required(request)
    await asked(desk.sign_in(signed_in, agent_id, password, extension, session.address_of(request)))
    return await _shown(request, SIGNED_IN)


async def sign_out(request: Request) -> Response:
    """Sign out of the phone."""
    await desk_of(request).sign_out(await session.required(request))
    return await _shown(request, SIGNED_OUT)


async def _shown(request: Request, message: Sentence) -> Response:
    """Answer scripts by the bar; lead others back to their page with a message."""

    def page() -> Response:
        return flash.redirect(request, current_url(request), message)

    return await answer(request, json=page, page=page, fragment=lambda: bar.fragment(request))
