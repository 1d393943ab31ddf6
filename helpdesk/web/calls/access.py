"""Reach the call desk: for those who handle or supervise calls, where there is a phone system."""

from starlette.requests import Request

from helpdesk.errors import NotFound
from helpdesk.people.rights import AGENT as AGENT
from helpdesk.people.rights import SUPERVISOR as SUPERVISOR
from helpdesk.store import call_lists
from helpdesk.store.call_lists import Call
from helpdesk.telephony.desk import Desk
from helpdesk.web.core import request_data
from helpdesk.web.core.services import services
from helpdesk.web.task_calls.access import may_write as may_write


def desk_of(request: Request) -> Desk:
    """Return the call desk. Raises NotFound without a phone system."""
    desk = services(request).desk
    if desk is None:
        raise NotFound
    return desk


async def call_of(request: Request) -> Call:
    """Return the call that the address names by `call_id`. Raises NotFound."""
    desk_of(request)
    number = request_data.path_id(request, "call_id")
    call = await services(request).database.run(lambda db: call_lists.one(db, number))
    if call is None:
        raise NotFound
    return call
