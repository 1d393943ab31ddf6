"""List the addresses of the call desk, each with its guard."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.calls import actions, api, bar, favourites, pop, sign_in, targets
from helpdesk.web.calls.access import AGENT, SUPERVISOR
from helpdesk.web.core.guards import Handler, in_person, known_to
from helpdesk.web.edge.idempotency import idempotent


def agent(handler: Handler) -> Handler:
    """Let those in who handle calls."""
    return known_to(AGENT)(in_person(handler))


def agent_form(handler: Handler) -> Handler:
    """Let those in who handle calls; a write is done once however often it is sent."""
    return known_to(AGENT)(in_person(idempotent(handler)))


def either_form(handler: Handler) -> Handler:
    """Let those in who handle or supervise calls, for a write that is done once however often it is sent."""
    return known_to(AGENT, SUPERVISOR)(idempotent(handler))


def program(handler: Handler) -> Handler:
    """Let the programs of those in who handle calls, by their session: a token is not signed in to the phone."""
    return known_to(AGENT, first=api.require_phone)(in_person(api.asked_once(handler)))


def watching_program(handler: Handler) -> Handler:
    """Let the programs of those in who handle or supervise calls, also by a token."""
    return known_to(AGENT, SUPERVISOR, first=api.require_phone)(handler)


POST = ["POST"]

# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/calls/bar",           agent(bar.show),              name="calls:bar"),
    Route("/calls/targets",       agent(targets.show),          name="calls:targets"),
    Route("/calls/watch",         agent(bar.watch),             name="calls:watch", methods=POST),
    Route("/calls/state",         agent_form(actions.set_state), name="calls:state", methods=POST),
    Route("/calls/dialogs/{dialog_id}", agent_form(actions.act), name="calls:act", methods=POST),
    Route("/calls/dial",          agent_form(actions.dial),     name="calls:dial", methods=POST),
    Route("/calls/favourites",    agent(favourites.index),      name="calls:favourites"),
    Route("/calls/favourites",    agent_form(favourites.add),   name="calls:favourite_add", methods=POST),
    Route("/calls/favourites/{favourite_id:int}", agent_form(favourites.change), name="calls:favourite", methods=POST),
    Route("/calls/pop",           agent(pop.show),              name="calls:pop"),
    Route("/calls/{call_id:int}/caller", either_form(pop.choose), name="calls:caller", methods=POST),
    Route("/calls/phone",         agent(sign_in.sign_in),       name="calls:sign_in", methods=POST),
    Route("/calls/phone/end",     agent_form(sign_in.sign_out), name="calls:sign_out", methods=POST),

    # For programs
    Route("/finesse/session", known_to(AGENT, first=api.require_phone)(in_person(api.sign_in)),
          name="finesse:session", methods=["POST", "DELETE"]),
    Route("/finesse/dialogs", program(api.dialogs), name="finesse:dialogs", methods=["GET", "POST"]),
    Route("/finesse/dialogs/{dialog_id}", program(api.dialog), name="finesse:dialog", methods=["PUT"]),
    Route("/finesse/agent/state", program(api.state), name="finesse:state", methods=["GET", "PUT"]),
    Route("/finesse/reasons", program(api.reasons), name="finesse:reasons"),
    Route("/finesse/team", program(api.team), name="finesse:team"),
    Route("/finesse/agents/status", watching_program(api.statuses), name="finesse:status"),
    Route("/finesse/health-check", watching_program(api.health), name="finesse:health"),
]
# fmt: on
