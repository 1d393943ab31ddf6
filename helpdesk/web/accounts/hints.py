"""Close hints for good, and show them again."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.store import people
from helpdesk.web.core import flash, request_data
from helpdesk.web.core import hints as all_hints
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import answer, html, json_response
from helpdesk.web.core.navigation import current_url
from helpdesk.web.core.session import current_user

CLOSED = sentence("The hint is closed. Your menu shows all hints again.")
SHOWN = sentence("Hints are shown again.")


async def hints(request: Request) -> Response:
    """Close the hint whose name is in `closed`, or show all again if that is empty. Raises Invalid for no hint."""
    person, fields = await current_user(request), await request_data.read(request)
    if "closed" not in fields.values:
        raise request_data.refusal("closed", request_data.NO_CHOICE)
    name = fields.text("closed", 20)
    if name and name not in all_hints.NAMES:
        raise request_data.refusal("closed", request_data.NO_CHOICE)
    await stored(request, lambda db: people.close_hint(db, person.id, name))
    message = CLOSED if name else SHOWN
    return await answer(
        request,
        json=lambda: json_response(request, {"closed": name}),
        page=lambda: flash.redirect(request, current_url(request), message),
        fragment=lambda: html(request, "layout/_hint_closed.html", message=message),
    )
