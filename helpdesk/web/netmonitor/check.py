"""Probe a host now, for somebody who does not want to wait for the next probe."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Sentence, sentence
from helpdesk.netmonitor.model import FAULTS, Outcome
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.faces import answer, json_response
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate

ANSWERED = sentence("It answered.")
FAILED = sentence("It did not answer: %(fault)s.")


async def check(request: Request) -> Response:
    """Probe a host now. Raises NotFound, TooManyAttempts."""
    number = request_data.path_id(request, "host_id")
    outcome = await services(request).netmonitor.check_now(number)
    message = _result(outcome)
    body = {"message": translate(request, message), "response_time": outcome.ms, "fault": outcome.fault or None}
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: flash.redirect(request, path_to(request, "netmonitor:show", host_id=number), message),
    )


def _result(outcome: Outcome) -> Sentence:
    if outcome.ms is not None:
        return ANSWERED
    return sentence(FAILED.text, fault=FAULTS[outcome.fault].title if outcome.fault in FAULTS else outcome.fault)
