"""Decide who may write to a call."""

from starlette.requests import Request

from helpdesk.people.model import Person
from helpdesk.people.rights import AGENT, SUPERVISOR
from helpdesk.store.models.telephony import PhoneCall
from helpdesk.web.core.guards import holds
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user


async def holder(request: Request) -> Person | None:
    """Return the person if they may see calls, where there is a phone system."""
    person = await current_user(request)
    return person if services(request).desk and (holds(person, AGENT) or holds(person, SUPERVISOR)) else None


def may_write(call: PhoneCall, person: Person) -> bool:
    """Tell whether a person may write to a call, and read its note: its agent and supervisors."""
    return call.person_id == person.id or holds(person, SUPERVISOR)
