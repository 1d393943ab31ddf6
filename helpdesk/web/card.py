"""A card of the board: what can be done to it."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Conflict, Invalid, Unchanged
from helpdesk.tasks.model import Edit, Task, Written
from helpdesk.web import card_fragments, details, inputs, keeping, overwritten, tasks
from helpdesk.web.api import task_shape
from helpdesk.web.guards import actor
from helpdesk.web.idempotency import once
from helpdesk.web.rendering import data, is_htmx, services, wants_html
from helpdesk.web.rows import CHANGED


@keeping.belongs_to("card")
async def card(request: Request) -> Response:
    """What this person may do to a card, by itself for htmx or as a page, with a comment not sent yet; a POST
    does it."""
    if request.method == "POST":
        return await _change(request)
    task = await tasks.load(request)
    if not wants_html(request):
        return data(request, task_shape.task(task))
    draft = (await keeping.offers(request, task)).get("card")
    drafted = draft.fields.get("comment", "") if draft else ""
    template = "board/_tray.html" if is_htmx(request) else "board/card.html"
    return await card_fragments.tray(request, template, task, drafted=drafted)


@keeping.kept
@once
async def _change(request: Request) -> Response:
    """Any of status, priority, assignee and the fields that a status demands, with a comment."""
    fields = await inputs.read(request)
    try:
        wish = _wish(fields)
        written = await services(request).tracker.change(await actor(request), tasks.task_id(request), wish)
    except Unchanged:
        if not wants_html(request):
            raise
        task = await tasks.load(request)
        return await card_fragments.changed(request, Written(task, task), tasks.NOTHING_CHANGED)
    except (Invalid, Conflict) as refusal:
        if not wants_html(request):
            raise
        current = refusal.current if isinstance(refusal, Conflict) else None
        task = current if isinstance(current, Task) else await tasks.load(request)
        return await card_fragments.refused(request, task, refusal)
    if not wants_html(request):
        return data(request, task_shape.task(written.after) | await overwritten.shape(request, written))
    return await card_fragments.changed(request, written, CHANGED)


def _wish(fields: inputs.Fields) -> Edit:
    """Raises Invalid."""
    return details.edit(fields)._replace(changes=inputs.edits(fields).changes)
