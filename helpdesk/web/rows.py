"""A row of a list, edited in its place by htmx; for anybody else its address leads to the task's own page."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, Unchanged, sentence
from helpdesk.tasks.model import Task, Written
from helpdesk.web import inputs, overwritten, row_fragments, task_page, tasks
from helpdesk.web.api import task_shape
from helpdesk.web.guards import actor
from helpdesk.web.idempotency import once
from helpdesk.web.rendering import data, is_htmx, see_other, services, wants_html

CHANGED = sentence("The task was changed.")


async def row(request: Request) -> Response:
    """The row at rest, or with its form (`?edit=1`); a POST changes what its form says.

    `?live=1` is of pages that were told of a change: it takes the focus from nobody.
    """
    if request.method == "POST":
        return await _change(request)
    if not is_htmx(request):
        return see_other(task_page.address(request, tasks.task_id(request)))
    task, by = await tasks.load(request), inputs.row_by(request.query_params)
    if request.query_params.get("edit"):
        return row_fragments.form(request, task, by)
    return row_fragments.at_rest(request, task, by, fresh=not request.query_params.get("live"))


@once
async def _change(request: Request) -> Response:
    fields, says = await inputs.read(request), CHANGED
    by = inputs.row_by(fields.values)
    try:
        edit, number = inputs.edits(fields), tasks.task_id(request)
        written = await services(request).tracker.change(await actor(request), number, edit)
    except Unchanged:
        task, says = await tasks.load(request), tasks.NOTHING_CHANGED
        written = Written(task, task)
    except (Invalid, Conflict) as refusal:
        if not is_htmx(request):
            raise
        current = refusal.current if isinstance(refusal, Conflict) else None
        task = current if isinstance(current, Task) else await tasks.load(request)
        return row_fragments.form(request, task, by, refusal, fields.values)
    if not wants_html(request):
        return data(request, task_shape.task(written.after) | await overwritten.shape(request, written))
    if not is_htmx(request):
        return see_other(task_page.address(request, number) + await overwritten.anchor(request, written))
    return row_fragments.at_rest(request, written.after, by, says, await overwritten.told(request, written))
