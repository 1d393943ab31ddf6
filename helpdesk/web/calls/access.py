"""Reach the call desk: for those who handle or supervise calls, where there is a phone system."""

from starlette.requests import Request

from helpdesk.errors import NotFound
from helpdesk.people.rights import AGENT as AGENT
from helpdesk.people.rights import SUPERVISOR as SUPERVISOR
from helpdesk.telephony.desk import Desk
from helpdesk.web.core.services import services


def desk_of(request: Request) -> Desk:
    """Return the call desk. Raises NotFound without a phone system."""
    desk = services(request).desk
    if desk is None:
        raise NotFound
    return desk
