"""Guard the pages of quality control."""

from helpdesk.people.rights import ADMIN, QUALITY
from helpdesk.web.core.guards import ADMINISTRATORS_ONLY, Handler, in_person, needs, needs_one_of
from helpdesk.web.edge.idempotency import idempotent

controller = needs_one_of(QUALITY, ADMIN)
"""The guard of the routes of quality control."""


def controller_form(handler: Handler) -> Handler:
    """Let the same in for a write, which is done once however often it is sent."""
    return controller(idempotent(handler))


def administered(handler: Handler) -> Handler:
    """Let administrators in who have signed in themselves; a write is done once however often it is sent."""
    return needs(ADMIN, ADMINISTRATORS_ONLY)(in_person(idempotent(handler)))
