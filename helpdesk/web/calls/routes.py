"""List the addresses of the call desk, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.calls import log_routes, sign_in
from helpdesk.web.calls.access import AGENT
from helpdesk.web.core.guards import Handler, in_person, known_to
from helpdesk.web.edge.idempotency import idempotent


def agent(handler: Handler) -> Handler:
    """Let those in who handle calls."""
    return known_to(AGENT)(in_person(handler))


def agent_form(handler: Handler) -> Handler:
    """Let those in who handle calls; a write is done once however often it is sent."""
    return known_to(AGENT)(in_person(idempotent(handler)))


POST = ["POST"]

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/calls/phone",         agent_form(sign_in.sign_in),  name="calls:sign_in", methods=POST),
    Route("/calls/phone/end",     agent_form(sign_in.sign_out), name="calls:sign_out", methods=POST),
    *log_routes.ROUTES,
]
# fmt: on
