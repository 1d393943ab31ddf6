"""The faces of a changed task on its own page: JSON, the way to the page, and the fragments that htmx puts into it."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.tasks.colors import Colors
from helpdesk.tasks.model import Field, Task
from helpdesk.web.core import request_data
from helpdesk.web.core.faces import Json, json_response, see_other
from helpdesk.web.core.guards import actor
from helpdesk.web.core.templating import translate
from helpdesk.web.notifications import notify_flag
from helpdesk.web.tasks import colors, lookup, lost_updates, schemas
from helpdesk.web.tasks import page as task_page
from helpdesk.web.tasks.change import Outcome, Presenter, Refusal, raised


async def task_json(request: Request, task: Task) -> Response:
    """Answer with a task as it is."""
    return json_response(request, await colors.task(request, task))


async def to_json(request: Request, outcome: Outcome) -> Response:
    """Answer with the changed field when the form is for one, else with the whole task."""
    written = outcome.written
    overwrote = await lost_updates.to_dict(request, written)
    if outcome.field is None:
        return json_response(request, await colors.task(request, written.after) | overwrote)
    body = {"message": translate(request, outcome.says), **await _field(request, outcome, outcome.field)}
    return json_response(request, body | overwrote)


async def to_json_with_message(request: Request, outcome: Outcome) -> Response:
    task = await colors.task(request, outcome.written.after) | await lost_updates.to_dict(request, outcome.written)
    return json_response(request, {"message": translate(request, outcome.says), **task})


async def to_page(request: Request, outcome: Outcome) -> Response:
    fields = await request_data.read(request)
    return see_other(fields.next_path() or await address_after(request, outcome))


async def to_fragment(request: Request, outcome: Outcome) -> Response:
    version = (await request_data.read(request)).version()
    context = {"field": outcome.field, "says": outcome.says}
    return await task_page.written(request, "tasks/_field_saved.html", outcome.written, version, **context)


async def page_refused(request: Request, refusal: Refusal, form: str) -> Response:
    task, fields = await lookup.of_refusal(request, refusal), await request_data.read(request)
    return await task_page.refused_page(request, task, form, refusal, fields.values)


async def fragment_refused(request: Request, refusal: Refusal, form: str) -> Response:
    """Show the form with the typed values and the reason; after a conflict with both versions side by side."""
    task, fields = await lookup.of_refusal(request, refusal), await request_data.read(request)
    return await task_page.refused_form(request, task, form, refusal, fields.values)


async def address_after(request: Request, outcome: Outcome) -> str:
    """Return the address of the task's page, at the entry that was written over if one was."""
    address = task_page.address(request, outcome.written.after.id)
    return address + await lost_updates.anchor(request, outcome.written)


async def _field(request: Request, outcome: Outcome, field: Field) -> Json:
    sent = await notify_flag.sent(request, outcome.written, field)
    known = Colors() if field == "assignee" else await colors.known(request)
    return schemas.changed(outcome.written, field, (await actor(request)).id, sent, known)


JSON = Presenter(to_json, raised, raised)
JSON_WITH_MESSAGE = Presenter(to_json_with_message, raised, raised)
PAGE = Presenter(to_page, page_refused)
FRAGMENT = Presenter(to_fragment, fragment_refused)
