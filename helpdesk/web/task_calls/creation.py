"""Begin a task from a call: its form says who called, and the new task is linked to the call."""

import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from helpdesk.errors import HelpdeskError, Sentence, sentence
from helpdesk.store import call_lists, call_notes
from helpdesk.store.call_lists import Call
from helpdesk.telephony.numbers import in_text
from helpdesk.texts import without_markup
from helpdesk.web.core import request_data
from helpdesk.web.core.after_write import Act, record, stored
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import MOMENT, translate
from helpdesk.web.task_calls import notes, requester
from helpdesk.web.task_calls.access import holder, may_write

log = logging.getLogger(__name__)

FIELD = "call"
"""The field of the form with the number of the call."""
CALLED = sentence("Call: %(number)s, %(time)s.")
KNOWN_CALLED = sentence("Call: %(who)s, %(number)s, %(time)s.")
LINKED = sentence("The task was created and linked to the call.")
NOT_LINKED = sentence("The task was created, but not linked to the call. You can link it on the call’s page.")


async def call_of_form(request: Request, typed: Mapping[str, Any]) -> Call | None:
    """Return the call that a form names, if the person may write to it: that of somebody else is left out."""
    number = request_data.an_id(str(typed.get(FIELD) or "")) if typed.get(FIELD) else 0
    person = await holder(request) if number else None
    if person is None:
        return None
    call = await services(request).database.run(lambda db: call_lists.one(db, number))
    return call if call and may_write(call.row, person) else None


def prefilled(request: Request, call: Call | None) -> dict[str, str]:
    """Return the values that a call gives to the form: who called, from which number and when."""
    if call is None:
        return {}
    settings = services(request).settings
    words = {
        "number": in_text(call.other, settings.phone_trunk_prefixes) or translate(request, notes.HIDDEN),
        "time": call.row.began_at.astimezone(settings.timezone).strftime(MOMENT),
    }
    said = Sentence(KNOWN_CALLED.text, {**words, "who": without_markup(call.caller.name)}) if call.caller else None
    return {"description": translate(request, said or Sentence(CALLED.text, words)) + "\n\n"}


async def link(request: Request, typed: Mapping[str, Any], task_id: int) -> Sentence | None:
    """Link a new task to the call that its form names, and note the caller as who asked for it.

    Return a sentence for the person; None where no call was named. The task is there, whatever fails.
    """
    if not typed.get(FIELD):
        return None
    try:
        call = await call_of_form(request, typed)
        if call is None:
            return NOT_LINKED if await holder(request) else None
        await stored(request, lambda db: call_notes.link(db, call.id, task_id, began_task=True))
        await record(request, Act("call_linked", task_id, {"call": call.id}))
    except HelpdeskError as error:
        log.warning("a new task was not linked to its call", extra={"task": task_id, "error": error.detail})
        return NOT_LINKED
    await _write_note(request, call.id, task_id)
    await requester.add(request, call.row, task_id)
    return LINKED


async def _write_note(request: Request, call_id: int, task_id: int) -> None:
    """Write a note from before the task was there to it; the page of the call says whether it is."""
    try:
        call = await services(request).database.run(lambda db: call_lists.one(db, call_id))
        if call and call.row.task_id == task_id:
            await notes.write_waiting(request, call)
    except HelpdeskError as error:
        log.warning("the note of a call was not written", extra={"task": task_id, "error": error.detail})
