"""Turn Finesse's refusals into our errors. What it says itself goes into the log alone."""

import logging
from typing import NamedTuple

from helpdesk.errors import HelpdeskError, Sentence, sentence
from helpdesk.telephony.finesse.xml import parsed
from helpdesk.telephony.phone import BadPhoneResponse, PhoneDeclined, PhoneRefused, PhoneUnavailable

log = logging.getLogger(__name__)

LARGEST_REFUSAL = 2**14

NO_DESTINATION = sentence("The phone system knows no way to this number.")
NOT_IN_THIS_STATE = sentence("The phone system does not allow this in the present state.")
NOT_ACCEPTED = sentence("The phone system does not accept this.")
NO_CALL = sentence("This call is not there any more.")
NO_AGENT = sentence("The phone system does not know this agent.")
NOT_YOURS = sentence("The phone system does not let this agent do this.")
NOT_THERE = sentence("This phone system can't do this.")
BUSY = sentence("The phone is busy, or not connected.")
SENTENCES: dict[str, Sentence] = {
    "invalid destination": NO_DESTINATION,
    "invalid state": NOT_IN_THIS_STATE,
    "invalid input": NOT_ACCEPTED,
    "parameter missing": NOT_ACCEPTED,
    "bad request": NOT_ACCEPTED,
    "dialog not found": NO_CALL,
    "user not found": NO_AGENT,
    "invalid authorization user specified": NOT_YOURS,
    "forbidden": NOT_YOURS,
    "not implemented": NOT_THERE,
    "device busy": BUSY,
    "invalid device": BUSY,
}
"""By ErrorType, in lower case."""
BY_STATUS = {403: NOT_YOURS, 404: NOT_THERE, 501: NOT_THERE}
WITH_THE_RIGHT_PASSWORD = {"invalid state", "invalid authorization user specified"}
"""Refusals with status 401 that say nothing against the password."""


class Refusal(NamedTuple):
    """What Finesse says of a request: ErrorType in lower case, and all of it for the log."""

    kind: str
    detail: str


def refusal(body: bytes) -> Refusal:
    """Return the first error of an answer; empty where there is none."""
    try:
        root = parsed(body) if body.strip() and len(body) <= LARGEST_REFUSAL else None
    except BadPhoneResponse:
        root = None
    if root is None or root.name != "apierrors":
        return Refusal("", "")
    first = root.inside("apierror")
    told = [first.word(name) for name in ("errortype", "errormessage", "errordata")]
    return Refusal(told[0].lower(), ", ".join(part for part in told if part))


def failure(status: int, body: bytes, where: str) -> HelpdeskError:
    """Return our error for an answer that is no success."""
    told = refusal(body)
    detail = f"{where}: {status} {told.detail}".strip()
    if status == 401 and told.kind not in WITH_THE_RIGHT_PASSWORD:
        return PhoneRefused(detail=detail)
    if status in (500, 502, 503, 504, 429):
        return PhoneUnavailable(detail=detail)
    if status in (400, 401, 403, 404, 501) and (told.kind or status in BY_STATUS):
        log.info("the phone system declines", extra={"error": detail})
        return PhoneDeclined(message=SENTENCES.get(told.kind) or BY_STATUS.get(status))
    return BadPhoneResponse(detail=detail)
