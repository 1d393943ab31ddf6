"""List the addresses of the log of calls: for those who handle or supervise calls."""

from starlette.routing import BaseRoute, Route

from helpdesk.web.call_log import api, export, index, linking, notes, show, team
from helpdesk.web.calls.access import AGENT, SUPERVISOR
from helpdesk.web.calls.api import require_phone
from helpdesk.web.core.guards import Handler, known_to
from helpdesk.web.edge.idempotency import idempotent


def log(handler: Handler) -> Handler:
    """Let those in who may see the log."""
    return known_to(AGENT, SUPERVISOR)(handler)


def log_form(handler: Handler) -> Handler:
    """Let the same in for a write, which is done once however often it is sent."""
    return log(idempotent(handler))


# fmt: off
ROUTES: list[BaseRoute] = [
    Route("/calls",                 log(index.index), name="calls:index"),
    Route("/contact-center/moscow", log(index.index), name="calls:moscow"),
    Route("/calls.csv",             log(export.export), name="calls:export"),
    Route("/calls/team",            known_to(SUPERVISOR)(team.team), name="calls:team"),
    Route("/finesse/calls",         known_to(AGENT, SUPERVISOR, first=require_phone)(api.own_calls),
          name="finesse:calls"),
    Route("/calls/{call_id:int}",   log(show.show),  name="calls:show"),
    Route("/calls/{call_id:int}/note", log(notes.note), name="calls:note", methods=["GET", "POST"]),
    Route("/calls/{call_id:int}/task", log_form(linking.task), name="calls:task", methods=["POST"]),
    Route("/calls/{call_id:int}/called-back", log_form(linking.called_back), name="calls:called_back",
          methods=["POST"]),
]
# fmt: on
