"""Let those in who may see the network monitor by NETMONITOR_ACCESS; for others there is nothing here."""

from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound
from helpdesk.netmonitor.access import may_see
from helpdesk.people.rights import ADMIN
from helpdesk.web.core.guards import ADMINISTRATORS_ONLY, Handler, in_person, needs, signed_in
from helpdesk.web.core.navigation import may_have_tasks
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.edge.idempotency import idempotent

MONITOR = "monitor"
"""The name of the guard (web/access.py)."""


def monitor(handler: Handler) -> Handler:
    """Let those in who may see the monitor. Raises NotSignedIn, NotFound."""

    @wraps(handler)
    async def entitled(request: Request) -> Response:
        person, access = await current_user(request), services(request).settings.netmonitor_access
        if not may_see(person, access, may_have_tasks(request)):
            raise NotFound
        return await handler(request)

    guarded = signed_in(entitled)
    guarded.guard = MONITOR  # type: ignore[attr-defined]  # read by web/access.py
    return guarded


def monitor_form(handler: Handler) -> Handler:
    """Let the same in for a write, which is done once however often it is sent."""
    return monitor(idempotent(handler))


def administered(handler: Handler) -> Handler:
    """Let administrators in who have signed in themselves; a write is done once however often it is sent."""
    return needs(ADMIN, ADMINISTRATORS_ONLY)(in_person(idempotent(handler)))


async def may_note(request: Request) -> bool:
    """Tell whether the person may write what was found out about an incident."""
    return may_have_tasks(request) or (await current_user(request)).is_admin
