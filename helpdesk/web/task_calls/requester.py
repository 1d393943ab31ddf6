"""Keep the requester of a task that was written from a call equal to the caller."""

import logging

from starlette.requests import Request

from helpdesk.errors import HelpdeskError, Sentence, sentence
from helpdesk.store import call_lists, call_notes
from helpdesk.store.models.telephony import PhoneCall
from helpdesk.web.core.after_write import Act, recorded, stored
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services

log = logging.getLogger(__name__)

MOST_TURNS = 3
"""How often others may choose another caller meanwhile."""
CORRECTED = sentence("The caller was saved, and who asked for the task was corrected, too.")
NOT_CORRECTED = sentence("The caller was saved. Please check who asked for the task. %(why)s")


async def add(request: Request, call: PhoneCall, task_id: int) -> None:
    """Note the caller as the requester of a task that was just written from the call."""
    try:
        if call.caller_id is not None:
            await services(request).requests.add_requester(task_id, call.caller_id)
            await _note(request, call, task_id, None)
    except HelpdeskError as error:
        log.warning("a caller was not noted as who asked for a task", extra={"task": task_id, "error": error.detail})
    else:
        await follow(request, call.id or 0)


async def follow(request: Request, call_id: int) -> Sentence | None:
    """Make the present caller the requester of a task that was written from the call, in place of another.

    Return a sentence for the person; None where nothing had to be done. The caller is saved, whatever fails.
    """
    said, noted = None, list[int | None]()
    for _ in range(MOST_TURNS):
        try:
            found = await services(request).database.run(lambda db: call_lists.one(db, call_id))
            call, task_id = (found.row, found.row.task_id) if found else (None, None)
            if call is None or task_id is None or not call.began_task:
                return said
            before = noted.pop() if noted else call.requester_id
            if before == call.caller_id:
                return said
            await _correct(request, call, task_id, before)
            said = CORRECTED
            if not await _note(request, call, task_id, before):
                noted.append(call.caller_id)  # somebody has noted another one, so this one may have to go again
        except HelpdeskError as error:
            log.warning("who asked for a task was not corrected", extra={"call": call_id, "error": error.detail})
            return Sentence(NOT_CORRECTED.text, {"why": error.message})
    return said


async def _correct(request: Request, call: PhoneCall, task_id: int, before: int | None) -> None:
    requests, who = services(request).requests, await actor(request)
    act = Act("task_changed", task_id, {"what": ["requester"], "call": call.id}, call.caller_id)
    await recorded(request, requests.correct_requester(who, task_id, before, call.caller_id), act)


async def _note(request: Request, call: PhoneCall, task_id: int, before: int | None) -> bool:
    return await stored(
        request, lambda db: call_notes.requester_noted(db, call.id or 0, task_id, before, call.caller_id)
    )
