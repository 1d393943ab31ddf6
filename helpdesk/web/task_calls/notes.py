"""Write the note of a call to its task, as a private comment."""

from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from starlette.requests import Request

from helpdesk.errors import (
    HelpdeskError,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    SavedUnseen,
    Sentence,
    StoreUnavailable,
    sentence,
)
from helpdesk.store import call_notes
from helpdesk.store.call_lists import OUT, Call
from helpdesk.telephony.numbers import in_text
from helpdesk.web.core.after_write import Act, record, recorded, stored
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import MOMENT, translate

HIDDEN = sentence("hidden number")
SECONDS = 60
SAVED = sentence("The note was saved.")
COMMENTED = sentence("The note was saved, and written to the task as an internal comment.")
NOT_COMMENTED = {
    NotFound: sentence("The note was saved here. You do not see its task, so it was not written there."),
    NotAllowed: sentence("The note was saved here. You may write no internal comments in this task."),
    HelpdeskError: sentence("The note was saved here. The task did not take it: save it once more later."),
}
INCOMING = sentence("Call of %(time)s from %(number)s, %(minutes)s min%(reason)s: %(text)s")
OUTGOING = sentence("Call of %(time)s to %(number)s, %(minutes)s min%(reason)s: %(text)s")


class Note(NamedTuple):
    """What the form of a note says."""

    text: str
    reason: str


async def write(request: Request, call: Call, typed: Note) -> Sentence:
    """Save the note, and write it to the task. What the task does not take stays in the call."""
    now = services(request).clock().replace(microsecond=0)
    task_id = call.row.task_id
    claims = await stored(
        request, lambda db: call_notes.note(db, call.id, typed.text, typed.reason, now if task_id else None)
    )
    await _record_foreign(request, call, typed)
    if not claims or task_id is None:
        return SAVED
    return await _comment(request, call, typed, task_id, now)


async def write_waiting(request: Request, call: Call) -> None:
    """Write the note of a call to the task that it was linked to, unless it is there."""
    if call.row.note and call.row.noted_at is None:
        await write(request, call, Note(call.row.note, call.row.wrap_up))


async def _record_foreign(request: Request, call: Call, typed: Note) -> None:
    """Record that somebody changes what the agent of a call has written."""
    row = call.row
    is_own = row.person_id == (await current_user(request)).id
    if not is_own and (typed.text, typed.reason) != (row.note, row.wrap_up):
        await record(request, Act("call_note", row.task_id, {"call": call.id}, row.person_id))


async def _comment(request: Request, call: Call, typed: Note, task_id: int, claimed_at: datetime) -> Sentence:
    try:
        act = Act("task_changed", task_id, {"what": ["comment"], "call": call.id})
        comment = _said(request, call, typed)
        who = await actor(request)
        await recorded(request, services(request).backend.comment(who, task_id, comment, private=True), act)
    except OutcomeUnknown:
        raise  # the claim stays, and says so
    except SavedUnseen:
        await _note_written(request, call, typed, claimed_at)
        raise
    except HelpdeskError as error:
        await stored(request, lambda db: call_notes.not_written(db, call.id, typed.text, claimed_at))
        return next(NOT_COMMENTED[kind] for kind in type(error).__mro__ if kind in NOT_COMMENTED)
    await _note_written(request, call, typed, claimed_at)
    return COMMENTED


async def _note_written(request: Request, call: Call, typed: Note, claimed_at: datetime) -> None:
    """Note that the comment is there. If the store does not take that, the claim says that nobody knows."""
    with suppress(StoreUnavailable):
        await stored(request, lambda db: call_notes.written(db, call.id, typed.text, claimed_at))


def _said(request: Request, call: Call, typed: Note) -> str:
    """Return the comment, in the language of the person who writes it."""
    row, settings = call.row, services(request).settings
    words = {
        "time": row.began_at.astimezone(settings.timezone).strftime(MOMENT),
        "number": in_text(call.other, settings.phone_trunk_prefixes) or translate(request, HIDDEN),
        "minutes": -(-(call.talking or 0) // SECONDS),
        "reason": f" ({typed.reason})" if typed.reason else "",
        "text": typed.text,
    }
    return translate(request, Sentence((OUTGOING if row.direction == OUT else INCOMING).text, words))
