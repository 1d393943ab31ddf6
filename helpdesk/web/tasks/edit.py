"""The page on which a task's details and custom fields are changed."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, NotAllowed, TooLarge, Unchanged
from helpdesk.tasks.change_messages import in_words
from helpdesk.tasks.model import Edit, Task
from helpdesk.web.core import flash, request_data
from helpdesk.web.core.errors import status_of
from helpdesk.web.core.faces import answer, choose, html
from helpdesk.web.core.guards import actor
from helpdesk.web.core.templating import translate
from helpdesk.web.drafts import service as drafts
from helpdesk.web.edge.idempotency import idempotent
from helpdesk.web.files import uploads
from helpdesk.web.tasks import change, form_fields, task_input
from helpdesk.web.tasks import page as task_page


@drafts.belongs_to("edit")
async def edit(request: Request) -> Response:
    """Show the form with its draft; a POST changes the task."""
    if request.method == "POST":
        return await _change(request)
    task = await task_page.load(request)
    return await answer(request, json=lambda: change.task_json(request, task), page=lambda: _to_page(request, task))


async def _to_page(request: Request, task: Task) -> Response:
    draft = (await drafts.of_task(request, task)).get("edit")
    uploads.restore(request, (await actor(request)).id, draft.fields.get("staged") if draft else None)
    return await form(request, task, draft.fields if draft else {}, draft=draft)


async def form(request: Request, task: Task, typed: Mapping[str, Any], status: int = 200, **context: Any) -> Response:
    """Show the form with the typed values, by itself for htmx or in its page. Raises NotAllowed without any field."""
    controls = form_fields.of_task(task, lambda message: translate(request, message))
    if not controls:
        raise NotAllowed
    shared = {
        **{"draft": None, "error": None, "preview": None},
        "task": task,
        "origin": task_page.origin_query(request, task.id),
        "controls": form_fields.merged(controls, typed),
        "seen": form_fields.seen(controls),
        "comment": typed.get("comment", ""),
        "in_words": in_words,
        "typed_by": await drafts.form_owner(request),
        **uploads.context(request, (await actor(request)).id),
    }
    template = choose(request, page="tasks/edit.html", fragment="tasks/_details_form.html")
    return html(request, template, status, **{**shared, **context})


@drafts.keeps_draft
@idempotent
async def _change(request: Request) -> Response:
    presenter = choose(request, json=change.JSON, page=FORM)
    return await change.make(request, change.Change(_read_edit, shows=(Invalid, Conflict, TooLarge)), presenter)


async def _read_edit(request: Request) -> Edit:
    """Return the change that the form asks for, of touched fields alone. Raises Invalid, TooLarge."""
    fields, files = await request_data.read(request), await uploads.receive(request, await actor(request))
    return task_input.edit(request_data.Fields(form_fields.touched(fields.values)))._replace(files=files)


async def _changed(request: Request, outcome: change.Outcome) -> Response:
    """Go to the task: to another person's entry that this change overwrote, if there is one, else to the new one."""
    own = outcome.written.own_entries((await actor(request)).id)
    newest = "".join(f"#entry-{entry.id}" for entry in own[-1:])
    return flash.redirect(request, await change.address_after(request, outcome.written, newest), outcome.message)


async def _unchanged(request: Request, refusal: Unchanged) -> Response:
    address = task_page.address(request, request_data.task_id(request))
    return flash.redirect(request, address, change.NOTHING_CHANGED)


async def _refused(request: Request, refusal: task_page.Refusal, _form_name: str) -> Response:
    """Show the form with the typed values and the reason; after a conflict merged with the present values."""
    task = await task_page.load_refused(request, refusal)
    return await form(request, task, (await request_data.read(request)).values, status_of(refusal), error=refusal)


FORM = change.Presenter(_changed, _refused, _unchanged)
