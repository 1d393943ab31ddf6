"""The page on which a task's details and custom fields are changed."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, NotAllowed, Unchanged
from helpdesk.tasks.model import Task
from helpdesk.web import controls, details, inputs, keeping, overwritten, task_page, tasks
from helpdesk.web.api import task_shape
from helpdesk.web.errors import status_of
from helpdesk.web.guards import actor
from helpdesk.web.idempotency import once
from helpdesk.web.rendering import data, html, is_htmx, lead_to, services, spoken, wants_html


@keeping.belongs_to("edit")
async def edit(request: Request) -> Response:
    """GET is the form, with its draft if there is one; POST writes what it changes."""
    if request.method == "POST":
        return await _change(request)
    task = await tasks.load(request)
    if not wants_html(request):
        return data(request, task_shape.task(task))
    draft = (await keeping.offers(request, task)).get("edit")
    return await form(request, task, draft.fields if draft else {}, draft=draft)


async def form(request: Request, task: Task, typed: Mapping[str, Any], status: int = 200, **context: Any) -> Response:
    """The form with what was typed into it, by itself for htmx or in its page. Raises NotAllowed without any field."""
    now = controls.of_task(task, lambda says: spoken(request, says))
    if not now:
        raise NotAllowed
    around = {"draft": None, "why": None, "preview": None}
    told = {
        "task": task,
        "controls": controls.merged(now, typed),
        "seen": controls.seen(now),
        "comment": typed.get("comment", ""),
        "typed_by": keeping.typed_by(request, await keeping.person_here(request)),
    }
    template = "tasks/_edit.html" if is_htmx(request) else "tasks/edit.html"
    return html(request, template, status, **{**around, **told, **context})


@keeping.kept
@once
async def _change(request: Request) -> Response:
    fields, number = await inputs.read(request), tasks.task_id(request)
    try:
        wish = details.edit(inputs.Fields(controls.touched(fields.values)))
        written = await services(request).tracker.change(await actor(request), number, wish)
    except Unchanged:
        if not wants_html(request):
            raise
        return lead_to(request, task_page.address(request, number))
    except (Invalid, Conflict) as refusal:
        return await _refused(request, refusal)
    if not wants_html(request):
        return data(request, task_shape.task(written.after) | await overwritten.shape(request, written))
    newest = "".join(f"#entry-{entry.id}" for entry in written.new_entries[-1:])
    return lead_to(request, task_page.address(request, number) + (await overwritten.anchor(request, written) or newest))


async def _refused(request: Request, refusal: Invalid | Conflict) -> Response:
    """The form with everything that was typed and why it was refused; after a conflict merged with what is there."""
    if not wants_html(request):
        raise refusal
    current = refusal.current if isinstance(refusal, Conflict) else None
    task = current if isinstance(current, Task) else await tasks.load(request)
    return await form(request, task, (await inputs.read(request)).values, status_of(refusal), why=refusal)
