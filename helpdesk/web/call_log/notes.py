"""Note what a call was about: in the call itself, and as a private comment of its task."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import (
    Invalid,
    sentence,
)
from helpdesk.store.call_lists import Call
from helpdesk.telephony import wrap_up
from helpdesk.texts import trimmed
from helpdesk.web.call_log import forms, show
from helpdesk.web.call_log.index import shared
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, html, json_response, see_other
from helpdesk.web.core.services import path_to
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.task_calls import notes

LONGEST_NOTE = 10_000
NO_REASON = sentence("There is no such reason.")


@drafts.belongs_to("note", drafts.CALL)
async def note(request: Request) -> Response:
    """Show the form of a note; a POST saves it, and adds it to the task if there is one."""
    return await (_save if request.method == "POST" else _form)(request)


@drafts.keeps_draft
@idempotent
async def _save(request: Request) -> Response:
    call = await forms.writable(request)
    fields = await request_data.read(request)
    try:
        typed = await _typed(request, call, fields)
    except Invalid as error:
        refused = partial(show.page, request, call, status_of(error), error=error, typed=fields.values)
        return await answer_refusal(request, error, page=refused)
    message = await notes.write(request, call, typed)
    body = {"message": translate(request, message)}
    return await answer(
        request,
        json=lambda: json_response(request, body),
        page=lambda: flash.redirect(request, path_to(request, "calls:show", call_id=call.id), message),
    )


async def _form(request: Request) -> Response:
    """Show the form by itself for htmx, else lead to its page."""
    call = await forms.writable(request)

    async def fragment() -> Response:
        shown = {**shared(request), **await forms.context(request, call), "error": None}
        return html(request, "calls/_note_form.html", call=call, row=call.row, **shown)

    page = see_other(path_to(request, "calls:show", call_id=call.id))
    return await answer(request, json=lambda: page, page=lambda: page, fragment=fragment)


async def _typed(request: Request, call: Call, fields: request_data.Fields) -> notes.Note:
    """Read the form. Raises Invalid."""
    text = trimmed(fields.text("comment", LONGEST_NOTE))
    reason = fields.text("wrap_up", wrap_up.LONGEST)
    if reason and reason != call.row.wrap_up and reason not in await forms.reasons(request):
        raise request_data.refusal("wrap_up", NO_REASON)
    return notes.Note(text, reason)
