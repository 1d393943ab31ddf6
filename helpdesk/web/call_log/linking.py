"""Link a call to a task, and note that a missed one was called back."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Invalid, NotFound, Sentence, sentence
from helpdesk.store import call_notes
from helpdesk.web.call_log import forms, show
from helpdesk.web.calls.access import call_of
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.after_write import Act, record, stored
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, answer_refusal, json_response
from helpdesk.web.core.guards import actor
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.task_calls import notes

LINKED = sentence("The call was linked to the task.")
UNLINKED = sentence("The call is linked to no task now.")
CALLED_BACK = sentence("It was noted that you called back.")
NOTED_BEFORE = sentence("There is nothing to call back here any more.")
NO_TASK = sentence("There is no such task, or you do not see it.")


async def task(request: Request) -> Response:
    """Link a call to the task of that number, or to none."""
    call, fields = await forms.writable(request), await request_data.read(request)
    try:
        task_id = await _task_id(request, fields)
    except Invalid as error:
        refused, status = error, status_of(error)
        return await answer_refusal(
            request, error, page=lambda: show.page(request, call, status, error=refused, task_typed=fields.values)
        )
    await stored(request, lambda db: call_notes.link(db, call.id, task_id))
    act = "call_linked" if task_id else "call_unlinked"
    await record(request, Act(act, task_id or call.row.task_id, {"call": call.id}))
    if task_id:
        await notes.write_waiting(request, await call_of(request))
    return await _done(request, call.id, LINKED if task_id else UNLINKED, fields.next_path())


async def called_back(request: Request) -> Response:
    """Note that a missed call was called back; whoever may see the log may say so."""
    call, person = await call_of(request), await current_user(request)
    now = services(request).clock().replace(microsecond=0)
    is_new = await stored(request, lambda db: call_notes.called_back(db, call.id, person.id, now))
    next_path = (await request_data.read(request)).next_path()
    return await _done(request, call.id, CALLED_BACK if is_new else NOTED_BEFORE, next_path)


async def _task_id(request: Request, fields: request_data.Fields) -> int | None:
    """Return the number of a task that the person sees; None for an empty one. Raises Invalid."""
    value = fields.values.get("task_id")
    text = value.strip().removeprefix("#") if isinstance(value, str) else value
    if text in (None, ""):
        return None
    number = request_data.whole("task_id", text)
    try:
        await services(request).backend.task(await actor(request), number)
    except NotFound as error:
        raise request_data.refusal("task_id", NO_TASK) from error
    return number


async def _done(request: Request, call_id: int, message: Sentence, next_path: str) -> Response:
    path = next_path or path_to(request, "calls:show", call_id=call_id)
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, message)}),
        page=lambda: flash.redirect(request, path, message),
    )
